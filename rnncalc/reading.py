"""From what was given to a problem: everything that CONTRACT §2 says of a problem file.

Who is called what, which shape it has, what may be left out; what was assumed on the way stands in the problem's notes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from rnncalc.cells import CELLS, Cell
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.language import _
from rnncalc.layer import Layer
from rnncalc.network import LAYOUTS, Network
from rnncalc.parse.conventions import Conventions, Quantity, cell_named
from rnncalc.parse.given import Given
from rnncalc.parse.notation import understand
from rnncalc.parse.numbers import Numbers
from rnncalc.problems import Problem, quicker_engine
from rnncalc.readout import read_out
from rnncalc.schedule import Schedule
from rnncalc.shapes import Sizes, bring, bring_input, finite
from rnncalc.writing import Letters

KEYS = frozenset(  # of a problem file; each is also an option of the commands that use it
    "title source notes cell activation output update gates notation U W b V c d R h0 c0 y0 x lengths mask layout "
    "targets loss reduction dy lr truncate chunk clip_norm clip_value rounded_inputs carry points min_digits vectors "
    "signals fused answers layers direction backward merge".split()
)
OWN_CELL = ("name", "equations", "state", "emits")


def read(given: Mapping[str, Given], *, engine: str = "auto", dtype: str = "float64") -> Problem:
    """The problem that was given. Raises ParseError, ShapeError and ProblemError, each with what, where and how."""
    reading = _Reading(given)
    network = reading.network(dtype)
    x, batch = reading.x()
    problem = Problem(network, x, batch, reading.letters, given=reading.given, notes=reading.notes)
    problem.lengths, problem.mask = reading.lengths(), reading.mask()
    problem.title, problem.source = (str(given[key].value) if key in given else "" for key in ("title", "source"))
    sequences, steps = (x.shape[0] if batch else 1), x.shape[-2]
    Schedule.of(sequences, steps, problem.lengths, problem.mask)  # refuses lengths that do not fit
    for layer in network.layers:
        _check_batch(layer, sequences)
    network.engine = quicker_engine(network, sequences, steps) if engine == "auto" else engine
    return problem


class _Reading:
    """One problem on its way: cell, names, conventions, sizes, in this order."""

    def __init__(self, given: Mapping[str, Given]):
        base = _cell(given)
        own = () if base.name in CELLS else tuple(base.parameters)
        keys = {*KEYS, *own, *(f"{state}0" for state in base.state)}
        understood = understand(given, base, keys)
        self.given = understood.given
        _check_keys(self.given, keys)
        self.input = self._needed("x").numbers()
        conventions = Conventions(understood, base, _width(self.input), self.given)
        self.arrays = conventions.settle()
        self.cell, self.notes = conventions.cell, conventions.notes
        self.letters = Letters(
            understood.shown, _signals(self.given, self.cell), conventions.rows, labels=self.cell.labels
        )
        self.starts = self._starts()
        top = self.arrays.get("V") if not self.cell.owns_read_out else None
        units = (top.shape[1], "V") if isinstance(top, Numbers) and len(top.shape) == 2 else None
        inputs = _width(self.input)
        self.sizes = Sizes(self.cell, self.arrays, self.starts, self.letters, (inputs, "x") if inputs else None, units)

    # the network -----------------------------------------------------------------------------------------------------

    def network(self, dtype: str) -> Network:
        """The layer and, if there is V, the read-out."""
        for name in self.arrays:
            if name not in self.cell.stacks and (name not in ("V", "c") or self.cell.owns_read_out):
                raise self._misplaced(name, _("{where}: {cell} has no {name}"))
        values = self.sizes.parameters(self.notes)
        for name, stack in self.cell.stacks.items():
            if name not in values and stack[0].columns is not None:
                values[name] = self._left_out(name)
        layer = Layer(self.cell, **values, **{f"{state}0": self._start(state) for state in self.starts})
        if self.cell.owns_read_out:
            return Network([layer], dtype=dtype)
        above: dict[str, Quantity] = {name: self.arrays[name] for name in ("V", "c") if name in self.arrays}
        output = _one_of(self.given, "output", read_out().switches["output"]) if "output" in self.given else "identity"
        if "V" not in above:
            if "c" in above or output != "identity":
                raise self._misplaced(
                    "c" if "c" in above else "output", _("{where}: {name} belongs to the read-out, which needs V")
                )
            return Network([layer], dtype=dtype)
        said = self.sizes.said.get("H", "")
        on_top = Sizes(read_out(output), above, {}, self.letters, (layer.width, said))
        brought = on_top.parameters(self.notes)
        return Network([layer], brought["V"], brought.get("c"), output, dtype=dtype)

    def _misplaced(self, name: str, message: str) -> ProblemError:
        where = self.given[name].where if name in self.given else name
        return ProblemError(message, where=where, cell=self.cell.name, name=name)

    def _left_out(self, name: str) -> np.ndarray:
        """A weight that was left out: zeros if it multiplies nothing but zeros, one step from a zero state."""
        symbols = {parameter.symbol for parameter in self.cell.stacks[name]}
        lines = [line for stage in self.cell.stages for line in stage.products]
        products = [
            product for line in lines for product in (*line.inputs, *line.products) if product.weight in symbols
        ]
        from_start = all(product.previous and not self._starts_above_zero(product.signal) for product in products)
        if not from_start or self.x()[0].shape[-2] > 1:
            message = _("{name} is missing: {cell} needs it")
            raise ProblemError(message, name=self.letters.parameter(name), cell=self.cell.name)
        return np.zeros(self.sizes.shape(name))

    def _starts_above_zero(self, state: str) -> bool:
        return state in self.starts and bool(self.starts[state].values.any())

    # the inputs ------------------------------------------------------------------------------------------------------

    def _needed(self, name: str) -> Given:
        if name not in self.given or self.given[name].value is None:
            raise ProblemError(_("{name} is missing: a problem needs U, W and x"), name=name)
        return self.given[name]

    def x(self) -> tuple[np.ndarray, bool]:
        """(T, D) or (N, T, D), and whether it is a batch."""
        time_first = "layout" in self.given and _one_of(self.given, "layout", LAYOUTS) == "time_first"
        said = self.sizes.said.get("D", "")
        return bring_input(
            self.input, self.sizes.sizes["D"], self.letters.parameter(said) if said != "x" else "", time_first
        )

    def _starts(self) -> dict[str, Numbers]:
        known = [f"{state}0" for state in self.cell.state]
        for name in ("h0", "c0", "y0"):
            if name in self.given and name not in known:
                message = _("{where}: {cell} starts from {known}")
                where = self.given[name].where
                raise ProblemError(message, where=where, cell=self.cell.name, known=", ".join(known))
        present = [name for name in known if name in self.given and self.given[name].value is not None]
        return {name[:-1]: self.given[name].numbers() for name in present}

    def _start(self, state: str) -> np.ndarray:
        """An initial state as (H,) or (N, H)."""
        letter = self.cell.size(state)
        width, who = self.sizes.sizes[letter], self.sizes.said.get(letter, "")
        values = finite(self.starts[state], f"{state}0")
        batch = values.ndim == 2 and values.shape[1] == width and len(self.input.shape) == 3
        brought = values if batch else bring(values, (width,))
        if brought is None:
            message = _("{name} must be ({letter},) = ({width},), got {shape}").format(
                name=f"{state}0", letter=letter, width=width, shape=values.shape
            )
            if who and who != f"{state}0":
                who = self.letters.parameter(who)
                message += ": " + _("{who} says {letter} = {n}").format(who=who, letter=letter, n=width)
            raise ShapeError(message)
        return brought

    def lengths(self) -> np.ndarray | None:
        """How many steps each sequence has."""
        if "lengths" not in self.given or self.given["lengths"].value is None:
            return None
        values = finite(self.given["lengths"].numbers(), "lengths").reshape(-1)
        if (values != np.floor(values)).any():
            raise ShapeError(_("{where}: lengths are whole numbers"), where=self.given["lengths"].where)
        return values.astype(np.int64)

    def mask(self) -> np.ndarray | None:
        """Which steps there are."""
        if "mask" not in self.given or self.given["mask"].value is None:
            return None
        given = self.given["mask"]
        values = given.numbers().values if isinstance(given.value, str) else _truths(given.value, given.where)
        try:
            return np.asarray(values, np.float64) != 0
        except ValueError:
            raise ShapeError(_("{where}: the rows of the mask differ in length"), where=given.where) from None


# ---------------------------------------------------------------------------------------------------------------- words


def _cell(given: Mapping[str, Given]) -> Cell:
    """The cell that was named, or a person's own, with its switches set."""
    asked = given.get("cell", Given("elman", "cell"))
    base = _own_cell(asked) if isinstance(asked.value, dict) else _named_cell(asked, given)
    chosen = {}
    for option in ("activation", "update", "output"):
        if option not in given:
            continue
        if option in base.switches:
            chosen[option] = _one_of(given, option, base.switches[option])
        elif option != "output":
            owners = " and ".join(name for name, cell in CELLS.items() if option in cell.switches)
            message = _("{where}: {option} belongs to {owners}; the functions of {cell} are part of its equations")
            raise ProblemError(message, where=given[option].where, option=option, owners=owners, cell=base.name)
        elif base.owns_read_out and given[option].word() != "log_softmax":
            message = _("{where}: the output of {cell} is part of its equations")
            raise ProblemError(message, where=given[option].where, cell=base.name)
    return base.switch(**chosen) if chosen else base


