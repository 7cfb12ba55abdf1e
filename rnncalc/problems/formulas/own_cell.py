"""Equations that no built-in cell has, as a cell of their own: lines in order, parameters under valid names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rnncalc.model.cells.cell import READ_OUT as RESERVED
from rnncalc.model.cells.readout import READ_OUT
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.problems.formulas import cell_match as matching
from rnncalc.problems.formulas.cell_match import Match, Pattern
from rnncalc.problems.formulas.polynomial import (
    Factor,
    NotUnderstoodError,
    Param,
    Poly,
    Signal,
    Weighted,
    ordered,
    signals,
)
from rnncalc.problems.formulas.reader import GENERIC
from rnncalc.problems.formulas.system import System


@dataclass
class OwnCell:
    """equations, state, emits: of the cell; names: the sheet's signal → the line; params: our name → the sheet's
    parameter; rows: those that stand to the right of their vector."""

    system: System
    equations: dict[str, str] = field(default_factory=dict)
    state: list[str] = field(default_factory=list)
    emits: str = ""
    names: dict[str, str] = field(default_factory=dict)
    params: dict[str, Param] = field(default_factory=dict)
    rows: dict[str, bool] = field(default_factory=dict)
    input: str = ""
    read_out: Match | None = None
    generic: set[str] = field(default_factory=set)

    @property
    def output(self) -> str:
        """The sheet's name of y, "" where there is no read-out."""
        return self.read_out.lines["y"] if self.read_out else ""


def own_cell(system: System, functions: Mapping[str, str] = {}) -> OwnCell:
    """The system as a cell, with what it hands to a read-out. Raises NotUnderstoodError."""
    return _Maker(system, functions).made


class _Maker:
    def __init__(self, system: System, functions: Mapping[str, str]):
        self.made, self.functions = OwnCell(system), functions
        self.made.read_out = self._read_out(system)
        taken = self.made.read_out.explained if self.made.read_out else set()
        polys = {key: poly for key, poly in system.polys.items() if key not in taken}
        order = ordered(polys)
        if not polys or any(signal.offset > 0 for poly in polys.values() for signal in signals(poly)):
            raise NotUnderstoodError(next(iter(system.polys), ""))
        for key in order:
            self.made.names[key] = _free(key, self.made.names.values(), "h")
        earlier = {signal.key for poly in polys.values() for signal in signals(poly) if signal.offset < 0}
        self.made.state = [self.made.names[key] for key in order if key in earlier]
        inputs = system.inputs - self.made.names.keys()
        if len(inputs) != 1 or not earlier <= self.made.names.keys():
            raise NotUnderstoodError(min(inputs | earlier, default=""))
        self.made.input = inputs.pop()
        last = [
            key for key in order if not any(s.key == key and not s.offset for p in polys.values() for s in signals(p))
        ]
        emits = self.made.read_out.input if self.made.read_out else (last or order)[-1]
        self.made.emits = self.made.names[emits]
        for key in order:
            self.made.equations[self.made.names[key]] = self.text(polys[key])

    def _read_out(self, system: System) -> Match | None:
        """y = g(V h + c), where nothing else reads what it makes."""
        candidates = [
            match
            for match in matching.matches(system, Pattern(READ_OUT))
            if match.input in system.polys
            and not any(
                signal.key in match.explained
                for key, poly in system.polys.items()
                if key not in match.explained
                for signal in signals(poly)
            )
        ]
        return max(candidates, key=lambda match: len(match.explained), default=None)

    def text(self, poly: Poly) -> str:
        terms = []
        for coefficient, factors in poly:
            parts = [self.factor(factor) for factor in factors]
            if abs(coefficient) != 1 or not parts:
                parts.insert(0, repr(abs(coefficient)))
            terms.append(("- " if coefficient < 0 else "+ ") + " * ".join(parts))
        return " ".join(terms).removeprefix("+ ")

    def factor(self, factor: Factor) -> str:
        if isinstance(factor, Signal):
            if factor.key == self.made.input:
                if factor.offset:
                    raise NotUnderstoodError(factor.key)
                return "x_t"
            if factor.offset < -1:  # a cell remembers one step
                raise NotUnderstoodError(factor.key)
            return self.made.names[factor.key] + ("_p" if factor.offset else "")
        if isinstance(factor, Param):
            return self.param(factor, False)
        if isinstance(factor, Weighted):
            inside = self.text(factor.vector)
            return f"({self.param(factor.weight, factor.rows)} @ {inside if inside.isidentifier() else f'({inside})'})"
        name = self.functions.get(factor.name, factor.name)
        if factor.beside is not None:
            return f"{name}({self.text(factor.beside) or '0.0'}, {self.text(factor.argument) or '0.0'})"
        if name not in FUNCTIONS:
            if name not in GENERIC and not name.startswith("σ"):
                raise NotUnderstoodError(name)
            self.made.generic.add(name)
            name = "tanh"
        return f"{name}({self.text(factor.argument)})"

    def param(self, param: Param, rows: bool) -> str:
        for name, known in self.made.params.items():
            if known == param:
                return name
        name = f"{param.key}_{param.part[0] + 1}" if param.part else param.key
        name = _free(name, [*self.made.params, *self.made.names.values()], "P")
        self.made.params[name], self.made.rows[name] = param, rows
        return name


def _free(wish: str, names: Iterable[str], instead: str) -> str:
    """A name that a line or a parameter may have."""
    taken = set(names)
    accented = wish.replace("\u0303", "tilde").replace("\u0302", "hat")
    name = re.sub(r"\W", "_", accented)
    refused = (
        not name.isidentifier()
        or name.endswith(("_p", "_t"))
        or name in FUNCTIONS
        or (name in RESERVED and name != "c")
    )
    name = instead if refused or (instead == "P" and name == "c") else name
    number, free = 2, name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return free
