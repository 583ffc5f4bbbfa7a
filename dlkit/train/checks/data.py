"""Checks of what comes in: shapes, pixels, labels, balance."""

import numpy as np
import tensorflow as tf

from dlkit.data.names import listed
from dlkit.train.checks.finding import FAIL, OK, WARNING, Finding
from dlkit.train.checks.subject import Subject

UNEVEN = 10  # times as many rows as the rarest class has
ENOUGH = 10  # rows of a class by whose number in a sample it is called rare


def shapes(subject: Subject) -> Finding:
    """Whether batches have the shape that the model takes, and a type that images have."""
    images, _, _ = subject.batch
    wanted = tuple(subject.model.input_shape)
    given = tuple(images.shape)
    told = f"{given} {images.dtype.name}; the model takes {_shown(wanted)}"
    if len(given) != len(wanted) or any(
        w not in (None, g) for g, w in zip(given, wanted, strict=True)
    ):
        return Finding(
            "input", FAIL, told, "Match them: --image-size, or model_options.input_shape"
        )
    if images.dtype not in (tf.uint8, tf.float32, tf.float16, tf.bfloat16):
        return Finding("input", FAIL, told, "Give images as uint8 or float32 in [0, 255]")
    return Finding("input", OK, told)


def pixels(subject: Subject) -> Finding:
    """Whether pixels lie in [0, 255], are finite, and differ."""
    images = np.asarray(tf.cast(subject.batch[0], tf.float32))
    told = f"pixels in {images.min():g} … {images.max():g}, mean {images.mean():.3g}"
    if not np.isfinite(images).all():
        rows = np.flatnonzero(~np.isfinite(images.reshape(len(images), -1)).all(axis=1))
        return Finding(
            "pixels",
            FAIL,
            f"row {rows[0]} of the first batch holds no finite number",
            "Mend the images, or the augmentation that makes them so",
        )
    if images.min() < -0.5 or images.max() > 255.5:
        return Finding(
            "pixels",
            FAIL,
            f"{told}; the model takes [0, 255]",
            "Give images in [0, 255]: preprocessing is inside the model",
        )
    if images.max() <= 1.0:
        return Finding(
            "pixels",
            WARNING,
            f"{told}: they look scaled to [0, 1] already",
            "Give images in [0, 255]: preprocessing is inside the model",
        )
    blank = int((images.reshape(len(images), -1).std(axis=1) == 0).sum())
    if blank:
        verdict = FAIL if blank == len(images) else WARNING
        return Finding(
            "pixels",
            verdict,
            f"{told}; {blank} of {len(images)} images are blank",
            "Look at the files: a blank image says nothing of its class",
        )
    return Finding("pixels", OK, told)


def labels(subject: Subject) -> Finding | None:
    """Whether labels are numbers of classes, and every class occurs.

    Of a class that is not in a sample nothing is said.
    """
    if not subject.classes:
        return None
    found, names = subject.train_labels, subject.source.class_names
    looked_at = " looked at" if subject.is_sampled else ""
    told = (
        f"{found.min()} … {found.max()} in {len(found):,} training rows{looked_at}, "
        f"{len(names)} classes"
    )
    if found.min() < 0 or found.max() >= len(names):
        return Finding(
            "labels",
            FAIL,
            f"{told}: the classes are numbered 0 … {len(names) - 1}",
            "Number the classes from 0, or name the missing ones",
        )
    missing = [names[k] for k in np.setdiff1d(np.arange(len(names)), found)]
    if missing and subject.is_sampled:
        return Finding("labels", OK, told)
    if missing:
        return Finding(
            "labels",
            WARNING,
            f"{told}; none of: {listed(missing)}",
            "Add examples of them: what is never shown is never learned",
        )
    return Finding("labels", OK, f"{told}; every class occurs")


def balance(subject: Subject) -> Finding | None:
    """How unlike the classes are in number."""
    if not subject.classes:
        return None
    names = subject.source.class_names
    counts = np.bincount(np.clip(subject.train_labels, 0, None), minlength=len(names))
    counts = counts[: len(names)]
    most, least = int(counts.argmax()), int(np.where(counts, counts, counts.max()).argmin())
    share = counts[most] / counts.sum()
    told = (
        f"{counts[least]:,} of {names[least]!r} to {counts[most]:,} of {names[most]!r}; "
        f"always saying {names[most]!r} is right in {100 * share:.0f} %"
    )
    if subject.is_sampled:
        told += f" of {counts.sum():,} rows looked at"
    is_sure = not subject.is_sampled or counts[least] >= ENOUGH
    is_uneven = is_sure and counts[most] > UNEVEN * counts[least]
    if is_uneven and not subject.recipe.class_weights:
        return Finding("balance", WARNING, told, "Weigh rare classes up: --set class_weights=true")
    return Finding("balance", OK, told)


def _shown(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"
