"""What the registry knows of a thing before any of its code has run.

A spec is a row of some plugin's manifest, frozen. Every kind has the fields of `Spec`; some add
what their users ask about before building: a model its size, a dataset its splits.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

FIRST_PARTY = ("dlkit-core", "dlkit-vision", "dlkit-detection", "dlkit-text")
"""Distributions that own bare names; everyone else's names read `distribution/name`."""

LOCAL = "local"
"""The namespace of what a notebook registers for itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    """Where an idea was published; one of `arxiv`, `doi`, `url` leads there."""

    title: str
    year: int
    arxiv: str = ""
    doi: str = ""
    url: str = ""

    @property
    def link(self) -> str:
        """The address that leads to the paper."""
        if self.arxiv:
            return f"https://arxiv.org/abs/{self.arxiv}"
        return f"https://doi.org/{self.doi}" if self.doi else self.url


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """A published file of weights: where it is, how to trust it, what it was trained for.

    Attributes:
        layout: `module:name` of what says how the file calls the model's layers; empty for a
            `.weights.h5` file of this very build.
        config: the builder's options that these weights need.
        preprocessing: how images are cut for evaluation: `resize` and `crop` in pixels,
            `interpolation`, `antialias`, and `stated` = false where the publisher does not say.
        class_names: in the order of the outputs; or `module:name` of such names, or of a mapping
            from what folders are called to them.
        metrics: the publisher's figures: `accuracy`, `top5_accuracy`, between 0 and 1.
    """

    tag: str
    url: str
    hash: str  # "sha256:…", "md5:…" or "sha256-8:…", as its publisher gives it
    license: str
    size: int = 0  # bytes
    layout: str = ""
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    preprocessing: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    class_names: str | tuple[str, ...] = ()
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """A stage's output: the layer that gives it, its stride against the input, its channels."""

    layer: str
    stride: int
    channels: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A registered thing of any kind.

    Attributes:
        kind: the manifest's table: `model`, `dataset`, `loss`, …
        namespace: the distribution that brings it, or `local`.
        build: `module:function`; for what a notebook registered, the function itself is `target`.
        deprecated: what to use instead; empty while it is current.
        requires: distributions, as in `gensim>=4.4`, that building it needs on top.
        where: file and table of the manifest, or file and line of the notebook's function.
        argument: the builder's option that what follows a colon in the name is given to, as in
            `tfds:beans`; empty where nothing may follow.
        given: that option with its value, where one followed.
    """

    kind: str
    name: str
    namespace: str
    build: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    deprecated: str = ""
    requires: tuple[str, ...] = ()
    where: str = ""
    target: Callable[..., Any] | None = None
    argument: str = ""
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def named(self, rest: str) -> "Spec":
        """The spec of `name:rest`; itself without a rest."""
        if not rest:
            return self
        return dataclasses.replace(self, name=f"{self.name}:{rest}", given={self.argument: rest})

    @property
    def full_name(self) -> str:
        """`namespace/name`: means the same thing whatever else is installed."""
        return f"{self.namespace}/{self.name}"

    @property
    def display_name(self) -> str:
        """The shortest form that one may type: bare for first-party names."""
        return self.name if self.namespace in FIRST_PARTY else self.full_name

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `name` is what one would type."""
        row = {"name": self.display_name, "namespace": self.namespace, "kind": self.kind}
        for field in dataclasses.fields(self):
            if field.name not in (*row, "target", "argument", "given"):
                row[field.name] = _plain(getattr(self, field.name))
        return row


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec(Spec):
    """An architecture.

    Attributes:
        params: trainable parameters of the default build.
        variables: all values the default build holds, `model.count_params()`.
        input_shape: (height, width, channels) of the default build; empty where it means nothing.
        levels: the stages' outputs, by the pyramid's names (`C2`: stride 4, `C3`: stride 8, …).
    """

    task: str
    params: int
    variables: int
    license: str
    paper: Paper | None = None
    input_shape: tuple[int, ...] = ()
    num_classes: int = 0
    levels: Mapping[str, Level] = dataclasses.field(default_factory=dict)
    weights: tuple[Weights, ...] = ()

    @property
    def pretrained(self) -> tuple[str, ...]:
        """The tags of its published weights."""
        return tuple(weights.tag for weights in self.weights)

    def published(self, tag: str) -> Weights | None:
        """Its published weights of that tag; None where there are none."""
        return next((weights for weights in self.weights if weights.tag == tag), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec(Spec):
    """Data to learn from.

    Attributes:
        splits: rows in each split, where they are known beforehand.
        input_shape: (height, width, channels) as published; empty where it is the user's own.
    """

    task: str
    license: str = ""
    url: str = ""
    splits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    input_shape: tuple[int, ...] = ()
    num_classes: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSpec(Spec):
    """How a model is best trained on a dataset: data, no code.

    Attributes:
        settings: recipe fields by dotted path, e.g. `{"optimizer.name": "adam"}`.
    """

    model: str
    dataset: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


KINDS: Mapping[str, type[Spec]] = {
    "model": ModelSpec,
    "task": Spec,
    "dataset": DatasetSpec,
    "recipe": RecipeSpec,
    "anchor_generator": Spec,
    "matcher": Spec,
    "loss": Spec,
    "embedding": Spec,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Plugin:
    """An installed distribution that speaks to dlkit, healthy or not.

    Attributes:
        name: its entry point's name.
        state: `ok`, `invalid` (its manifest is wrong), `incompatible` (another plugin API) or
            `disabled` (left out by DLKIT_PLUGINS).
        problem: why it is not `ok`.
        notes: what is odd and harmless, e.g. a table of a newer dlkit's.
        manifest: the path of its TOML file.
        modules: what `load_model` may import on its behalf.
        serial_package: the prefix of its registered Keras classes.
    """

    name: str
    distribution: str
    version: str
    state: str = "ok"
    problem: str = ""
    notes: tuple[str, ...] = ()
    manifest: str = ""
    modules: tuple[str, ...] = ()
    serial_package: str = ""
    specs: tuple[Spec, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the specs."""
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name != "specs"
        }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
