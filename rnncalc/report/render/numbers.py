"""How a number is written for people: the only place that rounds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounding:
    """To `digits` significant digits, or to `decimals` decimals if they are given."""

    digits: int = 6
    decimals: int | None = None

    def __call__(self, value: float) -> str:
        """1.3, 2.29015, 1e-5, -0.25, nan, inf."""
        if not math.isfinite(value):
            return str(value)
        if self.decimals is not None:
            text = f"{value:.{self.decimals}f}"
            return text.removeprefix("-") if float(text) == 0 else text
        text = f"{value + 0.0:.{self.digits}g}"
        return re.sub(r"e([+-])0*(\d)", lambda match: f"e{match[1].strip('+')}{match[2]}", text)


def exact(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value))
