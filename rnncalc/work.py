"""The arithmetic of every number: a line's symbols replaced by the values that they had.

a_1[1] = 0.5 + (0.2·0 + 0.2·0) + (0.1·2 + 0.2·3) = 1.3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from rnncalc.cells.plan import has_product
from rnncalc.document import Formula, Formulas
from rnncalc.equations import (
    INPUT,
    Binary,
    Call,
    Expression,
    Name,
    Number,
    names,
    previous,
    signal_of,
    substitute,
    terms,
    total,
)
from rnncalc.functions import FUNCTIONS
from rnncalc.writing import DOTS, Letters, Place

LONGEST_SUM = 12  # products of one sum that are written out; of more, the first ones and the last

Values = Callable[[str, bool], np.ndarray]  # signal, of the previous step? → its units


def step_work(
    lines: Mapping[str, Expression], parameters: Mapping[str, np.ndarray], values: Values, letters: Letters, step: int
) -> Iterator[Formulas]:
    """Each line at one step: in symbols, then unit by unit in numbers with the result."""
    signals = frozenset(lines)
    for line, expression in lines.items():
        above = Formula(line, (expression,), letters, Place(step, signals=signals))
        results = values(line, False)
        units = []
        for unit in range(len(results)):
            right = _in_numbers(expression, parameters, values, unit)
            place = Place(step, unit + 1, signals)
            units.append(Formula(line, (right, Number(float(results[unit]))), letters, place))
        yield Formulas(tuple(units), above)


def _in_numbers(expression: Expression, parameters: Mapping[str, np.ndarray], values: Values, unit: int) -> Expression:
    """One unit of a line with every symbol replaced by its value."""
    if has_product(expression):
        return _affine(expression, parameters, values, unit)
    if isinstance(expression, Call) and FUNCTIONS[expression.function].rowwise:
        return _rowwise(expression, values, unit)
    numbers: dict[str, Expression] = {}
    for name in names(expression):
        array = parameters[name] if name in parameters else values(signal_of(name), previous(name))
        numbers[name] = Number(float(array[unit]))
    return substitute(expression, numbers)


def _affine(expression: Expression, parameters: Mapping[str, np.ndarray], values: Values, unit: int) -> Expression:
    """Biases and sums of products; a bias that was not given is left out."""
    signed: list[tuple[int, Expression]] = []
    for sign, term in terms(expression):
        if isinstance(term, Name) and term.id in parameters:
            signed.append((sign, Number(float(parameters[term.id][unit]))))
        elif isinstance(term, Binary) and isinstance(term.left, Name) and isinstance(term.right, Name):
            source = term.right.id
            vector = values(INPUT if source == INPUT else signal_of(source), previous(source))
            signed.append((sign, _products(parameters[term.left.id][unit], vector)))
    if len(signed) > 1:  # each sum in brackets of its own
        signed = [
            (sign, Call("identity", term) if isinstance(term, Binary) and term.operator == "+" else term)
            for sign, term in signed
        ]
    return total(signed)


def _products(weights: np.ndarray, vector: np.ndarray) -> Expression:
    pairs: list[Expression] = [Binary("*", Number(float(w)), Number(float(v))) for w, v in zip(weights, vector)]
    if len(pairs) > LONGEST_SUM:
        pairs = [*pairs[:3], Name(DOTS), pairs[-1]]
    return total([(1, pair) for pair in pairs])


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
