"""Times as people read them."""


def whole(seconds: float) -> str:
    """75.2 as `1 min 15 s`, 7500 as `2 h 5 min`; to the minute from an hour on."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
