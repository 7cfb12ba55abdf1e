"""Right-hand sides as polynomials: sums of products, the brackets multiplied out.

So (1 − z) n + z h and n + z (h − n) are the same. A weight on vectors one below the other, W [h; x], is two weights,
cut from W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

MOST_TERMS = 64  # of a right-hand side that is multiplied out


@dataclass(frozen=True)
class Signal:
    """A name that has a value a step; offset: how many steps after the present one."""

    key: str
    offset: int


@dataclass(frozen=True)
class Param:
    """A parameter, or a part of one.

    part: (number, count) of the vectors one below the other that it multiplies; block: the gate, of a stacked one;
    beside: another parameter to its right, W_f h^f + W_b h^b as [W_f W_b].
    """

    key: str
    part: tuple[int, int] | None = None
    block: str = ""
    beside: str = ""
    negative: bool = False  # of a bias that is taken away: a threshold

    @property
    def number(self) -> float | None:
        """The value of one that stands in the equations as a number, under the key number_1=0.5."""
        value = self.key.partition("=")[2]
        return float(value) if value else None


@dataclass(frozen=True)
class Weighted:
    """A weight on a vector; rows: the vector stands to the left, x W."""

    weight: Param
    vector: Poly
    rows: bool


@dataclass(frozen=True)
class Function:
    """A function of an argument; beside: the other one of min and max."""

    name: str
    argument: Poly
    beside: Poly | None = None

    def changed(self, change: Callable[[Poly], Poly]) -> Function:
        """The same function of other arguments; a bound that reads no signal stays."""
        beside = change(self.beside) if self.beside is not None and signals(self.beside) else self.beside
        return replace(self, argument=change(self.argument) if signals(self.argument) else self.argument, beside=beside)


Factor = Signal | Param | Weighted | Function
Monomial = tuple[float, tuple[Factor, ...]]
Poly = tuple[Monomial, ...]


class NotUnderstoodError(Exception):
    """A formula that is no equation of a recurrent network."""


def with_weights(poly: Poly, ones: bool, fresh: Iterator[int]) -> Poly:
    """The same, with numbers before signals as weights and numbers that are added as biases; ones: 1 among them."""
    terms: list[Monomial] = []
    for coefficient, factors in poly:
        only = factors[0] if len(factors) == 1 else None
        if isinstance(only, Function):
            terms.append((coefficient, (only.changed(lambda inside: with_weights(inside, ones, fresh)),)))
        elif (not factors or isinstance(only, Signal)) and (ones or abs(coefficient) != 1):
            number = Param(f"number_{next(fresh)}={coefficient!r}")
            terms.append((1.0, (Weighted(number, ((1.0, factors),), False) if factors else number,)))
        else:
            terms.append((coefficient, factors))
    return tuple(terms)


def of_gate(poly: Poly, gate: str) -> Poly:
    """The same, every parameter cut to the rows of a gate."""
    terms: list[Monomial] = []
    for coefficient, factors in poly:
        parts: list[Factor] = []
        for factor in factors:
            if isinstance(factor, Param):
                parts.append(replace(factor, block=gate))
            elif isinstance(factor, Weighted):
                parts.append(replace(factor, weight=replace(factor.weight, block=gate)))
            else:
                raise NotUnderstoodError(gate)
        terms.append((coefficient, tuple(parts)))
    return tuple(terms)


def added(polys: Sequence[Poly]) -> Poly:
    """The sum; equal products are one."""
    coefficients: dict[tuple[Factor, ...], float] = {}
    for poly in polys:
        for coefficient, factors in poly:
            coefficients[factors] = coefficients.get(factors, 0.0) + coefficient
    return tuple((coefficient, factors) for factors, coefficient in coefficients.items() if coefficient)


def scaled(poly: Poly, factor: float) -> Poly:
    return tuple((coefficient * factor, factors) for coefficient, factors in poly)


def times(polys: Sequence[Poly]) -> Poly:
    """The product, multiplied out."""
    product: Poly = ((1.0, ()),)
    for poly in polys:
        if len(product) * len(poly) > MOST_TERMS:
            raise NotUnderstoodError("(…)")
        product = added([((a * b, (*left, *right)),) for a, left in product for b, right in poly])
    return product


def signals(poly: Poly) -> list[Signal]:
    """Every signal in a polynomial."""
    return [factor for factor in _walk(poly) if isinstance(factor, Signal)]


def parameters(poly: Poly) -> list[Param]:
    """Every parameter in a polynomial."""
    return [factor for factor in _walk(poly) if isinstance(factor, Param)]


def _walk(poly: Poly) -> Iterator[Factor]:
    """Every factor, a weight before its vector, a function before its argument."""
    for _coefficient, factors in poly:
        for factor in factors:
            yield factor
            if isinstance(factor, Weighted):
                yield factor.weight
                yield from _walk(factor.vector)
            elif isinstance(factor, Function):
                yield from _walk(factor.argument)
                yield from _walk(factor.beside or ())


def ordered(polys: Mapping[str, Poly]) -> list[str]:
    """The signals in order of computation. Raises NotUnderstoodError where one needs itself."""
    done: list[str] = []
    left = dict(polys)
    while left:
        ready = [k for k, poly in left.items() if not any(not s.offset and s.key in left for s in signals(poly))]
        if not ready:
            raise NotUnderstoodError(next(iter(left)))
        done += ready
        left = {key: poly for key, poly in left.items() if key not in ready}
    return done
