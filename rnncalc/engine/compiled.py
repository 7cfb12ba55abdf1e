"""The door of the engine: a cell's weights packed once, then run over any batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.jit import specialised
from rnncalc.engine.step import SIZES, program
from rnncalc.engine.vector import lanes
from rnncalc.equations import INPUT, Call, Name
from rnncalc.schedule import Schedule

Arrays = Mapping[str, np.ndarray]
_ROWWISE = {"softmax": loops.SOFTMAX, "log_softmax": loops.LOG_SOFTMAX}


def aligned(entries: int, dtype: np.dtype) -> np.ndarray:
    """A zeroed array that begins at a multiple of 64 bytes, so that no vector straddles two cache lines."""
    raw = np.zeros(entries * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + entries * dtype.itemsize].view(dtype)


class CompiledCell:
    """A cell with its parameters (symbol → array, all of one dtype) as the loops want them."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.program, self.sizes, self.dtype = program(cell), sizes, dtype
        self.lanes = lanes(dtype.itemsize)
        self.widths = {size: -(-sizes.get(size, 0) // self.lanes) * self.lanes for size in SIZES}
        self.pitch = self.program.pitch(self.widths)
        self._pack(cell, parameters)
        self._run = specialised(
            loops.forward, cell.digest, *self._arguments(self._block(1), np.zeros(2, np.int64), self.panels)
        )

    def _block(self, rows: int) -> np.ndarray:
        return aligned(rows * self.pitch, self.dtype)

    def _arguments(self, block: np.ndarray, starts: np.ndarray, x: np.ndarray, pitch_x: int = 0) -> tuple:
        return (
            block, self.widths["H"], self.widths["O"], self.pitch, self.lanes, len(self.program.cell.stages), starts,
            x, pitch_x, self.biases, self.inputs, self.products, self.rowwise, self.panels, self.columns, self.extras,
        )  # fmt: skip

    def forward(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> dict[str, np.ndarray]:
        """Every signal: name → (N + rows, width), views of one block. Arguments as for `walk.forward`."""
        block = self._block(schedule.rows)
        rows = block.reshape(schedule.rows, self.pitch)
        signals = {name: self._view(rows, name) for name in self.program.slots}
        for state, start in initial.items():
            signals[state][: schedule.sequences] = start
        if self.program.sees_input:
            signals[INPUT][schedule.sequences :] = x
        x = np.ascontiguousarray(x)  # machine code takes the pointer and asks no questions
        self._run(self.program.cell.digest, *self._arguments(block, schedule.starts, x.reshape(-1), x.shape[1]))
        return {line: signals[line] for line in self.program.cell.lines}

    def _view(self, rows: np.ndarray, name: str) -> np.ndarray:
        begin = self.program.offset(name, self.widths)
        return rows[:, begin : begin + self.sizes[self.program.size(name)]]

    # packing ---------------------------------------------------------------------------------------------------------

    def _pack(self, cell: Cell, parameters: Arrays) -> None:
        self.biases = np.zeros(sum(self.widths[cell.size(line.signal)] for line in self.program.products), self.dtype)
        self.extras = aligned(sum(self.widths[self.program.size(name)] for name in self.program.extras), self.dtype)
        for name in self.program.extras:
            begin = self.program.offset(name, self.widths)
            self.extras[begin : begin + len(parameters[name])] = parameters[name]
        panels: list[np.ndarray] = []
        columns: list[int] = []
        inputs, products, rowwise = [], [], []
        for number, stage in enumerate(cell.stages):
            groups: dict[str, list] = {}
            for line in stage.products:
                begin = self.program.offset(line.signal, self.widths)
                for sign, bias in line.biases:
                    self.biases[begin : begin + len(parameters[bias])] += sign * parameters[bias]
                for product in (*line.inputs, *line.products):
                    groups.setdefault(product.source, []).append((begin, product.sign * parameters[product.weight]))
            for source, weights in groups.items():
                depth = weights[0][1].shape[1]
                packed, places = self._panels(weights)
                entry = [number, 0, 0, depth, sum(map(len, panels)), len(columns), len(places)]
                panels.append(packed)
                columns.extend(places)
                if source == INPUT:
                    inputs.append(entry)
                else:
                    product = next(p for line in stage.products for p in line.products if p.source == source)
                    entry[loops.SOURCE] = self.program.offset(product.signal, self.widths)
                    entry[loops.EARLIER] = int(product.previous)
                    products.append(entry)
            for signal in stage.rowwise:
                call = cell.lines[signal]
                assert isinstance(call, Call)
                assert isinstance(call.argument, Name)
                places = [self.program.offset(name, self.widths) for name in (call.argument.id, signal)]
                rowwise.append([number, *places, self.sizes[cell.size(signal)], _ROWWISE[call.function]])
        self.panels = aligned(sum(map(len, panels)), self.dtype)
        if panels:
            self.panels[:] = np.concatenate(panels)
        self.columns = np.array(columns, np.int64)
        self.inputs = np.array(inputs, np.int64).reshape(-1, 7)
        self.products = np.array(products, np.int64).reshape(-1, 7)
        self.rowwise = np.array(rowwise, np.int64).reshape(-1, 5)

    def _panels(self, weights: list[tuple[int, np.ndarray]]) -> tuple[np.ndarray, list[int]]:
        """Weights (units, depth), each with the column where its units begin, as panels; and each vector's column."""
        vectors: list[np.ndarray] = []
        places: list[int] = []
        for begin, weight in weights:
            width = -(-len(weight) // self.lanes) * self.lanes
            padded = np.zeros((width, weight.shape[1]), self.dtype)
            padded[: len(weight)] = weight
            vectors.extend(padded.reshape(-1, self.lanes, weight.shape[1]).transpose(0, 2, 1))  # (depth, lanes) each
            places.extend(range(begin, begin + width, self.lanes))
        panels = [np.concatenate(vectors[v : v + 2], axis=1).reshape(-1) for v in range(0, len(vectors), 2)]
        return np.concatenate(panels), places
