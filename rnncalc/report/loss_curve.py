"""The loss from epoch to epoch, drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnncalc.common.i18n import _

HEIGHT, WIDTH = 8, 60
MARKS = {"loss": "•", "val_loss": "○"}


def curve(history: Sequence[dict[str, float]]) -> str:
    """Lines of text: the logarithm of the loss upwards, epochs to the right; nothing below two epochs."""
    values = [entry[name] for entry in history for name in MARKS if name in entry]
    if len(history) < 2 or not all(math.isfinite(value) and value > 0 for value in values):
        return ""
    top, bottom = math.log(max(values)), math.log(min(values))
    height = max(top - bottom, 1e-12)
    columns = min(WIDTH, len(history))
    grid = [[" "] * columns for _row in range(HEIGHT)]
    for name, mark in MARKS.items():
        for column in range(columns):
            at = round(column * (len(history) - 1) / max(columns - 1, 1))
            if name in history[at]:
                row = round((top - math.log(history[at][name])) / height * (HEIGHT - 1))
                grid[row][column] = mark
    lines = []
    for row, cells in enumerate(grid):
        label = f"{math.exp(top - height * row / (HEIGHT - 1)):9.3g}"
        lines.append(f"{label} │{''.join(cells).rstrip()}")
    words = {"loss": _("loss"), "val_loss": _("validation loss")}
    shown = "  ".join(f"{mark} {words[name]}" for name, mark in MARKS.items() if name in history[-1])
    return "\n".join([*lines, f"{_('epoch'):>9} 1 … {len(history)}    {shown}", ""])
