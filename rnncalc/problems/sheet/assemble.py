"""From the pieces of a sheet to the keys of a problem: steps to sequences, letters to roles, words to classes.

Longer than other files, because the part that a name plays and the sequence that it makes depend on each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.model.losses import LOSSES
from rnncalc.problems.formulas import bounded, layers, nodes
from rnncalc.problems.formulas import loss as losses
from rnncalc.problems.formulas.equations import Equations
from rnncalc.problems.formulas.network import FromEquations
from rnncalc.problems.formulas.nodes import functions_of, symbols_of
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.formulas.reader import FUNCTIONS, GENERIC
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import of_last_step
from rnncalc.problems.keys import called
from rnncalc.problems.notation import gate_letters
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import (
    derived_names,
    digits,
    entries,
    letter_roles,
    named_functions,
    named_vectors,
    prose,
    single_step,
    units,
    unread,
    values,
    written_out,
)
from rnncalc.problems.sheet.answers import answers
from rnncalc.problems.sheet.claims import Claims
from rnncalc.problems.sheet.contents import Contents
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.roles import TARGETS, Roles
from rnncalc.problems.sheet.scan import scan
from rnncalc.problems.sheet.sentence_claims import claims
from rnncalc.problems.sheet.sequences import SheetSequences
from rnncalc.problems.sheet.sizes import in_sentences
from rnncalc.problems.sheet.table_heads import GATE_STEPS, ROLES, has_words, role_of
from rnncalc.problems.sheet.words import Words

CANDIDATES = ("g", "c", "c̃", "C", "C̃", "g̃", "n", "h", "h̃", "s", "s̃")
RATES = ("η", "lr", "α", "learning_rate", "eta", "alpha")
_DRAWN = re.compile(r"\brandn?\(|\brandom\b|\bnormal\(|\buniform\(")
_GATED = re.compile(r"[wu]_?[xh]?[cfghionrz]")
_OF_GATE_N = re.compile(r"([UWRb])_?\{?\s*n\s*\}?")
_STARTED = re.compile(r"([A-Za-z]\w*?)_?0")


def read(text: str, decimal: str = "", answers: bool = False) -> dict[str, RawValue]:
    """The keys of the problem that a sheet holds. Raises ParseError with the line.

    decimal: comma or point. answers: whether the sheet holds nothing but answers.
    """
    return _Assembly(scan(text, decimal, answers)).keys()


class _Assembly:
    def __init__(self, sheet: ScannedSheet):
        self.sheet = sheet
        sheet.assigned += [replace(alike, value=item.value + alike.value) for alike, other in sheet.same
                           for item in sheet.assigned if item.symbol.key == other and not item.answer]  # fmt: skip
        sheet.assigned = derived_names.renamed(sheet)
        sheet.assigned = named_vectors.used_up(sheet)
        units.joined(sheet)
        written_out.joined(sheet)
        sheet.assigned = entries.joined(sheet.assigned, sheet.equations)
        self.given: dict[str, RawValue] = {}
        timed = any(equation.defined.offset is not None for equation in sheet.equations)
        sheet.equations = of_last_step(sheet.equations)
        kept = [e for e in sheet.equations if not timed or e.defined.offset is not None or e.defined.number is None]
        zeros = ("states",) if prose.zero_states(sheet.prose) else ()
        self.equations = Equations(kept, dict(sheet.functions), [], sheet.layers, zeros)
        self._candidates()
        self._named_numbers()
        self._generic()
        if unreadable := (sheet.unread if not kept else []) or list(sheet.lost.values()):
            raise ParseError(_("cannot read as an equation: {text}"), text=unreadable[0])
        self.made: FromEquations | OwnCell | None = None
        if kept:
            cell = next((item.value for item in sheet.assigned if item.key == "cell"), "")
            self._under_layers()
            made = self.equations.made({item.symbol.key for item in sheet.assigned if not self._is_claimed(item)}, cell)
            self.made = made if isinstance(made, FromEquations | OwnCell) else None
        self._of_input()
        self.roles = Roles(sheet, self.made)
        single_step.numbered(sheet, self.roles)
        self.contents = Contents(sheet)

    def _is_claimed(self, item: Assigned) -> bool:
        """Whether a value is somebody's answer: it says so, or a signal of the equations has it at a later step."""
        name, number = item.symbol, item.symbol.number
        stepped = {equation.defined.key for equation in self.equations.equations if equation.defined.offset is not None}
        return item.answer or (number is not None and number > 0 and name.without(number) in stepped)

    def _of_input(self) -> None:
        """What a table calls the input, under its letter."""
        letter = (self.made.input if self.made else "") or "x"
        for at, item in enumerate(self.sheet.assigned):
            if item.symbol.base == "@x":
                self.sheet.assigned[at] = replace(item, symbol=replace(item.symbol, base=letter))

    def keys(self) -> dict[str, RawValue]:
        """Everything under the keys of a problem."""
        steps: dict[str, dict[int, Assigned]] = {}
        claimed: list[Assigned] = []
        sequences = SheetSequences(self.roles, self.contents, self.given)
        words = Words(self.roles, self.given)
        for item in words.take_codes(list(self._readable()), self.contents):
            if item.answer or item.gradient or self.roles.is_claim(item):
                claimed.append(item)
            elif self.roles.step(item) is not None:
                self._once(steps.setdefault(self.roles.bare(item), {}), self.roles.step(item), item)
            else:
                self._plain(item)
        claimed += sequences.read(steps)
        words.place_inputs(sequences.letters, self.roles.inputs)
        sequences.last_step()
        words.place_targets()
        if claimed:
            if "answers" in self.given:
                message = _("{where}: answers are given as a whole too; give them one way or the other")
                raise ParseError(message, where=claimed[0].where)
            self.given["answers"] = RawValue(
                answers(claimed, self.made, sequences.first, sequences.steps), claimed[0].where
            )
        sliced = isinstance(self.made, FromEquations) and self.made.matches[0].system.order
        order = "" if sliced else prose.gate_order(self.sheet.prose)
        if order and "gates" not in self.given and self.equations.equations:
            self.given["gates"] = RawValue(order, "order")
        if "lr" in self.given and (updates := prose.updates(self.sheet.prose)) > 1:
            message = _("the sheet speaks of {n} updates: the parameters here are those after the first")
            self.sheet.notes.append(message.format(n=updates))
        precision = digits.precision(self.sheet.prose)
        if precision and "precision" not in self.given:
            self.given["precision"] = RawValue(precision, "precision")
        if not self.made:
            self._without_equations()
        said = {value.where for value in self.given.values() if value.where in ("x", "targets", "lr", "h0")}
        sizes = in_sentences(self.sheet.prose)
        self.sheet.sizes += sizes
        self.sheet.skipped = unread.lines(self.sheet.prose, self.sheet.original, said, [size.name for size in sizes])
        if not self.made and "fused" not in self.given and (kind := prose.joined(self.sheet.original)):
            self.given["fused"] = RawValue(kind, "fused")
        sentences = Claims(self.roles, self.equations, self.given)
        sentences.place()
        if not self.made and (notation := letter_roles.notation(self.sheet.original, self.given)):
            self.given.setdefault("notation", RawValue(notation, "notation"))
        if self.sheet.commas:
            self.equations.notes.append(
                _("commas within numbers are read as decimal commas (--decimal point reads them apart)")
            )
        self.equations.notes += self.sheet.notes
        self.equations.sizes = self.sheet.sizes
        self.equations.unread = unread.definitions(self.sheet.prose, self.sheet.original)
        self.equations.notes += unread.listed([*self.sheet.unread, *self.sheet.skipped, *sentences.notes])
        self.given["equations"] = RawValue(self.equations, "equations")
        return self.given

    def _without_equations(self) -> None:
        """What small letters mean where no equation says it: w_f is W_f of one unit."""
        gated = {name: name[0].upper() + name[1:] for name in self.given if _GATED.fullmatch(name)}
        if len(gated) > 2 and not self.given.keys() & set(gated.values()):
            for small, name in gated.items():
                self.given[name] = self.given.pop(small)

    def _readable(self) -> Iterator[Assigned]:
        """The values, without answers left out, formulas of answers, and random numbers that others replace."""
        read = {(item.symbol.base, item.symbol.indices) for item in self.sheet.assigned if not item.unread}
        drawn = [bool(_DRAWN.search(item.value)) and not self.sheet.seeds for item in self.sheet.assigned]
        given = {item.symbol.base for item, random in zip(self.sheet.assigned, drawn) if not random}
        given |= {base.upper() for base in given & self.roles.inputs}
        lines = dict(enumerate(self.sheet.original.split("\n")))  # what was added stands behind them
        valued = {item.symbol.key for item in self.sheet.assigned if item.value.strip() != "0"}
        for item, random in zip(self.sheet.assigned, drawn):
            if item.unread and ((item.symbol.base, item.symbol.indices) in read or not self.roles.is_result(item)):
                continue
            if item.unread and item.value == "_":
                self.sheet.notes.append(_("{where}: not answered").format(where=item.where))
            elif (random and item.symbol.base in given) or (
                item.symbol.key in valued and _is_supposed(item, lines.get(item.line, ""))
            ):
                self.sheet.notes.append(_("not read: {text}").format(text=f"{item.where}: {shown(item.value, 40)}"))
            else:
                yield item

    def _under_layers(self) -> None:
        """The names under “Layer 2” with that number, names of every layer once for each."""
        if not (letter := self.equations.letter):
            return
        given: list[Assigned] = []
        for item in self.sheet.assigned:
            if item.layer and not item.key:
                name = layers.of_layer(item.symbol, self.equations.equations, letter, item.layer)
                item = replace(item, symbol=name)
            given.append(item)
        names = {item.symbol.key for item in given if not item.answer}
        count = layers.count(self.equations.equations, letter, names) or self.equations.layers
        self.sheet.assigned = [
            replace(item, symbol=name) for item in given for name in layers.each_layer(item.symbol, letter, count)
        ]

    # roles -----------------------------------------------------------------------------------------------------------

    def _candidates(self) -> None:
        """What tables of gates hold under the letters that the equations have: W_c where a row says W_g.

        What stands under words with a letter that no equation reads, “input weight w”, is what the words say; where
        they say nothing, it is not read.
        """
        read = {name.key.replace("_", "") for e in self.equations.equations for name in symbols_of(e.node)}
        every, self.sheet.assigned = self.sheet.assigned, []
        for item in every:
            name = item.symbol
            if name.steps != GATE_STEPS or name.key.replace("_", "") in read:
                self.sheet.assigned.append(item)
                continue
            gate = max(at for at, label in enumerate(name.indices) if not label.isdigit())
            others = [
                replace(name, indices=(*name.indices[:gate], letter, *name.indices[gate + 1 :]))
                for letter in (CANDIDATES if name.indices[gate] in CANDIDATES else ())
            ]
            role = role_of(name.text) if has_words(name.text) else None
            known = next((other for other in others if other.key.replace("_", "") in read), None)
            if known is None and role:
                known = replace(name, base=role.base, indices=name.indices[gate:])
            if known or not has_words(name.text):
                self.sheet.assigned.append(replace(item, symbol=known or name))
            else:
                self.sheet.notes.append(_("not read: {text}").format(text=f"{item.where}: {shown(item.value, 40)}"))

    def _named_numbers(self) -> None:
        """The names of numbers that the equations have: h(t) = tanh(0.6 x(t) + …), where w = 0.6."""
        equations = self.equations.equations
        read = {name.key for e in equations for name in (e.defined, *symbols_of(e.node))}
        losses_read = {word for text in self.sheet.losses for word in re.findall(r"[^\W\d_]+", text)}
        read |= {*RATES, *TARGETS, "y", "d", "t"} | losses_read  # y = 0.5 is a target, not the 0.5 of an equation
        for item in self.sheet.assigned:
            name, numbers = item.symbol, values.numbers(item.value)
            plain = not (item.key or item.answer or item.gradient or name.key in read) and name.offset is None
            if not plain or name.number is not None or numbers is None or numbers.values.size != 1:
                continue
            named = [nodes.with_name(e.node, numbers.values.item(), name) for e in equations]
            if sum(count for _node, count in named) == 1:
                equations[:] = [replace(e, node=node) for e, (node, _count) in zip(equations, named)]

    def _generic(self) -> None:
        """What the sheet calls its activation in words, for the letters φ and f."""
        letters = [name for equation in self.equations.equations for name in functions_of(equation.node)]
        for letter in dict.fromkeys(letters):
            if letter in FUNCTIONS.values():
                continue
            function = named_functions.function_called(self.sheet.prose, letter)
            if function:
                self.equations.functions.setdefault(letter, function)
        said = (claim.value for claim in claims(self.sheet.prose) if claim.key == "activation")
        unknown = {*letters} & {*GENERIC} - self.equations.functions.keys()
        function = named_functions.activation(self.sheet.prose) or (next(said, "") if unknown else "")
        for letter in GENERIC if function else ():
            self.equations.functions.setdefault(letter, function)
        for letter in sorted((unknown - self.equations.functions.keys()) & self.sheet.undefined.keys()):
            message = _("{text}: this formula is not read; write it with numbers, + − · /, min, max, exp, tanh … alone")
            raise ParseError(message, text=self.sheet.undefined[letter])
        self._leaky()

    def _leaky(self) -> None:
        """Leaky ReLUs with the slope that the sheet says."""
        slope, functions = named_functions.leak(self.sheet.text), self.equations.functions

        def leaking(node: nodes.Node) -> nodes.Node:
            named = isinstance(node, nodes.Apply) and functions.get(node.name, node.name) == "leaky_relu"
            return bounded.leaky(node.arguments[0], slope) if named else node  # type: ignore[union-attr]

        if slope != 0.01:
            equations = self.equations.equations
            equations[:] = [replace(e, node=nodes.rebuilt(e.node, leaking)) for e in equations]

    # values ----------------------------------------------------------------------------------------------------------

    def _once(self, where: dict[Any, Any], name: Any, item: Assigned) -> None:
        if name in where and not (isinstance(where[name], Assigned) and _alike(where[name].value, item.value)):
            raise ParseError(_("{where}: it is given twice"), where=item.where)
        where[name] = item

    def _plain(self, item: Assigned) -> None:
        name = item.key or item.symbol.key
        if not self.made and (of_gate := _OF_GATE_N.fullmatch(item.symbol.text.strip())):  # no step n of a weight
            name = f"{of_gate[1]}_n"
        elif item.symbol.offset is not None and not item.key and name not in self.roles.params:
            numbers = values.numbers(item.value)
            if numbers is None and "(" in item.value and re.search(r"[_^(\[<]\{?t\b", item.value):
                raise ParseError(
                    _("cannot read as an equation: {text}"), text=f"{item.where} = {shown(item.value, 60)}"
                )
            if name in self.roles.inputs and numbers is not None and numbers.values.size > 1:
                self.given.setdefault("x", RawValue(item.value, item.where))
            return  # y_t = 1: what a value means, and not which step has it
        if item.symbol.base in ROLES.values():
            name = self._of_role(item.symbol)
        started = _STARTED.fullmatch(name) or self._initial(item, name)
        if name not in self.roles.params:
            if started and started[1] in self.roles.states:
                name = f"{started[1]}0"
            elif name in RATES or (name in ("λ", "ε") and self._of_descent(item)):
                name = "lr"
            elif name.lower() in ("input", "inputs") and "x" not in self.given:
                name = "x"
            elif name in self.roles.targets and name != "targets":
                name = "targets"
            elif name in self.sheet.columns and name in self.roles.inputs:
                self.given["x"] = RawValue(self.contents.numbers(item).transposed, item.where)
                return
        value = self.contents.value(item)
        if name == "loss" and isinstance(value, str):
            if re.fullmatch(r"[\d.]+", value):
                return  # where a program begins to add losses up
            if called("loss", value, LOSSES) not in LOSSES:
                if re.match(r"(?:criterion|loss_f\w*)\(", value):
                    return  # what it calls is named where it is made
                if not losses.in_words(value)[0] and (over := losses.over_steps(value)):
                    if over == "mean":
                        self.given.setdefault("reduction", RawValue(over, item.where))
                    return  # the total loss = sum over the steps, of a loss that is named elsewhere
                value, reduction = losses.in_words(value) if losses.in_words(value)[0] else (value, "")
                if reduction:
                    self.given.setdefault("reduction", RawValue(reduction, item.where))
        if name in self.given:
            if _alike(self.given[name].value, value):
                return
            raise ParseError(_("{where}: it is given twice"), where=item.where)
        given = RawValue(value, item.where)
        self.given[name] = given.unfolded() if item.key else given

    def _of_descent(self, item: Assigned) -> bool:
        """Whether the line of a letter speaks of a step of training, SGD with λ = 0.1, and of no penalty or decay."""
        line = self.sheet.text.split("\n")[item.line]
        steps = re.search(r"\bSGD\b|gradient|descent|updat|learning|下降|更新", line, re.IGNORECASE)
        return bool(steps) and not re.search(r"penal|regulari|decay|L2|正则|衰减", line, re.IGNORECASE)

    def _initial(self, item: Assigned, name: str) -> re.Match[str] | None:
        """The state of “initially h = 0”, where no equation says which letters are states."""
        if self.made or item.key or item.answer or name not in ("h", "c"):
            return None
        line = self.sheet.text.split("\n")[item.line]
        return re.search(rf"(?:{prose.INITIALLY})[^.。;；\n]{{0,40}}?(?<![A-Za-z_])({name})\s*=", line, re.IGNORECASE)

    def _of_role(self, symbol: Symbol) -> str:
        """The sheet's name of what a column calls input weights, in the row of a gate."""
        stack, label = symbol.base.removeprefix("@"), "".join(symbol.labels)
        if isinstance(self.made, FromEquations):
            for match in self.made.matches:
                letters = gate_letters(match.pattern.cell)
                for gate in [gate for gate, others in letters.items() if label in others] or [""]:
                    for theirs in match.params.get(f"{stack}_{gate}" if gate else stack, ()):
                        return theirs.key
        return f"{stack}.{label}" if label else stack


def _is_supposed(item: Assigned, line: str) -> bool:
    """Whether a zero stands in brackets: without the loop (W = 0) there is no memory."""
    bare = re.escape(item.symbol.text.strip())
    zero = item.value.strip() == "0" and not item.answer
    return zero and bool(re.search(rf"[(（][\s$`]*{bare}[\s$`]*=[\s$`]*0[\s$`]*[)）]", line))


def _alike(first: Any, second: Any) -> bool:
    """Whether two values are the same, so that a sheet may say both: h_0 = 0 and h_0 = [0; 0]."""
    if first == second:
        return True
    texts = [value for value in (first, second) if isinstance(value, str)]
    arrays = [np.ravel(numbers.values) for text in texts if (numbers := values.numbers(text)) is not None]
    sizes = {array.size for array in arrays}
    return len(arrays) == 2 and (len(sizes) == 1 or 1 in sizes) and bool((arrays[0] == arrays[1]).all())
