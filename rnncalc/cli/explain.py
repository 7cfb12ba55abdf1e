"""rnncalc explain"""

from __future__ import annotations

import difflib
from typing import Any

import click

from rnncalc.cli.options import result_options, show
from rnncalc.language import _


@click.command("explain")
@click.argument("subject", metavar="CELL")
@result_options
def command(subject: str, **look: Any) -> None:
    """Explain a cell: its equations, shapes, the gate orders of other libraries, and its literature.

    \b
    rnncalc explain lstm
    rnncalc explain gru_after --format latex
    """
    from rnncalc import lesson
    from rnncalc.cells import CELLS

    if subject not in CELLS:
        near = difflib.get_close_matches(subject, CELLS, 1)
        hint = (
            _("did you mean {name}?").format(name=near[0])
            if near
            else _("there are {known}").format(known=", ".join(CELLS))
        )
        raise click.UsageError(_("no cell is called “{name}”: {hint}").format(name=subject, hint=hint))
    show(lesson.cell(CELLS[subject]), **look)
