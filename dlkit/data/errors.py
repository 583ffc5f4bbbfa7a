"""What can be wrong with data, and the checks that several datasets share."""

import numbers

from dlkit.registry.errors import DlkitError

SMALLEST, LARGEST = 8, 4096  # pixels; beyond these a size is a slip of the keyboard


class DataError(DlkitError, ValueError):
    """A dataset cannot be read or is not what it should be: what, where, and what to do."""


def image_size(value: int | None, default: int) -> int:
    """The side of the square images in pixels, checked.

    Args:
        value: what the caller asked for; None takes the default.
        default: the dataset's own size.

    Raises:
        DataError: it is no whole number between 8 and 4096.
    """
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise DataError(
            f"image_size is a whole number of pixels, not {value!r}.",
            f"Give one: --image-size {default}",
        )
    if not SMALLEST <= value <= LARGEST:
        raise DataError(
            f"image_size is {value}; it lies between {SMALLEST} and {LARGEST} pixels.",
            f"Give one: --image-size {default}",
        )
    return int(value)


def share(name: str, value: float, zero: bool = False) -> float:
    """The share of the rows that a split takes, checked.

    Args:
        name: the option's name, for the message.
        value: the share, between 0 and 1.
        zero: whether 0 (no such split) is allowed.

    Raises:
        DataError: it is no such number.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if number and (0 < value < 1 or (zero and value == 0)):
        return float(value)
    lowest = "from 0 up to, but not with, 1" if zero else "between 0 and 1"
    raise DataError(
        f"{name} is the share of the images that it sets aside, {lowest}; it is {value!r}.",
        f"Give one: --set data_options.{name}=0.2",
    )
