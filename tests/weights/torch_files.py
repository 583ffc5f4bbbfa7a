"""Writes files as `torch.save` does, in both of its formats, without torch."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

STORAGES = {
    "float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage",
    "int64": "LongStorage", "uint8": "ByteStorage", "bool": "BoolStorage",
}  # fmt: skip


class _Tensor:
    def __init__(self, key, array, stride=None, offset=0, size=None):
        self.key, self.array, self.offset = key, array, offset
        self.size = array.shape if size is None else size
        self.stride = stride or tuple(s // array.itemsize for s in array.strides)


class _Storage:
    def __init__(self, tensor):
        self.tensor = tensor


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if not isinstance(thing, _Storage):
            return None
        array = thing.tensor.array
        kind = getattr(sys.modules["torch"], STORAGES[array.dtype.name])
        more = (self.part,) if self.old else ()
        return ("storage", kind, thing.tensor.key, "cpu", array.size, *more)

    def reducer_override(self, thing):
        if isinstance(thing, _Tensor):
            utils = sys.modules["torch._utils"]
            facts = (_Storage(thing), thing.offset, tuple(thing.size), tuple(thing.stride))
            if self.oldest:
                return utils._rebuild_tensor, facts
            return utils._rebuild_tensor_v2, (*facts, False, collections.OrderedDict())
        return NotImplemented


def _with_fake_torch(write):
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        kind = type(name, (), {"__module__": "torch"})
        setattr(torch, name, kind)

    for name in ("_rebuild_tensor", "_rebuild_tensor_v2"):

        def rebuild():
            raise AssertionError("only its name is written")

        rebuild.__module__, rebuild.__qualname__ = "torch._utils", name
        setattr(utils, name, rebuild)
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        return write()
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _dumps(thing, old, oldest=False, part=None):
    def write():
        file = io.BytesIO()
        pickler = _Pickler(file, protocol=2)
        pickler.old, pickler.oldest, pickler.part = old, oldest, part
        pickler.dump(thing)
        return file.getvalue()

    return _with_fake_torch(write)


def tensors(arrays, **changed):
    """A dictionary of tensors; `name=dict(size=…)` changes what is said of one."""
    return collections.OrderedDict(
        (name, _Tensor(str(i), np.ascontiguousarray(array), **changed.get(name, {})))
        for i, (name, array) in enumerate(arrays.items())
    )


def save(path, held, wrap=lambda found: found):
    """The format since torch 1.6: a zip archive."""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("net/data.pkl", _dumps(wrap(held), old=False))
        packed.writestr("net/byteorder", "little")
        for tensor in held.values():
            packed.writestr(f"net/data/{tensor.key}", tensor.array.tobytes())
        packed.writestr("net/version", "3\n")


def save_oldest(path, held, part=None):
    """The streams of the years before torch 0.4, in which VGG and DenseNet were published.

    Args:
        part: what is said of each storage, were it a part of another.
    """
    save_old(path, held, oldest=True, part=part)


def save_old(path, held, oldest=False, part=None):
    """The format before: one stream after the other."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"long": 4}}
    with open(path, "wb") as file:
        for head in (0x1950A86A20F9469CFC6C, 1001, system):
            file.write(pickle.dumps(head, protocol=2))
        file.write(_dumps(held, True, oldest, part))
        file.write(pickle.dumps([tensor.key for tensor in held.values()], protocol=2))
        for tensor in held.values():
            file.write(struct.pack("<q", tensor.array.size) + tensor.array.tobytes())
