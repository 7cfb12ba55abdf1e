"""Whether a system of equations is one of the cells, up to names, the order of terms, and lines written into others.

The cell's own lines are the pattern. A signal of the sheet is bound to a line, a name to a parameter, and every line
that was bound is compared in its turn; where two ways are possible both are tried. Longer than other files, because
the search and the patterns that it knows belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.equations.expression import INPUT, Call, Expression, Name, Negative, Number, previous, signal_of
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
    times,
)
from rnncalc.problems.formulas.reader import GENERIC
from rnncalc.problems.formulas.system import System
from rnncalc.problems.notation import gate_letters

ANY = "any"  # the function of a line that may have one of several


@dataclass(frozen=True)
class Match:
    """A cell found in a system.

    lines: our line → the sheet's signal; params: our symbol → the sheet's parameters, whose sum it is; input: the
    signal that stands for x_t; functions: our line → the function there; turn: −1 where it runs from the end.
    """

    pattern: Pattern
    system: System = field(repr=False)
    turn: int = 1
    lines: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, tuple[Param, ...]] = field(default_factory=dict)
    input: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)
    rows: bool | None = None
    read_out_rows: bool | None = None  # of a cell that owns its read-out, y_t = v^T h_t + c beside W x_t
    used: frozenset[str] = frozenset()  # signals whose definitions went into the match
    partial: bool = False  # whether a sheet may leave out the equations of some lines

    @property
    def explained(self) -> set[str]:
        """The signals whose equations this is."""
        return {*self.used, *self.lines.values()}


def matches(system: System, pattern: Pattern, turn: int = 1) -> Iterator[Match]:
    """Every way in which a part of the system is this cell."""
    head = pattern.cell.emits
    for signal in system.polys:
        yield from _settled(Match(pattern, system, turn, {head: signal}), [head])


def lines_of(system: System, pattern: Pattern) -> Match | None:
    """Some lines of a cell, where a sheet shows only those: each of its equations is one. None where one is not."""
    match, letters = Match(pattern, system, partial=True), gate_letters(pattern.cell)
    for signal in system.polys:
        letter = signal.lower().rstrip("\u0303~")
        alike = sorted(pattern.lines, key=lambda line: letter not in (line, *letters.get(line, "")))
        candidates = [
            after
            for line in alike
            if line not in match.lines or match.lines[line] == signal
            for after in _settled(replace(match, lines={**match.lines, line: signal}), [line])
        ]
        if not candidates:
            return None
        match = candidates[0]
    return match


def _settled(match: Match, todo: list[str]) -> Iterator[Match]:
    """Compare the lines that are bound, one after the other."""
    if not todo:
        yield match
        return
    line, rest = todo[0], todo[1:]
    signal = match.lines[line]
    if signal not in match.system.polys:
        if match.partial:
            yield from _settled(match, rest)
        return
    pattern = match.pattern.lines[line]
    for after in polys(pattern, match.system.polys[signal], match):
        fresh = [name for name in after.lines if name not in match.lines]
        yield from _settled(replace(after, used=after.used | {signal}), rest + fresh)


# ---------------------------------------------------------------------------------------------------------- compare


def polys(pattern: Poly, poly: Poly, match: Match) -> Iterator[Match]:
    """Every way in which a polynomial of the sheet is the pattern's."""
    alone = _alone(pattern)
    if isinstance(alone, Function) and alone.name.startswith(ANY):
        line, given = alone.name.partition(":")[2], _alone(poly)
        if isinstance(given, Function) and given.beside is None:
            for after in polys(alone.argument, given.argument, match):
                yield replace(after, functions={**after.functions, line: given.name})
        for after in polys(alone.argument, poly, match):
            yield replace(after, functions={**after.functions, line: "identity"})
        return
    if isinstance(alone, Signal) and alone.offset == 0 and alone.key in match.pattern.lines:
        given = _alone(poly)
        direct = False
        if isinstance(given, Signal):
            for after in factors(alone, given, match):
                direct = True
                yield after
        if not direct and alone.key not in match.lines:
            yield from polys(match.pattern.lines[alone.key], poly, match)
        return
    matched = False
    for after in _terms(list(pattern), list(poly), match):
        matched = True
        yield after
    if not matched:
        for at, (coefficient, inside) in enumerate(poly):  # a line of the sheet that ours has no name for
            name = inside[0] if len(inside) == 1 else None
            if (
                isinstance(name, Signal)
                and not name.offset
                and name.key in match.system.polys
                and name.key not in match.lines.values()
            ):
                opened = added([poly[:at], scaled(match.system.polys[name.key], coefficient), poly[at + 1 :]])
                yield from polys(pattern, opened, replace(match, used=match.used | {name.key}))
                return


def _terms(pattern: list[Monomial], terms: list[Monomial], match: Match, first: int = 0) -> Iterator[Match]:
    """Each term of the pattern to one of the sheet's; a term with a bias may be absent, a bias may be a sum.

    first: where the next part of such a sum may stand, behind those before it.
    """
    if not pattern:
        if not terms:
            yield match
        return
    (coefficient, inside), rest = pattern[0], pattern[1:]
    optional = any(isinstance(part, Param) and part.key in match.pattern.optional for part in inside)
    for at, (given, parts) in enumerate(terms[first:], first):
        if given == -coefficient and len(parts) == 1 and isinstance(parts[0], Param) and optional and len(inside) == 1:
            given, parts = -given, (replace(parts[0], negative=True),)
        if abs(given - coefficient) > 1e-12 or len(parts) != len(inside):
            continue
        for after in _products(list(inside), list(parts), match):
            left = terms[:at] + terms[at + 1 :]
            if optional and len(inside) == 1:  # b_ih + b_hh; that it ends here is the last case below
                yield from _terms(pattern, left, after, at)
            else:
                yield from _terms(rest, left, after)
    if optional:
        yield from _terms(rest, terms, match)


