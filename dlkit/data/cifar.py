"""CIFAR-10 and CIFAR-100: 60,000 small photographs each, as Keras publishes them."""

import os
import pathlib

from dlkit.data import cifar_files, cifar_names, errors, published
from dlkit.data.published import Published
from dlkit.data.source import Source
from dlkit.registry.errors import suggestion

CIFAR10 = Published(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "cifar-10-batches-py-target_archive",
    "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
CIFAR100 = Published(
    "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    "cifar-100-python-target_archive",
    "sha256:85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
)
LABELS = {"fine": cifar_names.FINE, "coarse": cifar_names.COARSE}


def cifar10(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    val_share: float = 0.1,
) -> Source:
    """60,000 small photographs, (size, size, 3) uint8; train/val/test of 45,000/5,000/10,000.

    The test split is the published one. val is a stratified part of the published training
    images, the same for every seed.

    Args:
        image_size: side in pixels; None keeps 32. Other sizes are resized bilinearly.
        data: the folder `cifar-10-batches-py` on disk; None takes the cache's, downloaded and
            unpacked at first use (170 MB).
        val_share: the part of the training images that becomes val.

    Raises:
        DataError: it could not be downloaded, the folder is not CIFAR-10, or an option is wrong.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Example:
        >>> cifar10().class_names[3]
        'cat'
    """
    side, share = errors.image_size(image_size, 32), errors.share("val_share", val_share)
    folder = _folder(data, CIFAR10, "cifar-10-python")
    train, test = cifar_files.cifar10(folder)
    images, labels = zip(train, test, strict=True)
    return published.source(
        "cifar10", images, labels, cifar_names.CIFAR10, side=side, val_share=share
    )


def cifar100(
    *,
    image_size: int | None = None,
    data: str | os.PathLike | None = None,
    labels: str = "fine",
    val_share: float = 0.1,
) -> Source:
    """60,000 small photographs of 100 things in 20 groups; train/val/test 45,000/5,000/10,000.

    The test split is the published one. val is a part of the published training images that has
    all 100 classes in proportion; it is the same for every seed, and for both kinds of label.

    Args:
        image_size: side in pixels; None keeps 32. Other sizes are resized bilinearly.
        data: the folder `cifar-100-python` on disk; None takes the cache's, downloaded and
            unpacked at first use (169 MB).
        labels: "fine" for the 100 classes, "coarse" for the 20 groups of five.
        val_share: the part of the training images that becomes val.

    Raises:
        DataError: it could not be downloaded, the folder is not CIFAR-100, or an option is wrong.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    Example:
        >>> cifar100(labels="coarse").class_names[1]
        'fish'
    """
    side, share = errors.image_size(image_size, 32), errors.share("val_share", val_share)
    if labels not in LABELS:
        raise errors.DataError(
            f"labels is {' or '.join(LABELS)}, not {labels!r}.{suggestion(str(labels), LABELS)}",
            "Choose one: --set data_options.labels=fine",
        )
    folder = _folder(data, CIFAR100, "cifar-100-python")
    train, test = cifar_files.cifar100(folder)
    return published.source(
        "cifar100",
        (train.images, test.images),
        (getattr(train, labels), getattr(test, labels)),
        LABELS[labels],
        side=side,
        val_share=share,
        strata=train.fine,
    )


def _folder(data: str | os.PathLike | None, file: Published, name: str) -> pathlib.Path:
    if data is None:
        return published.unpacked(file, name)
    return pathlib.Path(data).expanduser()
