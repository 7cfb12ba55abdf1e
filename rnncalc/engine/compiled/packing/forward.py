"""A cell's parameters as the loops want them: panels of weights, tables of what is multiplied with what and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from rnncalc.engine.compiled.codegen import affine, softmax
from rnncalc.engine.compiled.codegen.forward_lines import SIZES, program
from rnncalc.engine.compiled.codegen.gemm import ACROSS, ALONG, UNITS, address
from rnncalc.engine.compiled.codegen.register import lanes
from rnncalc.engine.compiled.layout import (
    FROM_EARLIER,
    FROM_HERE,
    FROM_X,
    PRODUCT_COLUMNS,
    ROWWISE_COLUMNS,
    STATE_COLUMNS,
    TILE_COLUMNS,
)
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import INPUT, Call, Name
from rnncalc.model.equations.stages import Stage

Terms = dict[tuple[str, int], list[tuple[int, np.ndarray]]]  # (source, which use in a line) → (line's begin, weight)
ROWWISE = {"softmax": softmax.SOFTMAX, "log_softmax": softmax.LOG_SOFTMAX}


class Panels:
    """Weights packed one after the other, with the column where each of their vectors goes."""

    def __init__(self, lanes: int, dtype: np.dtype):
        self.lanes, self.dtype, self.entries = lanes, dtype, 0
        self.panels: list[np.ndarray] = []
        self.columns: list[int] = []

    def add(self, weights: list[tuple[int, np.ndarray]]) -> tuple[int, int, int]:
        """Weights (units, depth) of one depth, each with the column where its units begin.

        Pairs of vectors come first, weight by weight; then the last vector of every weight that has an odd one, so that
        no panel but those holds units of two weights. Returns where the first panel begins, where the columns do, and
        how many vectors there are.
        """
        place, column, vectors = self.entries, len(self.columns), list[np.ndarray]()
        odd = list[tuple[np.ndarray, int]]()
        for begin, weight in weights:
            width = -(-len(weight) // self.lanes) * self.lanes
            padded = np.zeros((width, weight.shape[1]), self.dtype)
            padded[: len(weight)] = weight
            blocks = padded.reshape(-1, self.lanes, weight.shape[1]).transpose(0, 2, 1)  # (depth, lanes) each
            targets = range(begin, begin + width, self.lanes)
            pairs = len(blocks) // 2 * 2
            vectors.extend(blocks[:pairs])
            self.columns.extend(targets[:pairs])
            odd.extend(zip(blocks[pairs:], targets[pairs:]))
        vectors.extend(block for block, _target in odd)
        self.columns.extend(target for _block, target in odd)
        packed = [np.concatenate(vectors[v : v + 2], axis=1).reshape(-1) for v in range(0, len(vectors), 2)]
        self.panels += packed
        self.entries += sum(map(len, packed))
        return place, column, len(vectors)

    def add_across(self, weights: list[tuple[int, np.ndarray]]) -> tuple[int, int, int]:
        """The same across sequences: the entries of a few units side by side, for each entry of the source."""
        place, column = self.entries, len(self.columns)
        units = np.concatenate([weight for _begin, weight in weights])
        for begin, weight in weights:
            self.columns.extend(range(begin, begin + len(weight) * self.lanes, self.lanes))
        at = 0
        while at < len(units):
            wide = next(wide for wide in (UNITS, 2, 1) if at + wide <= len(units))
            self.panels.append(np.ascontiguousarray(units[at : at + wide].T, self.dtype).reshape(-1))
            at += wide
        self.entries += units.size
        return place, column, len(units)

    def add_tiles(self, columns: list[int], terms: list[np.ndarray]) -> Iterator[tuple[int, int, int, int, int]]:
        """Units whose sums have terms (units, depth) of the same sources, as the tiles of `affine`: two terms each.

        columns: where each unit goes. Yields where a tile's columns begin, its units, its first term, whether another
        tile comes before it, and where its panel begins.
        """
        at, place = 0, len(self.columns)
        self.columns.extend(columns)
        while at < len(columns):
            wide = next(wide for wide in (UNITS, 2, 1) if at + wide <= len(columns))
            for n in range(0, max(len(terms), 1), 2):
                yield place + at, wide, n, int(n > 0), self.entries
                for term in terms[n : n + 2]:
                    self.panels.append(np.ascontiguousarray(term[at : at + wide].T, self.dtype).reshape(-1))
                    self.entries += self.panels[-1].size
            at += wide

    def joined(self) -> tuple[np.ndarray, np.ndarray]:
        """All panels as one array, and all columns."""
        panels = aligned(self.entries, self.dtype)
        np.concatenate([panels[:0], *self.panels], out=panels)
        return panels, np.array(self.columns, np.int64)


class Tables(NamedTuple):
    """What the forward loop is called with, whatever it runs over; columns as in `layout`."""

    biases: np.ndarray
    inputs: np.ndarray
    products: np.ndarray
    rowwise: np.ndarray
    panels: np.ndarray
    columns: np.ndarray
    extras: np.ndarray


class Packed:
    """One cell's geometry, tables and packed weights, for one dtype and the host's vectors.

    vector: entries of a vector, if not those of the dtype: to pack numbers that say where each weight comes from.
    form: vectors ALONG the units of a row or ACROSS sequences.
    version: how often the parameters have changed that it was packed with.
    """

    def __init__(
        self, cell: Cell, parameters: Mapping[str, np.ndarray], sizes: Mapping[str, int], dtype: np.dtype,
        vector: int | None = None, form: int = ALONG, version: int = 0,
    ):  # fmt: skip
        self.form, self.version = form, version
        self.cell, self.sizes, self.dtype = cell, sizes, dtype
        self.program, self.lanes = program(cell), vector or lanes(dtype.itemsize)
        self.entry = 1 if form == ALONG else self.lanes  # entries of a unit
        self.widths = {size: -(-sizes.get(size, 0) * self.entry // self.lanes) * self.lanes for size in SIZES}
        self.pitch = self.program.pitch(self.widths)
        self.biases = np.zeros(sum(self.widths[cell.size(line.signal)] for line in self.program.products), dtype)
        self._packing = Panels(self.lanes, dtype)
        self._inputs: list[list[int]] = []
        self._products: list[list[int]] = []
        self._rowwise: list[list[int]] = []
        for number, stage in enumerate(cell.stages):
            self._stage(number, stage, parameters)
        self.panels, self.columns = self._packing.joined()
        constants = cell.code_lines[1]
        entries = sum(self.widths[self.program.size(name)] for name in self.program.extras)
        self.extras = aligned(entries + len(constants), dtype)
        self.extras[:entries], self.extras[entries:] = 0, [number.value for number in constants]
        self.element_wise = self.extras[:entries]  # the parameters without the numbers of the equations
        for name in self.program.extras:
            self._lay(self.element_wise, self.offset(name), parameters[name])
        self._describe()

    def offset(self, name: str) -> int:
        """Where a signal begins in its row, or an element-wise parameter among its like."""
        return self.program.offset(name, self.widths)

    def _lay(self, row: np.ndarray, begin: int, vector: np.ndarray) -> None:
        """Add a parameter to a row of them: an entry or, across sequences, a vector for each unit."""
        entries = np.repeat(vector, self.entry)
        row[begin : begin + len(entries)] += entries

    def _describe(self) -> None:
        """The arrays that the loops are called with."""
        copy_of_x = self.offset(INPUT) if self.cell.adds_input else -1
        widths = [self.widths[size] for size in SIZES]
        runs = self.dtype.kind == "f"  # else it is places that are packed
        multiply = address(self.dtype, self.form) if runs else 0
        sums = affine.address(self.dtype) if runs and self.form == ACROSS else 0
        rest = [len(self.cell.stages), copy_of_x, self.sizes.get("D", 0) * self.entry, multiply, sums]
        self.geometry = np.array([*widths, self.pitch, self.lanes, *rest], np.int64)
        wide = TILE_COLUMNS if self.form == ACROSS else PRODUCT_COLUMNS
        tables = (self._inputs, PRODUCT_COLUMNS), (self._products, wide), (self._rowwise, ROWWISE_COLUMNS)
        inputs, products, rowwise = (np.array(table, np.int64).reshape(-1, width) for table, width in tables)
        self.tables = Tables(self.biases, inputs, products, rowwise, self.panels, self.columns, self.extras)
        emitted = self.sizes[self.cell.size(self.cell.emits)] * self.entry
        self.emitted = np.array([self.offset(self.cell.emits), emitted], np.int64)
        widths = [self.sizes[self.cell.size(state)] * self.entry for state in self.cell.state]
        places = np.cumsum([0, *widths])[:-1]
        offsets = map(self.offset, self.cell.state)
        self.states = np.array(list(zip(offsets, widths, places)), np.int64).reshape(-1, STATE_COLUMNS)

    def _stage(self, number: int, stage: Stage, parameters: Mapping[str, np.ndarray]) -> None:
        """The products of a stage, those with one source as one; its biases and row-wise lines."""
        groups: Terms = {}
        for line in stage.products:
            begin, uses = self.offset(line.signal), Counter[str]()
            for sign, bias in line.biases:
                self._lay(self.biases, begin, sign * parameters[bias])
            for product in (*line.inputs, *line.products):
                term = begin, product.sign * parameters[product.weight]
                groups.setdefault((product.source, uses[product.source]), []).append(term)
                uses[product.source] += 1  # a product adds to a column only once: what is used twice makes two
        (self._multiplied if self.form == ALONG else self._summed)(number, stage, groups)
        for signal in stage.rowwise:
            call = self.cell.lines[signal]
            assert isinstance(call, Call)
            assert isinstance(call.argument, Name)
            places = self.offset(call.argument.id), self.offset(signal)
            width, kind = self.sizes[self.cell.size(signal)], ROWWISE[call.function]
            kind += 0 if self.form == ALONG else softmax.ACROSS
            self._rowwise.append([number, *places, width, kind])

    def _multiplied(self, number: int, stage: Stage, groups: Terms) -> None:
        """Each source a product."""
        for (source, _use), weights in groups.items():
            depth, place = weights[0][1].shape[1], self._packing.add(weights)
            if source == INPUT:
                self._inputs.append([number, 0, 0, depth, *place])
            else:
                at = self.offset(source.removesuffix("_p"))
                self._products.append([number, at, int(source.endswith("_p")), depth, *place])

    def _summed(self, number: int, stage: Stage, groups: Terms) -> None:
        """Each line a sum: those that have the same sources, in the order of the products, share tiles."""
        alike: dict[tuple[str, ...], list[tuple[int, list[np.ndarray]]]] = {}
        order = sorted(groups, key=lambda use: use[0] != INPUT)
        for line in stage.products:
            begin = self.offset(line.signal)
            taken = [(use[0], weight) for use in order for at, weight in groups[use] if at == begin]
            alike.setdefault(tuple(source for source, _ in taken), []).append((begin, [weight for _, weight in taken]))
        for sources, lines in alike.items():
            columns = [at + unit * self.lanes for at, weights in lines for unit in range(len(weights[0]))]
            terms = [np.concatenate(together) for together in zip(*(weights for _at, weights in lines))]
            reads = [[*self._source(source), term.shape[1]] for source, term in zip(sources, terms)]
            reads += [[0, 0, 0]] * (len(reads) % 2)
            for column, wide, n, on, panel in self._packing.add_tiles(columns, terms):
                self._products.append([number, column, wide, on, panel, *reads[n], *reads[n + 1]])

    def _source(self, source: str) -> tuple[int, int]:
        """Which of the rows a source lies in, and where."""
        if source == INPUT:
            return FROM_X, 0
        return FROM_EARLIER if source.endswith("_p") else FROM_HERE, self.offset(source.removesuffix("_p"))
