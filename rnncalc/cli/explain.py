"""rnncalc explain"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.options import result_options, show
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import _
from rnncalc.common.suggest import nearest

if TYPE_CHECKING:
    from rnncalc.report.document import Document


@click.command("explain", cls=Spoken)
@click.argument("subject", metavar="[CELL|MISTAKE|TOPIC]", required=False)
@result_options
def command(subject: str | None, **look: Any) -> None:
    """Explain a cell: its equations, shapes, the gate orders of other libraries, and its literature; a mistake; or a
    topic, such as bptt. Alone: list all that can be explained.

    \b
    rnncalc explain
    rnncalc explain lstm
    rnncalc explain gru_after --format latex
    rnncalc explain not_through_time
    rnncalc explain bptt
    """
    show(_document(subject), **look)


def _document(subject: str | None) -> Document:
    """What is said of a subject, or the list of all. Raises UsageError, with the nearest name where there is one."""
    from rnncalc.model.cells import CELLS
    from rnncalc.report import explain_cell

    if subject in CELLS:
        return explain_cell.cell(CELLS[subject])
    from rnncalc.report import explain_list, explain_mistake, explain_topic

    if subject is None:
        return explain_list.contents()
    if subject in explain_mistake.LESSONS:
        return explain_mistake.lesson(subject)
    if subject in explain_topic.TOPICS:
        return explain_topic.topic(subject)
    near = nearest(subject, [*CELLS, *explain_mistake.LESSONS, *explain_topic.TOPICS], 0.7)
    hint = _("did you mean {name}?").format(name=near) if near else _("rnncalc explain, alone, lists what there is")
    raise click.UsageError(_("nothing is called “{name}”: {hint}").format(name=subject, hint=hint))
