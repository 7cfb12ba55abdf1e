"""Mistakes of code in the chain rule of one line: a factor that is missing, or another one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rnncalc.check.diagnosis.mistake import Context, Variant
from rnncalc.check.graph.parts import shares
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    is_binary,
    previous,
    signal_of,
    substitute,
    terms,
    total,
    walk,
)
from rnncalc.model.equations.stages import has_product

Edge = tuple[str, str]
ONE = Number(1.0)


def _slopes(function: str, y: Expression, twice: bool = True) -> list[Expression]:
    """What people write for the slope of y = f(a), the right one first."""
    square, complement = Binary("*", y, y), Binary("-", ONE, y)
    sigmoid, tanh = Binary("*", y, complement), Binary("-", ONE, square)
    slopes: dict[str, list[Expression]] = {
        "sigmoid": [sigmoid, tanh, complement, y, square],
        "tanh": [tanh, sigmoid, complement, Binary("+", ONE, square), square],
    }
    if function in slopes and twice:  # of what has been through the function already
        slopes[function].append(_slopes(function, Call(function, y), twice=False)[0])
    return slopes.get(function, [y])


def wrong_slopes(spec: Spec) -> Iterator[Variant]:
    """Put another slope in the place of that of every gate, of every tanh, or what has been activated again in all."""
    y, kinds = Name("y"), ("sigmoid", "tanh")
    for run in spec.runs[:1]:
        calls = {line: e for line, e in run.lines.items() if isinstance(e, Call) and line in run.cell.written}
        for function, others in ((kind, _slopes(kind, y)) for kind in kinds if run.cell.gates):
            same = [line for line, expression in calls.items() if expression.function == function]
            for at, other in enumerate(others[1:], 1) if len(same) > 1 else ():
                yield Variant(_rewritten(spec, _sloped(calls, same, at)), _said("a", others[0], other))
        everywhere = [line for line, expression in calls.items() if expression.function in kinds]
        if len(everywhere) > 1:
            said = ", ".join(_said("a", *(_slopes(kind, y)[at] for at in (0, -1))) for kind in kinds)
            yield Variant(_rewritten(spec, _sloped(calls, everywhere, -1)), said)


def _sloped(calls: dict[str, Call], chosen: list[str], at: int) -> dict[Edge, Expression]:
    """What goes back through some lines with the slope of this number in the list."""
    return {
        (line, call.argument.id): Binary("*", Name(f"∂{line}"), _slopes(str(call.function), Name(line))[at])
        for line, call in calls.items()
        if line in chosen and isinstance(call.argument, Name)
    }


def wrong_factors(spec: Spec, context: Context) -> Iterator[Variant]:
    """Leave a factor out of what goes back from a line to a name, or put another in its place."""
    yield from wrong_slopes(spec)
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
                    yield Variant(_rewritten(spec, {(line, name): term}), _said(name, factor, other))
                    if other == Name(name):
                        own[name] = term, factor
        for first, second in combinations(own, 2):
            if own[first][1] == Name(second) and own[second][1] == Name(first):
                both = {(line, name): own[name][0] for name in (first, second)}
                yield Variant(_rewritten(spec, both), f"{_gradient(first)}, {_gradient(second)}")


_GENERAL = ["da = dy ∘ y ∘ (1 − y), y = σ(a)", "da = dy ∘ (1 − y²), y = tanh(a)"]


def right_factors(before: Spec, after: Spec) -> str:
    """What should go back where a factor is wrong, with the line from which it follows."""
    run, known = before.runs[0], dict(before.rules.shares)
    said = []
    for (line, name), term in after.rules.shares:
        expression = run.lines.get(line)
        if expression is None or known.get((line, name)) == term:
            continue
        if isinstance(expression, Call):
            right: Expression = Binary("*", Name(f"∂{line}"), _slopes(str(expression.function), Name(line))[0])
        else:
            right = dict(shares(line, expression))[name]
        if line == "tanh_c":  # which has no line of its own
            line, expression = "h", run.lines["h"]
            right = substitute(right, {"∂tanh_c": Binary("*", Name("∂h"), Name("o"))})
        text = _("{gradient} = {right}, for {line} = {expression}")
        line_said = _text(Name(line))
        said.append(
            text.format(gradient=_gradient(name), right=_text(right), line=line_said, expression=_text(expression))
        )
    return "; ".join(said if len(said) < 3 else _GENERAL)


def without_the_part_through_h(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take what comes to an LSTM's c from the next step alone, in what goes on to one of its names."""
    for run in spec.runs[:1]:
        if "tanh_c" in run.lines and "c" in run.lines:
            usual = Binary("*", Name("∂tanh_c"), _slopes("tanh", Name("tanh_c"))[0])
            outside = Binary("-", Name("∂c"), dict(spec.rules.shares).get(("tanh_c", "c"), usual))
            for name, right in shares("c", run.lines["c"]):
                if is_binary(right, "*") and right.left == Name("∂c"):
                    yield Variant(_rewritten(spec, {("c", name): Binary("*", outside, right.right)}), _gradient(name))


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
        if node.id.startswith("∂"):
            return f"d{_text(Name(node.id[1:]))}"
        return f"{signal_of(node.id)}_{{t-1}}" if previous(node.id) else {"tanh_c": "tanh(c)"}.get(node.id, node.id)
    if isinstance(node, Number):
        return f"{node.value:g}"
    if isinstance(node, Call):
        return f"{'σ' if node.function == 'sigmoid' else node.function}({_text(node.argument)})"
    if isinstance(node, Negative):
        return f"−{_text(node.operand)}"
    assert isinstance(node, Binary)
    if node.operator == "*":
        left, right = (f"({_text(part)})" if is_binary(part, "+-") else _text(part) for part in (node.left, node.right))
        return f"{left}²" if left == right else f"{left} ∘ {right}"
    return f"{_text(node.left)} {'+' if node.operator == '+' else '−'} {_text(node.right)}"
