"""Which part of an image speaks for a class: by gradients of the class's score.

Scores are taken before softmax, where a class can gain without others losing.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dlkit.inspection import graph, head, places
from dlkit.inspection import images as feed
from dlkit.inspection.errors import InspectionError

Classes = int | Sequence[int] | np.ndarray | None
"""One class for all images, one an image, or None for that which the model names."""


def gradcam(
    model: keras.Model,
    images: np.ndarray,
    classes: Classes = None,
    level: str | None = None,
    batch_size: int = 16,
) -> np.ndarray:
    """Where a map of features speaks for a class (Grad-CAM).

    With A_k the channels of the map, y_c the score of class c, and the mean over places i, j:

        α_k = mean_ij ∂y_c / ∂A_ijk,    L_ij = max(0, sum_k α_k A_ijk).

    Args:
        model: a classifier of images, functional or sequential.
        images: `(batch, height, width, channels)` in [0, 255].
        classes: the number of one class for all images, one an image, or None for that which the
            model names.
        level: a level or layer that gives a map; by default the last one of more than one place.
        batch_size: images at a time.

    Returns:
        L, `(batch, rows, columns)` float32, as coarse as the map; `plots.heat` sets it on the
        images.

    Raises:
        InspectionError: the images do not fit, there is no such class or level, the level gives no
            map, or the scores do not depend on it.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, arXiv:1610.02391.

    Example:
        >>> heat = dlkit.gradcam(model, images)
        >>> plots.save(plots.heat(images, heat), "gradcam.png")
    """
    plain = graph.functional(model)
    name = places.last_map(model) if level is None else places.layer_at(model, level)
    features = graph.output(plain, name)
    if len(features.shape) != 4:
        raise InspectionError(
            f"{model.name}: {name!r} gives {features.shape[1:]}, and no map of rows and columns.",
            f"Choose an earlier layer, such as level={places.last_map(model)!r}",
        )
    probe = keras.Model(plain.input, [features, head.scores(plain)])
    found = []
    for rows, batch in feed.batches(plain, images, batch_size):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            maps, scores = probe(batch, training=False)
            score = _chosen(model, scores, classes, rows)
        slopes = tape.gradient(score, maps)
        if slopes is None:
            raise InspectionError(
                f"{model.name}: its scores do not depend on what {name!r} gives.",
                f"Choose a layer before the head, such as level={places.last_map(model)!r}",
            )
        maps, slopes = (tf.cast(values, tf.float32) for values in (maps, slopes))
        weights = tf.reduce_mean(slopes, axis=(1, 2), keepdims=True)
        found.append(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)).numpy())
    return np.concatenate(found)


def saliency(
    model: keras.Model, images: np.ndarray, classes: Classes = None, batch_size: int = 16
) -> np.ndarray:
    """How much each pixel moves the score of a class: s_ij = max_k |∂y_c / ∂x_ijk|.

    Args:
        model: a classifier of images, functional or sequential.
        images: `(batch, height, width, channels)` in [0, 255].
        classes: the number of one class for all images, one an image, or None for that which the
            model names.
        batch_size: images at a time.

    Returns:
        s, `(batch, height, width)` float32.

    Raises:
        InspectionError: the images do not fit, or there is no such class.

    Source: Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks: Visualising Image
    Classification Models and Saliency Maps", arXiv:1312.6034.
    """
    plain = graph.functional(model)
    probe = keras.Model(plain.input, head.scores(plain))
    found = []
    for rows, batch in feed.batches(plain, images, batch_size):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            score = _chosen(model, probe(batch, training=False), classes, rows)
        found.append(tf.reduce_max(tf.abs(tape.gradient(score, batch)), axis=-1).numpy())
    return np.concatenate(found)


def _chosen(model: keras.Model, scores: tf.Tensor, classes: Classes, rows: slice) -> tf.Tensor:
    """The sum of the scores asked for: images do not mix, so each keeps its own gradient."""
    if len(scores.shape) != 2:
        raise InspectionError(
            f"{model.name} gives {scores.shape[1:]} an image, and no score a class.",
            "Take a classifier",
        )
    if classes is None:
        wanted = tf.argmax(scores, axis=-1, output_type=tf.int32)
    else:
        if np.asarray(classes).dtype.kind not in "iu":
            raise InspectionError(
                f"classes={classes!r} are no class numbers.",
                f"Give whole numbers from 0 to {scores.shape[-1] - 1}, or None",
            )
        wanted = np.asarray(classes)[rows] if np.ndim(classes) else [classes] * len(scores)
        if len(wanted) != len(scores):
            raise InspectionError(
                f"{np.size(classes)} classes were given, and not one an image.",
                "Give one class for all, or one an image",
            )
        outside = [int(k) for k in wanted if not 0 <= k < scores.shape[-1]]
        if outside:
            raise InspectionError(
                f"{model.name} tells {scores.shape[-1]} classes apart, and {outside[0]} is none "
                "of them.",
                f"Choose one from 0 to {scores.shape[-1] - 1}",
            )
    return tf.reduce_sum(tf.gather(scores, wanted, axis=-1, batch_dims=1))
