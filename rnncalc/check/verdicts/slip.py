"""The arithmetic of the first slip, with the person's own earlier numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.check.answers.claims import Claim
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.keys import operand
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import N_, _
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    names,
    substitute,
    total,
)
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.equations.printer import Place
from rnncalc.model.equations.stages import has_product, product_line
from rnncalc.problems.problem import Problem

MOST = 12  # a longer sum is not written out

RULES = {  # kind of number → what it is made from
    "∂": N_("the chain rule: what reaches a line is what reaches its successors, times their derivatives"),
    "d": N_("a parameter's gradient: the sum of its contributions over all steps"),
    "term": N_("one step's contribution: the step's error times what the weight multiplied"),
    "new": N_("the update: θ − lr·dθ"),
    "loss": N_("the loss: the sum of the steps' losses"),
    "losses": N_("the loss of one step"),
    "slope": N_("f′, from the function's own value: 1 − h² for tanh, h (1 − h) for the sigmoid"),
}


def arithmetic(
    problem: Problem, spec: Spec, claim: Claim, name: str, values: Mapping[Key, Any], printed: Collection[Key]
) -> tuple[Formula, ...]:
    """name = numbers = result, from the person's own earlier numbers.

    The preactivation comes first unless it is printed. Empty where a line of numbers would say too little.
    """
    own = _formula(problem, spec, claim, claim.key, name, values)
    if own is None:
        return ()
    key = claim.key
    if key[0] == "" and len(key) == 4 and isinstance(key[1], int):
        expression = spec.all_runs[key[1]].lines[key[2]]
        if isinstance(expression, Call) and expression.function != "identity" and isinstance(expression.argument, Name):
            before: Key = (*key[:2], expression.argument.id, key[3])
            first = _formula(problem, spec, claim, before, "", values) if before not in printed else None
            return (first, own) if first else (own,)
    return (own,)


def _formula(
    problem: Problem, spec: Spec, claim: Claim, key: Key, name: str, values: Mapping[Key, Any]
) -> Formula | None:
    spot = claim.spot
    if key not in values:
        return None
    result = Number(float(np.asarray(values[key])[spot])) if np.ndim(values[key]) == len(spot) else None
    if result is None:
        return None
    right: Expression | None = None
    letters, place = problem.letters, Place()
    if key[0] == "" and len(key) == 4 and isinstance(key[1], int):
        run = spec.all_runs[key[1]]
        _line, right = _signal(spec, run, key, spot, values)
        if run is spec.read_out:
            emitted = letters.signal(spec.runs[spec.layers[-1][0][0]].cell.emits)
            letters = replace(letters, input=emitted)
        unit = spot[1] + 1 if np.asarray(values[key]).shape[1] > 1 else None
        place = Place(claim.step, unit, frozenset({*run.lines, str(key[2])}))
        name = str(key[2])
    elif key[0] == "∂" and len(key) == 4:
        right = _through_function(spec, key, spot, values)
    elif key[0] == "d":
        right = _sum_of_terms(spec, key, spot, values)
    elif key[0] == "new" and len(key) == 3 and spec.task.lr is not None:
        theta, gradient = (float(np.asarray(values[head + key[1:]])[spot]) for head in (("θ",), ("clipped",)))
        right = Binary("-", Number(theta), Binary("*", Number(spec.task.lr), Number(gradient)))
    if right is None:
        return None
    return Formula(name, (right, result), letters, place)


def rule(claim: Claim) -> str:
    """What a number of this kind is made from, in words; empty for a line of the cell, whose equation is shown."""
    words = RULES.get(str(claim.key[0]), "") if claim.key else ""
    return _(words) if words else ""


def _signal(
    spec: Spec, run: RunSpec, key: Key, spot: tuple[int, ...], values: Mapping[Key, Any]
) -> tuple[str, Expression | None]:
    """The right side of a cell's line in numbers."""
    number, line, visit = int(str(key[1])), str(key[2]), int(str(key[3]))
    expression = run.lines[line]
    if isinstance(expression, Call) and expression.function == "identity" and isinstance(expression.argument, Name):
        inner = expression.argument.id
        if inner in run.lines:
            return _signal(spec, run, ("", number, inner, visit), spot, values)
    if isinstance(expression, Call) and FUNCTIONS[expression.function].rowwise:
        return line, None
    row, unit = spot

    def value(name: str) -> np.ndarray:
        array = np.asarray(values[operand(spec, number, run, name, visit)])
        return array if name in run.parameters else array[row]

    if not has_product(expression):
        return line, substitute(expression, {name: Number(float(value(name)[unit])) for name in names(expression)})
    parts = product_line(line, expression)
    signed: list[tuple[int, Expression]] = []
    for sign, bias in parts.biases:
        if value(bias).any():
            signed.append((sign, Number(float(value(bias)[unit]))))
    for term in (*parts.products, *parts.inputs):
        weights, vector = value(term.weight)[unit], value(term.source)
        if len(vector) > MOST:
            return line, None
        pairs: list[tuple[int, Expression]] = [
            (1, Binary("*", Number(float(w)), Number(float(v)))) for w, v in zip(weights, vector)
        ]
        whole = total(pairs)
        signed.append((term.sign, Call("identity", whole) if len(pairs) > 1 else whole))
    return line, total(signed) if signed else None


def _through_function(spec: Spec, key: Key, spot: tuple[int, ...], values: Mapping[Key, Any]) -> Expression | None:
    """da = dh · f′, where nothing but the function needs a: the memory c goes to the next step, too."""
    number, line, visit = int(str(key[1])), key[2], key[3]
    run = spec.all_runs[number]
    users = {value: part for value, part in run.lines.items() if {line, f"{line}_p"} & set(names(part))}
    for value, expression in users.items() if len(users) == 1 else ():
        if isinstance(expression, Call) and expression.argument == Name(str(line)):
            above, slope = values.get(("∂", number, value, visit)), values.get(("slope", number, value, visit))
            if above is not None and slope is not None:
                return Binary("*", Number(float(np.asarray(above)[spot])), Number(float(np.asarray(slope)[spot])))
    return None


def _sum_of_terms(spec: Spec, key: Key, spot: tuple[int, ...], values: Mapping[Key, Any]) -> Expression | None:
    """The contributions of the steps, added."""
    steps = [("term", *key[1:], step) for step in range(1, spec.schedule.steps + 1)]
    terms = [values[step] for step in steps if step in values]
    if not terms or len(terms) > MOST:
        return None
    numbers: list[tuple[int, Expression]] = [(1, Number(float(np.asarray(term)[spot]))) for term in terms]
    return total(numbers)
