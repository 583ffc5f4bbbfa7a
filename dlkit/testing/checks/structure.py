"""Is the model what its manifest says, by its parts?"""

import numpy as np

from dlkit.testing import measure
from dlkit.testing.subject import SEED, Subject, parts
from dlkit.testing.verdict import expect, expect_close, some


def params_match(subject: Subject) -> None:
    """The declared `params` are trainable, the declared `variables` are all the model holds."""
    found = measure.counts(subject.model)
    declared = {"params": subject.spec.params, "variables": subject.spec.variables}
    wrong = [
        f"{key}: the manifest says {declared[key]:_}, the model has {found[key]:_}"
        for key in declared
        if declared[key] != found[key]
    ]
    fix = f"\n  Write what is built: dlkit plugin sync {subject.spec.namespace}"
    expect(not wrong, "\n".join(wrong) + fix)


def shapes(subject: Subject) -> None:
    """Input and output are as declared; other class counts and none at all build too."""
    entry, model = subject.spec, subject.model
    expect(entry.input_shape, "input_shape: missing, and its task requires it")
    expect(entry.num_classes, "num_classes: missing, and its task requires it")
    declared = (None, *entry.input_shape)
    expect(
        model.input_shape == declared,
        f"the model's input shape is {model.input_shape}, the manifest's {declared}",
    )
    other = entry.num_classes + 1
    wider = subject.build(num_classes=other)
    for built, classes in ((model, entry.num_classes), (wider, other)):
        expect(
            built.output_shape == (None, classes),
            f"the output shape for {classes} classes is {built.output_shape}, "
            f"not (None, {classes})",
        )
    features = subject.features
    expect(
        len(features.output_shape) in (2, 4),
        f"num_classes=0 gives {features.output_shape}, no features (batch, channels) or "
        "(batch, height, width, channels)",
    )
    expect(
        features.count_params() < model.count_params(),
        "num_classes=0 gives no smaller model: the classifier is still there",
    )


def levels(subject: Subject) -> None:
    """Each level's layer is there, with its stride and channels, and without the classifier too."""
    declared = subject.spec.levels
    if not declared:
        return
    for model in (subject.model, subject.features):
        missing = [
            f"{key}: {level.layer!r}"
            for key, level in declared.items()
            if level.layer not in {layer.name for layer in model.layers}
        ]
        expect(not missing, f"levels: there is no layer {some(missing)}")
    found = measure.levels(subject.spec, subject.model)
    for key, level in declared.items():
        said = {"stride": level.stride, "channels": level.channels}
        expect(
            found[key] == said,
            f"levels.{key}: the manifest says {said}, layer {level.layer!r} has {found[key]}",
        )


def layer_names(subject: Subject) -> None:
    """Every layer has a name of its own choice, the same in every build.

    Keras counts the layers it names itself, so their names change from build to build.
    """
    pairs = zip(parts(subject.model), parts(subject.twin), strict=True)
    counted = [
        f"{first.name!r} ({type(first).__name__})"
        for first, second in pairs
        if first.name != second.name
    ]
    expect(
        not counted,
        f"layers without a name of their own: {some(counted)}. Give each name=…, by its place",
    )


def builds_twice(subject: Subject) -> None:
    """Two builds have the same parts and share none of them."""
    first, second = subject.model, subject.twin
    kinds = [[type(layer).__name__ for layer in parts(model)] for model in (first, second)]
    expect(kinds[0] == kinds[1], "a second build has other layers than the first")
    shapes = [[tuple(part.shape) for part in model.variables] for model in (first, second)]
    expect(shapes[0] == shapes[1], "a second build has variables of other shapes than the first")
    shared = {id(part) for part in first.variables} & {id(part) for part in second.variables}
    names = [part.path for part in first.variables if id(part) in shared]
    expect(not names, f"two builds share {some(names)}: make layers inside the builder")


def seeded(subject: Subject) -> None:
    """`keras.utils.set_random_seed` decides the weights: the same seed the same, another others."""
    first = subject.model.get_weights()
    for part, one, other in zip(
        subject.model.weights, first, subject.twin.get_weights(), strict=True
    ):
        expect_close(one, other, f"{part.path} differs between builds of one seed", rtol=0, atol=0)
    others = subject.build(seed=SEED + 1).get_weights()
    same = all(np.array_equal(one, other) for one, other in zip(first, others, strict=True))
    expect(not same, "builds of two seeds have the same weights: the builder fixes its own seed")
