"""The words of a problem file: its keys, cell, functions and signals. A misspelt one is refused with the nearest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.common.suggest import nearest
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.cells.readout import read_out
from rnncalc.model.layer import DIRECTIONS
from rnncalc.model.losses import LOSSES, REDUCTIONS
from rnncalc.model.merges import MERGES
from rnncalc.network.network import LAYOUTS
from rnncalc.problems.conventions import FUSED, cell_named
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.notation import named as notation_named
from rnncalc.problems.parse.commas import MARKS
from rnncalc.problems.parse.given import RawValue

KEYS = frozenset(  # of a problem file; each is also an option of the commands that use it
    "title source notes cell activation output update gates notation equations U W b V c d R h0 c0 y0 x lengths mask "
    "layout targets loss reduction dy lr truncate chunk clip_norm clip_value rounded_inputs carry points min_digits "
    "precision vectors signals fused answers layers direction backward merge decimal vocabulary".split()
)
OF_ALL_LAYERS = ("cell", "activation", "update", "notation", "vectors", "gates", "fused", "signals")
OF_ONE_DIRECTION = (*OF_ALL_LAYERS, "output", *"U W b V c d R h0 c0 y0".split())
OF_A_LAYER = (*OF_ONE_DIRECTION, "direction", "backward", "merge")
KEYS_CALLED = {  # what the field calls a key → the key
    "learning_rate": "lr", "eta": "lr", "η": "lr", "step_size": "lr", "vocab": "vocabulary",
    "X": "x", "inputs": "x", "Inputs": "x", "input": "x", "H0": "h0", "C0": "c0",
}  # fmt: skip
WORDS_CALLED = {  # a key → what the field calls its values → the values
    "cell": {"rnn": "elman", "simplernn": "elman", "vanilla": "elman", "vanilla rnn": "elman", "srn": "elman"},
    "activation": {"linear": "identity", "none": "identity", "logistic": "sigmoid", "σ": "sigmoid"},
    "output": {"linear": "identity", "none": "identity", "logistic": "sigmoid", "σ": "sigmoid"},
    "loss": {
        "mse": "mean_squared_error", "mae": "mean_absolute_error", "l1": "mean_absolute_error", "l2": "squared_error",
        "sse": "squared_error", "nll": "cross_entropy", "ce": "cross_entropy",
        "bce": "binary_cross_entropy", "crossentropy": "cross_entropy", "categorical_crossentropy": "cross_entropy",
        "binary_crossentropy": "binary_cross_entropy",
    },
}  # fmt: skip
OWN_CELL = ("name", "equations", "state", "emits", "outputs", "constants")


def stated(given: Mapping[str, RawValue], key: str) -> RawValue | None:
    """The value under a key; None where it is absent or null."""
    value = given.get(key)
    return None if value is None or value.value is None else value


def one_of(given: Mapping[str, RawValue], key: str, known: Collection[str], usual: str = "") -> str:
    """The word under a key, one of those known; `usual` where none is given. Raises ProblemError."""
    value = stated(given, key)
    if value is None:
        return usual
    if (word := called(key, value.word(), known)) not in known:
        message = _("{where}: {key} is one of {known}, not “{word}”{near}")
        listed, close = ", ".join(known), near(word, [*known, *WORDS_CALLED.get(key, ())])
        raise ProblemError(message, where=value.where, key=key, known=listed, word=word, near=close)
    return word


def check_words(given: Mapping[str, RawValue], only_near: bool = False) -> None:
    """Refuse a word that its key does not have, before anything contradicts it. Raises ProblemError.

    only_near: of what stands in a sheet, which says “output” of much, only a word that is nearly a known one.
    """
    for key, known in words_by_key().items():
        value = given.get(key)
        if value is None or not isinstance(value.value, str):
            continue
        if only_near and not value.files and not near(value.word(), [*known, *WORDS_CALLED.get(key, ())]):
            continue
        if key == "cell":
            _named_cell(value, given)
        elif key == "notation":
            notation_named(value)
        else:
            one_of(given, key, known)


def words_by_key() -> dict[str, Collection[str]]:
    """The keys whose value is a word, with the words that each has."""
    elman, gru = CELLS["elman"].switches, CELLS["gru"].switches
    return {
        "cell": tuple(CELLS), "activation": elman["activation"], "update": gru["update"],
        "output": read_out().switches["output"], "notation": tuple(NOTATIONS), "vectors": ("row", "column"),
        "fused": FUSED, "layout": LAYOUTS, "loss": tuple(LOSSES), "reduction": REDUCTIONS, "direction": DIRECTIONS,
        "merge": tuple(MERGES), "decimal": MARKS,
    }  # fmt: skip


def called(key: str, word: str, known: Collection[str]) -> str:
    """The value that the field's word for it means: ReLU is relu, mse mean_squared_error."""
    if word in known:
        return word
    plain = word.lower().replace("-", "_").replace(" ", "_")
    plain = WORDS_CALLED.get(key, {}).get(word.lower(), WORDS_CALLED.get(key, {}).get(plain, plain))
    return plain if plain in known else word


