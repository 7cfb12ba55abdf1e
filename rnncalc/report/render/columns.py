"""Wide tables: which columns stand beside each other, and how wide each one is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rnncalc.common.wrapping import display_width

GAP = 2  # characters between two columns
WRAPPED = 30  # a text that is longer may be wrapped


def fitted(
    columns: Sequence[Sequence[str]], signals: Sequence[str], numeric: Collection[int], page: int
) -> Iterator[dict[int, float]]:
    """Tables that fit a page of so many characters: for each the columns that it shows, with their widths.

    The first column is in every one, which `signals` does not count. Numbers are never wrapped; texts are if need be,
    and share what is left.
    """
    natural = [max(map(display_width, column)) for column in columns]
    widths = [width if n in numeric else min(width, WRAPPED) for n, width in enumerate(natural)]
    for first, last in folds(widths[1:], signals, page - GAP, widths[0]):
        shown = [0, *range(first + 1, last + 1)]
        room, missing = page - sum(widths[n] + GAP for n in shown), sum(natural[n] - widths[n] for n in shown)
        share = max(0.0, min(1.0, room / missing)) if missing else 0.0
        yield {n: widths[n] + share * (natural[n] - widths[n]) for n in shown}


def folds(widths: Sequence[int], signals: Sequence[str], width: int | None, step: int) -> list[tuple[int, int]]:
    """Runs of columns that fit beside the step: a signal's units stay together where a run can hold them all."""
    if width is None:
        return [(0, len(widths))]
    folds, first, used = [], 0, step
    for column, needed in enumerate(widths):
        opens = column == 0 or signals[column] != signals[column - 1]
        whole = sum(other + 2 for other, name in zip(widths, signals) if name == signals[column])
        wanted = whole if opens and step + whole <= width else needed + 2
        if column > first and used + wanted > width:
            folds.append((first, column))
            first, used = column, step
        used += needed + 2
    return [*folds, (first, len(widths))]
