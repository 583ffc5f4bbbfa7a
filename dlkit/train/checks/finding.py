"""What a check found."""

import dataclasses

OK, WARNING, FAIL = "ok", "warning", "FAIL"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One check's verdict.

    Attributes:
        name: what was checked, a word or two.
        verdict: `ok`, `warning` or `FAIL`.
        text: what was seen.
        fix: what to do about it; empty where all is well.
    """

    name: str
    verdict: str
    text: str
    fix: str = ""
