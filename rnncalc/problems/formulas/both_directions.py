"""What a read-out reads of both directions: their states side by side, their sum, their mean, their product."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from rnncalc.problems.formulas.polynomial import (
    Factor,
    Function,
    Monomial,
    Param,
    Poly,
    Signal,
    Weighted,
    added,
    scaled,
    signals,
    times,
)

BOTH = "both directions"  # a signal that no sheet can write


def merged(emits: list[str], left: Mapping[str, Poly]) -> tuple[str, dict[str, Poly]]:
    """How the states of both directions are merged, and the lines with one signal, BOTH, where they are read.

    A line that only gives the sum, the mean or the product a name, m_t = f_t + b_t, is written into those that read it.
    """
    f, b = (((1.0, (Signal(key, 0),)),) for key in emits)
    both = ((1.0, (Signal(BOTH, 0),)),)
    for merge, made in {"sum": added([f, b]), "ave": scaled(added([f, b]), 0.5), "mul": times([f, b])}.items():
        named = {key for key, poly in left.items() if _alike(poly, made)}

        def put(poly: Poly, made: Poly = made, named: Collection[str] = named) -> Poly:
            if _alike(poly, made) or any(poly == ((1.0, (Signal(key, 0),)),) for key in named):
                return both
            return tuple((number, tuple(map(inside, factors))) for number, factors in _gathered(poly))

        def inside(factor: Factor, put: Callable[[Poly], Poly] = put) -> Factor:
            if isinstance(factor, Function):
                return replace(factor, argument=put(factor.argument))
            return replace(factor, vector=put(factor.vector)) if isinstance(factor, Weighted) else factor

        polys = {key: put(poly) for key, poly in left.items() if key not in named}
        if any(signal.key == BOTH for poly in polys.values() for signal in signals(poly)):
            return merge, polys
    return "concat", {key: _beside(poly, emits) for key, poly in left.items()}


def _gathered(poly: Poly) -> Poly:
    """V f + V b as V (f + b), ½ V f as V (½ f)."""
    vectors: dict[tuple[Param, bool], Poly] = {}
    rest: list[Monomial] = []
    for number, factors in poly:
        only = factors[0] if len(factors) == 1 else None
        if isinstance(only, Weighted):
            name = only.weight, only.rows
            vectors[name] = added([vectors.get(name, ()), scaled(only.vector, number)])
        else:
            rest.append((number, factors))
    return (*((1.0, (Weighted(weight, vector, rows),)) for (weight, rows), vector in vectors.items()), *rest)


def _alike(poly: Poly, other: Poly) -> bool:
    """Whether two sums are the same, in any order of their terms and factors."""
    terms = [{(number, frozenset(factors)) for number, factors in each} for each in (poly, other)]
    return len(poly) == len(other) and terms[0] == terms[1]


def _beside(poly: Poly, emits: list[str]) -> Poly:
    """V [h^f; h^b] and W_f h^f + W_b h^b as one weight on both."""
    weights: dict[str, Weighted] = {}
    rest: list[Monomial] = []
    for coefficient, factors in poly:
        only = factors[0] if len(factors) == 1 else None
        if isinstance(only, Function):
            rest.append((coefficient, (only.changed(lambda inside: _beside(inside, emits)),)))
            continue
        source = _source(only)
        if isinstance(only, Weighted) and coefficient == 1 and source in emits:
            weights[source] = only
        else:
            rest.append((coefficient, factors))
    if len(weights) < 2:
        return (*((1.0, (weight,)) for weight in weights.values()), *rest)
    first, second = (weights[key].weight for key in emits)
    if first.part and second.part:
        joined = Param(first.key) if first.part[0] < second.part[0] else Param(first.key, block="exchanged")
    else:
        joined = Param(first.key, beside=second.key)
    return ((1.0, (Weighted(joined, ((1.0, (Signal(BOTH, 0),)),), weights[emits[0]].rows),)), *rest)


def _source(factor: Factor | None) -> str:
    if isinstance(factor, Weighted) and len(factor.vector) == 1:
        inside = factor.vector[0][1]
        if len(inside) == 1 and isinstance(inside[0], Signal) and inside[0].offset == 0:
            return inside[0].key
    return ""