def _named_cell(asked: Given, given: Mapping[str, Given]) -> Cell:
    torch = any(name.startswith(("weight_ih", "weight_hh")) for name in given)
    notation = given["notation"].word() if "notation" in given else "pytorch" if torch else ""
    word = cell_named(asked.word(), notation)
    if word not in CELLS:
        message = _("{where}: no cell is called “{word}”; there are {known}{near}")
        raise ProblemError(message, where=asked.where, word=word, known=", ".join(CELLS), near=_near(word, CELLS))
    return CELLS[word]


def _own_cell(asked: Given) -> Cell:
    """A person's own cell, by its equations."""
    parts, where = asked.value, asked.where
    for key in parts:
        if key not in OWN_CELL:
            message = _("{where}: unknown key “{key}”; a cell has {known}")
            raise ProblemError(message, where=where, key=key, known=", ".join(OWN_CELL))
    name, equations = parts.get("name", "cell"), parts.get("equations")
    state, emits = parts.get("state"), parts.get("emits")
    lines = isinstance(equations, dict) and all(isinstance(text, str) for text in equations.values())
    names = isinstance(state, list) and all(isinstance(line, str) for line in state)
    if not (lines and names and isinstance(emits, str) and isinstance(name, str)):
        message = _('{where}: a cell is {{"name": text, "equations": {{line: text}}, "state": [lines], "emits": line}}')
        raise ProblemError(message, where=where)
    if name in CELLS:
        raise ProblemError(_("{where}.name: {name} is a built-in cell; choose another name"), where=where, name=name)
    return Cell(name, equations, state, emits)


