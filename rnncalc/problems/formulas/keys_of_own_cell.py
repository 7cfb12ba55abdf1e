"""What equations decide where they are no built-in cell: a cell of their own, or some lines that tell the letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells.biases import numbered
from rnncalc.model.equations.printer import Grid
from rnncalc.problems.formulas.cell_match import Match
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.formulas.parameter_pieces import Assumed, cut, matrix, signs, squeezed, word
from rnncalc.problems.formulas.reader import GENERIC
from rnncalc.problems.notation import NOTATIONS, Notation
from rnncalc.problems.parse.given import RawValue

Keys = dict[str, RawValue]


def keys_of_own_cell(
    made: OwnCell, given: Mapping[str, RawValue], functions: Mapping[str, str], zeros: Collection[str] = ()
) -> tuple[Keys, Assumed]:
    """The keys of a problem whose equations are a cell of their own. functions: what letters are said to be."""
    assumed = Assumed([], dict.fromkeys(sorted(made.generic), "tanh"))
    known = {squeezed(name): name for name in given}
    left = dict(given)
    cell = {"name": "sheet", "equations": made.equations, "state": made.state, "emits": made.emits}
    keys: Keys = {"cell": RawValue(cell, "equations")}
    used = set()
    shown: dict[str, str] = {}
    for name, param in made.params.items():
        if param.number is not None:
            keys[name] = RawValue(repr(param.number), "equations")
            continue
        key = known.get(squeezed(param.key))
        if key is None:
            raise ProblemError(_("{name} is missing: the equations read it"), name=param.key)
        used.add(key)
        value = given[key]
        if param.part or made.rows[name]:
            numbers = matrix(value.numbers(), True)
            numbers = numbers.transposed if made.rows[name] else numbers
            if param.part:
                of_state = name.rpartition("_")[0] and _reads_state(made, name)
                width = numbers.shape[0] if of_state else numbers.shape[1] - numbers.shape[0]
                numbers = cut(numbers, param.part, width, param.key)
            value = RawValue(numbers, value.where)
        keys[name] = value
        if not param.part and name != param.key:
            shown[name] = param.key
    for theirs, line in made.names.items():
        for start in (f"{theirs}0", f"{theirs}_0"):
            if line in made.state and start in left:
                keys[f"{line}0"] = left.pop(start)
        if line in made.state and f"{line}0" not in keys and "states" not in zeros:
            assumed.zeros.append(f"{theirs}_0")
    signals = {theirs: line for theirs, line in made.names.items() if theirs != line and theirs.isidentifier()}
    if made.read_out:
        signals |= {
            theirs: line for line, theirs in made.read_out.lines.items() if theirs != line and theirs.isidentifier()
        }
        for ours, params in made.read_out.params.items():
            for number, param in enumerate(params):
                name = numbered(ours, number)
                if param.key != name:
                    shown[name] = param.key
                stated = known.get(squeezed(param.key))
                if stated is None:
                    assumed.zeros.append(param.key)
                    continue
                used.add(stated)
                value = given[stated]
                turned = made.read_out.rows and ours == "V"
                if turned and len(value.numbers().shape) == 2:  # v of v^T h, written (1, 2), is a row already
                    value = RawValue(matrix(value.numbers(), True).transposed, value.where)
                keys[name] = value
        function = made.read_out.functions.get("y", "identity")
        function = functions.get(function, function)
        keys["output"] = RawValue("identity" if function in GENERIC else function, "equations")
        if function in GENERIC:
            assumed.functions[function] = "identity"
    biases = signs(made.read_out) if made.read_out else {}
    joined = _joined(made)
    if shown or biases or joined:
        keys["notation"] = RawValue(Notation(shown=shown, biases=biases, joined=joined), "equations")
    if signals:
        keys["signals"] = RawValue(signals, "equations")
    for name in (*used, "equations", "cell", "activation", "update", "notation", "vectors", "gates", "fused", "output"):
        left.pop(name, None)
    return {**keys, **left}, assumed


def _joined(made: OwnCell) -> dict[str, Grid]:
    """The sheet's name of one weight on several vectors → our symbols side by side."""
    pieces: dict[str, dict[int, str]] = {}
    for name, param in made.params.items():
        if param.part and not made.rows[name]:
            pieces.setdefault(param.key, {})[param.part[0]] = name
    return {key: (tuple(names[at] for at in sorted(names)),) for key, names in pieces.items()}


def _reads_state(made: OwnCell, name: str) -> bool:
    """Whether a weight stands before a signal of the cell, and not before the input."""
    return not any(f"{name} @ x_t" in text for text in made.equations.values())


def keys_of_lines(match: Match, given: Mapping[str, RawValue]) -> Keys:
    """The keys of a problem that shows some lines of a cell: they tell the notation. Raises ProblemError."""
    cell = match.pattern.cell
    pairs = {squeezed(theirs[0].key): symbol for symbol, theirs in match.params.items()}
    for name, notation in NOTATIONS.items():
        table = {squeezed: ours for squeezed, (_theirs, ours) in notation.names(cell, list(given)).items()}
        if notation.rows == bool(match.rows) and all(
            table.get(theirs, "").replace(".", "_") == ours for theirs, ours in pairs.items()
        ):
            stated = given.get("notation")
            if stated is not None and stated.value != name:
                equation = next(iter(match.system.equations.values())).text
                message = _(
                    "{where}: notation {word} contradicts the equation “{equation}”, which is {name}; leave one out"
                )
                raise ProblemError(message, where=stated.where, word=stated.value, equation=equation, name=name)
            kept = {key: value for key, value in given.items() if key != "equations"}
            return {**kept, "notation": word(name)}
    letters = ", ".join(f"{theirs[0].key} = {symbol}" for symbol, theirs in match.params.items())
    message = _("equations: no notation has these letters: {letters}; give the equations of all lines")
    raise ProblemError(message, letters=letters)
