"""The equations of a sheet as a system: which names are signals, which are parameters, what is the input.

Longer than other files, because whatever is asked of an equation depends on all the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rnncalc.model.equations.functions import PAIRS
from rnncalc.problems.formulas.nodes import (
    Apply,
    Concat,
    Node,
    Num,
    Prod,
    Quot,
    Sum,
    Sym,
    Turned,
    number,
    symbols_of,
    walk,
)
from rnncalc.problems.formulas.polynomial import (
    Function,
    NotUnderstoodError,
    Param,
    Poly,
    Signal,
    Weighted,
    added,
    of_gate,
    ordered,
    parameters,
    scaled,
    signals,
    times,
)
from rnncalc.problems.formulas.symbol import Symbol

INPUTS = ("x", "X", "u", "v", "e")  # bases of inputs, where no index says that a name is a signal


@dataclass(frozen=True)
class Equation:
    """One line of a sheet: what it defines and how; text: as it was written."""

    defined: Symbol
    node: Node
    text: str
    where: str = ""


@dataclass
class System:
    """polys: signal → its right-hand side; texts: signal → the line as it was written; params: names with one value."""

    polys: dict[str, Poly] = field(default_factory=dict)
    equations: dict[str, Equation] = field(default_factory=dict)
    params: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    first: int | None = None  # the number of the one step that the equations are written for, where there is one
    last: set[str] = field(default_factory=set)  # signals that are read from the last step alone: y = V h_T
    order: dict[str, tuple[str, ...]] = field(default_factory=dict)  # array → its gates from the top, where slices say

    @property
    def signals(self) -> set[str]:
        return {*self.polys, *self.inputs}


def system(
    equations: Sequence[Equation], given: Mapping[str, object] = {}, parts: Mapping[str, tuple[str, ...]] = {}
) -> System:
    """The system of these equations. given: the names that have a value; parts: vector → its parts from the top.

    Raises NotUnderstoodError.
    """
    return _Maker(equations, given, parts).system


def of_last_step(equations: Sequence[Equation]) -> list[Equation]:
    """The equations, with y = V h_3 for y_3 = V h_3 where no step has another y, and for y_T = V h_T."""
    every = {equation.defined.key for equation in equations if equation.defined.offset is not None}
    numbered = [e.defined for e in equations if e.defined.offset is None and e.defined.number is not None]
    keys = [name.without(name.number) for name in numbered if name.number is not None]
    last: list[Equation] = []
    for equation in equations:
        name = equation.defined
        bare = name.of_last_step or (name.without(name.number) if name.number is not None else "")
        step = name.words or (str(name.number),)
        read = {
            (other.of_last_step or other.base, other.words or (str(other.number),))
            for other in symbols_of(equation.node)
        }
        alone = bare and name.offset is None and bare not in every and keys.count(bare) < 2
        if every and alone and any((key, step) in read for key in every):
            equation = replace(equation, defined=replace(name, indices=tuple(i for i in name.indices if i not in step)))
        last.append(equation)
    return last


def _beside_numbers(node: Node) -> Iterator[Symbol]:
    """α of 1 − α: a number, or one of each unit, and no matrix."""
    for part in walk(node):
        if isinstance(part, Sum) and any(isinstance(term, Num) for _sign, term in part.terms):
            yield from (term.symbol for _sign, term in part.terms if isinstance(term, Sym))


class _Maker:
    def __init__(
        self, equations: Sequence[Equation], given: Mapping[str, object], parts: Mapping[str, tuple[str, ...]]
    ):
        self.given, self.parts = given, parts
        numbered = [e.defined.number for e in equations if e.defined.offset is None and e.defined.number is not None]
        self.timed = any(e.defined.offset is not None for e in equations)
        self.step = max(numbered) if numbered and not self.timed else None
        self.system = System(first=self.step)
        self.nodes = {self.name(e.defined): e.node for e in equations}
        self.defined = set(self.nodes)
        self.sliced: set[str] = set()
        self.needed: dict[str, set[str]] = {}
        self.scalars = {name.key for equation in equations for name in _beside_numbers(equation.node)}
        self.joined = {key: node.parts for key, node in self.nodes.items() if isinstance(node, Concat)}
        for equation in equations:
            key = self.name(equation.defined)
            if key in self.system.polys:
                if self.system.equations[key].node == equation.node:
                    continue
                raise NotUnderstoodError(equation.text)
            if key in self.joined:
                continue
            self.system.equations[key] = equation
            self.current = equation.defined
            self.system.polys[key] = self.poly(equation.node)
        self.split_gates()
        for key in self.sliced:
            self.system.polys.pop(key)
        for key in ordered(self.system.polys):  # refuses what needs itself
            if {signal.key for signal in signals(self.system.polys[key])} & self.system.last:
                self.system.last.add(key)

    def name(self, symbol: Symbol) -> str:
        """The key of a signal, without its step."""
        if symbol.offset is None and self.step is not None and symbol.number is not None:
            return symbol.without(symbol.number)
        return symbol.key

    def leaf(self, symbol: Symbol) -> Signal | Param:
        offset = symbol.offset
        if offset is not None:
            return self.signal(symbol.key, offset)
        if self.step is not None and symbol.number in (self.step, self.step - 1):
            bare = symbol.without(symbol.number)
            if bare in self.defined or symbol.base in INPUTS:
                return self.signal(bare, symbol.number - self.step)
        end = symbol.of_last_step or (symbol.without(symbol.number) if symbol.number is not None else "")
        if self.step is None and end in self.defined and self.current.offset is None and symbol.key not in self.given:
            self.system.last.add(self.current.key)
            return self.signal(end, 0)
        if symbol == self.current or (symbol.key == self.current.key and self.current.offset is None):
            return self.signal(symbol.key, -1)  # h = tanh(W h + …), as code has it
        if symbol.key in self.defined or (symbol.key in INPUTS and symbol.key not in self.given):
            return self.signal(symbol.key, -1 if self._of_step_before(symbol.key) else 0)
        if symbol.key in INPUTS[:2]:
            return self.signal(symbol.key, 0)
        self.system.params.add(symbol.key)
        return Param(symbol.key)

    def _of_step_before(self, key: str) -> bool:
        """Whether the line at hand reads a state of a program that needs this line: a = U x + W h; h = tanh(a)."""
        started = not self.timed and self.step is None and any(f"{key}{zero}" in self.given for zero in ("", "0", "_0"))
        return started and self.current.key in self._needed(key)

    def _needed(self, key: str) -> set[str]:
        """The lines that a line needs, directly or not."""
        if key not in self.needed:
            needed, todo = set[str](), [key]
            while todo:
                names = {symbol.key for symbol in symbols_of(self.nodes[todo.pop()])} & self.defined
                todo += names - needed
                needed |= names
            self.needed[key] = needed
        return self.needed[key]

    def block(self, symbol: Symbol) -> Poly | None:
        """z^i of z = W [h; x] + b: the rows of one gate; also where neither has a step."""
        if (
            symbol.key in self.defined
            or (symbol.offset is None and (symbol.key in self.given or symbol.of_last_step))  # h_T is no gate's
            or symbol.offset not in (0, None)
            or len(symbol.words) != 1
            or symbol.base not in self.defined
        ):
            return None
        self.sliced.add(symbol.base)
        poly = self.poly(self.nodes[symbol.base])
        if symbol.base in self.parts:
            self.system.order |= {param.key: self.parts[symbol.base] for param in parameters(poly)}
        return of_gate(poly, symbol.words[0])

    def signal(self, key: str, offset: int) -> Signal:
        if key not in self.defined:
            self.system.inputs.add(key)
        return Signal(key, offset)

    def poly(self, node: Node) -> Poly:
        if isinstance(node, Num):
            return ((node.value, ()),)
        if isinstance(node, Sym):
            block = self.block(node.symbol)
            if block is not None:
                return block
            return ((1.0, (self.leaf(node.symbol),)),)
        if isinstance(node, Sum):
            return added([scaled(self.term(term), sign) for sign, term in node.terms])
        if isinstance(node, Apply):
            if len(node.arguments) != (2 if node.name in PAIRS else 1):
                raise NotUnderstoodError(node.name)
            return ((1.0, (Function(node.name, *map(self.poly, node.arguments)),)),)
        if isinstance(node, Quot):
            return self.quotient(node)
        if isinstance(node, Prod):
            return self.product(node)
        if isinstance(node, Turned):  # of a vector: only its orientation
            return self.poly(node.inside)
        raise NotUnderstoodError("[…]")

    def term(self, node: Node) -> Poly:
        """A term of a sum. A letter without a step that has a value is a bias, though c_t be a signal: c + V h_t."""
        key = node.symbol.key if isinstance(node, Sym) and node.symbol.offset is None else ""
        if self.timed and key in self.defined and key in self.given:
            self.system.params.add(key)
            return ((1.0, (Param(key),)),)
        return self.poly(node)

    def quotient(self, node: Quot) -> Poly:
        below = number(node.below)
        if below:
            return scaled(self.poly(node.above), 1 / below)
        if number(node.above) == 1:  # 1 / (1 + e^{-a})
            poly = self.poly(node.below)
            rest = [term for term in poly if term != (1.0, ())]
            if len(poly) == 2 and len(rest) == 1 and rest[0][0] == 1 and len(rest[0][1]) == 1:
                inner = rest[0][1][0]
                if isinstance(inner, Function) and inner.name == "exp":
                    return ((1.0, (Function("sigmoid", scaled(inner.argument, -1)),)),)
        raise NotUnderstoodError("/")

    def product(self, node: Prod) -> Poly:
        """A parameter beside a vector is a weight, but where ∘ stands between them."""
        factors, marks = list(node.factors), list(node.entrywise)
        for at, factor in enumerate(factors):
            turned = isinstance(factor, Turned)
            bare = factor.inside if isinstance(factor, Turned) else factor
            weight = self.leaf(bare.symbol) if isinstance(bare, Sym) else None
            if not isinstance(weight, Param) or weight.key in self.scalars:
                continue
            if at + 1 < len(factors) and not marks[at]:
                vector, before, rows = factors[at + 1 :], factors[:at], False
                inner = tuple(marks[at + 1 :])
            elif at and at + 1 == len(factors) and not marks[at - 1]:
                vector, before, rows = factors[:at], [], True
                inner = tuple(marks[: at - 1])
            else:
                continue
            if all(number(part) is not None for part in vector):
                continue
            whole = vector[0] if len(vector) == 1 else Prod(tuple(vector), inner)
            product = self.weighted(weight, whole, rows != turned)
            return times([*[self.poly(part) for part in before], product])
        return times([self.poly(factor) for factor in factors])

    def split_gates(self) -> None:
        """q = W x + R h + p and gates that nothing defines: the gates are functions of the parts of q."""
        gates = [key for key in self.system.inputs if key[0] in "fiogcjkΓ" and key not in self.defined]
        read = {signal.key for poly in self.system.polys.values() for signal in signals(poly)}
        whole = [key for key in self.system.polys if key not in read and key not in self.sliced]
        candidate = [key for key in gates if key.lower().rstrip("\u0303") in ("g", "c", "j", "k")]
        affine = [
            key
            for key in whole
            if all(isinstance(f, Weighted | Param) for _c, fs in self.system.polys[key] for f in fs)
        ]
        if len(gates) != 4 or len(candidate) != 1 or len(affine) != 1:
            return
        for key in gates:
            function = "tanh" if key in candidate else "sigmoid"
            part = of_gate(self.system.polys[affine[0]], key)
            self.system.polys[key] = ((1.0, (Function(function, part),)),)
            self.system.inputs.discard(key)
            self.system.equations[key] = self.system.equations[affine[0]]
        self.sliced.add(affine[0])

    def weighted(self, weight: Param, vector: Node, rows: bool) -> Poly:
        if isinstance(vector, Sym) and vector.symbol.key in self.joined and vector.symbol.offset in (0, None):
            vector = Concat(self.joined[vector.symbol.key])
        if isinstance(vector, Concat):
            count = len(vector.parts)
            return added(
                [
                    ((1.0, (Weighted(Param(weight.key, (at, count)), self.poly(part), rows),)),)
                    for at, part in enumerate(vector.parts)
                ]
            )
        return ((1.0, (Weighted(weight, self.poly(vector), rows),)),)
