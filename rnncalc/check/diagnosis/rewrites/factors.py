"""Mistakes of code in the chain rule of one line: a factor that is missing, or another one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from rnncalc.check.diagnosis.rewrites.shared import Rewritten
from rnncalc.check.graph.parts import shares
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    is_binary,
    previous,
    signal_of,
    terms,
    total,
    walk,
)
from rnncalc.model.equations.stages import has_product

if TYPE_CHECKING:
    from rnncalc.check.diagnosis.mistake import Context

Edge = tuple[str, str]
ONE = Number(1.0)


def _slopes(function: str, y: Name) -> list[Expression]:
    """What people write for the slope of y = f(a), the right one first."""
    square, complement = Binary("*", y, y), Binary("-", ONE, y)
    sigmoid, tanh = Binary("*", y, complement), Binary("-", ONE, square)
    slopes: dict[str, list[Expression]] = {
        "sigmoid": [sigmoid, tanh, complement, y, square],
        "tanh": [tanh, sigmoid, complement, Binary("+", ONE, square), square],
    }
    return slopes.get(function, [y])


def wrong_factors(spec: Spec, context: Context) -> Rewritten:
    """Leave a factor out of what goes back from a line to a name, or put another in its place."""
    lines = {
        line: expression for run in spec.runs for line, expression in run.lines.items() if line not in run.cell.outputs
    }
    for line, expression in lines.items():
        if has_product(expression) or (isinstance(expression, Call) and not isinstance(expression.argument, Name)):
            continue
        own: dict[str, tuple[Expression, Expression]] = {}  # name → its term with the name itself, the right factor
        for name, right in shares(line, expression):
            if signal_of(name) in lines:
                for term, factor, other in _wrong(line, name, right, expression):
                    yield _rewritten(spec, {(line, name): term}), _said(name, factor, other), ""
                    if other == Name(name):
                        own[name] = term, factor
        for first, second in combinations(own, 2):
            if own[first][1] == Name(second) and own[second][1] == Name(first):
                both = {(line, name): own[name][0] for name in (first, second)}
                yield _rewritten(spec, both), f"{_gradient(first)}, {_gradient(second)}", ""


def without_the_part_through_h(spec: Spec, context: Context) -> Rewritten:
    """Take what comes to an LSTM's c from the next step alone, in what goes on to one of its names."""
    for run in spec.runs[:1]:
        if "tanh_c" in run.lines and "c" in run.lines:
            slope = _slopes("tanh", Name("tanh_c"))[0]
            outside = Binary("-", Name("∂c"), Binary("*", Name("∂tanh_c"), slope))
            for name, right in shares("c", run.lines["c"]):
                if is_binary(right, "*") and right.left == Name("∂c"):
                    yield _rewritten(spec, {("c", name): Binary("*", outside, right.right)}), _gradient(name), ""


def _rewritten(spec: Spec, changed: dict[Edge, Expression]) -> Spec:
    return spec.with_rules(shares=tuple({**dict(spec.rules.shares), **changed}.items()))


def _wrong(
    line: str, name: str, right: Expression, expression: Expression
) -> Iterator[tuple[Expression, Expression, Expression | None]]:
    """What may stand for a term, the factor that is missing, and the one in its place."""
    gradient, y = Name(f"∂{line}"), Name(line)
    if isinstance(expression, Call):
        slope, *wrong = _slopes(str(expression.function), y)
        for other in wrong:
            yield Binary("*", gradient, other), slope, other
        return
    signed = terms(right)
    for at, (sign, term) in enumerate(signed):
        if not is_binary(term, "*") or term.left != gradient:
            continue
        factor, rest = term.right, [*signed[:at], *signed[at + 1 :]]
        if rest:
            yield total(rest), factor, None
            continue
        yield total([(sign, gradient)]), factor, None
        complement = factor.right if is_binary(factor, "-") else Binary("-", ONE, factor)
        others: list[Expression] = [Name(name)]
        if is_binary(factor, "-") or complement in walk(expression):
            others.insert(0, complement)
        for other in others:
            yield total([(sign, Binary("*", gradient, other))]), factor, other


def _said(name: str, factor: Expression, other: Expression | None) -> str:
    gradient, right = _gradient(name), _text(factor)
    if other is None:
        return _("{gradient} without {factor}").format(gradient=gradient, factor=right)
    return _("{gradient} with {other} in place of {factor}").format(gradient=gradient, other=_text(other), factor=right)


def _gradient(name: str) -> str:
    return f"d{_text(Name(name))}"


def _text(node: Expression) -> str:
    """A factor as people write it."""
    if isinstance(node, Name):
        return f"{signal_of(node.id)}_{{t-1}}" if previous(node.id) else {"tanh_c": "tanh(c)"}.get(node.id, node.id)
    if isinstance(node, Number):
        return f"{node.value:g}"
    assert isinstance(node, Binary)
    left, right = _text(node.left), _text(node.right)
    if node.operator == "*":
        return f"{left}²" if left == right else f"{left} ∘ ({right})"
    return f"{left} {'+' if node.operator == '+' else '−'} {right}"
