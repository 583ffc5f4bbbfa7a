"""What made a training diverge, in words."""

import dataclasses

from dlkit.registry.errors import DlkitError

FIXES = {  # kind -> what to do about it
    "input": "Find and mend that row, or clip what the data may hold",
    "label": "Mend the label, or build the model for as many classes as there are",
    "sample_weight": "Give finite weights of at least 0",
    "weights": "Give the layer another initializer, or load other weights",
    "layer": "Keep the layer from it: a small constant under a division, a logarithm or a root; "
    "a bound on what goes into exp",
    "float16": "Train in the wider bfloat16: --set precision=bfloat16",
    "loss": "Give the loss what it takes: probabilities or logits, as it was built; and a small "
    "constant inside its logarithm or division",
    "loss_weight": "Choose loss weights near 1",
    "regularizer": "Choose a smaller regularization factor",
    "gradient": "Give the function a slope there: a small constant under the root or logarithm, "
    "and a safe value on both sides of a `where`; against a merely large one: clipnorm",
    "update": "Try a lower rate, which `dlkit lr-find` looks for; or clip gradients: "
    "--set optimizer.clipnorm=1",
    "unknown": "Look at the batch and at the last layers in the report's folder",
}

TARGET = "Find and mend that target, or leave its row out"
SCALE = "Scale it to numbers near 1: subtract a mean, divide by a deviation"


@dataclasses.dataclass(frozen=True)
class Cause:
    """The first thing that went wrong.

    Attributes:
        kind: a key of `FIXES`: `input`, `label`, `layer`, `gradient`, …
        where: the layer, variable, loss or part of the batch.
        what: what was found there, a clause that goes on after `where`.
        fix: what to do.
        step: the training step that it belongs to; None is the failing one.
    """

    kind: str
    where: str
    what: str
    fix: str = ""
    step: int | None = None

    def __post_init__(self):
        object.__setattr__(self, "fix", self.fix or FIXES[self.kind])

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


class Diverged(DlkitError):
    """Training came to values that are no finite numbers; raised out of `fit`.

    Attributes:
        cause: what was found.
        exit_code: what a command ends with.
    """

    exit_code = 3
    cause: Cause | None = None
