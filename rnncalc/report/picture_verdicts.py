"""A person's numbers in the picture of an unrolled network: their marks, and the first slip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rnncalc.check.verdicts.records import Judgement
from rnncalc.report.document import Signal

Place = tuple[int, int, int]  # signal, step, unit


def judged(
    signals: Sequence[Signal], values: Sequence[Judgement], sequence: int | None, emitted: Mapping[int, Sequence[int]]
) -> list[Signal]:
    """The signals with the verdicts on a person's numbers, whatever name they have there: h, layers[2].h.

    emitted: of each layer the signals that stand one behind the other in what it emits; none where they are added up.
    """
    verdicts: list[dict[tuple[int, int], tuple[str, str]]] = [{} for _signal in signals]
    for value in values:
        place = _place(value, signals, emitted)
        if place and value.index[:-1] in ((), ((sequence or 0) + 1,)):
            number, step, unit = place
            verdicts[number][step, unit] = value.verdict, value.answer or ""
    return [replace(signal, verdicts=marks) for signal, marks in zip(signals, verdicts)]


def first_slip(
    signals: Sequence[Signal], value: Judgement | None, emitted: Mapping[int, Sequence[int]]
) -> Place | None:
    """Where the first wrong number is, if it is one of the picture."""
    place = _place(value, signals, emitted) if value else None
    return place if place and place[1:] in signals[place[0]].verdicts else None


def _place(value: Judgement, signals: Sequence[Signal], emitted: Mapping[int, Sequence[int]]) -> Place | None:
    if value.step is None or not value.index or len(value.key) != 4 or value.key[0] != "":
        return None
    _era, owner, line, _visit = value.key
    unit = value.index[-1]
    if owner == "out":
        for number in emitted.get(line, ()):
            units = len(next(iter(signals[number].values.values())))
            if unit <= units:
                return number, value.step, unit
            unit -= units
        return None
    lines = {signal.key.rpartition(".")[2]: number for number, signal in enumerate(signals) if signal.group == owner}
    drawn = "y" if line == "s" and line not in lines else line  # where y is s, y is drawn
    return (lines[drawn], value.step, unit) if drawn in lines else None
