"""Verdicts on code as results of a mark sheet: right earns the function's points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rnncalc.check.verdicts.records import place_name
from rnncalc.classroom.grading.judging import Result
from rnncalc.common.safe_text import one_line

if TYPE_CHECKING:
    from rnncalc.check.code.verdict import CodeMistake, CodeVerdict, OutputPlace

FAILED = "failed"
MOST = 8  # remarks on a function


def failed(trouble: str) -> Result:
    """The result of a function that gave none."""
    return Result(FAILED, trouble=one_line(trouble))


def result(verdict: CodeVerdict) -> Result:
    """What came of one function. Of a failed one the first finding is the trouble."""
    said = [one_line(text) for text in (*(finding.text for finding in verdict.findings), *verdict.notes)]
    stopped = verdict.verdict == FAILED and bool(said)
    return Result(
        verdict.verdict,
        score=float(verdict.verdict == "right"),
        trouble=said[0] if stopped else "",
        remarks=said[stopped:][:MOST],
        first_wrong=_first(verdict.first) if verdict.first else None,
        mistakes=[_mistake(mistake) for mistake in verdict.mistakes],
    )


def _first(place: OutputPlace) -> dict[str, Any]:
    """The first wrong number, as a check of numbers hands it out."""
    indices = [index for index in (place.sequence, *place.unit) if index is not None]
    spot = place_name(place.output, place.step, tuple(indices))
    return {
        "name": place.output,
        "step": place.step,
        "index": indices,
        "place": spot,
        "answer": f"{place.given:.6g}",
        "computed": place.exact if math.isfinite(place.exact) else str(place.exact),
        "from_your_values": None,
    }


def _mistake(mistake: CodeMistake) -> dict[str, Any]:
    data = mistake.data()
    line = data["line"] and {**data["line"], "text": one_line(data["line"]["text"], 120)}
    return {**data, "message": one_line(mistake.message), "line": line}
