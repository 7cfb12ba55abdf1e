"""Wide tables: which columns stand beside each other, and how wide each one is."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence

from rnncalc.common.i18n import _
from rnncalc.common.wrapping import display_width
from rnncalc.report.document import Grid, Table
from rnncalc.report.render import Renderer, grid
from rnncalc.report.render.plain import aligned

GAP = 2  # characters between two columns
WRAPPED = 30  # a text that is longer may be wrapped


class Paged(Renderer):
    """A format with pages, which are so many characters wide: a table is cut by columns until it fits."""

    page: int

    @abstractmethod
    def run(self, rows: Sequence[Sequence[str]], widths: Sequence[float], numeric: Sequence[bool]) -> str:
        """One table; the first row has the headings."""

    def table(self, block: Table) -> str:
        numbers = aligned(block, range(len(block.rows)), self.options)
        columns = [[column.label, *cells] for column, cells in zip(block.columns, numbers)]
        signals = [column.key.rpartition("[")[0] for column in block.columns]
        return self._runs([[_("step"), *map(str, block.steps)], *columns], signals, range(len(columns) + 1))

    def grid(self, block: Grid) -> str:
        """Columns that are empty throughout are left out."""
        body = grid.columns(block, self.options)
        columns = [[block.headings[n], *column] for n, column in body.items()]
        signals = [column[0].partition("[")[0] for column in columns[1:]]
        return self._runs(columns, signals, [place for place, n in enumerate(body) if n in block.numeric])

    def _runs(self, columns: Sequence[Sequence[str]], signals: Sequence[str], numeric: Collection[int]) -> str:
        tables = (
            self.run(list(zip(*(columns[n] for n in widths))), list(widths.values()), [n in numeric for n in widths])
            for widths in (fitted(columns, signals, numeric, self.page) if columns else ())
        )
        return "\n\n".join(tables)


def _width(text: str) -> float:
    """In digits; some letters and signs are wider than one, and 3e-5 is set as a power of ten."""
    power = 2 if re.search(r"\de-?\d", text) else 0
    return display_width(text) + 0.6 * sum(map(text.count, "%#@mwMW")) + power


def fitted(
    columns: Sequence[Sequence[str]], signals: Sequence[str], numeric: Collection[int], page: int
) -> Iterator[dict[int, float]]:
    """Tables that fit a page of so many characters: for each the columns that it shows, with their widths.

    The first column is in every one, which `signals` does not count. Numbers are never wrapped; texts are if need be,
    and share what is left.
    """
    natural = [max(map(_width, column)) for column in columns]
    widths = [width if n in numeric else min(width, WRAPPED) for n, width in enumerate(natural)]
    for first, last in folds(widths[1:], signals, page - GAP, widths[0]):
        shown = [0, *range(first + 1, last + 1)]
        room, missing = page - sum(widths[n] + GAP for n in shown), sum(natural[n] - widths[n] for n in shown)
        share = max(0.0, min(1.0, room / missing)) if missing else 0.0
        yield {n: widths[n] + share * (natural[n] - widths[n]) for n in shown}


def folds(
    widths: Sequence[float], signals: Sequence[object], width: float | None, step: float
) -> list[tuple[int, int]]:
    """Runs of columns that fit beside the step: a signal's units stay together where a run can hold them all."""
    if width is None:
        return [(0, len(widths))]
    folds, first, used = list[tuple[int, int]](), 0, step
    for column, needed in enumerate(widths):
        opens = column == 0 or signals[column] != signals[column - 1]
        whole = sum(other + 2 for other, name in zip(widths, signals) if name == signals[column])
        wanted = whole if opens and step + whole <= width else needed + 2
        if column > first and used + wanted > width:
            folds.append((first, column))
            first, used = column, step
        used += needed + 2
    return [*folds, (first, len(widths))]
