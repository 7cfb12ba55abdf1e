"""Equations that a sheet writes once for every layer: h_t^{(l)} = tanh(W^{(l)} h_t^{(l-1)} + U^{(l)} h_{t-1}^{(l)}).

How many layers there are the values say, W^{(1)} and W^{(2)}; below the first layer stands the input.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from rnncalc.problems.formulas.nodes import Sym, mapped, symbols_of
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation

MOST = 12  # layers
_NEAR = re.compile(r"([^\W\d_])([-+]\d)?")


def letter(equations: Sequence[Equation]) -> str:
    """The letter that stands for the number of a layer, "" where there is none: l, or one with a neighbour, k − 1."""
    defined = {index for equation in equations for index in equation.defined.labels}
    read = [index for equation in equations for name in (equation.defined, *symbols_of(equation.node))
            for index in name.labels]  # fmt: skip
    beside = {part[1] for index in read if (part := _NEAR.fullmatch(index)) and part[2]}
    letters = [index for index in defined if index in ("l", "ℓ") or index in beside]
    return min(letters, default="")


def count(equations: Sequence[Equation], mark: str, names: Collection[str]) -> int:
    """The number of layers whose parameters have a value. names: the keys of all values."""
    known = {name.replace("_", "") for name in names}
    templates = [name for name in _read(equations) if mark in name.labels and name.offset is None]
    return max((n for n in range(1, MOST + 1) for name in templates if _squeezed(_put(name, mark, n)) in known),
               default=0)  # fmt: skip


def unrolled(equations: Sequence[Equation], mark: str, layers: int) -> list[Equation]:
    """The equations of each layer. An equation that a sheet writes for one layer alone takes the template's place."""
    equations = [replace(e, node=mapped(e.node, lambda name: _put(name, "L", layers))) for e in equations]
    alone = [equation for equation in equations if mark not in _letters(equation.defined)]
    own = {equation.defined.key for equation in alone}
    numbered = {e.defined.base for e in alone if e.defined.labels} - {
        e.defined.base for e in equations if not e.defined.labels
    }
    made = [replace(e, node=mapped(e.node, lambda name: _put(name, mark, layers))) for e in alone]
    for equation in equations:
        if equation in alone:
            continue
        for number in range(1, layers + 1):
            defined = _put(equation.defined, mark, number)
            beyond = any(index.isdigit() and int(index) > layers for index in defined.labels)
            if defined.key in own or beyond:
                continue
            node = mapped(equation.node, lambda name, n=number: _put(_of_each(name, numbered, mark), mark, n))  # type: ignore[misc]
            made.append(replace(equation, defined=defined, node=node))
    return made


def _of_each(name: Symbol, numbered: Collection[str], mark: str) -> Symbol:
    """z_t of a sheet that says z_t for every layer apart, as z_t^{(l)}."""
    bare = name.offset == 0 and not name.labels and name.base in numbered
    return replace(name, indices=(*name.indices, mark)) if bare else name


def of_layer(name: Symbol, equations: Sequence[Equation], mark: str, number: int) -> Symbol:
    """The name under a heading such as “Layer 2”: W is W^{(2)} where the equations have W^{(l)}."""
    bare = name if name.number is None else replace(name, indices=tuple(i for i in name.indices if not i.isdigit()))
    for template in _read(equations):
        if mark not in template.labels or template.offset == 0:
            continue
        without = replace(template, indices=tuple(index for index in template.indices if index != mark))
        if without.key == bare.key and (template.offset is None) == (name.number is None):
            numbers = tuple(index for index in name.indices if index.isdigit())
            return replace(name, indices=(*bare.indices, str(number), *numbers))
    return name


def each_layer(name: Symbol, mark: str, layers: int) -> list[Symbol]:
    """h_0^{(l)} as the names of every layer; a name without the letter as it is."""
    return [_put(name, mark, number) for number in range(1, layers + 1)] if mark and mark in name.labels else [name]


def joined(equations: Sequence[Equation]) -> list[Equation]:
    """The equations without x_t^{(2)} = h_t^{(1)} and h_t^{(0)} = x_t, which only join the layers."""
    same = {
        equation.defined.key: equation.node.symbol
        for equation in equations
        if isinstance(equation.node, Sym)
        and equation.node.symbol.offset == equation.defined.offset == 0
        and equation.defined.number is not None
    }
    defined = {equation.defined.key for equation in equations}

    def source(name: Symbol) -> Symbol:
        for _joint in same:
            if name.key in same:
                name = replace(
                    same[name.key],
                    indices=(*same[name.key].labels, *(index for index in name.indices if index not in name.labels)),
                )
        ground = name.offset is not None and name.number == 0 and name.key not in defined
        return replace(name, base="x", indices=tuple(i for i in name.indices if i != "0")) if ground else name

    return [replace(e, node=mapped(e.node, source)) for e in equations if e.defined.key not in same]


def primed(equations: Sequence[Equation]) -> list[Equation]:
    """The equations with steps where a prime tells the new value from the old one: c' = f * c + i * g."""
    new = {equation.defined.base for equation in equations if equation.defined.base.endswith("'")}
    old = {base.rstrip("'") for base in new} - {equation.defined.base for equation in equations}

    def stepped(name: Symbol) -> Symbol:
        base = name.base.rstrip("'")
        return replace(name, base=base, indices=("t" if name.base in new else "t-1",)) if base in old else name

    return (
        [replace(e, defined=stepped(e.defined), node=mapped(e.node, stepped)) for e in equations]
        if old
        else [*equations]
    )


def _read(equations: Sequence[Equation]) -> Iterator[Symbol]:
    for equation in equations:
        yield from symbols_of(equation.node)


def _letters(name: Symbol) -> set[str]:
    return {part[1] for index in name.labels if (part := _NEAR.fullmatch(index))}


def _put(name: Symbol, mark: str, number: int) -> Symbol:
    """A number in place of the letter, and of l − 1."""
    indices = []
    for index in name.indices:
        part = _NEAR.fullmatch(index)
        here = part is not None and part[1] == mark
        indices.append(str(number + int(part[2] or 0)) if part and here else index)
    return replace(name, indices=tuple(indices))


def _squeezed(name: Symbol) -> str:
    return name.key.replace("_", "")
