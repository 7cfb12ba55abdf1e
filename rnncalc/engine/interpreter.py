"""The equations, interpreted: a cell's lines evaluated one after the other, step by step, as written; and back again.

The slow truth that compiled code is held against, and the path of homework, which must not wait for a compiler. It
takes any dtype, complex numbers included. Rows lie as `packed_batch` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np

from rnncalc.engine.interface import Arrays, Outputs
from rnncalc.model.cells import Cell
from rnncalc.model.equations.derivative import ARRIVED
from rnncalc.model.equations.expression import INPUT, Call, Name, evaluate, previous, product, signal_of
from rnncalc.model.equations.functions import FUNCTIONS, quiet
from rnncalc.model.equations.style import TOTAL
from rnncalc.model.packed_batch import PackedBatch


class InterpretedCell:
    """A cell with its parameters (symbol → array, all of one dtype), computed line by line."""

    threads = 1  # however many are asked for, one interprets

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype

    def repack(self, theta: np.ndarray, places: Callable[[], Arrays]) -> None:
        """The parameters have changed in place: nothing is packed here."""

    def forward(self, x: np.ndarray, schedule: PackedBatch, initial: Arrays) -> dict[str, np.ndarray]:
        """Every signal at every step: name → (N + rows, width), the first N rows the initial states.

        x (rows, D) in the schedule's order; initial: state → (N, width), zero if missing.
        """
        cell = self.cell
        signals = {line: np.zeros((schedule.rows, self.sizes[cell.size(line)]), self.dtype) for line in cell.lines}
        for state, start in initial.items():
            signals[state][: schedule.sequences] = start
        for t in range(1, len(schedule.counts) + 1):
            here, _before = schedule.step(t)
            values = self.values(signals, x, schedule, t)
            with np.errstate(all="ignore"):  # an overflow is reported where the result is shown, by step and unit
                for line, expression in cell.lines.items():
                    signals[line][here] = evaluate(expression, values)
                    values[line] = signals[line][here]
        return signals

    def values(self, signals: Arrays, x: np.ndarray, schedule: PackedBatch, t: int) -> dict[str, np.ndarray]:
        """What the lines of step t can see before any of them is computed."""
        here, before = schedule.step(t)
        values = dict(self.parameters)
        values[INPUT] = x[here.start - schedule.sequences : here.stop - schedule.sequences]
        for state in self.cell.state:
            values[f"{state}_p"] = signals[state][before]
        return values

    def tracing(self, schedule: PackedBatch, initial: Arrays) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        """The same for any inputs of a schedule."""
        return partial(self.forward, schedule=schedule, initial=initial)

    def infer(
        self, x: np.ndarray, schedule: PackedBatch, initial: Arrays, threads: int = 1, wanted: bool = True
    ) -> Outputs:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows."""
        signals = self.forward(x, schedule, initial)
        final = {state: signals[state][schedule.last[schedule.order]] for state in self.cell.state}
        return signals[self.cell.emits][schedule.sequences :], final

    def stream(self, schedule: PackedBatch, initial: Arrays) -> InterpretedStream:
        """The cell fed one step at a time; the schedule is that of one step."""
        return InterpretedStream(self, schedule, initial)

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: PackedBatch) -> InterpretedAdjoint:
        """Backpropagation through what `forward` left behind."""
        return InterpretedAdjoint(self, signals, x, schedule)


class InterpretedStream:
    """Some sequences that are fed one step at a time; `states`: name → (N, width), after the latest."""

    def __init__(self, interpreted: InterpretedCell, schedule: PackedBatch, initial: Arrays):
        self.interpreted, self.schedule, self.states = interpreted, schedule, dict(initial)

    def step(self, x: np.ndarray) -> np.ndarray:
        """x_t (N, D) → what the cell emits, (N, width)."""
        emitted, self.states = self.interpreted.infer(x, self.schedule, self.states)
        return emitted


