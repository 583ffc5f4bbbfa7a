"""From one set of classes to another: a new head on the same layers."""

import keras

from dlkit.inspection import graph, head
from dlkit.inspection.errors import InspectionError
from dlkit.layers import ClassifierOutput

_POOLS = keras.layers.GlobalAveragePooling2D | keras.layers.GlobalMaxPooling2D


def reset_classifier(
    model: keras.Model, num_classes: int, activation: str | None = "softmax"
) -> keras.Model:
    """A flat model with the layers of `model` up to its head, and a fresh head.

    The layer of the scores is made anew as the old one was, initialisation and precision included;
    where `model` gives features, a dense layer is set on them. The class names are dropped, since
    they name other classes. Where there are several heads, each is made anew.

    Args:
        model: a classifier, or a model that gives features `(batch, features)`.
        num_classes: classes to tell apart; 0 gives the features.
        activation: `"softmax"`, `"sigmoid"`, or None for logits.

    Returns:
        A model of the same name that shares its layers, and so its weights, with `model`, and is
        not compiled.

    Raises:
        InspectionError: it is no whole number of classes, or the model ends in maps.
        ClassifierError: another activation.

    Example:
        >>> model = dlkit.create_model("resnet20")
        >>> flowers = dlkit.reset_classifier(model, 5)
        >>> dlkit.freeze(flowers)  # all but the head
    """
    if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 0:
        raise InspectionError(
            f"num_classes={num_classes!r} is no number of classes.",
            "Give the number of classes, or take the features: num_classes=0",
        )
    plain = graph.functional(model)
    ends = keras.tree.map_structure(
        lambda output: _fresh(plain, output, num_classes, activation), plain.output
    )
    return keras.Model(plain.input, ends, name=model.name)


def _fresh(
    model: keras.Model, output: keras.KerasTensor, num_classes: int, activation: str | None
) -> keras.KerasTensor:
    """A new end for one output."""
    old = head.find(model, output)
    if old is None:
        if len(output.shape) != 2:
            raise InspectionError(
                f"{model.name} ends in {output.shape[1:]}, where a classifier takes features: "
                "one vector an image.",
                'Pool them: create_model(…, num_classes=0, pooling="average")',
            )
        if num_classes == 0:
            return output
        logits = keras.layers.Dense(num_classes, name="logits")(output)
        return ClassifierOutput(activation, name="predictions")(logits)
    if num_classes == 0:
        return _features(model, old)
    return _again(old, num_classes, activation)


def _again(old: head.Head, num_classes: int, activation: str | None) -> keras.KerasTensor:
    """The old head's layers anew, with another number of classes."""
    ends = [layer.name for layer in old.behind if isinstance(layer, ClassifierOutput)]
    name = ends[0] if ends else "predictions"
    config = {**old.logits.get_config(), "activation": "linear"}
    config["filters" if "filters" in config else "units"] = num_classes
    if config["name"] == name:  # the old layer gave the probabilities itself
        config["name"] = "logits"
    x = type(old.logits).from_config(config)(old.features)
    for layer in old.behind:
        if head.squashes(layer):
            continue
        config = layer.get_config()
        if isinstance(layer, keras.layers.Reshape):
            config["target_shape"] = (*config["target_shape"][:-1], num_classes)
        x = type(layer).from_config(config)(x)
    return ClassifierOutput(activation, name=name)(x)


def _features(model: keras.Model, old: head.Head) -> keras.KerasTensor:
    """What the head stands on, without its dropout, as one vector an image."""
    layer, x = graph.producers(model)[id(old.features)], old.features
    if isinstance(layer, keras.layers.Dropout):
        x = layer.input
    if len(x.shape) == 2:
        return x
    # The scores were a convolution's: pooled afterwards, or of a map that is a single place.
    pool = next((one for one in old.behind if isinstance(one, _POOLS)), None)
    if pool is None:
        return keras.layers.Flatten(name="flatten")(x)
    return type(pool).from_config({**pool.get_config(), "keepdims": False})(x)
