"""What is zero up to the rounding of its own terms: −0.3 + 0.2·1.5 leaves 5.55112e-17 behind, which people read as 0.

An expression is evaluated together with a bound on what rounding can have added to it (a running error analysis): every
number may be off in its last place, as one read from a decimal text is, and every operation adds as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.model.equations.expression import Binary, Call, Expression, Name, Negative, Number, product
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS, quiet

Bounded = tuple[Any, Any]  # a value, and how far rounding can have moved it


@quiet
def settled(expression: Expression, values: Mapping[str, np.ndarray], dtype: np.dtype) -> Any:
    """What an expression gives, 0 where it is zero up to the rounding of its terms.

    values: what the names stand for, residues among them as 0.
    """
    value, bound = _bounded(expression, values, float(np.finfo(dtype).eps))
    return np.where(np.abs(value) <= bound, 0, value)


@quiet
def agree(shown: np.ndarray, computed: np.ndarray) -> bool:
    """Whether residues alone part two computations; a step function makes 1 of the smallest one."""
    far = np.abs(shown - computed) > float(np.finfo(computed.dtype).eps) ** 0.5 * (1 + np.abs(computed))
    return not far.any()


def _bounded(node: Expression, values: Mapping[str, np.ndarray], unit: float) -> Bounded:
    if isinstance(node, Name | Number):
        value = values[node.id] if isinstance(node, Name) else np.asarray(node.value)
        return value, unit * np.abs(value)
    if isinstance(node, Negative):
        value, bound = _bounded(node.operand, values, unit)
        return -value, bound
    if isinstance(node, Call):
        return _of_call(node, values, unit)
    (left, left_bound), (right, right_bound) = (_bounded(side, values, unit) for side in (node.left, node.right))
    if node.operator == "@":
        sizes = product(np.abs(left), np.abs(right))
        return product(left, right), unit * (2 + left.shape[1]) * sizes
    value, bound = _of_pair(node, left, right), left_bound + right_bound
    if node.operator in "*/":
        bound = 0 if node.operator == "/" else np.abs(left) * right_bound + np.abs(right) * left_bound
    return value, bound + unit * np.abs(value)


def _of_call(node: Call, values: Mapping[str, np.ndarray], unit: float) -> Bounded:
    """A function of 0 where its argument is a residue; brackets and sums pass the bound on."""
    argument, bound = _bounded(node.argument, values, unit)
    if node.function == "identity":
        return argument, bound
    if node.function == "sum":
        return np.sum(argument, axis=-1, keepdims=True), np.sum(bound, axis=-1, keepdims=True)
    value = FUNCTIONS[node.function].compute(np.where(np.abs(argument) <= bound, 0, argument))
    return value, 0 * value


def _of_pair(node: Binary, left: Any, right: Any) -> Any:
    if node.operator == "+":
        return left + right
    if node.operator == "-":
        return left - right
    if node.operator == "*":
        return left * right
    return np.divide(left, right) if node.operator == "/" else PAIRS[node.operator](left, right)
