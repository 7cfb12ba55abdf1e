"""Functions with corners: min, max, clip and functions in pieces, by the name that ours has, else as min and max."""

from __future__ import annotations

import math

from rnncalc.problems.formulas.nodes import Apply, Node, Num, Prod, Quot, Sum, number


def simplified(node: Apply) -> Node:
    """max(0, a) is relu(a), max(0, min(1, 0.2 a + 0.5)) a hard sigmoid, max(0.1 a, a) a leaky ReLU, and their kin.

    Others are min and max of two: clip(a, 0, 6) is min(6, max(0, a)).
    """
    if node.name == "cases":
        return joined_pieces(node)
    if node.name == "relu6":
        return _between(node.arguments[0], 0, 6)
    if node.name not in ("max", "min", "clip") or len(node.arguments) < 2:
        return node
    if bounded := _bounded(node):
        return _between(*bounded)
    *first, last = node.arguments
    if node.name == "clip":
        return node
    if len(first) > 1:
        return simplified(Apply(node.name, (simplified(Apply(node.name, tuple(first))), last)))
    if node.name == "max" and (leaking := _leaking(first[0], last)):
        return leaking
    bound, above = _bound_of(node)
    return Apply("relu", (above,)) if node.name == "max" and bound == 0 and above is not None else node


def pieces(node: Apply) -> list[tuple[Node, float, float, bool]] | None:
    """The pieces of cases(z; a; low; high; closed; …) in order: formula, bounds, whether the upper one belongs to it.

    None where they leave something out.
    """
    _letter, *parts = node.arguments
    sections = [
        (parts[at], number(parts[at + 1]), number(parts[at + 2]), number(parts[at + 3]))
        for at in range(0, len(parts) - 3, 4)
    ]
    bounds = [(formula, low, high, closed == 1) for formula, low, high, closed in sections
              if low is not None and high is not None]  # fmt: skip
    bounds.sort(key=lambda piece: piece[1])
    ends = [-math.inf, *[high for _formula, _low, high, _closed in bounds]]
    whole = len(parts) == 4 * len(bounds) and ends[-1] == math.inf
    return bounds if whole and [piece[1] for piece in bounds] == ends[:-1] else None


def joined_pieces(node: Apply) -> Node:
    """Lines that meet, as min and max of them; 0 up to 0 and 1 above, as step; others stay pieces."""
    letter, sections = node.arguments[0], pieces(node)
    lines = [_line(formula, letter) for formula, _low, _high, _closed in sections or ()]
    if sections is None or None in lines or len(sections) > 3:
        return node
    if lines == [(0, 0), (0, 1)] and sections[0][2] == 0 and sections[0][3]:
        return Apply("step", (letter,))
    at = [place + shift for _formula, low, high, _closed in sections for place in (low, high) if abs(place) < math.inf
          for shift in (-9.7, -0.3, 0, 0.4, 9.1)]  # fmt: skip
    straight = [formula for formula in lines if formula is not None]

    def value(place: float) -> list[float]:
        return [slope * place + level for slope, level in straight]

    meet = all(
        math.isclose(value(high)[number], value(high)[number + 1], abs_tol=1e-12)
        for number, (_formula, _low, high, _closed) in enumerate(sections[:-1])
    )
    wanted = [value(place)[next(n for n, piece in enumerate(sections) if place <= piece[2])] for place in at]
    formulas = [_straight(slope, level, letter) for slope, level in straight]
    nestings = [(min, max), (max, min)] if len(sections) == 3 else [(min, min), (max, max)]
    for outer, inner in [*nestings, (min, min), (max, max)]:
        got = [outer(inner(value(place)[:-1]), value(place)[-1]) for place in at]
        if meet and all(math.isclose(*pair, abs_tol=1e-9) for pair in zip(got, wanted)):
            first = simplified(Apply(inner.__name__, tuple(formulas[:-1]))) if len(sections) == 3 else formulas[0]
            return simplified(Apply(outer.__name__, (formulas[-1], first)))
    return node


