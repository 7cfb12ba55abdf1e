"""One equation a unit, h1_t = tanh(0.5 h1_{t-1} − 0.3 h2_{t-1} + 0.8 x_t), as one equation of vectors with matrices.

The coefficients, numbers or letters with a value, become the entries of U, W, b, V, c; what the sheet gives unit by
unit, h1(0) = 0 and h2(0) = 0, becomes a vector. Where the equations say anything else, the sheet stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rnncalc.problems.formulas.nodes import Apply, Node, Num, Prod, Quot, Sum, Sym, number
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet

Source = tuple[str, int, int]  # base, unit (0: it has no number), offset
Linear = dict[Source | None, float]  # None: what is added


class _NoUnitsError(Exception):
    """Equations that are no sums of units with coefficients."""


@dataclass
class _Layer:
    """The equations of the units of one vector, in order."""

    base: str
    equations: list[Equation]
    function: str = ""
    sums: list[Linear] = field(default_factory=list)

    @property
    def vector(self) -> bool:
        return unit_of(self.equations[0].defined) > 0

    def reads(self, base: str, offset: int) -> bool:
        return any(key is not None and (key[0], key[2]) == (base, offset) for sums in self.sums for key in sums)

    def matrix(self, base: str, offset: int) -> list[list[float]]:
        """The coefficients before the units of another vector, or of this one a step earlier."""
        units = {key[1] for sums in self.sums for key in sums if key is not None and key[::2] == (base, offset)}
        columns = [0] if units == {0} else range(1, max(units) + 1)
        return [[sums.get((base, unit, offset), 0.0) for unit in columns] for sums in self.sums]


def unit_of(symbol: Symbol) -> int:
    """The unit that an index says beside the step: 2 of h_{2,t} and h2(t); 0 where there is none."""
    single = symbol.offset is not None and len(symbol.labels) == 1 and symbol.number is not None
    return (symbol.number or 0) if single and "^" not in symbol.text else 0


def is_unit_first(names: Sequence[str]) -> bool:
    """Whether the unit stands before the step in names as they were written: h_{2,t} and not h_{t,2}."""
    return re.search(r"\d", names[0]).start() < re.search(r"[tnkτ]\b", names[0]).start()  # type: ignore[union-attr]


def joined(sheet: ScannedSheet) -> None:
    """Put equations of vectors in place of those of units, and vectors in place of their values."""
    try:
        layers = _layers(sheet)
    except _NoUnitsError:
        return
    if not layers:
        return
    unit_first = is_unit_first([layers[0].equations[0].defined.text])
    made = {id(equation): layer for layer in layers for equation in layer.equations}
    done: set[str] = set()
    equations: list[Equation] = []
    letters = iter(_letters([layer.reads(layer.base, -1) for layer in layers]))
    weights: list[Assigned] = []
    for equation in sheet.equations:
        layer = made.get(id(equation))
        if layer is None:
            equations.append(equation)
        elif layer.base not in done:
            done.add(layer.base)
            node = _with_matrices(layer, next(letters), weights)
            text = "; ".join(part.text for part in layer.equations)
            equations.append(replace(equation, defined=_step(layer.base, "t"), node=node, text=text))
    sizes = {layer.base: len(layer.equations) for layer in layers if layer.vector}
    for layer in layers:
        for key in {key for sums in layer.sums for key in sums if key is not None and key[1] and key[0] not in sizes}:
            sizes[key[0]] = len(layer.matrix(key[0], key[2])[0])
    sheet.equations = equations
    sheet.assigned = [*weights, *vectors(sheet.assigned, sizes, unit_first)]


def _layers(sheet: ScannedSheet) -> list[_Layer]:
    """The vectors whose units have an equation each, and the equations that read them; none where there are none."""
    units: dict[str, dict[int, Equation]] = {}
    for equation in sheet.equations:
        unit = unit_of(equation.defined) if equation.defined.offset == 0 else 0
        if unit:
            units.setdefault(equation.defined.base, {})[unit] = equation
    whole = {
        base: parts for base, parts in units.items() if len(parts) > 1 and [*range(1, len(parts) + 1)] == sorted(parts)
    }
    layers = [_Layer(base, [parts[unit] for unit in sorted(parts)]) for base, parts in whole.items()]
    of_units = {id(equation) for layer in layers for equation in layer.equations}
    layers += [
        _Layer(equation.defined.base, [equation]) for equation in sheet.equations
        if layers and id(equation) not in of_units and equation.defined.offset == 0 and not equation.defined.labels
    ]  # fmt: skip
    scalars = {item.symbol.key: item.value for item in sheet.assigned if not item.answer and not item.gradient}
    used: set[str] = set()
    for layer in layers:
        parts = [_linear(equation.node, scalars, used) for equation in layer.equations]
        if len({function for function, _sums in parts}) > 1:
            raise _NoUnitsError
        layer.function, layer.sums = parts[0][0], [sums for _function, sums in parts]
    recurrent = [layer for layer in layers if layer.vector and layer.reads(layer.base, -1)]
    if not recurrent or any(layer.vector and layer.reads(layer.base, 0) for layer in layers):
        return []
    sheet.assigned = [item for item in sheet.assigned if item.symbol.key not in used]
    return layers


def _linear(node: Node, scalars: Mapping[str, str], used: set[str]) -> tuple[str, Linear]:
    """The function and the sum below it. Raises _NoUnitsError."""
    if isinstance(node, Apply) and len(node.arguments) == 1:
        return node.name, _sum(node.arguments[0], scalars, used)
    return "", _sum(node, scalars, used)


def _sum(node: Node, scalars: Mapping[str, str], used: set[str]) -> Linear:
    if isinstance(node, Sum):
        whole: Linear = {}
        for sign, term in node.terms:
            for source, coefficient in _sum(term, scalars, used).items():
                whole[source] = whole.get(source, 0.0) + sign * coefficient
        return whole
    if isinstance(node, Quot) and (below := number(node.below)):
        return {source: coefficient / below for source, coefficient in _sum(node.above, scalars, used).items()}
    if isinstance(node, Prod):
        product: Linear = {None: 1.0}
        for factor in node.factors:
            part = _sum(factor, scalars, used)
            if product.keys() != {None} and part.keys() != {None}:
                raise _NoUnitsError
            product = {left or right: a * b for left, a in product.items() for right, b in part.items()}
        return product
    if isinstance(node, Num):
        return {None: node.value}
    if isinstance(node, Sym) and node.symbol.offset is not None:
        if node.symbol.labels and not unit_of(node.symbol):
            raise _NoUnitsError
        return {(node.symbol.base, unit_of(node.symbol), node.symbol.offset): 1.0}
    if isinstance(node, Sym) and (given := values.numbers(scalars.get(node.symbol.key, ""))) and given.values.size == 1:
        used.add(node.symbol.key)
        return {None: float(given.values.item())}
    raise _NoUnitsError


def _letters(recurrent: Sequence[bool]) -> list[tuple[str, str, str]]:
    """Names of the weight on another vector, on the layer itself, of the bias: U W b, and V c of a read-out."""
    several, number, names = sum(recurrent) > 1, 0, []
    for layer in recurrent:
        number += layer
        names.append((f"U_{number}", f"W_{number}", f"b_{number}") if several and layer else
                     ("U", "W", "b") if layer else ("V", "", "c"))  # fmt: skip
    return names


def _with_matrices(layer: _Layer, letters: tuple[str, str, str], weights: list[Assigned]) -> Node:
    """The right-hand side of a layer; its matrices are added to the values."""
    terms: list[tuple[int, Node]] = []
    sources = sorted({(key[0], key[2]) for sums in layer.sums for key in sums if key is not None})
    if any((base == layer.base) != (offset == -1) for base, offset in sources) or len(sources) > 2:
        raise _NoUnitsError
    for base, offset in sources:
        name = Symbol(letters[1 if base == layer.base else 0], (), letters[1 if base == layer.base else 0])
        weights.append(Assigned(name, repr(layer.matrix(base, offset)), 0))
        terms.append((1, Prod((Sym(name), Sym(_step(base, "t-1" if offset else "t"))), (False,))))
    added = [sums.get(None, 0.0) for sums in layer.sums]
    if any(added):
        name = Symbol(letters[2], (), letters[2])
        weights.append(Assigned(name, repr(added), 0))
        terms.append((1, Sym(name)))
    whole: Node = Sum(tuple(terms))
    return Apply(layer.function, (whole,)) if layer.function else whole


def _step(base: str, index: str) -> Symbol:
    return Symbol(base, (index,), f"{base}_{{{index}}}")


def vectors(items: Sequence[Assigned], sizes: Mapping[str, int], unit_first: bool) -> list[Assigned]:
    """The values, those of the units of one step as one vector; single ones under the name of an answer, h_2[1]."""
    steps: dict[tuple[str, str], dict[int, Assigned]] = {}
    others: list[Assigned] = []
    for item in items:
        labels = item.symbol.labels
        if item.symbol.base in sizes and len(labels) == 2 and all(label.isdigit() for label in labels) and not item.key:
            unit, step = labels if unit_first else labels[::-1]
            steps.setdefault((item.symbol.base, step), {})[int(unit)] = item
        else:
            others.append(item)
    for (base, step), units in steps.items():
        first = next(iter(units.values()))
        if [*range(1, sizes[base] + 1)] == sorted(units) and not first.answer:
            text = f"[{', '.join(units[unit].value.strip() for unit in sorted(units))}]"
            others.append(replace(first, symbol=Symbol(base, (step,), f"{base}_{step}"), value=text))
        else:
            others += [
                replace(item, symbol=Symbol(base, (step, str(unit)), f"{base}_{step}[{unit}]"))
                for unit, item in units.items()
            ]
    return others
