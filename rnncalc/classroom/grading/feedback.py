"""What a person is told: nothing, the mark of every number, also where the first slip is and why, or everything.

Up to `hint`, no computed value is told, nor what follows from the person's own values: so it can go out before the
deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rnncalc.check.verdicts.records import ACCEPTED
from rnncalc.classroom.grading.judging import Result
from rnncalc.classroom.grading.mark_rows import Marks, Row
from rnncalc.common.i18n import _, full_width

SECRETS = ("computed", "from_your_values")
_DECIMAL = re.compile(r"\d[.,]\d")


def lines(row: Row, level: str) -> Iterator[tuple[str, str]]:
    """question, sentence: what is said of a row."""
    yield from ((question, full_width(line)) for question, line in _lines(row, level))


def _lines(row: Row, level: str) -> Iterator[tuple[str, str]]:
    if level == "none":
        return
    if row.trouble:
        yield "", row.trouble
        return
    for question, result in row.results.items():
        if result.trouble:
            yield question, result.trouble
        yield from ((question, line) for line in _marks(result))
        if level in ("hint", "full"):
            yield from ((question, line) for line in _why(result, level))


def _marks(result: Result) -> Iterator[str]:
    """How many numbers of each quantity are right, and the mark of every one that is not."""
    if result.coded and not result.trouble:
        yield verdict_word(result.verdict)
    by_name: dict[str, list[dict[str, Any]]] = {}
    for value in result.values:
        by_name.setdefault(value["name"], []).append(value)
    for name, values in by_name.items():
        right = sum(value["verdict"] in ACCEPTED for value in values)
        coarse = sum(bool(value.get("reason")) for value in values if value["verdict"] in ACCEPTED)
        message = _("{name}: {n} of {all} right")
        if coarse:
            message = _("{name}: {n} of {all} right, {coarse} of them with too few digits")
        yield message.format(name=name, n=right, all=len(values), coarse=coarse)
        for value in values:
            remark = _said(value)
            if remark and remark != result.trouble:  # or it has been told already
                yield f"{value['place']}: {remark}"
    if result.left_out:
        yield _("{n} not answered").format(n=result.left_out)


def _said(value: dict[str, Any]) -> str:
    """What a number is, and why it loses points; "" for one that is right and loses none."""
    if value["verdict"] in ACCEPTED and not value.get("reason"):
        return ""
    said = str(value.get("problem") or verdict_word(value["verdict"]))
    if value.get("reason"):
        if value["verdict"] == "blank":
            return str(value["reason"])
        return _("{verdict}, but {reason}").format(verdict=said, reason=value["reason"])
    return said


def lost(result: Result, part: str) -> str:
    """Why a quantity (all of them, where it is "") earns less than its points, number by number."""
    if result.coded:
        return result.trouble or verdict_word(result.verdict)
    values = [value for value in result.values if not part or f"{value['name']}.".startswith(f"{part}.")]
    return "\n".join(full_width(f"{value['place']}: {_said(value)}") for value in values if _said(value))


def _why(result: Result, level: str) -> Iterator[str]:
    first = result.first_wrong
    if first and not first.get("problem"):
        yield _("look first at {place}: what comes before it is right or follows").format(place=first["place"])
        if level == "full":
            message = _("{place}: you have {answer}, it is {computed}")
            yield message.format(place=first["place"], answer=first["answer"], computed=_short(first["computed"]))
            if first["from_your_values"] is not None and _short(first["from_your_values"]) != _short(first["computed"]):
                message = _("from your own values it would be {value}")
                yield message.format(value=_short(first["from_your_values"]))
    for mistake in mistakes(result, level):
        command = f"rnncalc explain {mistake['id']}"
        if mistake["message"]:
            yield _("{message} (to read on: {command})").format(message=mistake["message"], command=command)
        else:
            yield _("a mistake that is known: {command}").format(command=command)
        if line := mistake.get("line"):
            yield _("A place to look, no proof: line {number}: {text}").format(number=line["number"], text=line["text"])
    yield from result.remarks


def mistakes(result: Result, level: str) -> list[dict[str, Any]]:
    """The suspected mistakes; before `full`, without sentences that hold a decimal number."""
    if level not in ("hint", "full"):
        return []
    return [
        mistake if level == "full" or not _DECIMAL.search(mistake["message"]) else {**mistake, "message": ""}
        for mistake in result.mistakes
    ]


def data(row: Row, level: str) -> dict[str, Any]:
    """A row's results for programs, as far as the level goes."""
    row_data: dict[str, Any] = {"verdict": row.verdict}
    if level == "none":
        return row_data
    questions = {}
    for question, result in row.results.items():
        first = result.first_wrong
        question_data = {
            "verdict": result.verdict,
            "score": result.score,
            "points": row.points_of(question),
            "out_of": row.out_of[question],
            "values": [_allowed(value, level) for value in result.values],
        }
        if level in ("hint", "full"):
            question_data["first_wrong"] = first and _allowed(first, level)
            question_data["mistakes"] = mistakes(result, level)
            question_data |= {"remarks": result.remarks} if result.remarks else {}
        questions[question or "1"] = {**question_data, "trouble": result.trouble} if result.trouble else question_data
    return {**row_data, "questions": questions}


def _allowed(value: dict[str, Any], level: str) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key != "place" and (level == "full" or key not in SECRETS)}


def title(marks: Marks, question: str) -> str:
    """What a question is called where it needs a name."""
    return question or marks.title or _("problem")


def verdict_word(verdict: str) -> str:
    """A verdict as people read it."""
    words = {
        "right": _("right"),
        "truncated": _("right, cut in place of rounded"),
        "rounding": _("right within rounding"),
        "carried": _("follows from an earlier wrong number"),
        "wrong": _("wrong"),
        "failed": _("failed"),
        "unreadable": _("unreadable"),
        "blank": _("not answered"),
        "incomplete": _("incomplete"),
    }
    return words.get(verdict, verdict)


def _short(value: float | str | None) -> str:
    return f"{value:.6g}" if isinstance(value, float | int) else str(value)
