"""The mark sheet: the marks, and their texts."""

from __future__ import annotations

from rnncalc.classroom.grading import mark_sheets
from rnncalc.classroom.grading.class_report import class_report
from rnncalc.classroom.grading.mark_rows import Marks
from rnncalc.report.render import render


class Gradebook(Marks):
    """Everybody's row, in the order in which they first appear; notes: what was assumed."""

    def text(self, format: str = "plain", feedback: str = "hint") -> str:
        """The mark sheet in one of the formats of `rnncalc.classroom.grading.mark_sheets`."""
        return mark_sheets.write(self, format, feedback)

    def report(self, format: str = "plain") -> str:
        """The class report: the share of each mistake, the hardest quantities, the distribution of scores."""
        return render(class_report(self), format)

    def _repr_markdown_(self) -> str:
        return self.text("markdown")

    def _repr_html_(self) -> str:
        from rnncalc.report.render import RenderOptions, html  # here: only notebooks show HTML

        return html.part(class_report(self), RenderOptions())
