"""What becomes of the claims of a sheet's sentences: functions, the cell, where states begin, layers, the direction.

What is plain is used. What decides numbers and cannot be used is refused where no equation decides; the rest becomes a
note. Longer than other files, so that every kind of claim stands beside the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError, RnncalcError, shown
from rnncalc.model.cells import CELLS
from rnncalc.model.cells.readout import READ_OUT
from rnncalc.model.equations.functions import PAIRS
from rnncalc.problems.formulas.equations import Equations
from rnncalc.problems.formulas.nodes import functions_of
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.formulas.reader import FUNCTIONS, GENERIC
from rnncalc.problems.notation import is_read_out
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import cell_names, named_functions, unread
from rnncalc.problems.sheet.roles import Roles
from rnncalc.problems.sheet.sentence_claims import ONE_NETWORK, SUPPOSED, claims, is_aside, sentence_at, unread_values

BUILT_IN = ("sigmoid", "tanh")  # the functions of gated cells
_BIAS = re.compile(r"(?:b|bias|θ|theta|threshold)(?:[_.]?\w{1,4})*|c")


class Claims:
    """Puts what sentences claim into the keys of a problem. given: its keys; notes: what is not used."""

    def __init__(self, roles: Roles, equations: Equations, given: dict[str, RawValue]):
        self.roles, self.made, self.given = roles, roles.made, given
        self.letters, self.equations = equations.functions, equations.equations
        self.functions = self._applied(output=True) | self._applied(output=False)
        self.notes: list[str] = []
        self.where, self.sentence = "", ""  # of the claim

    def place(self) -> None:
        """Use every claim, note it or refuse it. Raises ParseError."""
        text = self._text()
        said = list(claims(text))
        for claim in sorted(said, key=lambda claim: (claim.key != "cell", claim.at)):
            line = _("line {line}: {text}").format(line=text.count("\n", 0, claim.at) + 1, text="")
            note = line + shown(re.sub(r"\s+", " ", claim.sentence).strip(" ,.;$*|"), 60)
            self.where, self.sentence = line.rstrip(": "), claim.sentence
            listed = [skipped for skipped in self.roles.sheet.skipped if skipped.startswith(line)]
            if getattr(self, f"_{claim.key}")(claim.value):
                if (
                    claim.key == "start" and listed and len(re.findall(r"\d+", listed[0].removeprefix(line))) < 2
                ):  # all ones: 全 1
                    self.roles.sheet.skipped.remove(listed[0])
            elif not listed and note not in self.notes:
                self.notes.append(note)
        self._mentioned_cell()
        self._values_of_nothing(text)
        self._functions_of_nothing(text, {claim.sentence for claim in said})

    def _values_of_nothing(self, text: str) -> None:
        """Refuse a bias and an initial state that have a number and were not read. Raises ParseError."""
        states = self.roles.states if self.made else {"h"}
        given = {"b": any(map(_BIAS.fullmatch, self.given))}
        given["h_0"] = any(f"{state}{foot}0" in self.given for state in states for foot in ("", "_"))
        for claim in unread_values(text):
            if not given[claim.key]:
                self.where = _("line {line}").format(line=text.count("\n", 0, claim.at) + 1)
                self.sentence = claim.sentence
                self._unread(_("write {name} = …").format(name=claim.key))

    def _text(self) -> str:
        """The prose; without equations, with the name of a function in place of its formula, 1 / (1 + e^{−z})."""
        text = self.roles.sheet.prose
        for begin, end, function in () if self.made else self.roles.sheet.formulas:
            if not function:
                self.where = _("line {line}").format(line=text.count("\n", 0, begin) + 1)
                self.sentence = text[begin:end]
                self._unread(_("write the equation of a step with this function in it"))
            text = text[:begin] + f" {function} ".ljust(end - begin)[: end - begin] + text[end:]
        return text

    def _functions_of_nothing(self, text: str, claimed: set[str]) -> None:
        """Refuse a function that no sentence says the use of, where none is known to be used; note one that is supposed
        below a task. Raises ParseError."""
        if self.made or self._named_cell() != "elman" or {"activation", "output"} & self.given.keys():
            return
        for said in re.finditer(rf"(?<![A-Za-z])(?:{named_functions.FUNCTION_NAMES})(?![A-Za-z])", text, re.IGNORECASE):
            function = named_functions.function_named(said[0])
            begin, sentence = sentence_at(text, said)
            if function in ("identity", "softmax", "log_softmax", "tanh") or sentence in claimed:
                continue
            self.where = _("line {line}").format(line=text.count("\n", 0, begin) + 1)
            self.sentence = sentence
            if (opening := SUPPOSED.match(sentence)) and not is_aside(sentence[opening.end() :], ""):
                self.notes.append(f"{self.where}: {shown(sentence, 60)}")
            elif not is_aside(sentence, text[:begin]):
                self._unread(_("say whose function it is, activation: {word} or output: {word}").format(word=function))

    def _unread(self, mend: str) -> NoReturn:
        """Refuse a claim that decides numbers. mend: what to write instead. Raises ParseError."""
        line = int(re.findall(r"\d+", self.where)[0]) - 1
        text = unread.as_it_stands(self.roles.sheet.original.split("\n")[line], self.sentence)
        message = _("{where}: “{text}” is not read: {mend}, or leave it out")
        raise ParseError(message, where=self.where, text=text, mend=mend)

    def _mentioned_cell(self) -> None:
        """The gated cell that is named in any words, a heading among them, where the numbers are those of its gates.

        One that is named alone, and whose gates have no numbers, is refused.
        """
        text = self.roles.sheet.original
        named = dict(cell_names.mentioned(text))
        of_gates = cell_names.of_gates(self.given)
        if self._decided() and not (of_gates in named and self._open_to_words()):
            return
        if of_gates in named:
            self.given["cell"] = RawValue(of_gates, "cell")
        elif len(named) == 1 and "elman" not in named and not of_gates:
            at = next(iter(named.values()))
            line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip(" #*\t")
            if not is_aside(line, text[: text.rfind("\n", 0, at) + 1]):
                self.where = _("line {line}").format(line=text.count("\n", 0, at) + 1)
                self.sentence, (cell,) = line, named
                self._unread(_("give the weights of each gate, or of all stacked, and cell: {cell}").format(cell=cell))

    def _decided(self) -> bool:
        """Whether something else than words says what the cell is."""
        return not self._open_to_words() or _from_program(self.given)

    def _open_to_words(self) -> bool:
        """Whether neither equations nor keys say what the cell is."""
        return not self.made and not {"cell", "layers", "notation"} & self.given.keys()

    # each returns whether the claim holds, or is used ----------------------------------------------------------------

    def _cell(self, value: str) -> bool:
        of_gates = cell_names.of_gates(self.given)
        if self._decided() or (of_gates and of_gates != value):  # a cell that the sheet also talks about
            return True
        self.given["cell"] = RawValue(value, "cell")
        return True

    def _activation(self, value: str) -> bool:
        if self.made:
            if value == "identity" or value in self._applied(output=False):
                return True
            return value not in self.functions and self._refused("activation", value)
        cell = self._named_cell()
        if cell is None or "activation" not in CELLS[cell].switches:  # the functions of a gated cell are its own
            return cell is not None and value in BUILT_IN
        if value not in CELLS[cell].switches["activation"]:
            self._unread(_("no {cell} has it as its activation; write the equation of a step").format(cell=cell))
        return self._stated("activation", value)

    def _gate(self, value: str) -> bool:
        return value == "sigmoid" or value in self.functions or (bool(self.made) and self._refused("activation", value))

    def _applied(self, output: bool) -> set[str]:
        """The functions in the equations of the output, or in all the others; in all where the output has none."""
        lines = [e for e in self.equations if (e.defined.key == self.roles.output) is output] or self.equations
        return {self.letters.get(name, name) for line in lines for name in functions_of(line.node)}

    def _refused(self, key: str, value: str) -> bool:
        """False where no equation has a function. Raises ProblemError: an equation has another one than is claimed."""
        applied = [e for e in self.equations if e.defined.offset is not None and functions_of(e.node)]
        equation = next((e for e in applied if e.defined.key in self.roles.states), applied[0] if applied else None)
        if equation is None or set(functions_of(equation.node)) & {*GENERIC, *PAIRS}:
            return False
        message = _("{where}: {key} {word} contradicts the equation “{equation}”, which says {value}; leave one out")
        said = ", ".join(dict.fromkeys(functions_of(equation.node)))
        raise ProblemError(
            message, where=self.where, key=key, word=value, equation=shown(equation.text, 80), value=said
        )

    def _output(self, value: str) -> bool:
        if self.made:
            of_loss = value == "softmax" and "cross_entropy" in self._word("loss")
            if value == "identity" or of_loss or value in self._applied(output=True):
                return True
            if value not in self.functions and any(
                e.defined.offset is not None and e.defined.key not in self.roles.states for e in self.equations
            ):
                self._unread(_("write the equation of the output with this function in it"))
            return False
        cell = self._named_cell()
        if (
            value not in READ_OUT.switches["output"]
            or cell is None
            or CELLS[cell].owns_read_out
            or not self._reads_out()
        ):
            return value == "identity"
        return self._stated("output", value)

    def _start(self, value: str) -> bool:
        states = sorted(self.roles.states) if self.made else ["h"]
        names = [name for state in states for name in (f"{state}0", f"{state}_0") if name in self.given]
        if names:
            return value == "random" or all(_ones(self.given[name]) for name in names)
        several = self._named_cell() == "lstm" or len(states) > 1
        if value == "random" and not self.made:
            self._unread(_("say where the states begin, h_0 = …"))
        if value != "ones" or several:
            return False
        self.given[f"{states[0]}0"] = RawValue("every 1", f"{states[0]}0")
        return True

    def _layers(self, value: str) -> bool:
        if isinstance(self.made, OwnCell):
            return True
        layers = self.given["layers"].value if "layers" in self.given else [{}]
        counts = [len(layers)] if isinstance(layers, list) else []
        if self.made:  # two layers may be the two directions
            counts = [len(self.made.layers), sum(len(layer.both) for layer in self.made.layers)]
        return int(value) in counts or _from_program(self.given)

    def _direction(self, value: str) -> bool:
        if self.made:
            return self.roles.runs_backward or isinstance(self.made, OwnCell)
        layers = self.given["layers"].value if "layers" in self.given else None
        if value in (self._word("direction"), *(_directions(layers))) or _from_program(self.given):
            return True
        if ONE_NETWORK.search(self.sentence) and not self._word("direction"):
            self._unread(
                _("a layer that reads both ways needs weights of each: write its equations, one for each direction")
                if value == "both"
                else _("write direction: backward")
            )
        return False

    def _stated(self, key: str, value: str) -> bool:
        self.given.setdefault(key, RawValue(value, key))
        return FUNCTIONS.get(self._word(key), self._word(key)) == value

    def _word(self, key: str) -> str:
        value = self.given[key].value if key in self.given else ""
        return value.strip().lower() if isinstance(value, str) else ""

    def _named_cell(self) -> str | None:
        """The built-in cell that is named; None where there is a stack, or a word that is none."""
        name = self._word("cell") or ("" if "cell" in self.given else "elman")
        name = {"rnn": "elman"}.get(name, name)
        return name if name in CELLS and "layers" not in self.given else None

    def _reads_out(self) -> bool:
        """Whether some value is V, under any of its names."""
        return any(map(is_read_out, self.given))


def _from_program(given: Mapping[str, RawValue]) -> bool:
    return any(name.startswith(("weight_", "kernel", "recurrent_kernel")) for name in given)


def _directions(layers: object) -> list[str]:
    return (
        [str(layer.get("direction", "")) for layer in layers if isinstance(layer, dict)]
        if isinstance(layers, list)
        else []
    )


def _ones(value: RawValue) -> bool:
    try:
        return value.value == "every 1" or bool((matrix.read(str(value.value)).values == 1).all())
    except RnncalcError:
        return False
