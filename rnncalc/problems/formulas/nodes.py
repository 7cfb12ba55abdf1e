"""The tree of a formula as a sheet has it, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rnncalc.problems.formulas.symbol import Symbol


@dataclass(frozen=True)
class Num:
    value: float


@dataclass(frozen=True)
class Sym:
    symbol: Symbol


@dataclass(frozen=True)
class Sum:
    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Prod:
    """Factors from left to right; entrywise: for each place between two of them, whether ∘ stands there."""

    factors: tuple[Node, ...]
    entrywise: tuple[bool, ...]


@dataclass(frozen=True)
class Quot:
    above: Node
    below: Node


@dataclass(frozen=True)
class Apply:
    """A function; name: as `FUNCTIONS` calls it, or the letter of one that is not known yet (φ, f)."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Turned:
    """W^T."""

    inside: Node


@dataclass(frozen=True)
class Concat:
    """Vectors one below the other: [h_{t-1}; x_t]."""

    parts: tuple[Node, ...]


Node = Num | Sym | Sum | Prod | Quot | Apply | Turned | Concat


def quotient(above: Node, below: Node) -> Node:
    """A quotient; exp(y) / Σ exp(y) is softmax(y), whatever counts the units, and 1 / (1 + exp(−a)) is sigmoid(a)."""
    if above == Num(1.0) and isinstance(below, Sum) and len(below.terms) == 2 and (1, Num(1.0)) in below.terms:
        sign, power = next(term for term in below.terms if term != (1, Num(1.0)))
        inside = _negated(power.arguments[0]) if isinstance(power, Apply) and power.name == "exp" else None
        if sign > 0 and inside is not None:
            return Apply("sigmoid", (inside,))
    summed = below.arguments[0] if isinstance(below, Apply) and below.name == "Σ" else None
    if isinstance(above, Apply) and isinstance(summed, Apply) and above.name == summed.name == "exp":
        inside, other = (mapped(part.arguments[0], _without_unit) for part in (above, summed))
        if [name.key for name in symbols_of(inside)] == [name.key for name in symbols_of(other)]:
            return Apply("softmax", (inside,))
    return Quot(above, below)


def _negated(node: Node) -> Node | None:
    """a of −a; None where no minus stands before the whole."""
    if not isinstance(node, Sum) or any(sign > 0 for sign, _term in node.terms):
        return None
    return node.terms[0][1] if len(node.terms) == 1 else Sum(tuple((-sign, term) for sign, term in node.terms))


def _without_unit(name: Symbol) -> Symbol:
    return replace(name, indices=tuple(index for index in name.indices if index not in ("i", "j", "k", "c", "m")))


def number(node: Node) -> float | None:
    """The value of a formula that is a number."""
    if isinstance(node, Num):
        return node.value
    if isinstance(node, Sum):
        values = [number(term) for _sign, term in node.terms]
        return None if None in values else sum(sign * value for (sign, _), value in zip(node.terms, values))  # type: ignore[operator,misc]
    if isinstance(node, Quot):
        above, below = number(node.above), number(node.below)
        return above / below if above is not None and below else None
    return None


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node."""
    if isinstance(node, Sum):
        return tuple(term for _sign, term in node.terms)
    if isinstance(node, Prod):
        return node.factors
    if isinstance(node, Quot):
        return node.above, node.below
    if isinstance(node, Apply):
        return node.arguments
    if isinstance(node, Turned):
        return (node.inside,)
    return node.parts if isinstance(node, Concat) else ()


def mapped(node: Node, change: Callable[[Symbol], Symbol]) -> Node:
    """The formula with every symbol changed."""
    return rebuilt(node, lambda part: Sym(change(part.symbol)) if isinstance(part, Sym) else part)


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """The formula with every part changed, from the inside out."""
    if isinstance(node, Sum):
        node = Sum(tuple((sign, rebuilt(term, change)) for sign, term in node.terms))
    elif isinstance(node, Prod):
        node = Prod(tuple(rebuilt(factor, change) for factor in node.factors), node.entrywise)
    elif isinstance(node, Quot):
        node = Quot(rebuilt(node.above, change), rebuilt(node.below, change))
    elif isinstance(node, Apply):
        node = Apply(node.name, tuple(rebuilt(part, change) for part in node.arguments))
    elif isinstance(node, Turned):
        node = Turned(rebuilt(node.inside, change))
    elif isinstance(node, Concat):
        node = Concat(tuple(rebuilt(part, change) for part in node.parts))
    return change(node)


def with_name(node: Node, value: float, name: Symbol) -> tuple[Node, int]:
    """The formula with a name in place of a factor, or a term, that is this number; how often it stands there."""
    count = 0

    def named(part: Node) -> Node:
        nonlocal count
        if isinstance(part, Prod):
            count += sum(factor == Num(value) for factor in part.factors)
            return Prod(tuple(Sym(name) if factor == Num(value) else factor for factor in part.factors), part.entrywise)
        if isinstance(part, Sum) and abs(value) not in (0, 1):  # 1 − z has no parameter
            alike = [sign * value == number(term) for sign, term in part.terms]
            count += sum(alike)
            return Sum(tuple((1, Sym(name)) if same else term for same, term in zip(alike, part.terms)))
        return part

    return rebuilt(node, named), count


def walk(node: Node) -> Iterator[Node]:
    """The formula and every formula in it, from left to right."""
    yield node
    for part in parts(node):
        yield from walk(part)


def symbols_of(node: Node) -> list[Symbol]:
    """Every symbol in the formula, from left to right."""
    return [part.symbol for part in walk(node) if isinstance(part, Sym)]


def functions_of(node: Node) -> list[str]:
    """The name of every function in the formula."""
    return [part.name for part in walk(node) if isinstance(part, Apply)]
