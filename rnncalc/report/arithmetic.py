"""The arithmetic of every number: a line's symbols replaced by the values that they had.

a_1[1] = 0.5 + (0.2·0 + 0.2·0) + (0.1·2 + 0.2·3) = 1.3
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    previous,
    signal_of,
    terms,
    total,
)
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.equations.printer import Letters, Place
from rnncalc.model.equations.stages import has_product
from rnncalc.model.equations.style import DOTS, TOTAL
from rnncalc.report.document import Formulas

LONGEST_SUM = 12  # products of one sum that are written out; of more, the first ones and the last

Values = Callable[[str, bool], np.ndarray]  # signal, of the previous step? → its units


def step_work(
    lines: Mapping[str, Expression], parameters: Mapping[str, np.ndarray], values: Values, letters: Letters,
    place: Place, key: str,
) -> Iterator[Formulas]:  # fmt: skip
    """Each line of a level at one step: in symbols, then unit by unit in numbers with the result."""
    for line, expression in lines.items():
        above = Formula(line, (expression,), letters, place)
        results = values(line, False)
        units = []
        for unit in range(len(results)):
            right = _in_numbers(expression, parameters, values, unit)
            result = Number(float(results[unit]))
            units.append(Formula(line, (right, result), letters, replace(place, unit=unit + 1)))
        yield Formulas(tuple(units), above, key)


def _in_numbers(expression: Expression, parameters: Mapping[str, np.ndarray], values: Values, unit: int) -> Expression:
    """One unit of a line with every symbol replaced by its value; a bias that was not given is left out."""
    if _is_rowwise(expression):
        return _rowwise(expression, values, unit)
    if not has_product(expression):
        return _numbers(expression, parameters, values, unit)
    signed = []
    for sign, term in terms(expression):
        if isinstance(term, Name) and term.id not in parameters and not _reached(term.id):
            continue
        signed.append((sign, _numbers(term, parameters, values, unit)))
    if len(signed) > 1:  # each sum in brackets of its own
        signed = [
            (sign, Call("identity", term) if isinstance(term, Binary) and term.operator == "+" else term)
            for sign, term in signed
        ]
    return total(signed)


def _numbers(node: Expression, parameters: Mapping[str, np.ndarray], values: Values, unit: int) -> Expression:
    """A tree with its numbers; a product with a weight as its sum."""
    if isinstance(node, Name):
        array = parameters[node.id] if node.id in parameters else _vector(node.id, values)
        return Number(float(array[unit]))
    if isinstance(node, Negative):
        return Negative(_numbers(node.operand, parameters, values, unit))
    if _is_rowwise(node):
        return _rowwise(node, values, unit)
    if isinstance(node, Call):
        return Call(node.function, _numbers(node.argument, parameters, values, unit))
    if isinstance(node, Binary) and node.operator == "@":
        assert isinstance(node.left, Name)
        assert isinstance(node.right, Name)
        return _products(parameters[node.left.id][unit], _vector(node.right.id, values))
    if isinstance(node, Binary):
        left, right = (_numbers(side, parameters, values, unit) for side in (node.left, node.right))
        if node.right == Name("target") and isinstance(right, Number) and math.isnan(right.value):
            return Number(0.0)  # no target, no loss
        return Binary(node.operator, left, right)
    return node


def _reached(name: str) -> bool:
    """Whether a name stands for a gradient, and not for a bias that nobody gave."""
    return name.startswith(TOTAL) or name in ("given", "target", "s", "y")


def _vector(name: str, values: Values) -> np.ndarray:
    """The units of what a name stands for at this step."""
    if name.startswith(TOTAL) or name == INPUT:
        return values(name, False)
    return values(signal_of(name), previous(name))


def _products(weights: np.ndarray, vector: np.ndarray) -> Expression:
    pairs: list[Expression] = [Binary("*", Number(float(w)), Number(float(v))) for w, v in zip(weights, vector)]
    if len(pairs) > LONGEST_SUM:
        pairs = [*pairs[:3], Name(DOTS), pairs[-1]]
    return total([(1, pair) for pair in pairs])


def _is_rowwise(node: Expression) -> TypeGuard[Call]:
    """Whether it is a function of a whole row: of one unit it says nothing."""
    return isinstance(node, Call) and node.function in FUNCTIONS and FUNCTIONS[node.function].rowwise


def _rowwise(call: Call, values: Values, unit: int) -> Expression:
    """softmax as a quotient, its logarithm as a difference."""
    assert isinstance(call.argument, Name)
    scores = [Number(float(score)) for score in values(call.argument.id, False)]
    powers: list[Expression] = [Call("exp", score) for score in scores]
    if len(powers) > LONGEST_SUM:
        powers = [*powers[:3], Name(DOTS), powers[-1]]
    whole = total([(1, power) for power in powers])
    if call.function == "softmax":
        return Binary("/", Call("exp", scores[unit]), whole)
    return Binary("-", scores[unit], Call("ln", whole))
