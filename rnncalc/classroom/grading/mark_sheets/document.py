"""The mark sheet for people, with the class report below it."""

from __future__ import annotations

from rnncalc.classroom.grading.class_report import class_report
from rnncalc.classroom.grading.feedback import lines, verdict_word
from rnncalc.classroom.grading.mark_rows import Marks
from rnncalc.common.i18n import _
from rnncalc.report.document import Block, Document, Grid, Heading, Items
from rnncalc.report.explain_list import mistake_words

LONGEST = 60


def document(marks: Marks, feedback: str) -> Document:
    """A row a person, in full what each is told, then the report."""
    hinting = feedback in ("hint", "full")
    header = [_("id"), _("name"), _("points"), _("score"), _("verdict")]
    header += [_("first slip"), _("mistake")] if hinting else []
    rows = []
    for row in marks.rows:
        words = [
            row.id[:LONGEST],
            row.name[:LONGEST],
            f"{row.points:g}/{row.most:g}",
            f"{row.score:.0%}",
            verdict_word(row.verdict),
        ]
        words += [row.first_wrong, "; ".join(map(mistake_words, row.mistakes))] if hinting else []
        remarks = [row.remark, row.lost if feedback != "none" else ""]
        rows.append((*words, "; ".join(filter(None, remarks))[: 2 * LONGEST]))
    blocks: list[Block] = [Heading(marks.title, 1)] if marks.title else []
    blocks += [Grid((*header, _("remark")), tuple(rows), numeric=frozenset((2, 3)))] if rows else []
    if feedback == "full":
        for row in marks.rows:
            said = tuple((question, line) for question, line in lines(row, feedback))
            blocks += (
                [Heading(" ".join(filter(None, (row.id[:LONGEST], row.name[:LONGEST]))), 3), Items(said)]
                if said
                else []
            )
    return Document([*blocks, *class_report(marks).blocks], {}, list(marks.notes))
