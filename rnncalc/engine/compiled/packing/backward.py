"""A cell's parameters as the backward loops want them: transposed weights, and tables of what reaches what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from rnncalc.engine.compiled.codegen import softmax
from rnncalc.engine.compiled.codegen.backward_lines import back_program
from rnncalc.engine.compiled.codegen.gemm import ALONG
from rnncalc.engine.compiled.codegen.jit import address_of, cell_signature, specialised
from rnncalc.engine.compiled.kernels import backward as loops
from rnncalc.engine.compiled.kernels import gradients as gradient_loops
from rnncalc.engine.compiled.layout import (
    BACK_ROWWISE_COLUMNS,
    DEPTH,
    GRADIENT_COLUMNS,
    PLACE,
    PRODUCT_COLUMNS,
    SHOWN_COLUMNS,
    STAGES,
)
from rnncalc.engine.compiled.packing.forward import ROWWISE, Packed, Panels
from rnncalc.engine.compiled.packing.memory import ScratchPool, aligned
from rnncalc.model.equations.expression import INPUT, Call, Name
from rnncalc.model.equations.stages import Product, ProductLine


class Place(NamedTuple):
    """Where the loops leave the gradient of a weight as one line uses it: rows of `wide`, one for each of `depth`
    entries of the source; in them the line's units. A weight has as many places as there are lines that use it.
    """

    weight: str
    sign: int
    out: int
    depth: int
    wide: int
    first: int
    units: int


class PackedBack:
    """The way back through one cell: geometry, tables and packed weights, beside those of the way forward.

    version: how often the parameters have changed that it was packed with.
    """

    def __init__(self, packed: Packed, parameters: Mapping[str, np.ndarray], version: int = 0):
        self.version = version
        self.packed, self.cell, self.parameters = packed, packed.cell, parameters
        self.widths, self.sizes = packed.widths, packed.sizes
        self.program = back_program(self.cell)
        self.pitch = self.program.pitch(self.widths)
        self.lines = packed.program.products
        self.width = sum(self.widths[self.cell.size(line.signal)] for line in self.lines)
        self.input_width = -(-self.sizes.get("D", 0) // packed.lanes) * packed.lanes
        self.slots = {slot: self.program.offset(slot, self.widths) for slot in self.program.slots}
        ends = {slot: begin + self.sizes[self.cell.size(slot)] for slot, begin in self.slots.items() if slot != INPUT}
        self.adjoints = {slot: (self.slots[slot], end) for slot, end in ends.items()}
        self.clear = min(self.slots[slot] for slot in self.program.added)
        self._code: Any = None
        self.descend: Any = None  # the machine code of the whole way back, once it has been called
        self._pack()
        self._find_gradients()
        self._find_stacks()

    def offset(self, signal: str) -> int:
        """Where a signal begins in its row of the adjoint block."""
        return self.slots[signal]

    def _pack(self) -> None:
        """Every weight transposed: from the units of its line to the entries of its source."""
        panels = Panels(self.packed.lanes, self.packed.dtype)
        products, inputs, rowwise = list[list[int]](), list[list[int]](), list[list[int]]()
        for number, stage in enumerate(self.cell.back_stages):
            for lines, term in self._runs(stage.products):
                begin = 0 if term.source == INPUT else self.offset(term.signal)
                add = panels.add if self.packed.form == ALONG else panels.add_across
                weight = np.concatenate(
                    [other.sign * self.parameters[other.weight].T for _line, other in lines], axis=1
                )
                place = add([(begin, weight)])
                row = [number, self.offset(lines[0][0].signal), int(term.previous), weight.shape[1], *place]
                (inputs if term.source == INPUT else products).append(row)
            for signal in stage.rowwise:
                call = self.cell.lines[signal]
                assert isinstance(call, Call)
                assert isinstance(call.argument, Name)
                places = self.offset(signal), self.offset(call.argument.id)
                kind = ROWWISE[call.function] + (0 if self.packed.form == ALONG else softmax.ACROSS)
                width, value = self.sizes[self.cell.size(signal)], self.packed.offset(signal)
                rowwise.append([number, *places, width, kind, value])
        self.products, self.inputs = (
            np.array(table, np.int64).reshape(-1, PRODUCT_COLUMNS) for table in (products, inputs)
        )
        self.rowwise = np.array(rowwise, np.int64).reshape(-1, BACK_ROWWISE_COLUMNS)
        self.panels, self.columns = panels.joined()
        self.geometry = self.packed.geometry.copy()
        self.geometry[STAGES] = len(self.cell.back_stages)

    def _runs(self, lines: Iterable[ProductLine]) -> list[tuple[list[tuple[ProductLine, Product]], Product]]:
        """The terms of some lines, those of neighbours without a gap that have one source together: one product."""
        runs = list[list[tuple[ProductLine, Product]]]()
        for line in lines:
            for term in (*line.inputs, *line.products):
                run = next((run for run in runs if self._follows(run, line, term)), None)
                if run is None:
                    runs.append([(line, term)])
                else:
                    run.append((line, term))
        return [(run, run[0][1]) for run in runs]

    def _follows(self, run: list[tuple[ProductLine, Product]], line: ProductLine, term: Product) -> bool:
        before, other = run[-1]
        end = self.offset(before.signal) + self._units(before) * self.packed.entry
        alike = (other.source, other.previous) == (term.source, term.previous)
        return self.packed.form != ALONG and alike and end == self.offset(line.signal)

    def _units(self, line: ProductLine) -> int:
        return self.sizes[self.cell.size(line.signal)]

    def _find_gradients(self) -> None:
        """The sources of all products, each with the runs of neighbouring lines that it goes to."""
        runs: list[tuple[str, list[tuple[ProductLine, Product]]]] = []
        for source in dict.fromkeys(term.source for line in self.lines for term in (*line.inputs, *line.products)):
            last = None
            for at, line in enumerate(self.lines):
                for term in (*line.inputs, *line.products):
                    if term.source != source:
                        continue
                    if last == at - 1:
                        runs[-1][1].append((line, term))
                    else:
                        runs.append((source, [(line, term)]))
                    last = at
        lanes, out = self.packed.lanes, 0
        table, self.places = list[list[int]](), list[Place]()
        for source, terms in runs:
            depth = self.parameters[terms[0][1].weight].shape[1]
            wide = sum(self.widths[self.cell.size(line.signal)] for line, _term in terms)
            begin = self.offset(terms[0][0].signal)
            at = -1 if source == INPUT else self.packed.offset(terms[0][1].signal)
            table.append([0, at, int(terms[0][1].previous), depth, begin // lanes, out, wide // lanes])
            for line, term in terms:
                first = self.offset(line.signal) - begin
                self.places.append(Place(term.weight, term.sign, out, depth, wide, first, self._units(line)))
            out += depth * wide
        self.gradients = np.array(table, np.int64).reshape(-1, GRADIENT_COLUMNS)
        self.entries, self.deepest = out, int(self.gradients[:, DEPTH].max(initial=0))
        self.runs = np.arange(self.width // lanes + 1, dtype=np.int64) * lanes

    def code(self, arguments: tuple[Any, ...]) -> Any:
        """The backward loop for this cell and dtype, compiled or found in the cache on first need."""
        if self._code is None:
            self._code = specialised(loops.backward, *arguments)
        return self._code

    @cached_property
    def loop(self) -> int:
        """The address of that loop, for machine code that calls it."""
        none, some, nowhere = self.panels[:0], self.columns, (0, 0, 0)
        arguments = (
            none, 0, self.geometry, none, none, 0, 0, some, 0, 0, *self.tables, none, none, *nowhere, -1
        )  # fmt: skip
        return address_of(loops.backward, cell_signature(self.cell.digest, *arguments))

    @cached_property
    def tables(self) -> tuple[np.ndarray, ...]:
        """What the loop is called with, whatever goes through it."""
        return self.products, self.rowwise, self.panels, self.columns, self.packed.extras

    @cached_property
    def nothing(self) -> np.ndarray:
        """What arrives where nothing does."""
        return np.empty((0, 0), self.packed.dtype)

    @cached_property
    def scratch(self) -> ScratchPool:
        """Scratch memory, needed during a call only."""
        rest = self.entries + self.width + len(self.packed.extras)
        return ScratchPool(partial(_scratch, self.packed.dtype, self.width, self.deepest, rest))

    def _find_stacks(self) -> None:
        """Where each sum of the loops goes among the parameters' gradients, as `gradients.lay_out` takes it."""
        self.stacks, at, begins = dict[str, tuple[slice, tuple[int, ...]]](), 0, dict[str, int]()
        for name, stack in self.cell.stacks.items():
            arrays = [self.parameters[parameter.symbol] for parameter in stack]
            for parameter, array in zip(stack, arrays):
                begins[parameter.symbol] = at
                at += array.size
            rows = sum(map(len, arrays))
            self.stacks[name] = slice(at - sum(array.size for array in arrays), at), (rows, *arrays[0].shape[1:])
        table = list[list[int]]()
        for line in self.lines:
            units, slot = self._units(line), self.slots[line.signal]
            table += [[1, slot, 0, 1, units, begins[bias], sign] for sign, bias in line.biases]
        for weight, sign, out, depth, wide, first, units in self.places:
            table.append([0, out + first, wide, depth, units, begins[weight], sign])
        for name in self.packed.program.extras:
            table.append([2, self.packed.offset(name), 0, 1, len(self.parameters[name]), begins[name], 1])
        targets = [row[PLACE] for row in table]
        adds = [int(target in targets[:number]) for number, target in enumerate(targets)]
        self.shown = np.array([[*row, added] for row, added in zip(table, adds)], np.int64).reshape(-1, SHOWN_COLUMNS)
        self.shown_entries = at


def _scratch(dtype: np.dtype, width: int, deepest: int, rest: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """As `gradients.descend` needs it, for a call of so many rows: its room, and its places."""
    together = min(rows, gradient_loops.BLOCK)
    return aligned(together * (width + deepest) + rest, dtype), np.empty(width, np.int64)
