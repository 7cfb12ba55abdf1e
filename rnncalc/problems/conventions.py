"""Brings arrays to our conventions: orientation, fused matrices, the order of gates, two biases made one.

An array is Numbers, or a dict of Numbers by gate. Every assumption becomes a note. This file is longer than others
because the conventions depend on each other and apply in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import CELLS, Cell, built_in
from rnncalc.model.cells.biases import with_biases
from rnncalc.model.cells.cell import ORDER
from rnncalc.problems.notation import NOTATIONS, Translation, gate
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers

GivenArray = Numbers | dict[str, Numbers]
MATRICES = ("U", "W", "V", "R")
FUSED = ("hx", "xh")


class Conventions:
    """The arrays of one cell, brought from a notation's conventions to ours."""

    def __init__(self, translation: Translation, cell: Cell, inputs: int | None, options: Mapping[str, RawValue]):
        self.translation, self.cell, self.inputs, self.options = translation, cell, inputs, options
        self.notes: list[str] = []
        self.joined = dict(translation.notation.joined)
        self.open: list[tuple[str, str]] = []  # keys with the values that give another reading, which fits too
        self.rows = translation.notation.rows
        names = {*ORDER, *cell.stacks, "b_hh", "B", *translation.notation.second_biases}
        for name, value in translation.given.items():
            stack, _dot, letter = name.partition(".")
            if stack in names and (letter or not built_in(cell)):
                _refuse_gates(letter, value, cell)
        self.arrays = {name: _numbers(value) for name, value in translation.given.items() if name in names}

    def settle(self) -> dict[str, GivenArray]:
        """Apply every convention and return the arrays."""
        if built_in(self.cell):
            self._onnx()
            self._keras_bias()
            self._orientation()
            self._split_fused()
            self._gate_order()
            self._two_biases()
            self._note_names()
        return self.arrays

    # one convention each ---------------------------------------------------------------------------------------------

    def _onnx(self) -> None:
        """ONNX has an axis of directions first, (1, G·H, D), and both biases in one B."""
        if self.translation.name != "onnx":
            return
        for name, array in list(self.arrays.items()):
            if isinstance(array, Numbers) and len(array.shape) == (2 if name == "B" else 3):
                if array.shape[0] != 1:
                    raise ShapeError(
                        _("{name}: {n} directions; one layer here runs in one"), name=name, n=array.shape[0]
                    )
                self.arrays[name] = array.through(lambda values: values[0])
        both = self.arrays.pop("B", None)
        if isinstance(both, Numbers):
            half = both.values.size // 2
            self.arrays["b"] = both.through(lambda values: values.reshape(-1)[:half])
            self.arrays["b_hh"] = both.through(lambda values: values.reshape(-1)[half:])

    def _keras_bias(self) -> None:
        """Keras' GRU with reset_after has two rows of biases."""
        bias = self.arrays.get("b")
        if self.translation.name != "keras" or not isinstance(bias, Numbers):
            return
        if len(bias.shape) == 2 and bias.shape[0] == 2:
            if self.cell.name == "gru":
                self.cell = _after(self.cell)
                self.notes.append(_("a bias of two rows: keras' gru is gru_after"))
            self.arrays["b"] = bias.through(lambda values: values[0])
            self.arrays["b_hh"] = bias.through(lambda values: values[1])

    def _two_biases(self) -> None:
        """The cell with b_ih + b_hh in place of b. Where the reset gate multiplies the recurrent bias of n, that is d.

        The equations of a sheet say themselves which biases are added and which are taken away.
        """
        signs = dict(self.translation.notation.biases)
        if "b_hh" in self.arrays and not signs:
            second, gates = self.arrays.pop("b_hh"), self.cell.gates
            if "d" in self.cell.stacks:
                rest = "b_hh" if "b" in self.arrays else "b"
                if "b_hh" in self.translation.shown and not isinstance(second, dict):
                    grid = tuple(("d" if gate == "n" else f"{rest}_{gate}",) for gate in self.order)
                    self.joined[self.translation.shown["b_hh"]] = grid
                second, inner = _behind_reset(second)
                self.arrays |= {} if inner is None else {"d": inner}
                gates = "rz"
            if "b" in self.arrays:
                self.arrays["b_hh"] = second
                signs = {p.symbol: (1, 1) for p in self.cell.stacks["b"] if p.gate is None or p.gate in gates}
            else:
                self.arrays["b"] = second
        of_cell = {symbol: each for symbol, each in signs.items() if symbol in self.cell.parameters}
        self.cell = with_biases(self.cell, of_cell)

    def _orientation(self) -> None:
        """Transpose the matrices of row vectors, as `vectors` or the notation says, or as only fits the shapes."""
        vectors = self.options["vectors"].word() if "vectors" in self.options else ""
        if vectors not in ("", "row", "column"):
            where = self.options["vectors"].where
            raise ProblemError(_("{where}: vectors are row or column, not “{word}”"), where=where, word=vectors)
        if vectors:
            self.rows = vectors == "row"
        elif self.translation.fits:
            self._guess_orientation()
        if self.rows:
            for name in MATRICES:
                if name in self.arrays:
                    self.arrays[name] = _each(
                        self.arrays[name], lambda part: part.transposed if len(part.shape) > 1 else part
                    )

    def _guess_orientation(self) -> None:
        fits = {rows: all(self._fits(name, rows) for name in MATRICES if name in self.arrays) for rows in (False, True)}
        kind = {False: _("column vectors (W h)"), True: _("row vectors (h W)")}
        if fits[not self.rows] and not fits[self.rows]:
            self.rows = not self.rows
            self.notes.append(_("the shapes fit only {kind}").format(kind=kind[self.rows]))
        elif (
            self._turned_is_another()
            and fits[True]
            and fits[False]
            and {NOTATIONS[name].rows for name in self.translation.fits} == {True, False}
        ):
            word = "column" if self.rows else "row"
            message = _("warning: {kind} assumed; square matrices fit --vectors {word} too, with other numbers")
            self.notes.append(message.format(kind=kind[self.rows], word=word))
            self.open.append(("vectors", word))

    def _turned_is_another(self) -> bool:
        """Whether a matrix is another one when it is transposed, as one number is not."""
        matrices = [part for name in MATRICES if name in self.arrays for part in parts_of(self.arrays[name])]
        return any(not np.array_equal(part.values, part.values.T) for part in matrices if len(part.shape) == 2)

    def _fits(self, name: str, rows: bool) -> bool:
        """Whether a matrix fits the known sizes in that orientation."""
        units, array = self._units(), self.arrays[name]
        gates = 1 if isinstance(array, dict) else len(self.cell.gates) or 1
        for part in parts_of(array):
            if len(part.shape) != 2:
                continue
            above, beside = part.shape[::-1] if rows else part.shape
            want_above = None if name in ("V", "R") else units and gates * units
            want_beside = {"U": self.inputs, "R": self.inputs}.get(name, units)
            if (want_above and above != want_above) or (want_beside and beside != want_beside):
                return False
        return True

    def _units(self) -> int | None:
        """H, if W or b says it in either orientation."""
        for part in parts_of(self.arrays["W"]) if "W" in self.arrays else ():
            if len(part.shape) == 2:
                return min(part.shape)
        bias = self.arrays.get("b")
        if isinstance(bias, Numbers) and bias.shape:
            return bias.values.size // (len(self.cell.gates) or 1)
        return None

    def _split_fused(self) -> None:
        """Cut a matrix that multiplies [h; x] or [x; h] into W and U."""
        word = self.options["fused"].word() if "fused" in self.options else ""
        if word not in ("", *FUSED):
            where = self.options["fused"].where
            raise ProblemError(_("{where}: fused is hx ([h; x]) or xh ([x; h]), not “{word}”"), where=where, word=word)
        name = next((name for name in ("W", "U") if name in self.arrays), "")
        if ("U" in self.arrays and "W" in self.arrays) or not name:
            return
        fused = self.arrays[name]
        other = "U" if name == "W" else "W"
        if other not in self.arrays:  # of one unit it is a row, [0.2, 0.3]
            fused = _each(fused, lambda part: part.through(np.atleast_2d) if part.values.size > 1 else part)
        gates = 1 if isinstance(fused, dict) else len(self.cell.gates) or 1
        first = parts_of(fused)[0].shape
        if len(first) != 2 or first[0] % gates or (name == "U" and not word) or first[1] <= first[0] // gates:
            return
        units = first[0] // gates
        if not word:
            message = _(
                "{name} is {shape} and there is no U: if it multiplies [h; x], say --fused hx, if [x; h], --fused xh"
            )
            raise ProblemError(message, name=self.translation.shown.get(name, name), shape=first)
        cuts = {"W": slice(None, units), "U": slice(units, None)}
        if word == "xh":
            cuts = {"W": slice(first[1] - units, None), "U": slice(None, first[1] - units)}
        for half, cut in cuts.items():
            self.arrays[half] = _each(fused, partial(_columns, cut))
        halves = "WU" if word == "hx" else "UW"
        gate_names = [f"_{letter}" for letter in self.order] or [""]
        whole = self.translation.shown.get(name, name)
        self.joined[whole] = tuple(tuple(f"{half}{gate_name}" for half in halves) for gate_name in gate_names)
        self.notes.append(_("W was cut in two, [{halves}]").format(halves=" ".join(halves)))

    @property
    def order(self) -> str:
        """The order of stacked gates in the given arrays."""
        if "gates" in self.options:
            where, word = self.options["gates"].where, self.options["gates"].word().replace(",", "").replace(" ", "")
            order = "".join(gate(letter, self.cell, where) for letter in word)
            if sorted(order) != sorted(self.cell.gates):
                message = _("{where}: gates must name each of {gates} once, got “{word}”")
                raise ProblemError(message, where=where, gates=" ".join(self.cell.gates), word=word)
            return order
        return self.cell.gate_order(self.translation.notation.library)

    def _gate_order(self) -> None:
        order = self.order
        if order == self.cell.gates or not order:
            return
        for name in ("U", "W", "b", "b_hh"):
            array = self.arrays.get(name)
            if isinstance(array, Numbers) and array.shape and array.shape[0] % len(order) == 0:
                self.arrays[name] = array.through(lambda values: reordered(values, order, self.cell.gates))
        if "gates" not in self.options:
            message = _("stacked gates are in {notation}'s order {order}")
            self.notes.append(message.format(notation=self.translation.name, order=" ".join(order)))

    def _note_square(self) -> None:
        """Note a gated cell's equation where the letters U and W fit both ways, with other numbers."""
        given = self.translation.given
        if not {"U", "W"} <= self.arrays.keys() & given.keys() or "notation" in given:
            return
        pairs = list(zip(parts_of(self.arrays["U"]), parts_of(self.arrays["W"])))
        if all(u.shape == w.shape for u, w in pairs) and any((u.values != w.values).any() for u, w in pairs):
            self.open.append(("notation", "swapped"))
            if not self.cell.gates:  # the reader of a sheet says it
                return
            line = "{0}_t = σ(b_{0} + W_{0} h_{{t-1}} + U_{0} x_t)".format(self.cell.gates[0])
            note = _("read as {line}; the other way, W before the input: --notation swapped")
            self.notes.append(note.format(line=line))

    def _note_names(self) -> None:
        """Note which of our names each given name was taken for."""
        if self.translation.name == "goodfellow":
            self._note_square()
        if self.translation.name in ("goodfellow", ""):
            return
        names = self.translation.shown.items()
        pairs = [f"{theirs} = {ours}" for ours, theirs in names if ours in self.arrays and theirs != ours]
        kind = _("row vectors") if self.rows else _("column vectors")
        read = _("read as {notation}: {pairs}; {kind}") if pairs else _("read as {notation}: {kind}")
        self.notes.insert(0, read.format(notation=self.translation.name, pairs=", ".join(pairs), kind=kind))


