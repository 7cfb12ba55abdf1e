"""The equations walked: a cell's lines evaluated one after the other, step by step, as written.

The slow truth that compiled code is held against, and the path of homework, which must not wait for a compiler. It
takes any dtype, complex numbers included. Rows lie as `schedule` says.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.cells import Cell
from rnncalc.equations import INPUT, evaluate
from rnncalc.schedule import Schedule

Arrays = Mapping[str, np.ndarray]


class WalkedCell:
    """A cell with its parameters (symbol → array, all of one dtype), computed line by line."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype

    def forward(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> dict[str, np.ndarray]:
        """Every signal at every step: name → (N + rows, width), the first N rows the initial states.

        x (rows, D) in the schedule's order; initial: state → (N, width), zero if missing.
        """
        cell = self.cell
        signals = {line: np.zeros((schedule.rows, self.sizes[cell.size(line)]), self.dtype) for line in cell.lines}
        for state, start in initial.items():
            signals[state][: schedule.sequences] = start
        values = dict(self.parameters)
        for t in range(1, len(schedule.counts) + 1):
            here, before = schedule.step(t)
            values[INPUT] = x[here.start - schedule.sequences : here.stop - schedule.sequences]
            for state in cell.state:
                values[f"{state}_p"] = signals[state][before]
            with np.errstate(all="ignore"):  # an overflow is reported where the result is shown, by step and unit
                for line, expression in cell.lines.items():
                    signals[line][here] = evaluate(expression, values)
                    values[line] = signals[line][here]
        return signals

    def infer(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows."""
        signals = self.forward(x, schedule, initial)
        final = {state: signals[state][schedule.last[schedule.order]] for state in self.cell.state}
        return signals[self.cell.emits][schedule.sequences :], final