def ours(given: Mapping[str, RawValue]) -> dict[str, RawValue]:
    """The values under our keys where the field has other names for them: learning_rate is lr."""
    renamed = dict(given)
    for theirs, key in KEYS_CALLED.items():
        if theirs in renamed and key not in renamed:
            renamed[key] = renamed.pop(theirs)
    return renamed


def check_keys(given: Mapping[str, RawValue], keys: Collection[str], others: Collection[str] = ()) -> None:
    """Refuse an unknown key and name the nearest known one, or of others where none is near. Raises ProblemError."""
    for name, value in given.items():
        stack = name.partition(".")[0]
        if "." in name or (stack not in keys and stack not in ("b_hh", "B")):
            gated = _gated(given, keys)
            if gated:
                message = _("{where}: {name} belongs to one gate: say which cell has it, cell: {cells}")
                raise ProblemError(message, where=value.where, name=name, cells=gated)
            where = value.where if name in value.where else f"{value.where}.{name}"
            close = "" if stack in keys else near(stack, keys) or near(stack, others)
            other = _("{where}: the equations, or the names beside it, do not have “{name}”: write all in one notation")
            message = other if name in others else _("{where}: unknown key “{name}”{near}")
            raise ProblemError(message, where=where, name=name, near=close)


def _gated(given: Mapping[str, RawValue], keys: Collection[str]) -> str:
    """The cells whose gates the unknown names are, where no cell was named."""
    if "cell" in given:
        return ""
    unknown = [name for name in given if name not in keys and "_" in name]
    letters = {name.rpartition("_")[2] for name in unknown}
    if {"f", "i"} <= letters:
        return "lstm"
    return "gru, gru_after" if {"r"} <= letters and letters & {"z", "u"} else ""


def near(word: str, known: Collection[str]) -> str:
    """Ask whether the nearest known name was meant; h0 is near to h."""
    close = nearest(word, known) or (f"{word}0" if f"{word}0" in known else "")
    return ": " + _("did you mean “{name}”?").format(name=close) if close else ""


def cell_of(given: Mapping[str, RawValue]) -> Cell:
    """The built-in cell that is named, or the cell that is given by its equations, with its switches set."""
    raw = given.get("cell", RawValue("elman", "cell"))
    base = _own_cell(raw) if isinstance(raw.value, dict) else _named_cell(raw, given)
    chosen = {}
    for option in ("activation", "update", "output"):
        if option not in given:
            continue
        if option in base.switches:
            chosen[option] = one_of(given, option, base.switches[option])
        elif option != "output":
            owners = " and ".join(name for name, cell in CELLS.items() if option in cell.switches)
            message = _("{where}: {option} belongs to {owners}; the functions of {cell} are part of its equations")
            raise ProblemError(message, where=given[option].where, option=option, owners=owners, cell=base.name)
        elif base.owns_read_out and given[option].word() != "log_softmax":
            message = _("{where}: the output of {cell} is part of its equations")
            raise ProblemError(message, where=given[option].where, cell=base.name)
    return base.switch(**chosen) if chosen else base