def _products(pattern: list[Factor], parts: list[Factor], match: Match) -> Iterator[Match]:
    if not pattern:
        yield match
        return
    for at, part in enumerate(parts):
        for after in factors(pattern[0], part, match):
            yield from _products(pattern[1:], parts[:at] + parts[at + 1 :], after)


def factors(pattern: Factor, given: Factor, match: Match) -> Iterator[Match]:
    """Every way in which one factor is the other."""
    if isinstance(pattern, Signal):
        bound = list(_bound(pattern, given, match)) if isinstance(given, Signal) else []
        yield from bound
        written_in = pattern.offset == 0 and pattern.key in match.pattern.lines and pattern.key not in match.lines
        if written_in and not bound:  # a signal that is bound has its definition compared later
            for inside in [_alone(match.pattern.lines[pattern.key])]:
                if inside is not None and not (isinstance(inside, Function) and inside.name.startswith(ANY)):
                    yield from factors(inside, given, match)
    elif isinstance(pattern, Param) and isinstance(given, Param):
        before = match.params.get(pattern.key, ())
        owner = next((ours for ours, theirs in match.params.items() if given in theirs), pattern.key)
        if owner == pattern.key and given not in before and (not before or pattern.key in match.pattern.optional):
            yield replace(match, params={**match.params, pattern.key: (*before, given)})
    elif isinstance(pattern, Weighted) and isinstance(given, Weighted):
        cell = match.pattern.cell
        of_read_out = pattern.weight.key == "V" and cell.owns_read_out and bool(cell.state)
        if (match.read_out_rows if of_read_out else match.rows) not in (None, given.rows):
            return
        for after in factors(pattern.weight, given.weight, match):
            stands = replace(after, read_out_rows=given.rows) if of_read_out else replace(after, rows=given.rows)
            yield from polys(pattern.vector, given.vector, stands)
    elif isinstance(pattern, Function) and isinstance(given, Function):
        if given.beside is not None:
            return
        if given.name == pattern.name or given.name in GENERIC or given.name.startswith("σ"):
            yield from polys(pattern.argument, given.argument, match)
    elif isinstance(given, Signal) and given.offset == 0 and given.key not in match.lines.values():
        inside = _alone(match.system.polys.get(given.key, ()))
        if inside is not None:
            yield from factors(pattern, inside, replace(match, used=match.used | {given.key}))


def _bound(pattern: Signal, given: Signal, match: Match) -> Iterator[Match]:
    """A signal of the sheet to a line of ours, or to the input."""
    if pattern.key == INPUT:
        if given.offset == 0 and match.input in ("", given.key) and given.key not in match.lines.values():
            yield replace(match, input=given.key)
        return
    if given.offset != pattern.offset * match.turn or given.key == match.input:
        return
    known = match.lines.get(pattern.key)
    if known == given.key:
        yield match
    elif known is None and given.key not in match.lines.values() and (match.partial or given.key in match.system.polys):
        yield replace(match, lines={**match.lines, pattern.key: given.key})


def _alone(poly: Poly) -> Factor | None:
    """The one factor that a polynomial is, if it is one."""
    return poly[0][1][0] if len(poly) == 1 and poly[0][0] == 1 and len(poly[0][1]) == 1 else None


# --------------------------------------------------------------------------------------------------------- the patterns


@lru_cache
def built_in() -> tuple[Pattern, ...]:
    """The patterns of all the cells, one for each update."""
    all_patterns = []
    for cell in CELLS.values():
        updates = cell.switches.get("update", {})
        all_patterns += [Pattern(cell.switch(update=update)) for update in updates] or [Pattern(cell)]
    return tuple(all_patterns)


class Pattern:
    """A cell's lines, as written, as polynomials; a line whose function may be chosen says so."""

    def __init__(self, cell: Cell):
        self.cell = cell
        self.optional = {parameter.symbol for name in cell.optional for parameter in cell.stacks[name]}
        switches = [cell.switches.get(switch, {}) for switch in ("activation", "output")]
        chosen = {line for choices in switches for lines in choices.values() for line in lines}
        self.lines: dict[str, Poly] = {}
        for line, expression in cell.written.items():
            poly = self._poly(expression)
            if line in chosen:
                function = _alone(poly)
                argument = function.argument if isinstance(function, Function) else poly
                poly = ((1.0, (Function(f"{ANY}:{line}", argument),)),)
            self.lines[line] = poly

    def _poly(self, expression: Expression) -> Poly:
        if isinstance(expression, Number):
            return ((expression.value, ()),)
        if isinstance(expression, Name):
            return ((1.0, (self._leaf(expression.id),)),)
        if isinstance(expression, Negative):
            return scaled(self._poly(expression.operand), -1)
        if isinstance(expression, Call):
            inside = self._poly(expression.argument)
            return inside if expression.function == "identity" else ((1.0, (Function(expression.function, inside),)),)
        left, right = expression.left, self._poly(expression.right)
        if expression.operator == "@":
            assert isinstance(left, Name)
            return ((1.0, (Weighted(Param(left.id), right, False),)),)
        if expression.operator == "*":
            return times([self._poly(left), right])
        return added([self._poly(left), right if expression.operator == "+" else scaled(right, -1)])

    def _leaf(self, name: str) -> Factor:
        if name == INPUT:
            return Signal(INPUT, 0)
        if signal_of(name) in self.cell.written:
            return Signal(signal_of(name), -1 if previous(name) else 0)
        return Param(name)
