"""rnncalc explain"""

from __future__ import annotations

from typing import Any

import click

from rnncalc.cli.options import result_options, show
from rnncalc.cli.spoken import Spoken
from rnncalc.common.i18n import _
from rnncalc.common.suggest import nearest


@click.command("explain", cls=Spoken)
@click.argument("subject", metavar="CELL|MISTAKE")
@result_options
def command(subject: str, **look: Any) -> None:
    """Explain a cell: its equations, shapes, the gate orders of other libraries, and its literature; or a mistake.

    \b
    rnncalc explain lstm
    rnncalc explain gru_after --format latex
    rnncalc explain not_through_time
    """
    from rnncalc.model.cells import CELLS
    from rnncalc.report import explain_cell as lesson

    if subject in CELLS:
        show(lesson.cell(CELLS[subject]), **look)
        return
    from rnncalc.report import explain_mistake as lessons

    if subject not in lessons.LESSONS:
        near = nearest(subject, [*CELLS, *lessons.LESSONS], 0.7)
        cells, mistakes = ", ".join(CELLS), ", ".join(lessons.LESSONS)
        hint = (
            _("did you mean {name}?").format(name=near)
            if near
            else _("there are {cells}; and the mistakes {mistakes}").format(cells=cells, mistakes=mistakes)
        )
        raise click.UsageError(_("no cell or mistake is called “{name}”: {hint}").format(name=subject, hint=hint))
    show(lessons.lesson(subject), **look)
