"""Steps as people choose them: 3, 10-20, last, several with commas between."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError


def step_numbers(steps: str, count: int) -> list[int]:
    """Return the chosen steps of so many, counted from 1; all if none are named. Raises ProblemError."""
    if not steps:
        return list(range(1, count + 1))
    chosen: list[int] = []
    for part in steps.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,9}|last)(?:-(\d{1,9}|last))?", part)
        ends = [count if end == "last" else int(end) for end in match.groups() if end] if match else []
        if not ends or not 1 <= ends[0] <= ends[-1] <= count:
            message = _("--step {steps}: steps are 3, 10-20 or last, from 1 to {count}")
            raise ProblemError(message, steps=steps, count=count)
        chosen += range(ends[0], ends[-1] + 1)
    return chosen
