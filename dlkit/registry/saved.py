"""Saved models -> models, of files from anyone, in a process that has not imported their plugin.

A `.keras` archive says which classes to build and with what; a hostile one says much more. So it
is inspected before Keras sees it: `archive` its members, `saved_config` what its config names,
`dlkit.weights.hdf5` its weights. Then `owners` imports the installed plugins whose classes it has.
"""

import importlib
import json
import os
import pathlib
import zipfile
from typing import Any

from dlkit.registry import archive, errors, owners, saved_config

CONFIG, WEIGHTS, ASSETS = "config.json", "model.weights.h5", "assets/"
MEMBERS = (CONFIG, "metadata.json", WEIGHTS)  # and what is in the folder of assets

_CONFIG_LIMIT = 256 * 2**20  # bytes; an honest one has a few megabytes
_HDF5 = b"\x89HDF\r\n\x1a\n"  # how such a file begins


def load_model(
    path: str | os.PathLike,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    trusted: bool = False,
):
    """Loads a `.keras` file of any installed plugin's model.

    The file is inspected first: what it names has to be Keras' own, an installed plugin's, or
    registered in this process. No code of its own is run for it, and no other file is read.

    Args:
        path: a file written by `model.save("….keras")`.
        custom_objects: classes and functions by name, for what is registered nowhere.
        compile: whether to compile the model as it was when it was saved.
        safe_mode: as Keras has it; only True is taken. Give `trusted` in its place.
        trusted: True lets the file run its code (Lambda layers, SavedModels) and read the files
            that it names, with all your rights. Say it only of a file that you made yourself.

    Returns:
        The `keras.Model`.

    Raises:
        WrongType: the path is none.
        UsageError: `safe_mode=False`.
        ModelFileError: there is no such file, or it is no `.keras` archive that Keras can load.
        UnsafeFile: it could do more than give a model; member or layer and reason are named.
        PluginNotInstalled: the file has classes of a package that no installed plugin owns.
        PluginBroken: the plugin that owns them does not import.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        example = "As in: dlkit.load_model('model.keras')"
        raise errors.WrongType("load_model", "the path of a .keras file", path, example)
    path = os.fsdecode(path)
    trust = f"If you made it yourself, let it: dlkit.load_model({path!r}, trusted=True)"
    if not safe_mode:
        told = f"load_model: safe_mode=False would let {path} run code of its own."
        raise errors.UsageError(told, trust)
    config = inspect(path)
    if not trusted:
        saved_config.check(config, path, trust)
    unknown = owners.import_for(path, saved_config.strangers(config), custom_objects or ())
    if unknown and not trusted:
        raise _nobodys(path, unknown[0])
    try:
        return importlib.import_module("keras").saving.load_model(
            path, custom_objects=custom_objects, compile=compile, safe_mode=not trusted
        )
    except Exception as error:  # layers raise what they like of a wrong config
        reason = " ".join(str(error).strip().splitlines()[:3])[:500]
        problem = f"Keras cannot load it: {reason or type(error).__name__}"
        raise errors.ModelFileError(path, problem) from error


def inspect(path: str) -> Any:
    """What `config.json` holds, of an archive that has nothing in it but what Keras writes.

    Raises:
        ModelFileError: there is no such file, or it is no `.keras` archive.
        UnsafeFile: a member is not what it should be, or the weights are not.
    """
    try:
        with open(path, "rb") as file:
            if path.lower().endswith((".h5", ".hdf5")) or file.read(len(_HDF5)) == _HDF5:
                raise _old(path)
            if not path.endswith(".keras"):  # by the name Keras chooses how to load it
                raise errors.ModelFileError(path, "its name does not end in .keras")
            with zipfile.ZipFile(file) as opened:
                archive.check(opened, path)
                _check_members(opened, path)
                config = json.loads(opened.read(CONFIG))
                with archive.member(path, opened, WEIGHTS) as weights:
                    importlib.import_module("dlkit.weights.hdf5").check(weights, path, WEIGHTS)
                return config
    except errors.DlkitError:
        raise
    except FileNotFoundError:
        raise errors.ModelFileError(path, "there is no such file") from None
    except archive.DAMAGED as error:
        problem = f"is no .keras archive ({type(error).__name__}: {error})"
        raise errors.ModelFileError(path, problem) from None


def packages(path: str) -> dict[str, list[str]]:
    """The registered names that a `.keras` file uses, by package: `{"dlkit": ["dlkit>Gate"]}`.

    Raises:
        ModelFileError, UnsafeFile: as `inspect` does.
    """
    found: dict[str, list[str]] = {}
    for stranger in saved_config.strangers(inspect(path)):
        if stranger.package:
            found.setdefault(stranger.package, []).append(stranger.key)
    return found


def _check_members(opened: zipfile.ZipFile, path: str) -> None:
    for name in opened.namelist():
        if name not in MEMBERS and not name.startswith(ASSETS):
            name, reason = archive.shown(name), "is no part of a .keras archive"
            raise errors.UnsafeFile(path, name, reason, archive.SOUND)
    if opened.getinfo(CONFIG).file_size > _CONFIG_LIMIT:
        reason = f"has more than {_CONFIG_LIMIT:,} bytes"
        raise errors.UnsafeFile(path, CONFIG, reason, archive.SOUND)


def _old(path: str) -> errors.DlkitError:
    if path.endswith(".weights.h5"):
        told = f"holds weights and no model, as for create_model(NAME, weights={path!r})"
        return errors.ModelFileError(path, told)
    reason = "is a model in the old HDF5 format, for which Keras has no safe mode"
    new = str(pathlib.Path(path).with_suffix(".keras"))
    fix = f"If you made it yourself: keras.saving.load_model({path!r}).save({new!r})"
    return errors.UnsafeFile(path, "", reason, fix)


def _nobodys(path: str, stranger: saved_config.Stranger) -> errors.UnsafeFile:
    return errors.UnsafeFile(
        path,
        stranger.place,
        "is nothing of Keras, of an installed plugin or of what this process has registered",
        f"If it is yours, name it: custom_objects={{{errors.shown(stranger.key)}: …}}",
    )
