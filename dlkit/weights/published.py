"""What a manifest says of published weights: their classes, and the images they were judged on."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dlkit.data import resize
from dlkit.registry import build, spec
from dlkit.weights import WeightsError


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """How images are cut for evaluation; what happens to their values is the model's own business.

    Attributes:
        resize: pixels of the shorter side.
        crop: side of the square that is cut from the middle.
        interpolation: `"bilinear"` or `"bicubic"`.
        antialias: whether shrinking sees every pixel, as Pillow does.
        stated: whether the publisher says so; otherwise the size alone is his, and the rest is
            what is usual.
    """

    resize: int
    crop: int
    interpolation: str
    antialias: bool
    stated: bool = True

    def __str__(self) -> str:
        how = self.interpolation + (", antialiased" if self.antialias else "")
        return (
            f"shorter side to {self.resize} pixels ({how}), {self.crop}×{self.crop} of the middle"
        )


def preprocessing(entry: spec.ModelSpec, row: spec.Weights) -> Preprocessing:
    """The row's table, checked.

    Raises:
        WeightsError: it lacks something, or has what is not known here.
    """
    name, said = f"{entry.display_name}@{row.tag}", dict(row.preprocessing)
    known = {field.name: field for field in dataclasses.fields(Preprocessing)}
    needed = [key for key, field in known.items() if field.default is dataclasses.MISSING]
    wrong = [key for key in needed if key not in said] or [key for key in said if key not in known]
    if not wrong:
        wrong = [key for key in said if not _sound(key, said[key])]
    if not wrong and said["crop"] > said["resize"]:
        wrong = ["crop"]
    if wrong:
        raise WeightsError(
            f"{name}: its manifest does not say how images are cut: see preprocessing.{wrong[0]}.",
            'Write it: preprocessing = { resize = 256, crop = 224, interpolation = "bilinear", '
            "antialias = true }",
        )
    return Preprocessing(**said)


def classes(entry: spec.ModelSpec, row: spec.Weights) -> Mapping[str, str]:
    """The classes in the order of the outputs: how folders call them -> how people do.

    Raises:
        PluginBroken: the manifest names a list that is not there.
    """
    found = row.class_names
    if isinstance(found, str):
        found = build.load_object(entry, found)
    return dict(found) if isinstance(found, Mapping) else {name: name for name in found}


def _sound(key: str, value: Any) -> bool:
    if key == "interpolation":
        return value in resize.INTERPOLATIONS
    if key in ("resize", "crop"):
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    return isinstance(value, bool)
