"""Rows of one vector by their numbers: f_t = σ(q_t(1:2)), q[0:2], q[:H], q[2*H:3*H], q_{t,1:2}, q_t^{(1)}.

The slices of a vector are counted from 0 or from 1, their end is in them or not: that they follow each other without a
gap says which. Each becomes a name of its own, which the reader of systems takes for the rows of a gate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, shown
from rnncalc.problems.formulas.nodes import Sym, mapped, symbols_of
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation

_SIZE = r"[A-Za-z](?:_?[A-Za-z]{1,12}){0,2}"
_TERM = rf"(?:\d{{1,5}}[ ]?[*·]?[ ]?(?:{_SIZE})?|{_SIZE}(?:[ ]?\*[ ]?\d{{1,5}})?)"
_BOUND = rf"(?:-?[ ]?{_TERM}(?:[ ]?[-+][ ]?{_TERM})?)?"
_RANGE = rf"{_BOUND}[ ]?(?::|\.\.|\{{:\}})[ ]?{_BOUND}"
_SLICE = re.compile(
    rf"[ ]?(?:[(\[][ ]?(?::[ ]?,[ ]?)?(?P<code>{_RANGE})[ ]?[)\]]|"
    rf"[_^]\{{?[ ]?[(\[]?(?:(?P<before>[tnk])[ ]?,[ ]?)?(?P<index>{_RANGE})(?:[ ]?,[ ]?(?P<after>[tnk]))?"
    r"[ ]?[)\]]?[ ]?\}?)"
)


Bound = tuple[int, int]  # the number of a row: so many times the size that a letter stands for, and so many more
NOTHING: Bound = (0, 0)


class Slices(NamedTuple):
    """Equations with names in place of slices; order: vector → the names of its parts, from the top.

    units: the rows of a part, where numbers say them, with the line that does.
    """

    equations: list[Equation]
    order: Mapping[str, tuple[str, ...]]
    units: Sequence[tuple[int, str]]


def read(text: str, at: int, name: Symbol) -> tuple[Symbol, int] | None:
    """The name with the slice that follows it, and the place behind; None where there is none."""
    said = _SLICE.match(text, at)
    if said is None:
        return None
    rows = re.sub(r"\{:\}|\.\.", ":", re.sub(r"\s", "", said["code"] or said["index"]))
    step = said["before"] or said["after"]
    if rows == ":" or (step and name.offset is not None):
        return None
    return replace(name, indices=(*name.indices, *([step] if step else []), rows), text=name.text + said[0]), said.end()


def named(equations: Sequence[Equation]) -> Slices:
    """The equations without slices. Raises ProblemError where those of one vector leave rows out, or share some."""
    defined = {equation.defined.key: equation for equation in equations}
    parts: dict[str, dict[str, Equation]] = {}  # vector → its slices, with the equation that reads each
    for equation in equations:
        for name in symbols_of(equation.node):
            if rows := _rows_of(name, defined):
                parts.setdefault(name.base, {}).setdefault(rows, equation)
    names: dict[tuple[str, str], str] = {}
    order: dict[str, tuple[str, ...]] = {}
    units: list[tuple[int, str]] = []
    for base, slices in parts.items():
        sorted_rows, size = _in_order(base, slices)
        labels = [_label(number, base, rows, slices[rows], defined) for number, rows in enumerate(sorted_rows, 1)]
        order[base] = tuple(labels)
        names |= {(base, rows): label for rows, label in zip(sorted_rows, labels)}
        units += [(size, next(iter(slices.values())).where)] if size else []

    def put(name: Symbol) -> Symbol:
        rows = _rows_of(name, defined)
        if not rows:
            return name
        kept = tuple(index for index in name.indices if index != rows)
        return replace(name, base=_source(name.base, defined), indices=(*kept, names[name.base, rows]))

    made = [replace(equation, node=mapped(equation.node, put)) for equation in equations] if parts else [*equations]
    return Slices(made, {_source(base, defined): labels for base, labels in order.items()}, units)


def _rows_of(name: Symbol, defined: Mapping[str, Equation]) -> str:
    """The index that says which rows, 1:2, or the number of a part, q_t^{(1)} of q_t; empty where there is none."""
    for index in name.indices:
        if ":" in index:
            return index
    part = len(name.labels) == 1 and name.number is not None and name.offset == 0
    whole = defined.get(name.base)
    numbered = part and name.key not in defined and whole is not None and whole.defined.offset == 0
    return str(name.number) if numbered else ""


def _source(base: str, defined: Mapping[str, Equation]) -> str:
    """What a vector is another name of, parts = q."""
    for _time in range(len(defined)):
        other = defined[base].node if base in defined else None
        if not isinstance(other, Sym) or other.symbol.key not in defined or other.symbol.key == base:
            return base
        base = other.symbol.key
    return base


def _label(number: int, base: str, rows: str, equation: Equation, defined: Mapping[str, Equation]) -> str:
    """What to call a part: as the gate that is computed of it alone, else by its number."""
    alone = [name for name in symbols_of(equation.node) if name.base == base and _rows_of(name, defined)]
    letter = equation.defined.key
    return letter if len(alone) == 1 and len(letter.rstrip("\u0303")) == 1 else f"part{number}"


def _in_order(base: str, slices: Mapping[str, Equation]) -> tuple[list[str], int]:
    """The slices from the top, and how many rows each has, 0 where a letter says it. Raises ProblemError."""
    if all(rows.isdigit() for rows in slices):
        ordered = sorted(slices, key=int)
        if len(ordered) > 1 and [int(rows) - int(ordered[0]) for rows in ordered] == [*range(len(ordered))]:
            return ordered, 0
    elif not any(rows.isdigit() for rows in slices):
        halves = {rows: rows.split(":") for rows in slices}
        bounds = {rows: (_bound(begin), _bound(end)) for rows, (begin, end) in halves.items()}
        ordered = sorted(slices, key=lambda rows: (bounds[rows][0] < NOTHING, bounds[rows][0]))
        for inside in (0, 1):  # whether the end belongs to a slice
            size = _even([bounds[rows] for rows in ordered], inside)
            if size:
                return ordered, 0 if size[0] else size[1]
    first = next(iter(slices.values()))
    listed = ", ".join(f"{base}[{rows}]" for rows in slices)
    message = _("{where}: the slices {slices} must follow each other without a gap, all of one size")
    raise ProblemError(message, where=first.where or "equations", slices=shown(listed, 80))


def _even(slices: Sequence[tuple[Bound, Bound]], inside: int) -> Bound | None:
    """The size of slices of one size, each of which begins where the one before it ends; None of others."""
    size, at = None, slices[0][0]
    if at != NOTHING and (at, inside) != ((0, 1), 1):
        return None
    for begin, end in slices:
        last = (begin, end) == slices[-1]
        if begin < NOTHING and last:  # q[-H:]
            return size if end == NOTHING and size == (-begin[0], -begin[1]) else None
        if begin != at:
            return None
        if end == NOTHING:
            return size if last else None
        at = end[0], end[1] + inside
        if size not in (None, (at[0] - begin[0], at[1] - begin[1])):
            return None
        size = at[0] - begin[0], at[1] - begin[1]
    return size if len(slices) > 1 and size and size > NOTHING else None


def _bound(text: str) -> Bound:
    """2*H+1 as 2 sizes and 1 row."""
    sizes = rows = 0
    for sign, times, letter, more in re.findall(rf"([-+]?)(\d*)[*·]?((?:{_SIZE})?)\*?(\d*)", text):
        number = int(times or more or bool(letter)) * (-1 if sign == "-" else 1)
        sizes, rows = (sizes + number, rows) if letter else (sizes, rows + number)
    return sizes, rows