def _signals(given: Mapping[str, Given], cell: Cell) -> dict[str, str]:
    """Our signal → the reader's, from `signals`, which names theirs first."""
    if "signals" not in given:
        return {}
    asked = given["signals"]
    if not isinstance(asked.value, dict):
        raise ProblemError(_('{where}: expected names, such as {{"s": "h", "o": "y"}}'), where=asked.where)
    known = [*cell.lines, *(name for name in ("s", "y") if name not in cell.lines)]
    found: dict[str, str] = {}
    for theirs in asked.value:
        ours = asked[theirs].word()
        if ours not in known or not theirs.isidentifier():
            message = _("{where}.{theirs}: “{ours}” is no signal; there are {known}")
            raise ProblemError(message, where=asked.where, theirs=theirs, ours=ours, known=", ".join(known))
        found[ours] = theirs
    for ours in known:  # a letter that now means another signal: ours gets a mark
        if ours not in found and ours in found.values():
            found[ours] = f"{ours}′"
    return found


def _one_of(given: Mapping[str, Given], key: str, known: Collection[str]) -> str:
    word = given[key].word()
    if word not in known:
        message = _("{where}: {key} is one of {known}, not “{word}”{near}")
        where = given[key].where
        raise ProblemError(message, where=where, key=key, known=", ".join(known), word=word, near=_near(word, known))
    return word


def _check_keys(given: Mapping[str, Given], keys: Collection[str]) -> None:
    for name, value in given.items():
        stack = name.partition(".")[0]
        if stack not in keys and stack not in ("b_hh", "B"):
            where = value.where if name in value.where else f"{value.where}.{name}"
            raise ProblemError(
                _("{where}: unknown key “{name}”{near}"), where=where, name=name, near=_near(stack, keys)
            )


def _near(word: str, known: Collection[str]) -> str:
    """A suggestion, if one is near; for a single letter, the names that begin with it."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1) or [name for name in sorted(known) if name == f"{word}0"]
    return ": " + _("did you mean “{name}”?").format(name=close[0]) if close else ""


def _truths(value: Any, where: str) -> Any:
    """Nested truth values as ones and zeros."""
    if isinstance(value, list):
        return [_truths(part, where) for part in value]
    if value not in (True, False, "1", "0"):
        raise ProblemError(_("{where}: a mask holds true and false"), where=where)
    return float(value in (True, "1"))


def _width(x: Numbers) -> int | None:
    """D, where the shape of x says it: a vector or a single column may be anything."""
    return x.shape[-1] if len(x.shape) == 3 or (len(x.shape) == 2 and x.shape[1] > 1) else None


def _check_batch(layer: Layer, sequences: int) -> None:
    for state, start in layer.starts.items():
        if start.ndim == 2 and len(start) != sequences:
            message = _("{name} has {n} rows, x has {sequences} sequences")
            raise ShapeError(message, name=f"{state}0", n=len(start), sequences=sequences)
