"""A person's numbers in the picture of an unrolled network: their marks, and the first slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnncalc.check.verdicts.records import Judgement
from rnncalc.report.document import Signal


def judged(signal: Signal, values: Sequence[Judgement], sequence: int | None) -> Signal:
    """The signal with the verdicts on a person's numbers."""
    verdicts = {}
    for value in values:
        if value.name == signal.key and value.step is not None and value.index:
            *batch, unit = value.index
            if batch in ([], [(sequence or 0) + 1]):
                verdicts[value.step, unit] = value.verdict, value.answer or ""
    return replace(signal, verdicts=verdicts)


def first_slip(signals: Sequence[Signal], value: Judgement | None) -> tuple[int, int, int] | None:
    if value is None or value.step is None or not value.index:
        return None
    place = value.step, value.index[-1]
    at = (number for number, signal in enumerate(signals) if signal.key == value.name and place in signal.verdicts)
    number = next(at, None)
    return None if number is None else (number, *place)