def _line(node: Node, letter: Node) -> tuple[float, float] | None:
    """Slope and level of a formula that is a straight line: 0.25 z + 0.5."""
    if node == letter:
        return 1.0, 0.0
    if (value := number(node)) is not None:
        return 0.0, value
    if isinstance(node, Sum):
        terms = [_line(term, letter) for _sign, term in node.terms]
        pairs = [(sign * term[0], sign * term[1]) for (sign, _), term in zip(node.terms, terms) if term is not None]
        return (sum(a for a, _b in pairs), sum(b for _a, b in pairs)) if len(pairs) == len(terms) else None
    if isinstance(node, Quot):
        above, below = _line(node.above, letter), number(node.below)
        return (above[0] / below, above[1] / below) if above and below else None
    if isinstance(node, Prod):
        factors = [_line(factor, letter) for factor in node.factors]
        sloped = [factor for factor in factors if factor and factor[0]]
        if None in factors or len(sloped) > 1:
            return None
        scale = math.prod(factor[1] for factor in factors if factor and not factor[0])
        return (scale * sloped[0][0], scale * sloped[0][1]) if sloped else (0.0, scale)
    return None


def _straight(slope: float, level: float, letter: Node) -> Node:
    sloped = letter if slope == 1 else Prod((Num(slope), letter), (False,))
    return Num(level) if not slope else Sum(((1, sloped), (1, Num(level)))) if level else sloped


def _bound_of(node: Node) -> tuple[float | None, Node | None]:
    """0 and a of max(0, a), of max(a, 0), of relu(a); None where no number stands beside a formula."""
    if isinstance(node, Apply) and node.name == "relu":
        return 0.0, node.arguments[0]
    if isinstance(node, Apply) and node.name in ("max", "min") and len(node.arguments) == 2:
        for bound, inner in (node.arguments, node.arguments[::-1]):
            if number(bound) is not None and number(inner) is None:
                return number(bound), inner
    return None, None


def _bounded(node: Apply) -> tuple[Node, float, float] | None:
    """What stands between a lower and an upper bound: clip(a, 0, 1), min(1, max(0, a)), max(0, min(1, a))."""
    if node.name == "clip":
        inner: Node | None = node.arguments[0]
        bounds = node.arguments[1:]
        low, high = map(number, bounds) if len(bounds) == 2 else (None, None)
    else:
        outer, within = _bound_of(node)
        other = ("max", "relu") if node.name == "min" else ("min",)
        bound, inner = _bound_of(within) if isinstance(within, Apply) and within.name in other else (None, None)
        low, high = (outer, bound) if node.name == "max" else (bound, outer)
    return (inner, low, high) if inner is not None and low is not None and high is not None and low < high else None


def _between(inner: Node, low: float, high: float) -> Node:
    """A formula between two bounds: a function that has a name, else min and max."""
    if (low, high) == (-1, 1):
        return Apply("hard_tanh", (inner,))
    if (low, high) == (0, 1) and isinstance(inner, Sum):
        shift = [sign * value for sign, term in inner.terms if (value := number(term)) is not None]
        rest = [(sign, term) for sign, term in inner.terms if number(term) is None]
        if shift == [0.5] and len(rest) == 1 and rest[0][0] > 0 and (known := _hard_sigmoid(rest[0][1])):
            return known
    above = Apply("relu", (inner,)) if low == 0 else Apply("max", (Num(low), inner))
    return Apply("min", (Num(high), above))


def leaky(inside: Node, slope: float) -> Node:
    """The leaky ReLU of a formula, relu(a) − slope · relu(−a); ours where its slope is 0.01."""
    if slope == 0.01:
        return Apply("leaky_relu", (inside,))
    below = Apply("relu", (Sum(((-1, inside),)),))
    return Sum(((1, Apply("relu", (inside,))), (-1, Prod((Num(slope), below), (False,)))))


def _leaking(first: Node, second: Node) -> Node | None:
    """The leaky ReLU that max(0.1 a, a) is."""
    for slope, inside in ((first, second), (second, first)):
        if isinstance(slope, Prod) and isinstance(slope.factors[0], Num) and 0 < slope.factors[0].value < 1:
            rest = slope.factors[1:]
            if (rest[0] if len(rest) == 1 else Prod(rest, slope.entrywise[1:])) == inside:
                return leaky(inside, slope.factors[0].value)
    return None


def _hard_sigmoid(term: Node) -> Node | None:
    """0.2 a or a / 6."""
    if isinstance(term, Prod) and len(term.factors) >= 2:
        slope, rest = number(term.factors[0]), term.factors[1:]
        inner = rest[0] if len(rest) == 1 else Prod(rest, term.entrywise[1:])
    elif isinstance(term, Quot) and number(term.below):
        slope, inner = 1 / number(term.below), term.above  # type: ignore[operator]
    else:
        return None
    name = {0.2: "hard_sigmoid_02", 1 / 6: "hard_sigmoid"}.get(slope or 0)
    return Apply(name, (inner,)) if name else None