class InterpretedAdjoint:
    """Gradients on their way back through the rows of one forward pass.

    `add` brings what arrives from above; `run` goes from the last step to the first; `sweep` goes one step back from
    every row at once and keeps apart what arrives at the steps before. Then: `below`, the gradient at the inputs;
    `adjoints` of the cell's `adjoint_lines`, `initial_adjoints`, `parameters` by symbol and `stacked`.
    """

    def __init__(self, interpreted: InterpretedCell, signals: Arrays, x: np.ndarray, schedule: PackedBatch):
        self.interpreted, self.cell, self.signals, self.schedule = interpreted, interpreted.cell, signals, schedule
        self.inputs = x
        self.x = self.every_x = np.zeros_like(x)
        self.arrived = self._zeros(self.cell.arriving)
        self.adjoints = self._zeros(self.cell.adjoint_lines)
        self.elementwise = {
            symbol: np.zeros_like(interpreted.parameters[symbol])
            for symbol, parameter in self.cell.parameters.items()
            if parameter.columns is None
        }
        self.initial_adjoints = {
            state: np.zeros_like(signals[state][: schedule.sequences]) for state in self.cell.state
        }

    def _zeros(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        return {name: np.zeros_like(self.signals[name]) for name in names}

    @quiet
    def add(self, signal: str, rows: np.ndarray, at: np.ndarray | None = None) -> None:
        """What arrives at a signal from above, (rows, width): at every step, or in some rows of signals."""
        self.arrived[signal][slice(self.schedule.sequences, None) if at is None else at] += rows

    @quiet
    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before.

        kept: whether what reached every row will be asked for; here it is kept in any case.
        """
        self.x = np.zeros_like(self.inputs)
        for t in range(len(self.schedule.counts), 0, -1):
            whole = chunk == 0 or t == 1 or (t - 1) % chunk
            self._step(t, self.arrived if whole else None)
        self._keep_initial(self.arrived)
        self.every_x = self.x

    @quiet
    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self._keep_initial(self.arrived)
        self.x, before = np.zeros_like(self.inputs), self._zeros(self.cell.arriving)
        for t in range(len(self.schedule.counts), 0, -1):
            self._step(t, before)
        self._keep_initial(before)
        self.arrived = before
        self.every_x = self.every_x + self.x

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        return self.every_x if whole else self.x

    def _keep_initial(self, arrived: Arrays) -> None:
        """What has arrived at the initial states stays there."""
        for state, adjoint in self.initial_adjoints.items():
            rows = arrived[state][: self.schedule.sequences]
            adjoint += rows
            rows[:] = 0

    def _step(self, t: int, earlier: Arrays | None) -> None:
        """All stages of one step. earlier: where gradients of the step before are put, None: nowhere."""
        here, before = self.schedule.step(t)
        values = self.interpreted.values(self.signals, self.inputs, self.schedule, t)
        values.update({line: self.signals[line][here] for line in self.cell.lines})
        rows = slice(here.start - self.schedule.sequences, here.stop - self.schedule.sequences)

        def bring(name: str, gradient: np.ndarray) -> None:
            if name == INPUT:
                self.x[rows] += gradient
            elif name in self.elementwise:
                self.elementwise[name] += gradient.sum(axis=0)
            elif not previous(name):
                self.arrived[name][here] += gradient
            elif earlier is not None:
                earlier[signal_of(name)][before] += gradient

        for stage in self.cell.back_stages:
            for signal in stage.rowwise:
                call = self.cell.lines[signal]
                assert isinstance(call, Call)
                assert isinstance(call.argument, Name)
                back = FUNCTIONS[call.function].back
                assert back is not None
                self.adjoints[signal][here] += self.arrived[signal][here]
                bring(call.argument.id, back(values[signal], self.arrived[signal][here]))
            values.update({ARRIVED + name: array[here] for name, array in self.arrived.items()})
            for signal, expression in stage.adjoints:
                values[TOTAL + signal] = evaluate(expression, values) + np.zeros_like(values[signal])
                if signal in self.adjoints:
                    self.adjoints[signal][here] += values[TOTAL + signal]
            for name, expression in stage.outgoing:
                bring(name, evaluate(expression, values))
            for line in stage.products:
                for term in (*line.inputs, *line.products):
                    weight = self.interpreted.parameters[term.weight]
                    bring(term.source, term.sign * product(weight.T, values[TOTAL + line.signal]))

    @quiet
    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol: for a weight, one product over all rows."""
        gradients, first = dict(self.elementwise), self.schedule.sequences
        for stage in self.cell.stages:
            for line in stage.products:
                gradient = self.adjoints[line.signal][first:]
                for sign, bias in line.biases:
                    gradients[bias] = gradients[bias] + sign * gradient.sum(axis=0)
                for term in (*line.inputs, *line.products):
                    share = term.sign * gradient.T @ self._source(term.source)
                    gradients[term.weight] = gradients.get(term.weight, 0) + share
        return gradients

    def stacked(self) -> dict[str, np.ndarray]:
        """The gradient of every array that a person gives, by name."""
        return self.cell.stacked(self.parameters())

    def _source(self, name: str) -> np.ndarray:
        """What a weight multiplied, a row for each row of the schedule."""
        if name == INPUT:
            return self.inputs
        rows = self.signals[signal_of(name)]
        return rows[self.schedule.before] if previous(name) else rows[self.schedule.sequences :]
