"""Notations of textbooks and libraries: names of parameters, row or column vectors, the order of gates.

`understand` recognises the notation by its names and returns every value under our name: U, or U.i for one gate. In a
pattern such as `W_x*` the star stands for a gate's letter. Underscores do not count: Wxh is W_xh.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.common.suggest import nearest
from rnncalc.errors import ProblemError
from rnncalc.model.cells import Cell
from rnncalc.model.cells.biases import numbered
from rnncalc.model.equations.printer import Grid
from rnncalc.problems.parse.given import RawValue

GATE_NAMES = {  # gates of a cell → the letters that others use
    "ifgo": {"i": "iu", "f": "f", "g": "gcCajk", "o": "o"},
    "rzn": {"r": "r", "z": "zu", "n": "nhgc"},
}
_TILDES = ("\u0303", "~")  # c̃ is c with one of these behind it


@dataclass(frozen=True)
class Notation:
    """The names and conventions of one textbook or library.

    Attributes
    ----------
    letters : their name of a whole parameter → ours
    by_gate : their pattern for one gate's part → ours
    rows : whether vectors are rows (x W)
    library : whose order of gates a stacked matrix has, as `Cell.gate_orders` calls it; "": ours
    cells : their name of a cell → ours, where the two differ
    shown, biases : of a sheet's equations: our symbol → its letter, and → the sign of each bias that stands there
    joined : of a sheet's equations: the letter of one array that we have in pieces → our symbols in their places
    """

    letters: Mapping[str, str] = field(default_factory=dict)
    by_gate: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    library: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    biases: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    joined: Mapping[str, Grid] = field(default_factory=dict)

    @property
    def second_biases(self) -> list[str]:
        """The names of the biases beside the first, where several stand in the place of one."""
        stacks = [(symbol.partition("_")[0], len(each)) for symbol, each in self.biases.items()]
        return list(dict.fromkeys(numbered(stack, n) for stack, count in stacks for n in range(1, count)))

    def names(self, cell: Cell, given: Collection[str]) -> dict[str, tuple[str, str]]:
        """Name without underscores → (name, ours). W_xh is a gate's if another given name can only be a gate's."""
        whole = {_squeezed(theirs): (theirs, ours) for theirs, ours in self.letters.items()}
        gated = {}
        for pattern, stack in self.by_gate.items():
            for gate, letters in gate_letters(cell).items():
                for letter in letters:
                    gated[_squeezed(pattern).replace("*", letter)] = (pattern.replace("*", letter), f"{stack}.{gate}")
        by_gate = any(_squeezed(name) in gated and _squeezed(name) not in whole for name in given)
        return {**whole, **gated} if by_gate else {**gated, **whole}


_OURS = {"U_*": "U", "W_*": "W", "b_*": "b"}
_X_H = {"W_x*": "U", "W_h*": "W", "b_*": "b"}

NOTATIONS = {
    "goodfellow": Notation({name: name for name in "UWbVcdR"}, _OURS),
    "swapped": Notation({"W": "U", "U": "W"}, {"W_*": "U", "U_*": "W", "b_*": "b"}),
    "hx": Notation(
        {"W_hx": "U", "W_hh": "W", "b_h": "b", "W_hq": "V", "W_yh": "V", "W_qh": "V", "b_q": "c", "b_y": "c"},
        {"W_*x": "U", "W_*h": "W", "b_*": "b"},
    ),
    "xh": Notation(
        {"W_xh": "U", "W_hh": "W", "b_h": "b", "W_hy": "V", "W_ho": "V", "b_y": "c", "b_o": "c"},
        _X_H,
    ),
    "d2l": Notation({"W_xh": "U", "W_hh": "W", "b_h": "b", "W_hq": "V", "b_q": "c"}, _X_H, rows=True),
    "cs231n": Notation({"Wx": "U", "Wh": "W", "b": "b"}, rows=True, library="CS231n"),
    "coursera": Notation(
        {"Wax": "U", "Waa": "W", "ba": "b", "Wya": "V", "Wy": "V", "by": "c"}, {"W_*": "W", "b_*": "b"}
    ),
    "keras": Notation(
        {"kernel": "U", "recurrent_kernel": "W", "bias": "b", "dense_kernel": "V", "dense_bias": "c"},
        {"kernel_*": "U", "recurrent_kernel_*": "W", "bias_*": "b"},
        rows=True,
        library="Keras",
    ),
    "pytorch": Notation(
        {"weight_ih": "U", "weight_hh": "W", "bias_ih": "b", "bias_hh": "b_hh"}
        | {"weight_ih_l0": "U", "weight_hh_l0": "W", "bias_ih_l0": "b", "bias_hh_l0": "b_hh"}
        | {"W_ih": "U", "W_hh": "W", "b_ih": "b", "b_hh": "b_hh"},
        {"W_i*": "U", "W_h*": "W", "b_i*": "b", "b_h*": "b_hh"},
        library="PyTorch",
        cells={"gru": "gru_after"},
    ),
    "xhy": Notation({"W_x": "U", "W_h": "W", "b_h": "b", "W_y": "V", "b_y": "c"}),
    "iho": Notation({"W_ih": "U", "W_hh": "W", "b_h": "b", "W_ho": "V", "W_hy": "V", "b_o": "c", "b_y": "c"}),
    "in_rec_out": Notation(
        {"W_in": "U", "W_rec": "W", "b_rec": "b", "b_h": "b", "W_out": "V", "b_out": "c"},
    ),
    "onnx": Notation(
        {"W": "U", "R": "W", "B": "B"},
        {"W_*": "U", "R_*": "W"},
        library="ONNX",
    ),
}
BY_NAMES = [name for name in NOTATIONS if name not in ("goodfellow", "swapped", "onnx")]  # recognised by names alone


@dataclass
class Translation:
    """The values under our names. fits: the notations that these names fit, unless the problem says which it is."""

    name: str
    given: dict[str, RawValue]
    fits: list[str]
    shown: dict[str, str]  # our symbol (U, U_i) → what the reader calls it
    notation: Notation


def translate(given: Mapping[str, RawValue], cell: Cell, keys: Collection[str]) -> Translation:
    """Recognise the notation and name the values as we do. keys: the keys of a problem file. Raises ProblemError."""
    own = given["notation"].value if "notation" in given else None
    if isinstance(own, Notation):
        return Translation(
            "", {name: value for name, value in given.items() if name != "notation"}, [], dict(own.shown), own
        )
    wanted = [name for name in given if name not in keys or name in NOTATIONS["goodfellow"].letters]
    wanted = [name.partition(".")[0] for name in wanted]
    name, fits = _choose(given, wanted, cell)
    table = {**NOTATIONS["goodfellow"].names(cell, wanted), **NOTATIONS[name].names(cell, wanted)}
    settled: dict[str, RawValue] = {}
    shown = _letters(NOTATIONS[name], cell, wanted)
    for key, value in given.items():
        stack, dot, gate = key.partition(".")
        if (dot and not gate) or stack not in wanted or _squeezed(stack) not in table:
            settled[key] = value
            continue
        theirs, ours = table[_squeezed(stack)]
        if gate:
            ours = f"{ours}.{gate}"
        elif theirs != ours:
            shown[ours.replace(".", "_")] = theirs
        _put(settled, ours, value, cell)
    return Translation(name, settled, fits, shown, NOTATIONS[name])


def gate_letters(cell: Cell) -> dict[str, str]:
    """Our gate → all its letters, ours first."""
    known = GATE_NAMES.get(cell.gates, {})
    return {gate: gate + known.get(gate, gate).replace(gate, "") for gate in cell.gates}


def gate(letter: str, cell: Cell, where: str) -> str:
    """Our letter of a gate. Raises ProblemError if the cell does not have it."""
    bare = letter.rstrip("".join(_TILDES))
    for ours, letters in gate_letters(cell).items():
        if len(bare) == 1 and bare in letters:
            return ours
    known = ", ".join(cell.gates) or _("none")
    raise ProblemError(
        _("{where}: {cell} has no gate “{gate}”; its gates are {known}"),
        where=where,
        cell=cell.name,
        gate=letter,
        known=known,
    )


def is_read_out(name: str) -> bool:
    """Whether a name is that of the read-out's matrix in some notation."""
    return any(_squeezed(name) == _squeezed(theirs) for notation in NOTATIONS.values()
               for theirs, ours in notation.letters.items() if ours == "V")  # fmt: skip


