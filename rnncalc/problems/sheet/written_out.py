"""Inputs written out component by component, w_1 x_{t,1} + w_2 x_{t,2} + r s_{t-1}, as one weight on one vector.

Every equation that reads the input must read all its components so, each with a number or a letter before it; else the
sheet stays as it is. What is answered of a letter, ∂E/∂w_2, is answered of its entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rnncalc.problems.formulas.nodes import Node, Prod, Sum, Sym, number, rebuilt, symbols_of
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.units import is_unit_first, vectors

NEW = "new"  # the index of a parameter after the update


class _NotWrittenOutError(Exception):
    """Equations that read components in another way."""


@dataclass(frozen=True)
class _Term:
    """One component with what stands before it: a letter, or a number as text."""

    base: str
    unit: int
    letter: Symbol | None
    number: str


def joined(sheet: ScannedSheet) -> None:
    """Put equations of vectors in place of those of components, and vectors in place of their values."""
    sizes = _sizes(sheet.equations)
    if not sizes:
        return
    given = {item.symbol.key: item for item in sheet.assigned if not (item.answer or item.gradient or item.key)}
    rewriting = _Rewriting(sizes, given, {name.key for e in sheet.equations for name in symbols_of(e.node)})
    names = [name.text for e in sheet.equations for name in symbols_of(e.node) if _unit(name) and name.base in sizes]
    try:
        equations = [replace(e, node=rewriting.of(e)) for e in sheet.equations]
    except _NotWrittenOutError:
        return
    if any((name.base in sizes and _unit(name)) or name.key in rewriting.entries
           for e in equations for name in symbols_of(e.node)):  # fmt: skip
        return
    sheet.equations = equations
    rest = [_of_entry(item, rewriting.entries) for item in sheet.assigned if item not in rewriting.used]
    sheet.assigned = vectors([*rewriting.weights, *rest], sizes, is_unit_first(names))


def _sizes(equations: Sequence[Equation]) -> dict[str, int]:
    """The inputs whose components the equations read, and nothing else of them; how many there are."""
    defined = {equation.defined.base for equation in equations}
    read: dict[str, set[int]] = {}
    for equation in equations:
        for name in symbols_of(equation.node):
            if name.offset is not None and name.base not in defined:
                read.setdefault(name.base, set()).add(_unit(name) if name.offset == 0 else 0)
    return {base: len(units) for base, units in read.items()
            if len(units) > 1 and sorted(units) == [*range(1, len(units) + 1)]}  # fmt: skip


def _unit(name: Symbol) -> int:
    """The number of a component, of what has a step: 2 of x_{t,2} and x_t^{(2)}; 0 where there is none."""
    return (name.number or 0) if name.offset is not None and len(name.labels) == 1 else 0


class _Rewriting:
    """weights: the values of the vectors; used: those they were made of; entries: the letter of each entry."""

    def __init__(self, sizes: Mapping[str, int], given: Mapping[str, Assigned], read: set[str]):
        self.sizes, self.given, self.read = sizes, given, read
        self.weights: list[Assigned] = []
        self.used: list[Assigned] = []
        self.entries: dict[str, tuple[Symbol, int]] = {}

    def of(self, equation: Equation) -> Node:
        """The right-hand side with W x_t in place of the sum over the components."""
        return rebuilt(equation.node, lambda node: self._sum(node, equation) if isinstance(node, Sum) else node)

    def _sum(self, node: Sum, equation: Equation) -> Node:
        read = [self._term(sign, term) for sign, term in node.terms]
        for base, size in self.sizes.items():
            own = [at for at, term in enumerate(read) if term is not None and term.base == base]
            terms = sorted((term for term in read if term is not None and term.base == base), key=lambda t: t.unit)
            if not own:
                continue
            if [term.unit for term in terms] != [*range(1, size + 1)]:
                raise _NotWrittenOutError
            weight = self._weight(terms, equation.defined)
            vector = Symbol(base, ("t",), f"{base}_t")
            whole: tuple[int, Node] = (1, Prod((Sym(weight), Sym(vector)), (False,)))
            node = Sum(
                tuple(whole if at == own[0] else term for at, term in enumerate(node.terms) if at not in own[1:])
            )
            read = [None if at == own[0] else term for at, term in enumerate(read) if at not in own[1:]]
        return node.terms[0][1] if len(node.terms) == 1 and node.terms[0][0] > 0 else node

    def _term(self, sign: int, term: Node) -> _Term | None:
        factors = term.factors if isinstance(term, Prod) else (term,)
        names = [factor.symbol for factor in factors if isinstance(factor, Sym)]
        component = names[-1] if names and names[-1].base in self.sizes and _unit(names[-1]) else None
        if component is None:
            return None
        before = [factor for factor in factors if factor != Sym(component)]
        if len(factors) - len(before) != 1 or len(before) > 1:
            raise _NotWrittenOutError
        unit = _unit(component)
        value = number(before[0]) if before else 1.0
        if value is not None:
            return _Term(component.base, unit, None, repr(sign * value))
        if not isinstance(before[0], Sym) or before[0].symbol.offset is not None or sign < 0:
            raise _NotWrittenOutError
        return _Term(component.base, unit, before[0].symbol, "")

    def _weight(self, terms: Sequence[_Term], defined: Symbol) -> Symbol:
        """The weight of these terms, with its value; that of w_1, w_2 is w. Raises _NotWrittenOutError."""
        stems = {_stem(term) for term in terms}
        stem = stems.pop() if len(stems) == 1 else None
        given = self.given.get(stem.key) if stem is not None and stem.key not in self.read else None
        if stem is not None and given is not None and _size(given) == len(terms):  # w = [0.6, −0.4]
            self.entries |= {term.letter.key: (stem, term.unit) for term in terms if term.letter}
            return stem
        if stem is None or stem.key in self.given or stem.key in self.read:
            stem = Symbol("U", (defined.base,), f"U_{defined.base}")
        if stem.key in {*self.given, *self.read, *(item.symbol.key for item in self.weights)}:
            raise _NotWrittenOutError
        texts = []
        for term in terms:
            item = self.given.get(term.letter.key) if term.letter else None
            if term.letter and (item is None or _size(item) != 1 or term.letter.key in self.entries):
                raise _NotWrittenOutError
            if term.letter and item is not None:
                self.entries[term.letter.key] = stem, term.unit
                self.used.append(item)
            texts.append(item.value.strip() if item is not None else term.number)
        first = next((self.given[term.letter.key] for term in terms if term.letter), None)
        line = first.line if first else 0
        self.weights.append(Assigned(stem, f"[[{', '.join(texts)}]]", line))
        return stem


def _size(item: Assigned) -> int:
    """The number of entries of a value."""
    numbers = values.numbers(item.value)
    return 0 if numbers is None else numbers.values.size


def _stem(term: _Term) -> Symbol | None:
    """w of w_2 before x_{t,2}, w_f of w_{f2}; None of other names."""
    letter = term.letter
    if letter is None or not letter.indices or not letter.indices[-1].endswith(str(term.unit)):
        return None
    last = letter.indices[-1].removesuffix(str(term.unit))
    indices = (*letter.indices[:-1], *([last] if last else []))
    return None if re.search(r"\d", last) else Symbol(letter.base, indices, "_".join([letter.base, *indices]))


def _of_entry(item: Assigned, entries: Mapping[str, tuple[Symbol, int]]) -> Assigned:
    """An answer to a letter as one to its entry: ∂E/∂w_2 is ∂E/∂w[1][2]."""
    name = item.symbol
    bare = replace(name, indices=tuple(index for index in name.indices if index != NEW))
    if bare.key not in entries or item.key or not (item.gradient or bare != name):
        return item
    stem, unit = entries[bare.key]
    era = (NEW,) if bare != name else ()
    text = f"{stem.text}{'_new' if era else ''}[1][{unit}]"
    return replace(item, symbol=replace(stem, indices=(*stem.indices, *era, "1", str(unit)), text=text))
