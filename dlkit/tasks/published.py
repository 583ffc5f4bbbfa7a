"""Published weights at work: judged on a folder of images, and asked about single files.

The images are cut as the manifest says that the publisher cut them. Right answers are counted batch
by batch, so that no split is too large.
"""

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm

from dlkit import registry
from dlkit.data import class_folders
from dlkit.data.source import Source
from dlkit.registry import errors, resolve, spec
from dlkit.tasks import categorical
from dlkit.weights import WeightsError, published


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What weights reach on a split.

    Attributes:
        name: `model@tag`.
        split: of the folder.
        size: images in it.
        classes: how many classes have one.
        of: how many the model tells apart.
        metrics: `accuracy`, and `top5_accuracy` of many classes.
        published: the publisher's figures, by the same names.
        preprocessing: how the images were cut.
        notes: what was left aside in the folder.
    """

    name: str
    split: str
    size: int
    classes: int
    of: int
    metrics: Mapping[str, float]
    published: Mapping[str, float]
    preprocessing: published.Preprocessing
    notes: tuple[str, ...] = ()


def judge(
    name: str,
    data: str | os.PathLike,
    split: str = "val",
    batch_size: int = 32,
    progress: bool = False,
) -> Judgement:
    """Builds a model with published weights and counts how often it is right.

    Args:
        name: `model@tag`.
        data: a folder of class folders; see `dlkit.data.class_folders`.
        split: `train`, `val` or `test`.
        batch_size: images at once.
        progress: whether to draw a bar on standard error.

    Raises:
        DlkitError: no such model or tag; no such folder, or a broken file in it; the weights are
            not to be had, or give no numbers.

    Example:
        >>> print(judge("resnet50@torch-imagenet-v1", "imagenet").metrics["accuracy"])
    """
    entry, row = _row(name)
    cut, classes = published.preprocessing(entry, row), _classes(entry, row)
    source = class_folders.source(
        f"{entry.display_name}@{row.tag}", data, classes, **_options(entry, cut)
    )
    rows = source.rows(split)  # all that can be wrong with a folder, before anything is downloaded
    model = _model(entry, row, source.image_shape, len(classes))
    right = top5 = 0
    batches = _predicted(model, source, rows, batch_size)
    for labels, scores in tqdm.tqdm(
        batches,
        name,
        math.ceil(len(rows) / batch_size),
        unit="batch",
        disable=None if progress else True,  # None: quiet where no terminal is
    ):
        place = _places(scores, labels)
        right, top5 = right + int((place < 1).sum()), top5 + int((place < 5).sum())
    metrics = {"accuracy": right / len(rows)}
    if len(source.class_names) >= categorical.TOP5_FROM:
        metrics["top5_accuracy"] = top5 / len(rows)
    return Judgement(
        name=f"{entry.display_name}@{row.tag}",
        split=split,
        size=len(rows),
        classes=len(np.unique(source.labels[rows])),
        of=len(source.class_names),
        metrics=metrics,
        published={key: value for key, value in row.metrics.items() if key in metrics},
        preprocessing=cut,
        notes=source.notes,
    )


def predict(name: str, files: Sequence[str | os.PathLike], top: int = 3) -> list[dict[str, Any]]:
    """The likeliest classes of each image file.

    Args:
        name: `model@tag`.
        files: JPEG or PNG.
        top: how many classes.

    Returns:
        A row a file: `file`, `label` and `probability` of the likeliest class, and all of them as
        `top`.

    Raises:
        DlkitError: no such model or tag, the weights are not to be had, or a file is no image.
    """
    entry, row = _row(name)
    cut, classes = published.preprocessing(entry, row), _classes(entry, row)
    options = _options(entry, cut)
    images = np.stack([class_folders.read(file, **options) for file in files])
    names, rows = list(classes.values()), []
    model = _model(entry, row, images.shape[1:], len(names))
    for file, p in zip(files, model.predict(images, verbose=0), strict=True):
        best = [
            {"label": names[k], "probability": float(p[k])}
            for k in np.argsort(-p, kind="stable")[:top]
        ]
        rows.append({"file": os.fspath(file), **best[0], "top": best})
    return rows


def _row(name: str) -> tuple[spec.ModelSpec, spec.Weights]:
    entry, row = registry.find("model", name), resolve.published(name)
    if row is None:
        raise errors.UnknownWeights(entry.display_name, "", entry.pretrained)
    return entry, row


def _classes(entry: spec.ModelSpec, row: spec.Weights) -> Mapping[str, str]:
    classes = published.classes(entry, row)
    if not classes:
        raise WeightsError(
            f"{entry.display_name}@{row.tag}: its manifest does not say which classes it tells "
            "apart.",
            'Write them: class_names = ["cat", "dog"]',
        )
    return classes


def _options(entry: spec.ModelSpec, cut: published.Preprocessing) -> dict[str, Any]:
    """What `class_folders` takes to cut images for this model."""
    return {
        "image_size": cut.crop,
        "resize": cut.resize,
        "interpolation": cut.interpolation,
        "antialias": cut.antialias,
        "channels": entry.input_shape[-1] if entry.input_shape else 3,
    }


def _model(
    entry: spec.ModelSpec, row: spec.Weights, image_shape: tuple[int, ...], classes: int
) -> keras.Model:
    known = registry.options(registry.target(entry))
    takes_shape = known is None or "input_shape" in known
    options: dict[str, Any] = {"input_shape": image_shape} if takes_shape else {}
    model = registry.create_model(entry.full_name, weights=row.tag, **options)
    if model.output_shape[1:] != (classes,):
        raise WeightsError(
            f"{entry.display_name}@{row.tag} gives {model.output_shape[1:]} values an image, and "
            f"its manifest names {classes} classes.",
            "Correct the manifest's class_names",
        )
    return model


def _predicted(
    model: keras.Model, source: Source, rows: np.ndarray, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and outputs of each batch, while the next ones are read."""
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    batches = batches.map(source.fetch, num_parallel_calls=tf.data.AUTOTUNE)
    done = 0
    try:
        for images, labels in batches.prefetch(tf.data.AUTOTUNE):
            scores = np.asarray(model.predict_on_batch(images))
            if not np.isfinite(scores).all():
                raise WeightsError(
                    f"{model.name} gives what is no number (NaN or infinity).",
                    "Take other weights, or build the model in float32",
                )
            yield labels.numpy(), scores
            done += len(scores)
    except tf.errors.OpError:
        source.fetch(tf.constant(rows[done : done + batch_size]))  # says which file it is
        raise


def _places(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes stand before the right one; of equal scores, those of smaller number."""
    own = scores[np.arange(len(labels)), labels][:, None]
    before = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & before)).sum(axis=1)
