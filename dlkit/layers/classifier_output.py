"""The last layer of every classifier: float32 out, and the names of its classes aboard."""

from collections.abc import Iterable, Iterator, Sequence

import keras

from dlkit.registry.errors import DlkitError, suggestion

ACTIVATIONS = ("softmax", "sigmoid", None)
"""One class of many; any number of classes at once; logits."""


class ClassifierError(DlkitError, ValueError):
    """No such output: an unknown activation, or names that do not fit the classes."""


@keras.saving.register_keras_serializable(package="dlkit")
class ClassifierOutput(keras.layers.Layer):
    """Turns logits into float32 probabilities, whatever the precision of the layers before it.

    softmax: p_k = exp(z_k) / sum_j exp(z_j); sigmoid: p_k = 1 / (1 + exp(-z_k)); None: p = z.

    The class names are part of the layer's config: they are saved in the `.keras` file and come
    back with it. Read and set them with `class_names` and `set_class_names`.

    Shapes: `(batch, classes)` to `(batch, classes)` float32.

    Args:
        activation: `"softmax"`, `"sigmoid"` or None for logits.
        class_names: one name a class, in the order of the labels; empty while unknown.

    Raises:
        ClassifierError: another activation; names that repeat, are empty, or are not as many as
            the classes.

    Example:
        >>> layer = ClassifierOutput("softmax", class_names=("cat", "dog"))
        >>> layer(keras.ops.array([[0.0, 0.0]], dtype="bfloat16")).numpy()
        array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(
        self, activation: str | None = "softmax", class_names: Iterable[str] = (), **kwargs
    ):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if activation not in ACTIVATIONS:
            near = suggestion(str(activation), filter(None, ACTIVATIONS))
            raise ClassifierError(
                f"a classifier's output has no activation {activation!r}.{near}",
                f"Choose one: {', '.join(map(repr, ACTIVATIONS))}",
            )
        self.activation = activation
        self.classes: int | None = None
        self.class_names = _checked(class_names)

    def build(self, input_shape):
        """Learns the number of classes, and holds the names against it."""
        self.classes = input_shape[-1]
        if self.class_names:
            _count(self.class_names, self.classes)
        self.built = True

    def call(self, logits):
        """Applies the activation in float32."""
        return keras.activations.get(self.activation)(logits)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    def get_config(self):
        """What `from_config` needs to make the layer anew, class names included."""
        return {
            **super().get_config(),
            "activation": self.activation,
            "class_names": list(self.class_names),
        }


def class_names(model: keras.Model) -> tuple[str, ...]:
    """The names of the classes that `model` tells apart, in the order of its outputs.

    Args:
        model: a classifier, or a model that contains one.

    Returns:
        The names; empty where none were set, and for a model that is no dlkit classifier.

    Example:
        >>> model = dlkit.create_model("lenet5", num_classes=2)
        >>> dlkit.set_class_names(model, ["cat", "dog"])
        >>> dlkit.class_names(model)
        ('cat', 'dog')
    """
    return next((head.class_names for head in _heads(model) if head.class_names), ())


def set_class_names(model: keras.Model, names: Sequence[str]) -> None:
    """Gives the classes of `model` their names; they are saved with it from then on.

    Args:
        model: a classifier, or a model that contains one. Where it has several heads over the
            same classes, all are named.
        names: one name a class, in the order of the labels; all different, none empty.

    Raises:
        ClassifierError: the names are not so many as the classes, repeat or are empty; or the
            model has no dlkit classifier in it.
    """
    names = _checked(names)
    heads = list(_heads(model))
    if not heads:
        raise ClassifierError(
            f"model {model.name!r} has no ClassifierOutput layer, which would keep class names.",
            "End it in one: dlkit.blocks.classifier(x, num_classes)",
        )
    for head in heads:
        _count(names, head.classes)
    for head in heads:
        head.class_names = names


def _heads(layer: keras.layers.Layer) -> Iterator[ClassifierOutput]:
    """Every classifier output in `layer`, also inside nested models."""
    if isinstance(layer, ClassifierOutput):
        yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _heads(inner)


def _checked(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple of distinct, non-empty strings."""
    if isinstance(names, str):
        raise ClassifierError(
            f"class names are a list of strings, not the one string {names!r}.",
            f"Pass a list: {names.split()!r}",
        )
    names = tuple(names)
    for position, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ClassifierError(
                f"class {position} has the name {name!r}, which is no text to show.",
                "Name it: a non-empty string for every class",
            )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ClassifierError(
            f"class names must differ, and {', '.join(map(repr, repeated))} stands more than once.",
            "Tell them apart: a different name for every class",
        )
    return names


def _count(names: tuple[str, ...], classes: int | None) -> None:
    if len(names) != classes:
        raise ClassifierError(
            f"the model tells {classes} classes apart, and {len(names)} class names were given.",
            f"Match them: pass {classes} names, or build the model with num_classes={len(names)}",
        )
