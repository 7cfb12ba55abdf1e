"""What is timed, and how far ahead of the best rival it is meant to be: best rival ÷ rnncalc, in one run."""

from __future__ import annotations

from typing import NamedTuple

CELLS = ("elman", "lstm", "gru_after")


class Case(NamedTuple):
    """size: (N sequences, T steps, D inputs, H units); what: forward, or both: forward and backward."""

    size: tuple[int, int, int, int]
    cell: str
    dtype: str
    what: str


# size → targets of (forward float32, both float32, forward float64, both float64), each for Elman, LSTM, GRU
TARGETS: dict[tuple[int, int, int, int], tuple[tuple[float, float, float], ...]] = {
    (1, 50, 3, 4): ((5, 4, 4), (8, 8, 8), (40, 40, 40), (42, 42, 42)),
    (10000, 10, 3, 4): ((6, 8, 8), (9, 9, 9), (5, 5, 5), (6, 6, 6)),
    (1, 100, 32, 32): ((9, 3, 3), (7, 7, 7), (20, 20, 20), (18, 80, 80)),
    (1, 100, 37, 200): (),
    (5, 37, 3, 37): (),
    (1, 100, 128, 128): ((4.2, 1.35, 1.6), (2.3, 2.3, 2.3), (3.2, 3.2, 3.2), (2.7, 7, 7)),
    (1, 100, 512, 512): ((2.1, 1.5, 1.6), (1.5, 1.5, 1.5), (1.5, 1.5, 1.5), (1.6, 2.7, 2.7)),
    (32, 100, 64, 128): ((1.7, 1.25, 1.7), (1.5, 1.2, 1.5), (1.8, 1.8, 1.8), (1.5, 2.1, 2.1)),
    (64, 100, 256, 512): ((1.35, 1.08, 1.35), (1.3, 1.15, 1.3), (1.45, 1.45, 1.45), (1.4, 1.4, 1.4)),
    (128, 50, 512, 1024): ((1.2, 1.05, 1.12), (1.12, 1.05, 1.12), (1.2, 1.2, 1.2), (1.2, 1.2, 1.2)),
}
TWO_THREADS = {((1, 100, 512, 512), cell): target for cell, target in zip(CELLS, (3, 2.3, 2))}  # forward, float32
QUICK = [(1, 50, 3, 4), (10000, 10, 3, 4), (1, 100, 37, 200), (32, 100, 64, 128)]
PARTS = [("float32", "forward"), ("float32", "both"), ("float64", "forward"), ("float64", "both")]


def cases(quick: bool = False, what: str | None = None, only: str | None = None) -> list[Case]:
    """Everything to be timed; only: part of a size as it is written, to time that alone."""
    sizes = [size for size in (QUICK if quick else TARGETS) if only is None or only in str(size)]
    return [
        Case(size, cell, dtype, way) for size in sizes for cell in CELLS for dtype, way in PARTS if what in (None, way)
    ]


def target(case: Case, threads: int) -> float | None:
    """None where no target is set."""
    if threads > 1:
        wanted = TWO_THREADS.get((case.size, case.cell))
        return wanted if case.dtype == "float32" and case.what == "forward" else None
    row = TARGETS.get(case.size)
    return row[PARTS.index((case.dtype, case.what))][CELLS.index(case.cell)] if row else None