def named(given: RawValue) -> str:
    """The name of a notation. Raises ProblemError where there is none of that name."""
    name = given.word()
    if name not in NOTATIONS:
        message = _("{where}: no notation is called “{name}”; there are {known}{near}")
        near = nearest(name, NOTATIONS)
        close = ": " + _("did you mean “{name}”?").format(name=near) if near else ""
        raise ProblemError(message, where=given.where, name=name, known=", ".join(NOTATIONS), near=close)
    return name


def _choose(given: Mapping[str, RawValue], wanted: Collection[str], cell: Cell) -> tuple[str, list[str]]:
    """The notation, and all notations that fit the names; the first of them is taken."""
    if "notation" in given:
        return named(given["notation"]), []
    if ("B" in wanted and "U" not in wanted) or ("R" in wanted and "U" not in wanted and "R" not in cell.stacks):
        return "onnx", ["onnx"]
    ours = NOTATIONS["goodfellow"].names(cell, wanted)
    foreign = [name for name in wanted if _squeezed(name) not in ours]
    tables = {name: NOTATIONS[name].names(cell, wanted) for name in BY_NAMES} if foreign else {}
    foreign = [
        name for name in foreign if any(_squeezed(name) in table for table in tables.values())
    ]  # the rest is unknown
    fits = [name for name, table in tables.items() if foreign and all(_squeezed(theirs) in table for theirs in foreign)]
    exact = [name for name in fits if all(theirs in NOTATIONS[name].letters for theirs in foreign)]
    fits = fits if cell.gates else exact or fits  # W_x is a textbook's, Wx is code
    return (fits[0] if fits else "goodfellow"), fits


def _put(settled: dict[str, RawValue], name: str, value: RawValue, cell: Cell) -> None:
    """Put a value under our name; a stack's gates go into one dict."""
    stack, _dot, letter = name.partition(".")
    if not letter and isinstance(value.value, dict):
        for inner in value.value:
            _put(settled, f"{stack}.{inner}", value[inner], cell)
        return
    into: Any = settled
    whole = stack
    if letter:
        letter = gate(letter, cell, value.where)
        whole = f"{stack}.{letter}"
        into = settled.setdefault(stack, RawValue({}, value.where)).value
    if not isinstance(into, dict) or (letter or stack) in into:
        raise ProblemError(_("{where}: {name} is given twice"), where=value.where, name=whole)
    into[letter or stack] = value


def _letters(notation: Notation, cell: Cell, wanted: Collection[str]) -> dict[str, str]:
    """Our symbol → the notation's name for it."""
    shown: dict[str, str] = {}
    for theirs, ours in notation.names(cell, wanted).values():
        if theirs != ours:
            shown.setdefault(ours.replace(".", "_"), theirs)
    return shown


def _squeezed(name: str) -> str:
    """A name without underscores; wx, of one unit, is Wx."""
    bare = name.replace("_", "")
    return f"W{bare[1:]}" if len(bare) > 1 and bare.startswith("w") else bare