def _named_cell(raw: RawValue, given: Mapping[str, RawValue]) -> Cell:
    torch = any(name.startswith(("weight_ih", "weight_hh")) for name in given)
    stated = given["notation"].value if "notation" in given else None
    notation = stated if isinstance(stated, str) else "pytorch" if torch else ""
    word = cell_named(called("cell", raw.word(), CELLS), notation)
    if word not in CELLS:
        message = _("{where}: no cell is called “{word}”; there are {known}{near}")
        raise ProblemError(
            message,
            where=raw.where,
            word=word,
            known=", ".join(CELLS),
            near=near(word, [*CELLS, *WORDS_CALLED["cell"]]),
        )
    return CELLS[word]


def _own_cell(raw: RawValue) -> Cell:
    """Read a cell from its equations. Raises ProblemError."""
    parts, where = raw.value, raw.where
    for key in parts:
        if key not in OWN_CELL:
            message = _("{where}: unknown key “{key}”; a cell has {known}")
            raise ProblemError(message, where=where, key=key, known=", ".join(OWN_CELL))
    name, equations = parts.get("name", "cell"), parts.get("equations")
    state, emits, outputs = parts.get("state"), parts.get("emits"), parts.get("outputs", [])
    constants = parts.get("constants", {})
    lines = isinstance(equations, dict) and all(isinstance(text, str) for text in equations.values())
    names = all(isinstance(part, list) and all(isinstance(line, str) for line in part) for part in (state, outputs))
    if not (lines and names and isinstance(emits, str) and isinstance(name, str)):
        message = _('{where}: a cell is {{"name": text, "equations": {{line: text}}, "state": [lines], "emits": line}}')
        raise ProblemError(message, where=where)
    if name in CELLS:
        raise ProblemError(_("{where}.name: {name} is a built-in cell; choose another name"), where=where, name=name)
    if not isinstance(constants, dict):
        raise ProblemError(_("{where}.constants: names with a number each"), where=where)
    numbers = {name: number(raw["constants"][name]) for name in constants}
    return Cell(name, equations, state, emits, outputs=outputs, constants=numbers)


def number(raw: RawValue) -> float:
    """A value that is one number. Raises ParseError with the place."""
    values = raw.numbers().values
    if values.size != 1:
        raise ParseError(_("{where}: one number was expected"), where=raw.where)
    return float(values.item())


def signals(given: Mapping[str, RawValue], cell: Cell) -> dict[str, str]:
    """Our name of a signal → the reader's. The key `signals` maps the other way round."""
    if "signals" not in given:
        return {}
    raw = given["signals"]
    if not isinstance(raw.value, dict):
        raise ProblemError(_('{where}: expected names, such as {{"s": "h", "o": "y"}}'), where=raw.where)
    known = [*cell.lines, *(name for name in ("s", "y") if name not in cell.lines)]
    letters: dict[str, str] = {}
    for theirs in raw.value:
        ours = raw[theirs].word()
        if ours not in known or not theirs.isidentifier():
            message = _("{where}.{theirs}: “{ours}” is no signal; there are {known}")
            raise ProblemError(message, where=raw.where, theirs=theirs, ours=ours, known=", ".join(known))
        letters[ours] = theirs
    for ours in known:  # the reader uses our letter for another signal: ours gets a prime
        if ours not in letters and ours in letters.values():
            letters[ours] = f"{ours}′"
    return letters


def inside(given: RawValue, what: str) -> dict[str, RawValue]:
    """The values of an object in a problem file, without keys that begin with _. Raises ProblemError."""
    if not isinstance(given.value, Mapping):
        raise ProblemError(_("{where}: expected {what}"), where=given.where, what=what)
    return {key: given[key] for key in given.value if not key.startswith("_")}


def parts(given: RawValue) -> list[RawValue]:
    """The entries of a list of objects. Raises ProblemError."""
    value: Any = given.value
    if not isinstance(value, list) or not value or not all(isinstance(part, Mapping) for part in value):
        message = _('{where}: expected a list of layers, such as [{{"cell": "lstm", "U": …, "W": …}}, …]')
        raise ProblemError(message, where=given.where)
    return [given.part(part, f"{given.where}[{number}]") for number, part in enumerate(value)]
