"""The equations of a problem: as texts in a file, or as a sheet shows them; what they decide is put into its keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, shown
from rnncalc.problems.formulas import cell_match as matching
from rnncalc.problems.formulas import layers, slices
from rnncalc.problems.formulas import reader as formulas
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.cell_match import Match
from rnncalc.problems.formulas.keys_from_equations import KeysFromEquations
from rnncalc.problems.formulas.keys_of_own_cell import keys_of_lines, keys_of_own_cell
from rnncalc.problems.formulas.network import FromEquations, network
from rnncalc.problems.formulas.nodes import symbols_of
from rnncalc.problems.formulas.own_cell import OwnCell, own_cell
from rnncalc.problems.formulas.polynomial import NotUnderstoodError
from rnncalc.problems.formulas.readings import with_gates, with_weights
from rnncalc.problems.formulas.spelling import BREAK, unified
from rnncalc.problems.formulas.system import INPUTS, Equation, System, system
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.stated_sizes import StatedSize


@dataclass
class Equations:
    """equations: as they were read; functions: the letters of functions, and what they are; notes: of the sheet."""

    equations: list[Equation] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    layers: int = 0  # as many as a sheet says, of equations that are written once for all
    zeros: Collection[str] = ()  # what the sheet says to be zero: states
    sizes: Sequence[StatedSize] = ()
    sliced: Sequence[StatedSize] = ()  # H, as the slices of a vector of all gates say it
    unread: Mapping[str, str] = field(default_factory=dict)  # what a sheet says and nobody could read: name → the line
    _made: Decision | None = None

    @property
    def letter(self) -> str:
        """What stands for the number of a layer."""
        return layers.letter(self.equations)

    def made(self, names: Collection[str], cell: str = "") -> Decision:
        """What the equations are. names: those that have a value; cell: the built-in one that is named beside them.

        Raises ProblemError with what is not understood.
        """
        if self._made is None:
            try:
                parts = slices.named(self._of_layers(names))
                self.sliced = [StatedSize("H", units, "H", where) for units, where in parts.units]
                made = system(parts.equations, dict.fromkeys(names), parts.order)
                self._made = self._decided(made, names, cell)
            except NotUnderstoodError as odd:
                raise self._refused(odd) from None
        return self._made

    def _of_layers(self, names: Collection[str]) -> list[Equation]:
        """The equations, those of all layers once for each."""
        equations, letter = self.equations, self.letter
        if letter:
            self.layers = layers.count(equations, letter, names) or self.layers
            equations = layers.unrolled(equations, letter, self.layers) if self.layers else equations
        return layers.joined(layers.primed(equations))

    def _decided(self, made: System, names: Collection[str], cell: str) -> Decision:
        readings = (made, with_gates(made, names), with_weights(made, ones=False), with_weights(made, ones=True))
        for part in readings:
            try:
                return network(part)
            except NotUnderstoodError:
                pass
        some = [matching.lines_of(made, pattern) for pattern in matching.built_in() if pattern.cell.name == cell]
        for match in some:
            if match is not None:
                return match
        return own_cell(made if made.params else with_weights(made, ones=False), self.functions)

    def _remote(self, name: symbols.Symbol) -> str:
        """What to say of a signal of a step that no cell reads, with what would be read; else nothing."""
        defined = name.key in {equation.defined.key for equation in self.equations}
        if name.offset and not defined and name.base in INPUTS:
            return _("{where}: the equation “{text}” reads {name}, and a cell reads the input of its own step: "
                     "put all inputs that a step reads into its row of x")  # fmt: skip
        if defined and name.offset is not None and name.offset < -1:
            return _("{where}: the equation “{text}” reads {name}, and a cell remembers one step: "
                     "write k_t = {signal}_{{t-1}} and read k_{{t-1}}, which is {signal}_{{t-2}}")  # fmt: skip
        return ""

    def _refused(self, odd: NotUnderstoodError) -> ProblemError:
        for line in self.equations:
            for name in symbols_of(line.node):
                if name.offset is not None and (remote := self._remote(name)):
                    where, text = line.where or "equations", shown(line.text, 80)
                    return ProblemError(remote, where=where, text=text, name=name.text, signal=name.base)
        what = str(odd)
        line = next((e for e in self.equations if what in (e.defined.key, e.text)), None) or self.equations[0]
        if what == line.text:
            message = _("{where}: the equation “{text}” says something else than an earlier one of the same name")
            return ProblemError(message, where=line.where or "equations", text=shown(line.text, 80))
        if (line.defined.offset or 0) > 0:
            message = _("{where}: the equation “{text}” defines the next step: write it for this step, from step t − 1")
            return ProblemError(message, where=line.where or "equations", text=shown(line.text, 80))
        message = _("{where}: the equation “{text}” is no cell that can be computed: {what} is not understood")
        return ProblemError(message, where=line.where or "equations", text=shown(line.text, 80), what=what)


Decision = FromEquations | OwnCell | Match


def read(given: Mapping[str, RawValue]) -> Equations:
    """The equations under the key `equations`. Raises ProblemError."""
    stated = given["equations"]
    if isinstance(stated.value, Equations):
        return stated.value
    texts = [stated.value] if isinstance(stated.value, str) else stated.value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        message = _('{where}: expected equations, such as ["h_t = tanh(W x_t + U h_{{t-1}} + b)"]')
        raise ProblemError(message, where=stated.where)
    lines = [(text, *_sides(text, f"{stated.where}[{number}]")) for number, text in enumerate(texts)]
    names = {name for _text, left, _right in lines for name in (left.base, left.key)} | set(given)
    read_equations = Equations()
    for number, (text, left, right) in enumerate(lines):
        try:
            node = formulas.Reader(right, names).whole()
        except formulas.NoFormulaError:
            message = _("{where}: cannot read “{text}” as an equation")
            raise ProblemError(message, where=f"{stated.where}[{number}]", text=shown(text, 80)) from None
        read_equations.equations.append(Equation(left, node, text, f"{stated.where}[{number}]"))
    return read_equations


def _by_letters(given: Mapping[str, RawValue], equations: Sequence[Equation]) -> dict[str, RawValue]:
    """The values with those of gates, {"W": {"i": …}} and W.f, under the letters of the equations, W_i and W_f."""
    read = {name.key for equation in equations for name in symbols_of(equation.node) if name.offset is None}
    keys = dict(given)
    for name, value in given.items():
        parts = list(value.value) if isinstance(value.value, dict) else []
        if parts and all(f"{name}_{part}" in read for part in parts):
            keys |= {f"{name}_{part}": value[part] for part in parts}
            del keys[name]
        joined = name.replace(".", "_")
        if joined != name and joined in read:
            keys[joined] = keys.pop(name)
    return keys


def _sides(text: str, where: str) -> tuple[symbols.Symbol, str]:
    plain = unified(text).strip().strip(BREAK).strip()
    left = symbols.read(plain, 0)
    if left is None or not plain[left[1] :].lstrip().startswith("="):
        message = _("{where}: cannot read “{text}” as an equation")
        raise ProblemError(message, where=where, text=shown(text, 80))
    return left[0], plain[left[1] :].lstrip()[1:].strip()


def _tidy(text: str) -> str:
    """An equation without the braces and spaces of a formula editor: tanh ( W_{i} h_{t - 1} ) is tanh(W_i h_{t-1})."""
    text = re.sub(r"\{\s*(t)\s*([-+])\s*(\d)\s*\}", r"{\1\2\3}", re.sub(r"([_^])\{\s*(\w)\s*\}", r"\1\2", text))
    return re.sub(r"\(\s+|\s+(?=\))|(?<=[a-zσ])\s+(?=\( )", lambda space: space[0].strip(), text)


class Settlement(NamedTuple):
    """What equations decide: the keys of a problem, what there is to say, whether y is read at the last step alone.

    sizes: what a sheet says of them.
    """

    keys: dict[str, RawValue]
    notes: list[str]
    last_only: bool
    sizes: Sequence[StatedSize]


def settled(given: Mapping[str, RawValue]) -> Settlement:
    """The keys of a problem as its equations say, and what there is to say about it."""
    stated = read(given)
    if not stated.equations:
        keys = {name: value for name, value in given.items() if name != "equations"}
        return Settlement(keys, list(stated.notes), False, stated.sizes)
    given = _by_letters(given, stated.equations)
    cell = given["cell"].value if "cell" in given else ""
    made = stated.made(given, cell if isinstance(cell, str) else "")
    if isinstance(made, Match):
        keys, notes = keys_of_lines(made, given), list[str]()
    elif isinstance(made, OwnCell):
        keys, assumed = keys_of_own_cell(made, given, stated.functions, stated.zeros)
        assumed.refuse_unread(stated.unread)
        notes = assumed.notes()
    else:
        settling = KeysFromEquations(made, given, stated.functions, stated.zeros)
        keys = settling.keys()
        settling.assumed.refuse_unread(stated.unread)
        notes = [*settling.assumed.notes(), *settling.notes]
    shown_lines = "; ".join(_tidy(equation.text) for equation in stated.equations)
    said = _("the equations decide: {lines}").format(lines=shown(shown_lines, 200))
    last_only = not isinstance(made, Match) and made.output in made.system.last
    return Settlement(keys, [said, *notes, *stated.notes], last_only, [*stated.sizes, *stated.sliced])