def reordered(values: np.ndarray, order: str, wanted: str) -> np.ndarray:
    """Reorder rows that are stacked by gates."""
    units = len(values) // len(order)
    return np.concatenate([values[order.index(g) * units : (order.index(g) + 1) * units] for g in wanted])


def cell_named(word: str, notation: str | None) -> str:
    """Our name of a notation's cell: pytorch's gru is gru_after."""
    return NOTATIONS[notation].cells.get(word, word) if notation in NOTATIONS else word


def _after(gru: Cell) -> Cell:
    """The same GRU with the reset gate behind the product."""
    after = CELLS["gru_after"]
    return after.switch(**{option: value for option, value in gru.switched.items() if option in after.switches})


def _refuse_gates(letter: str, value: RawValue, cell: Cell) -> None:
    """Refuse arrays by gate for a cell of one's own, whose parameters have one array each. Raises ProblemError."""
    letters = [letter] if letter else list(value.value) if isinstance(value.value, dict) else []
    for name in letters:
        gate(name, cell, value.where)
    if isinstance(value.value, dict):
        raise ProblemError(_("{where}: expected {what}"), what=_("a matrix"), where=value.where)


def _numbers(value: RawValue) -> GivenArray:
    if isinstance(value.value, dict):
        return {name: part.numbers() for name, part in value.value.items()}
    return value.numbers()


def _rows(cut: slice, values: np.ndarray) -> np.ndarray:
    return values[cut]


def _columns(cut: slice, part: Numbers) -> Numbers:
    return part.through(lambda values: values[:, cut])


def parts_of(array: GivenArray) -> list[Numbers]:
    """The array, or the arrays of the gates."""
    return list(array.values()) if isinstance(array, dict) else [array]


def _each(array: GivenArray, change: Callable[[Numbers], Numbers]) -> GivenArray:
    return {name: change(part) for name, part in array.items()} if isinstance(array, dict) else change(array)


def _behind_reset(second: GivenArray) -> tuple[GivenArray, Numbers | None]:
    """The recurrent biases of r and z, and that of n, which is d."""
    parts = second if isinstance(second, dict) else _by_gate(second, "rzn")
    return {gate: part for gate, part in parts.items() if gate != "n"}, parts.get("n")


def _by_gate(bias: Numbers, gates: str) -> dict[str, Numbers]:
    """A stacked bias, gate by gate."""
    flat = bias.through(np.ravel)
    units = flat.values.size // len(gates)
    return {gate: flat.through(partial(_rows, slice(at * units, (at + 1) * units))) for at, gate in enumerate(gates)}
