"""One label an image: cross-entropy on softmax probabilities, judged by accuracy."""

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from dlkit import layers, plots
from dlkit.data import decode, splits
from dlkit.data.source import Source
from dlkit.registry.errors import DlkitError
from dlkit.tasks import baselines, categorical
from dlkit.tasks.base import Evaluation
from dlkit.train.stream import Stream

MISTAKES = 24  # pictures kept for the report


class ImageClassification:
    """Images to one of a source's classes.

    Images are `(batch, height, width, channels)` in [0, 255], labels `(batch,)` integers, and the
    model gives `(batch, classes)` probabilities.
    """

    name = "image-classification"
    monitor = "val_accuracy"
    mode = "max"
    default_dataset = "digits"

    def model_options(self, source: Source) -> dict[str, Any]:
        """`num_classes` and `input_shape` as the data has them."""
        return {"num_classes": len(source.class_names), "input_shape": source.image_shape}

    def attach(self, model: keras.Model, source: Source) -> None:
        """Gives the model its class names, where it ends in dlkit's classifier layer.

        Raises:
            DlkitError: it takes other images than the data has, or tells other classes apart.
        """
        _check_fit(model, source)
        if _head(model) is not None:
            layers.set_class_names(model, source.class_names)

    def stream_options(self, source: Source, recipe: Any) -> dict[str, Any]:
        """Weights that make every class count alike, if the recipe asks for them."""
        if not recipe.class_weights:
            return {}
        rows = source.rows("train")
        labels = source.arrays("train")[1] if source.labels is None else source.labels[rows]
        return {"class_weight": splits.class_weights(labels, len(source.class_names))}

    def compile_options(self, model: keras.Model) -> dict[str, Any]:
        """Cross-entropy, on probabilities or on logits as the model gives them; accuracy."""
        head = _head(model)
        logits = head is not None and head.activation is None
        loss = categorical.CrossEntropy(from_logits=logits)
        return {"loss": loss, "metrics": categorical.metrics(model.output_shape[-1])}

    def evaluate(
        self, model: keras.Model, source: Source, split: str, batch_size: int, verbose: int = 0
    ) -> Evaluation:
        """Judges every row of a split once, in its order.

        Returns:
            Metrics `accuracy`, `loss` (and `top5_accuracy`); arrays `labels` (n,), `probabilities`
            (n, classes), and the surest mistakes as `mistake_rows` (m,) and `mistake_images`
            (m, height, width, channels).
        """
        rows = source.rows(split)
        batches = Stream(source, split, batch_size=batch_size, shuffle=False).dataset()
        probabilities = _probabilities(model, model.predict(batches, verbose=verbose))
        if source.labels is None:
            labels = np.concatenate([batch[1].numpy() for batch in batches])
        else:
            labels = source.labels[rows]
        wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
        surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:MISTAKES]
        images = [np.asarray(source.fetch(rows[i : i + 1])[0])[0] for i in surest]
        return Evaluation(
            split=split,
            size=len(rows),
            metrics=metrics(labels, probabilities),
            baseline=baselines.best(source, split),
            class_names=source.class_names,
            arrays={
                "labels": labels.astype(np.int32),
                "probabilities": probabilities.astype(np.float32),
                "mistake_rows": surest.astype(np.int64),
                "mistake_images": np.array(images, np.uint8).reshape(-1, *source.image_shape),
            },
        )

    def sections(self, evaluation: Evaluation) -> list[Any]:
        """Confusion matrix, surest mistakes, and precision and recall of each class."""
        arrays = evaluation.arrays
        return plots.classification.sections(
            arrays["labels"],
            arrays["probabilities"],
            evaluation.class_names,
            arrays["mistake_images"],
            arrays["mistake_rows"],
        )

    def predict(
        self, model: keras.Model, files: Sequence[str | os.PathLike]
    ) -> list[dict[str, Any]]:
        """The three likeliest classes of each image file.

        Raises:
            DataError: a file is missing or is no JPEG or PNG; it is named.
        """
        _, height, width, channels = model.input_shape
        if height != width:
            raise DlkitError(f"the model takes {height}×{width} images; predict needs a square.")
        names = layers.class_names(model)
        images = np.stack([decode.read(file, height, channels) for file in files])
        rows = []
        answers = _probabilities(model, model.predict(images, verbose=0))
        for file, p in zip(files, answers, strict=True):
            best = np.argsort(-p, kind="stable")[:3]
            top = [
                {"label": names[k] if names else str(k), "probability": float(p[k])} for k in best
            ]
            rows.append({"file": os.fspath(file), **top[0], "top": top})
        return rows


def metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Accuracy, mean cross-entropy -log p[label] in nats, and top-5 accuracy of many classes.

    Args:
        labels: (n,) integers.
        probabilities: (n, classes).
    """
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    found = {
        "accuracy": float(np.mean(probabilities.argmax(axis=1) == labels)),
        "loss": float(-np.log(np.clip(own, keras.config.epsilon(), 1.0)).mean()),
    }
    if probabilities.shape[1] >= categorical.TOP5_FROM:
        rank = (probabilities > own[:, None]).sum(axis=1)
        found["top5_accuracy"] = float(np.mean(rank < 5))
    return found


def _check_fit(model: keras.Model, source: Source) -> None:
    takes, has = tuple(model.input_shape[1:]), source.image_shape
    if len(takes) != len(has) or any(a not in (None, b) for a, b in zip(takes, has, strict=True)):
        raise DlkitError(
            f"{model.name} takes images of {_sizes(takes)}, and {source.name} has {_sizes(has)}.",
            "Leave it to the data: take input_shape out of model_options",
        )
    gives, classes = tuple(model.output_shape[1:]), len(source.class_names)
    if gives != (classes,):
        raise DlkitError(
            f"{model.name} gives {_sizes(gives)} values an image, and {source.name} has {classes} "
            "classes.",
            "Leave it to the data: take num_classes out of model_options",
        )


def _sizes(shape: Sequence[int | None]) -> str:
    return "×".join("any" if side is None else str(side) for side in shape)


def _head(model: keras.Model) -> layers.ClassifierOutput | None:
    last = model.layers[-1] if model.layers else None
    return last if isinstance(last, layers.ClassifierOutput) else None


def _probabilities(model: keras.Model, outputs: np.ndarray) -> np.ndarray:
    head = _head(model)
    if head is not None and head.activation is None:  # logits
        outputs = keras.ops.convert_to_numpy(keras.ops.softmax(outputs))
    return np.asarray(outputs)
