"""What to teach again on Monday: the share of each mistake, the hardest quantities, the distribution of scores."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from rnncalc.check.verdicts.records import ACCEPTED
from rnncalc.classroom.grading.judging import Result
from rnncalc.classroom.grading.mark_rows import Marks, dotted
from rnncalc.common.i18n import _
from rnncalc.report.document import Block, Document, Grid, Heading, Items, Paragraph
from rnncalc.report.explain_list import mistake_words

BANDS = 10
WIDEST = 30  # marks in a bar


def figures(marks: Marks) -> dict[str, Any]:
    """The report for programs."""
    scores = [row.score for row in marks.rows]
    verdicts = Counter(row.verdict for row in marks.rows)
    wrong = [row for row in marks.rows if row.verdict in ("wrong", "failed")]
    mistakes = Counter(mistake for row in wrong for mistake in row.mistakes)
    bands = [0] * BANDS
    for score in scores:
        bands[min(int(score * BANDS + 1e-9), BANDS - 1)] += 1
    return {
        "people": len(scores),
        "verdicts": dict(verdicts),
        "empty": sum(row.empty for row in marks.rows),
        "mean": statistics.fmean(scores) if scores else None,
        "median": statistics.median(scores) if scores else None,
        "distribution": [{"from": n / BANDS, "to": (n + 1) / BANDS, "people": count} for n, count in enumerate(bands)],
        "quantities": _quantities(marks),
        "mistakes": [
            {"id": mistake, "people": count, "share": count / len(scores)} for mistake, count in mistakes.most_common()
        ],
        "unexplained": sum(not row.mistakes for row in wrong if row.verdict == "wrong"),
    }


def _quantities(marks: Marks) -> list[dict[str, Any]]:
    """Every quantity with the share of its answered numbers that are right and where the first slip was; the hardest
    first."""
    right, carried, answered, slips = (defaultdict[str, int](int) for _n in range(4))
    for row in marks.rows:
        for question, result in row.results.items():
            for name, verdict in _parts(question, result):
                answered[name] += 1
                right[name] += verdict in ACCEPTED
                carried[name] += verdict == "carried"
            if result.coded:
                slips[question] += result.verdict != "right"
            elif first := result.first_wrong:
                slips[dotted(question, first["name"])] += 1
    quantities = [
        {
            "name": name,
            "right": right[name] / number,
            "carried": carried[name] / number,
            "first_slips": slips[name],
            "answers": number,
        }
        for name, number in answered.items()
    ]
    return sorted(quantities, key=lambda quantity: (-quantity["first_slips"], quantity["right"]))


def _parts(question: str, result: Result) -> Iterator[tuple[str, str]]:
    """name, verdict of what is counted: every number that was answered; code as a whole."""
    if result.coded:
        yield question, result.verdict
    for value in result.values:
        if value["answer"] is not None:
            yield dotted(question, value["name"]), value["verdict"]


def class_report(marks: Marks) -> Document:
    """The report for people."""
    summary = figures(marks)
    people, verdicts = summary["people"], summary["verdicts"]
    blocks: list[Block] = [Heading(_("class report"), 2)]
    if not people:
        return Document([*blocks, Paragraph(_("nobody handed anything in"))], summary)
    words = [
        (_("{n} people") if people > 1 else _("{n} person")).format(n=people),
        _("mean {mean}, median {median}").format(mean=_percent(summary["mean"]), median=_percent(summary["median"])),
    ]
    counted = {
        _("{n} all right"): sum(row.score >= 1 for row in marks.rows), _("{n} failed"): verdicts.get("failed"),
        _("{n} unreadable"): verdicts.get("unreadable"), _("{n} of them without any answer"): summary["empty"],
    }  # fmt: skip
    words += [text.format(n=count) for text, count in counted.items() if count]
    blocks.append(Paragraph(_(", ").join(words)))
    blocks += [Heading(_("scores"), 3), _distribution(summary)]
    hard = [part for part in summary["quantities"] if part["first_slips"] or part["right"] < 1]
    easy = len(summary["quantities"]) - len(hard)
    if hard:
        coded = any(result.coded for row in marks.rows for result in row.results.values())
        title = _("functions, the hardest first") if coded else _("quantities, the hardest first")
        blocks += [Heading(title, 3), _hardest(hard, _("function") if coded else _("quantity"))]
        blocks += [Paragraph(_("{n} others: all right").format(n=easy))] if easy else []
    if summary["mistakes"]:
        blocks += [Heading(_("mistakes"), 3), _mistakes(summary)]
    if summary["unexplained"]:
        text = _("{n} wrong without a mistake that explains it")
        blocks.append(Paragraph(text.format(n=summary["unexplained"])))
    if summary["mistakes"]:
        worst = [mistake["id"] for mistake in summary["mistakes"][:3]]
        lines = tuple((mistake_words(mistake), f"rnncalc explain {mistake}") for mistake in worst)
        blocks += [Heading(_("to teach again"), 3), Items(lines)]
    return Document(blocks, summary)


def _distribution(summary: dict[str, Any]) -> Grid:
    most = max(band["people"] for band in summary["distribution"])
    rows = []
    for band in summary["distribution"]:
        bar = "#" * -(-WIDEST * band["people"] // most)
        rows.append((f"{band['from']:.0%}–{band['to']:.0%}", str(band["people"]), bar))
    return Grid((_("score"), _("people"), ""), tuple(rows), numeric=frozenset((0, 1)))


def _hardest(quantities: list[dict[str, Any]], kind: str) -> Grid:
    rows = [
        (quantity["name"], str(quantity["first_slips"]), _percent(quantity["right"]), _percent(quantity["carried"]))
        for quantity in quantities
    ]
    return Grid((kind, _("first slips"), _("right"), _("carried")), tuple(rows), numeric=frozenset((1, 2, 3)))


def _mistakes(summary: dict[str, Any]) -> Grid:
    rows = [
        (mistake_words(mistake["id"]), str(mistake["people"]), _percent(mistake["share"]))
        for mistake in summary["mistakes"]
    ]
    return Grid((_("mistake"), _("people"), _("share")), tuple(rows), numeric=frozenset((1, 2)))


def _percent(share: float) -> str:
    return f"{share:.0%}"
