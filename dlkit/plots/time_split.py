"""Where the time of an epoch goes: waiting for the input, and computing."""

from matplotlib.figure import Figure

from dlkit.plots import labels, style

SIZE = (414, 96)  # width, height in pixels


def time_split(waiting: float, computing: float) -> Figure:
    """Draws one bar, the input's share of it in the warm colour.

    Args:
        waiting: seconds of an epoch in which steps waited for their batches.
        computing: the rest of its seconds.

    Raises:
        ValueError: there is no time to split.
    """
    whole = waiting + computing
    if not (waiting >= 0 and computing >= 0 and whole > 0):
        raise ValueError(f"waiting {waiting!r} and computing {computing!r} are no seconds to split")
    share = waiting / whole
    parts = (("waiting for input", share, style.WARM), ("computing", 1 - share, style.ACCENT))
    width, height = SIZE
    alt = f"Time of an epoch: {labels.percent(share)} waiting for input."
    with style.theme():
        drawn = style.figure(width, height, alt)
        style.write(drawn, 4, 4, "Time of an epoch", weight="bold", size=12.5)
        told = f"{labels.value('', whole)} s"
        style.write(drawn, width - 12, 5, told, ha="right", color=style.MUTED, size=11)
        axes = style.place(drawn, 4, 36, width - 16, 18)
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        left = 0.0
        for name, part, color in parts:
            axes.barh(0.5, part, left=left, height=1.0, color=color, linewidth=0, label=name)
            left += part
        _name(drawn, 4, parts[0], "left")
        _name(drawn, width - 12, parts[1], "right")
    return drawn


def _name(drawn: Figure, x: float, part: tuple[str, float, str], side: str) -> None:
    name, share, color = part
    style.write(
        drawn,
        x,
        64,
        f"{labels.percent(share)} {name}",
        ha=side,
        color=color,
        size=11.5,
        weight="bold",
    )
