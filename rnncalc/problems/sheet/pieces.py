"""The pieces that a sheet is taken apart into."""

from __future__ import annotations

from dataclasses import dataclass, field

from rnncalc.common.i18n import _
from rnncalc.errors import shown
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.stated_sizes import StatedSize


@dataclass(frozen=True)
class Assigned:
    """One value with its name; answer: whether it stands under a heading such as “my answer”; value: its text."""

    symbol: Symbol
    value: str
    line: int
    answer: bool = False
    gradient: bool = False
    key: str = ""  # a name as it is typed elsewhere: U_new.o, answers.h
    layer: int | None = None  # the one that a heading above says
    unread: bool = False  # an answer that is no number, or is left out

    @property
    def where(self) -> str:
        return _("line {line}, {name}").format(line=self.line + 1, name=shown(self.key or self.symbol.text.strip(), 40))


@dataclass
class ScannedSheet:
    """All that a sheet holds. seeds: (line, seed) of NumPy's random numbers; skipped: lines with an unread number."""

    assigned: list[Assigned] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    formulas: list[tuple[int, int, str]] = field(default_factory=list)  # of functions: from where to where, which or “”
    undefined: dict[str, str] = field(default_factory=dict)  # letters of functions whose formula is not read, and where
    losses: list[str] = field(default_factory=list)
    same: list[tuple[Assigned, str]] = field(default_factory=list)  # U_r = U_z: a name, and the key of the other
    seeds: list[tuple[int, int]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # equations that are not understood
    lost: dict[str, str] = field(default_factory=dict)  # those that nothing else defines, by letter
    text: str = ""  # in one spelling
    original: str = ""  # as it was given
    prose: str = ""
    commas: bool = False  # whether numbers are written with decimal commas
    columns: set[str] = field(default_factory=set)  # names whose columns are the steps: X(:,t)
    layers: int = 0  # as many as the sheet says
    sizes: list[StatedSize] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # of what was read otherwise than it stands
