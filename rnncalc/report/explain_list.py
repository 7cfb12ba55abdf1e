"""What `explain` can explain, by kind."""

from __future__ import annotations

import re

from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common.i18n import _
from rnncalc.model.cells import CELLS
from rnncalc.report.document import Block, Document, Heading, Items, Paragraph
from rnncalc.report.explain_topic import TOPICS


def contents() -> Document:
    """Every cell, mistake and topic with a line on each."""
    cells = {name: _(cell.literature.title) for name, cell in CELLS.items() if cell.literature}
    topics = {name: _(topic.title) for name, topic in TOPICS.items()}
    mistakes = {name: _(mistake.message).format(detail="…") for name, mistake in MISTAKES.items()}
    kinds = {"cells": (_("cells"), cells), "topics": (_("topics"), topics), "mistakes": (_("mistakes"), mistakes)}
    blocks: list[Block] = []
    for heading, about in kinds.values():
        blocks += [Heading(heading, 2), Items(tuple(about.items()))]
    blocks.append(Paragraph(_("try: {command}").format(command="rnncalc explain bptt")))
    return Document(blocks, {kind: about for kind, (_heading, about) in kinds.items()})


def mistake_words(mistake: str) -> str:
    """A mistake in a few words, without what differs from person to person."""
    said = _(MISTAKES[mistake].message).format(detail="…") if mistake in MISTAKES else mistake
    return re.sub(r"\s*(?:[:：,，]\s*…|[(（]…[)）])$", "", said)
