"""What the equations of a sheet decide, put where a problem has its keys: the cell, whose letter is what, the read-out.

Every array ends up under our name, in the orientation in which it was given, so that what reads a problem without
equations reads this one too; a `Notation` carries the letters of the sheet along. What stands beside the equations and
says something else is refused, both shown. Longer than other files: each key is settled in the light of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import Parameter
from rnncalc.model.cells.biases import numbered
from rnncalc.problems.formulas import stacks
from rnncalc.problems.formulas.cell_match import Match
from rnncalc.problems.formulas.network import FromEquations
from rnncalc.problems.formulas.parameter_pieces import Assumed, beside, cut, matrix, signs, squeezed, word
from rnncalc.problems.formulas.polynomial import Param
from rnncalc.problems.formulas.reader import GENERIC
from rnncalc.problems.notation import NOTATIONS, Notation
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers

Keys = dict[str, RawValue]


class KeysFromEquations:
    """The keys of a problem, from equations and from what was given beside them."""

    def __init__(
        self,
        made: FromEquations,
        given: Mapping[str, RawValue],
        functions: Mapping[str, str] = {},
        zeros: Collection[str] = (),
    ):
        self.made, self.left, self.functions, self.zeros = made, dict(given), functions, zeros
        self.notes: list[str] = []
        self.used: set[str] = set()
        self.assumed = Assumed([], {})
        self.names = {squeezed(name): name for name in given}

    def keys(self) -> Keys:
        """Everything that was given, under our names. Raises ProblemError where two things contradict each other."""
        layers = [self._layer(number) for number in range(len(self.made.layers))]
        top, letters = self._read_out()
        if self.made.read_out:  # it speaks the letters of the last layer
            stated = layers[-1]["notation"].value
            biases = {**stated.biases, **signs(self.made.read_out)}
            notation = replace(stated, shown={**stated.shown, **letters}, biases=biases)
            layers[-1]["notation"] = RawValue(notation, "equations")
        self._rest(top)
        self._refuse_contradictions()
        self._note_numbers()
        for name in ("cell", "activation", "output", "update", "equations", "vectors", "gates", "fused"):
            self.left.pop(name, None)
        if len(layers) == 1:
            return {**layers[0], **top, **self.left}
        return {"layers": RawValue(layers, "equations"), **top, **self.left}

    # layers ----------------------------------------------------------------------------------------------------------

    def _layer(self, number: int) -> Keys:
        layer = self.made.layers[number]
        first = layer.both[0]
        keys = self._direction(first)
        if len(layer.both) == 2:
            second = self._direction(layer.both[1])
            for name in ("cell", "activation", "update"):
                second.pop(name, None)
            keys["backward"] = RawValue(second, "equations")
            keys |= {"merge": word(layer.merge)} if layer.merge != "concat" else {}
        if first.turn < 0 or len(layer.both) == 2:
            keys["direction"] = word("both" if len(layer.both) == 2 else "backward")
        return keys

    def _direction(self, match: Match) -> Keys:
        cell = match.pattern.cell
        keys: Keys = {"cell": word(cell.name)}
        if cell.switched:
            keys |= {name: word(value) for name, value in cell.switched.items()}
        keys |= self._functions(match)
        arrays, shown = self._arrays(match)
        keys |= arrays
        for state in cell.state:
            value = self._take(*(f"{match.lines[state]}{mark}" for mark in ("0", "_0", "")))
            if value is not None:
                keys[f"{state}0"] = value
            elif "states" not in self.zeros:
                self.assumed.zeros.append(f"{match.lines[state]}_0")
        notation = Notation(
            shown=shown, rows=bool(match.rows), biases=signs(match), joined=stacks.joined(match, self.left)
        )
        keys["notation"] = RawValue(notation, "equations")
        signals = self._signals(match)
        if signals:
            keys["signals"] = RawValue(signals, "equations")
        return keys

    def _signals(self, match: Match) -> dict[str, str]:
        """theirs → ours, where a sheet of one layer has letters of its own."""
        if len(self.made.layers) > 1 or len(self.made.layers[0].both) > 1:
            return {}
        lines = dict(match.lines)
        if self.made.read_out:
            lines |= self.made.read_out.lines
        return {theirs: ours for ours, theirs in lines.items() if theirs != ours and theirs.isidentifier()}

    def _functions(self, match: Match) -> Keys:
        """activation, output: the function of a line that may have one of several."""
        chosen: Keys = {}
        for line, function in match.functions.items():
            key = "output" if line == "y" else "activation"
            name = self._function(function, key)
            switch = match.pattern.cell.switches[key]
            if name not in switch:
                message = _("equations: {function} is no {key} here; there are {known}")
                raise ProblemError(message, function=name, key=key, known=", ".join(switch))
            equation = match.system.equations.get(match.lines.get(line, ""))
            chosen[key] = RawValue(name, equation.text if equation else "equations")
        return chosen

    def _function(self, letter: str, key: str) -> str:
        if letter in self.functions:
            return self.functions[letter]
        if letter not in GENERIC and not letter.startswith("σ"):
            return letter
        if key in self.left:
            return self.left[key].word()
        usual = "identity" if key == "output" else "tanh"
        self.assumed.functions[letter] = usual
        return usual

    # arrays ----------------------------------------------------------------------------------------------------------

    def _arrays(self, match: Match) -> tuple[Keys, dict[str, str]]:
        """Our name → array, and our symbol → the sheet's letter."""
        arrays: Keys = {}
        shown: dict[str, str] = {}
        for name, stack in match.pattern.cell.stacks.items():
            for parameter in stack:
                for number, theirs in enumerate(match.params.get(parameter.symbol, ())):
                    ours = numbered(name, number)  # b_hh is the second of b_ih + b_hh
                    value = self._value(ours, parameter, theirs, match)
                    if value is not None and ours == "V" and match.read_out_rows not in (None, bool(match.rows)):
                        numbers = value.numbers()
                        value = RawValue(numbers.transposed if len(numbers.shape) == 2 else numbers, value.where)
                    bare = not theirs.part and not theirs.block and theirs.number is None and theirs.key[0] != "@"
                    symbol = f"{ours}_{parameter.gate}" if parameter.gate else ours
                    letter = theirs.key if bare else self._piece(parameter, theirs, match)
                    if letter and letter != symbol:
                        shown[symbol] = letter
                    if value is None:
                        self.assumed.zeros.extend([theirs.key] if parameter.symbol in match.pattern.optional else [])
                        continue
                    if parameter.gate:
                        place, key = arrays.setdefault(ours, RawValue({}, value.where)).value, parameter.gate
                    else:
                        place, key = arrays, ours
                    place[key] = value
        return arrays, shown

    def _piece(self, parameter: Parameter, theirs: Param, match: Match) -> str:
        """What a piece of the sheet's W_f is called, of what multiplies h W_fh; "" where another has this name."""
        if not theirs.part:
            return ""
        vector = "x" if parameter.columns == "D" else match.lines[match.pattern.cell.state[0]][:1]
        name = f"{theirs.key}{'' if '_' in theirs.key else '_'}{theirs.block}{vector}"
        return "" if squeezed(name) in self.names else name

    def _value(self, ours: str, parameter: Parameter, theirs: Param, match: Match) -> RawValue | None:
        """One parameter's numbers, cut from what they are given with."""
        given = self._find(theirs.key)
        if given is None:
            return self._of_stack(ours, parameter, theirs, match)
        self.used |= {self.names[squeezed(key)] for key in (theirs.key, theirs.beside) if squeezed(key) in self.names}
        if theirs.beside:
            other = self._find(theirs.beside)
            if other is None:
                return None
            return RawValue(beside(given.numbers(), other.numbers(), bool(match.rows)), given.where)
        if not theirs.part and not theirs.block:
            return given
        numbers = matrix(given.numbers(), bool(theirs.part))
        numbers = numbers.transposed if match.rows and len(numbers.shape) == 2 else numbers
        if theirs.block and theirs.block != "exchanged":
            numbers = self._block(numbers, theirs, match)
        if theirs.part:
            units = numbers.shape[0]
            width = units if parameter.symbol[0] == "W" else numbers.shape[1] - units
            numbers = cut(numbers, theirs.part, width, theirs.key)
        return RawValue(numbers.transposed if match.rows and len(numbers.shape) == 2 else numbers, given.where)

    def _of_stack(self, ours: str, parameter: Parameter, theirs: Param, match: Match) -> RawValue | None:
        """The rows of one gate, where a sheet shows the gates' equations and gives all of them stacked in one array."""
        stack = stacks.of_letters(self.left, ours, theirs, match) or stacks.of_library(self.left, ours, match)
        if stack is None:
            return None
        self.used.add(stack.name)
        given = self.left[stack.name]
        order = stacks.gate_order(self.left, stack.order, match)
        gate = parameter.gate or match.pattern.cell.gates[-1:]  # d of the candidate
        numbers = stack.rows_of(given.numbers(), gate, order, bool(match.rows))
        return RawValue(numbers, given.where)

    def _block(self, numbers: Numbers, theirs: Param, match: Match) -> Numbers:
        """The rows of one gate, in the order that the sheet says."""
        labels = list(dict.fromkeys(stacks.blocks_of(match.system, theirs.key)))
        if "gates" not in self.left and theirs.key not in match.system.order:
            message = _("the rows of {name} belong to the gates {order}, in this order, as nothing else is said")
            note = message.format(name=theirs.key, order=", ".join(labels))
            if note not in self.notes:
                self.notes.append(note)
        order = stacks.gate_order(self.left, labels, match)
        return stacks.rows_of_gate(numbers, theirs.key, order.index(stacks.our_gate(theirs.block, match)), len(order))

    def _find(self, name: str) -> RawValue | None:
        if "=" in name:  # a number in the equations
            return RawValue(name.partition("=")[2], "equations")
        known = self.names.get(squeezed(name))
        return self.left.get(known) if known else None

    def _take(self, *names: str) -> RawValue | None:
        for name in names:
            if name in self.left:
                return self.left.pop(name)
        return None

    # the read-out and the rest ----------------------------------------------------------------------------------------

    def _read_out(self) -> tuple[Keys, dict[str, str]]:
        """The keys of the read-out, and our symbols → the sheet's letters."""
        match = self.made.read_out
        if match is None:
            return {}, {}
        arrays, shown = self._arrays(match)
        notation = self.made.layers[-1].both[0]
        if "V" not in arrays:
            theirs = next(iter(match.params.get("V", ())), None)
            raise ProblemError(
                _("{name} is missing: the output's equation reads it; give it, or leave that equation out"),
                name=theirs.key if theirs else "V",
            )
        numbers = arrays["V"].numbers()
        if bool(match.rows) != bool(notation.rows) and len(numbers.shape) == 2:
            arrays["V"] = RawValue(numbers.transposed, arrays["V"].where)
        return {**arrays, **self._functions(match)}, shown

    def _rest(self, top: Keys) -> None:
        """Drop what the equations have taken; of what is left, letters of the read-out that some notation knows."""
        for name in self.used:
            self.left.pop(name, None)
        for name in list(self.left):
            ours = {notation.letters.get(name) for notation in NOTATIONS.values()} & {"V", "c"}
            if len(ours) == 1 and name not in ("V", "c") and (symbol := ours.pop()) not in top:
                self.left[str(symbol)] = self.left.pop(name)

    def _note_numbers(self) -> None:
        """Say which parameters stand in the equations as numbers."""
        pairs = [
            f"{ours} = {param.number:g}"
            for match in self.made.matches
            for ours, params in match.params.items()
            for param in params
            if param.number is not None
        ]
        if pairs:
            self.notes.append(_("numbers in the equations: {pairs}").format(pairs=", ".join(pairs)))

    def _refuse_contradictions(self) -> None:
        """A cell, an activation, an update beside the equations that is another one."""
        first = self.made.layers[0].both[0]
        said = {"cell": first.pattern.cell.name, **first.pattern.cell.switched}
        for match in self.made.matches:
            for line, function in match.functions.items():
                said["output" if line == "y" else "activation"] = self._function(function, "")
        for key, value in said.items():
            beside = self.left.get(key)
            if beside is None or not isinstance(beside.value, str) or _same(key, beside.word(), value):
                continue
            line = {"activation": "h", "output": "y"}.get(key, first.pattern.cell.emits)
            equation = next((m.system.equations[m.lines[line]].text for m in self.made.matches if line in m.lines), "")
            message = _(
                "{where}: {key} {word} contradicts the equation “{equation}”, which says {value}; leave one out"
            )
            raise ProblemError(message, where=beside.where, key=key, word=beside.word(), equation=equation, value=value)
        self._refuse_another_notation()

    def _refuse_another_notation(self) -> None:
        """A notation, or an orientation, beside the equations that gives a letter another place than they do."""
        said, vectors = self.left.pop("notation", None), self.left.get("vectors")
        for match in self.made.matches:
            equation = next(iter(match.system.equations.values())).text
            turned = vectors is not None and match.rows is not None and (vectors.value == "row") != match.rows
            if vectors is not None and turned:
                message = _("{where}: vectors {word} contradicts the equation “{equation}”; leave one out")
                raise ProblemError(message, where=vectors.where, word=vectors.word(), equation=equation)
            if said is None or not isinstance(said.value, str) or said.value not in NOTATIONS:
                continue
            params = {ours: squeezed(theirs[0].key) for ours, theirs in match.params.items() if theirs}
            names = NOTATIONS[said.value].names(match.pattern.cell, list(params.values()))
            for ours, theirs in params.items():
                there = names.get(theirs, ("", ours))[1].replace(".", "_")
                if there != ours and there.partition("_")[0] in "UWVbc":
                    message = _("{where}: notation {word} contradicts the equation “{equation}”; leave one out")
                    raise ProblemError(message, where=said.where, word=said.word(), equation=equation)


def _same(key: str, word: str, value: str) -> bool:
    word = word.strip().lower()
    return word == value or (
        key == "cell" and word in ("rnn", "vanilla rnn", "gru") and value in ("elman", "gru_after")
    )
