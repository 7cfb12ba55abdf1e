"""The lines of a cell differentiated: what reaches a signal from the loss, as equations of their own.

`∂s` stands for the gradient of the loss with respect to the signal s, all of it; `∑s` for what has arrived there so
far from outside a stage: from the output, from later stages, from the next step. A line such as h = o * tanh_c gives

    ∂o      = ∂h * tanh_c
    ∂tanh_c = ∂h * o

Backpropagation goes through the stages from the last to the first. In each, `adjoints` are computed line by line;
`outgoing` is added to what arrives elsewhere: at earlier stages, at the previous step (`∑h_p`), at parameters and x_t
that are used entry by entry. Product lines hand theirs on through the transposed weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    is_binary,
    names,
    parse,
    substitute,
    total,
)
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS
from rnncalc.model.equations.stages import ProductLine, Stage
from rnncalc.model.equations.style import TOTAL

ARRIVED = "∑"  # before a signal: what has arrived there so far


@dataclass(frozen=True, slots=True)
class BackStage:
    """One stage backwards: row-wise lines, then adjoints in order, then what goes out; last its product lines."""

    rowwise: tuple[str, ...]
    adjoints: tuple[tuple[str, Expression], ...]
    outgoing: tuple[tuple[str, Expression], ...]
    products: tuple[ProductLine, ...]


def contributions(line: str, expression: Expression) -> list[tuple[str, Expression]]:
    """What the gradient at an element-wise line adds to the gradient at each name in it."""
    terms: dict[str, list[tuple[int, Expression]]] = {}
    for name, sign, term in _terms(expression, 1, Name(TOTAL + line), line):
        terms.setdefault(name, []).append((sign, term))
    return [(name, total(signed)) for name, signed in terms.items()]


def _terms(node: Expression, sign: int, factor: Expression, line: str) -> Iterator[tuple[str, int, Expression]]:
    """The product rule, name by name. A function stands only at the top, around a name, and its value is the line's."""
    if isinstance(node, Name):
        yield node.id, sign, factor
    elif isinstance(node, Negative):
        yield from _terms(node.operand, -sign, factor, line)
    elif isinstance(node, Call):
        slope = substitute(slope_of(node.function), {"y": Name(line), "a": node.argument})
        yield from _terms(node.argument, sign, times(factor, slope), line)
    elif isinstance(node, Binary) and node.operator in "+-":
        yield from _terms(node.left, sign, factor, line)
        yield from _terms(node.right, sign if node.operator == "+" else -sign, factor, line)
    elif is_binary(node, "/"):
        yield from _terms(node.left, sign, Binary("/", factor, node.right), line)
        quotient = Binary("/", node.left, node.right)
        yield from _terms(node.right, -sign, Binary("/", times(factor, quotient), node.right), line)
    elif is_binary(node, PAIRS):
        first, second = (node.left, node.right) if node.operator == "max" else (node.right, node.left)
        ahead = times(Number(0.5), Call("sign", Binary("-", first, second)))  # ½ each where they are equal
        shares = Binary("+", Number(0.5), ahead), Binary("-", Number(0.5), ahead)
        yield from _terms(node.left, sign, times(factor, shares[0]), line)
        yield from _terms(node.right, sign, times(factor, shares[1]), line)
    elif isinstance(node, Binary):
        yield from _terms(node.left, sign, times(factor, node.right), line)
        yield from _terms(node.right, sign, times(factor, node.left), line)


def times(a: Expression, b: Expression) -> Expression:
    """The product, without a factor of one."""
    if b == Number(1.0):
        return a
    return Binary("*", a, b)


@cache
def slope_of(function: str) -> Expression:
    """A function's slope as an equation in its own value y, and in its argument a where that is needed."""
    return parse(FUNCTIONS[function].slope, typed=False)


@cache
def slope_needs_argument(function: str) -> bool:
    """Whether the slope of a function does not follow from its value: of abs, which forgets the sign."""
    return "a" in names(slope_of(function))


def arrives(stages: Sequence[Stage], lines: Mapping[str, Expression], state: Sequence[str], emits: str) -> set[str]:
    """The signals at which gradients arrive from outside their stage."""
    arriving = {emits, *state}
    home = {signal: number for number, stage in enumerate(stages) for signal in signals_of(stage)}
    for number, stage in enumerate(stages):
        for line in stage.products:
            arriving |= {product.signal for product in line.products if not product.previous}
        arriving |= {name for signal in stage.rowwise for name in (signal, *names(lines[signal]))}
        for signal in (*stage.elementwise, *stage.rowwise):
            arriving |= {name for name in names(lines[signal]) if home.get(name, number) != number}
    return arriving


def signals_of(stage: Stage) -> list[str]:
    """Everything that a stage computes."""
    return [*(line.signal for line in stage.products), *stage.elementwise, *stage.rowwise]


def backwards(
    stages: Sequence[Stage], lines: Mapping[str, Expression], arriving: frozenset[str]
) -> tuple[BackStage, ...]:
    """The stages of backpropagation, in the order in which they run."""
    return tuple(_backwards(stage, lines, arriving) for stage in reversed(stages))


def _backwards(stage: Stage, lines: Mapping[str, Expression], arriving: frozenset[str]) -> BackStage:
    products = [line.signal for line in stage.products]
    sums: dict[str, list[Expression]] = {signal: [] for signal in [*products, *stage.elementwise]}
    outgoing: dict[str, list[Expression]] = {}
    adjoints: list[tuple[str, Expression]] = []
    for signal in [*reversed(stage.elementwise), *reversed(products)]:
        terms = [*([Name(ARRIVED + signal)] if signal in arriving else []), *sums[signal]]
        adjoints.append((signal, total([(1, term) for term in terms]) if terms else Number(0.0)))
        if signal in products:
            continue
        for name, term in contributions(signal, lines[signal]):
            (sums if name in sums else outgoing).setdefault(name, []).append(term)
    out = tuple((name, total([(1, term) for term in terms])) for name, terms in outgoing.items())
    return BackStage(stage.rowwise, tuple(adjoints), out, stage.products)
