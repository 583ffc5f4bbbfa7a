"""Numbers and names as people read them."""

import math
import re
import unicodedata

_SHARES = ("accuracy", "precision", "recall", "top", "f1", "auc", "iou", "map", "ap")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: object) -> str:
    """Returns `text` without what no file in UTF-8 or XML may hold, on one line."""
    return " ".join(UNPRINTABLE.sub("\ufffd", str(text)).split())


def shorten(name: object, limit: int = 18) -> str:
    """Returns a class name cut to `limit` characters, its end marked by an ellipsis."""
    name = clean(name)
    return name if len(name) <= limit else name[: limit - 1].rstrip() + "…"


def isolate(name: str) -> str:
    """Keeps a right-to-left name from turning the sentence around it (Unicode isolates)."""
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name):
        return f"\u2068{name}\u2069"
    return name


def is_share(metric: str) -> bool:
    """Tells whether a metric is a fraction of a whole, to be read in percent."""
    words = re.split(r"[^a-z0-9]+", metric.lower().removeprefix("val_"))
    return any(word.startswith(_SHARES[:4]) or word in _SHARES for word in words)


def percent(share: float, digits: int = 1) -> str:
    """Returns 0.98888 as `98.9%`; what is not quite whole never reads as `100.0%`."""
    if not math.isfinite(share):
        return "–"
    text = f"{100 * share:.{digits}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10.0**-digits:.{digits}f}"
    return f"{text}%"


def value(metric: str, number: float) -> str:
    """Returns a metric's value: shares in percent, others to three figures."""
    if not math.isfinite(number):
        return "not finite"
    if is_share(metric) and 0 <= number <= 1:
        return percent(number)
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def metric(name: str) -> str:
    """Returns a metric's name in words: `top5_accuracy` as `Top 5 accuracy`."""
    words = clean(name).removeprefix("val_").replace("_", " ")
    words = re.sub(r"^top(?=\d)", "top ", words)
    return words[:1].upper() + words[1:]
