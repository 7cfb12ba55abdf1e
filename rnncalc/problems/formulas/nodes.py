"""The tree of a formula as a sheet has it, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


def simplified(node: Apply) -> Node:
    """max(0, a) is relu(a), max(0, min(1, 0.2 a + 0.5)) a hard sigmoid, and their kin."""
    if node.name not in ("max", "min", "clip") or len(node.arguments) < 2:
        return node
    numbers = {part.value if isinstance(part, Num) else number(part) for part in node.arguments} - {None}
    inner = [part for part in node.arguments if number(part) is None]
    if len(inner) != 1:
        return node
    if node.name == "clip":
        bounds = numbers
    elif isinstance(inner[0], Apply) and inner[0].name in ("max", "min") and inner[0].name != node.name:
        bounds = numbers | {number(part) for part in inner[0].arguments} - {None}
        inner = [part for part in inner[0].arguments if number(part) is None]
    else:
        return Apply("relu", (inner[0],)) if node.name == "max" and numbers == {0} else node
    if bounds == {-1, 1} and len(inner) == 1:
        return Apply("hard_tanh", (inner[0],))
    if bounds == {0, 1} and len(inner) == 1 and isinstance(inner[0], Sum):
        shift = [sign * value for sign, term in inner[0].terms if (value := number(term)) is not None]
        rest = [(sign, term) for sign, term in inner[0].terms if number(term) is None]
        if shift == [0.5] and len(rest) == 1 and rest[0][0] > 0:
            return _hard_sigmoid(rest[0][1]) or node
    return node


def _hard_sigmoid(term: Node) -> Node | None:
    """0.2 a or a / 6."""
    if isinstance(term, Prod) and len(term.factors) >= 2:
        slope, rest = number(term.factors[0]), term.factors[1:]
        inner = rest[0] if len(rest) == 1 else Prod(rest, term.entrywise[1:])
    elif isinstance(term, Quot) and number(term.below):
        slope, inner = 1 / number(term.below), term.above  # type: ignore[operator]
    else:
        return None
    name = {0.2: "hard_sigmoid_02", 1 / 6: "hard_sigmoid"}.get(slope or 0)
    return Apply(name, (inner,)) if name else None


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
    if isinstance(node, Sym):
        return Sym(change(node.symbol))
    if isinstance(node, Sum):
        return Sum(tuple((sign, mapped(term, change)) for sign, term in node.terms))
    if isinstance(node, Prod):
        return Prod(tuple(mapped(factor, change) for factor in node.factors), node.entrywise)
    if isinstance(node, Quot):
        return Quot(mapped(node.above, change), mapped(node.below, change))
    if isinstance(node, Apply):
        return Apply(node.name, tuple(mapped(part, change) for part in node.arguments))
    if isinstance(node, Turned):
        return Turned(mapped(node.inside, change))
    return Concat(tuple(mapped(part, change) for part in node.parts)) if isinstance(node, Concat) else node


def symbols_of(node: Node) -> list[Symbol]:
    """Every symbol in the formula, from left to right."""
    names = [node.symbol] if isinstance(node, Sym) else []
    for part in parts(node):
        names += symbols_of(part)
    return names


def functions_of(node: Node) -> list[str]:
    """The name of every function in the formula."""
    names = [node.name] if isinstance(node, Apply) else []
    for part in parts(node):
        names += functions_of(part)
    return names
