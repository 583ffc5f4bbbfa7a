"""Checks of the model before its first step: outputs, loss, gradients."""

import math

import numpy as np
import tensorflow as tf

from dlkit.data import names
from dlkit.train.checks.finding import FAIL, OK, WARNING, Finding
from dlkit.train.checks.subject import Subject

# How far a first loss may lie from ln C, as factors. Logits of standard deviation s give a mean
# loss of about ln C + s²/2; the upper factor is s = 2.6 at ten classes, to which residual networks
# with He's initial weights come. Pixels that nobody scaled give tens. Less than the lower factor
# is knowledge, which fresh weights do not have.
LOWER, UPPER = 0.7, 2.5

NUDGES, NUDGE = 3, 1e-2  # steps, and their length, after which a gradient is looked at again


def outputs(subject: Subject) -> Finding | None:
    """Whether there is an output a class, and it is what the loss was told: a share or a logit."""
    if not subject.classes:
        return None
    images, _ = subject.plain_batch
    found = np.asarray(tf.cast(subject.model(images, training=False), tf.float32))
    told = f"{tuple(found.shape)}, {found.min():.3g} … {found.max():.3g}"
    if found.ndim != 2 or found.shape[1] != subject.classes:
        wanted = f"(batch, {subject.classes})"
        return Finding(
            "outputs",
            FAIL,
            f"{told}; expected {wanted}",
            f"Build it for them: --set model_options.num_classes={subject.classes}",
        )
    if not np.isfinite(found).all():
        return Finding(
            "outputs",
            FAIL,
            f"{told}: not all are finite numbers",
            "Look at the initial weights, and at layers that divide or take roots",
        )
    shares = bool((found >= 0).all() and np.allclose(found.sum(axis=1), 1.0, atol=1e-3))
    logits = _from_logits(subject)
    if logits and shares:
        return Finding(
            "outputs",
            FAIL,
            f"{told}: probabilities, and the loss was told logits",
            "End the model without softmax, or compile with from_logits=False",
        )
    if not logits and not shares:
        return Finding(
            "outputs",
            FAIL,
            f"{told}: no probabilities, which the loss was told",
            "End the model in softmax, or compile with from_logits=True",
        )
    kind = "logits" if logits else "probabilities, each row's sum is 1"
    return Finding("outputs", OK, f"{told}: {kind}")


def first_loss(subject: Subject) -> Finding | None:
    """Whether the loss is that of someone who knows nothing: ln C for C classes."""
    if not subject.classes:
        return None
    images, labels = subject.plain_batch
    loss = float(subject.loss(images, labels)[1])
    ignorance = math.log(subject.classes)
    told = f"{loss:.3g}; knowing nothing is ln {subject.classes} = {ignorance:.3g}"
    if not math.isfinite(loss):
        return Finding("first loss", FAIL, told, "Look at the outputs, the labels and the loss")
    trained = subject.recipe.model_options.get("weights")
    if loss < LOWER * ignorance and not trained:
        return Finding(
            "first loss",
            WARNING,
            f"{told}: the model seems to know the answers",
            "Look whether the label is part of the input",
        )
    if loss > UPPER * ignorance:
        return Finding(
            "first loss",
            WARNING,
            f"{told}: the model begins sure, and wrong",
            "Look whether the input is scaled, and at the last layer's initial weights",
        )
    return Finding("first loss", OK, told)


def gradients(subject: Subject) -> Finding:
    """Whether every weight is given a finite gradient, and one that is not 0.

    A gradient may be 0 at the beginning and be meant to, as behind a norm whose scale begins at 0.
    So those that are 0 are looked at once more after a few small steps.
    """
    variables = subject.model.trainable_variables
    found = _gradients(subject)
    broken = [
        v.path
        for v, g in zip(variables, found, strict=True)
        if g is not None and not np.isfinite(g).all()
    ]
    if broken:
        return Finding(
            "gradients",
            FAIL,
            f"of {names.listed(broken, most=3)}: no finite numbers",
            "Look for a root, a logarithm or a division at 0 in the layers after it",
        )
    idle = {v.path for v, g in zip(variables, found, strict=True) if _is_idle(g)}
    for _ in range(NUDGES if idle else 0):
        for variable, gradient in zip(variables, found, strict=True):
            if gradient is not None:
                variable.assign_sub(NUDGE * gradient)
        found = _gradients(subject)
        idle &= {v.path for v, g in zip(variables, found, strict=True) if _is_idle(g)}
    if idle:
        return Finding(
            "gradients",
            FAIL,
            f"of {names.listed(sorted(idle), most=3)}: 0, so they are never trained",
            "Look whether the layer leads to the output, and for ReLU units that are dead",
        )
    sizes = [float(np.abs(g).max()) for g in found if g is not None]
    return Finding(
        "gradients",
        OK,
        f"finite, and not 0, for all {len(variables)} weights; "
        f"largest {max(sizes, default=0.0):.3g}",
    )


def _gradients(subject: Subject) -> list[np.ndarray | None]:
    images, labels = subject.plain_batch
    with tf.GradientTape() as tape:
        _, loss = subject.loss(images, labels)
    found = tape.gradient(loss, [v.value for v in subject.model.trainable_variables])
    return [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in found]


def _is_idle(gradient: np.ndarray | None) -> bool:
    return gradient is None or not gradient.any()


def _from_logits(subject: Subject) -> bool:
    loss = subject.model.loss
    return bool(getattr(loss, "get_config", dict)().get("from_logits", False))
