"""What `explain` can explain, by kind."""

from __future__ import annotations

import re

from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.common.i18n import N_, _
from rnncalc.model.cells import CELLS
from rnncalc.report.document import Block, Document, Heading, Items, Paragraph
from rnncalc.report.explain_topic import TOPICS

_DETAILS = {  # what differs from person to person, in words that fit everybody
    "bias_subtracted": N_("subtracted, not added"),
    "gate_order": N_("of another book"),
    "reset_position": N_("in the other place, before or after the product"),
    "loss_factor": N_("a constant, such as 1/2 or 1/T"),
    "state_not_carried": N_("the same state"),
    "h_c_exchanged": N_("where they are passed on or returned"),
    "gates_interleaved": N_("i, f, g, o of unit 1, then of unit 2"),
    "gate_omitted": N_("i, o, r or z"),
    "arriving_gradient_omitted": N_("dy or dh"),
    "bias_gradient_not_summed": "db",
    "part_through_h_omitted": "dc",
}


def contents() -> Document:
    """Every cell, mistake and topic with a line on each."""
    cells = {name: _(cell.literature.title) for name, cell in CELLS.items() if cell.literature}
    topics = {name: _(topic.title) for name, topic in TOPICS.items()}
    mistakes = {name: mistake_words(name) for name in MISTAKES}
    kinds = {"cells": (_("cells"), cells), "topics": (_("topics"), topics), "mistakes": (_("mistakes"), mistakes)}
    blocks: list[Block] = []
    for heading, about in kinds.values():
        blocks += [Heading(heading, 2), Items(tuple(about.items()))]
    blocks.append(Paragraph(_("try: {command}").format(command="rnncalc explain bptt")))
    return Document(blocks, {kind: about for kind, (_heading, about) in kinds.items()})


def mistake_words(mistake: str) -> str:
    """A mistake in a few words, without what differs from person to person."""
    if mistake not in MISTAKES:
        return mistake
    said = _(MISTAKES[mistake].message).format(detail=_(_DETAILS.get(mistake, "…")))
    return re.sub(r"\s*(?:[:：,，]\s*…|[(（]…[)）])$", "", said)
