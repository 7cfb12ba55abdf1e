"""What `explain` says of a cell: its equations, shapes, gate orders elsewhere, and literature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.model.cells import Cell
from rnncalc.model.cells.readout import READ_OUT
from rnncalc.model.equations.expression import Call, Name
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.printer import Letters, Place, write
from rnncalc.model.equations.style import SOURCE
from rnncalc.report.document import Block, Document, Formulas, Heading, Items, Paragraph


def cell(subject: Cell) -> Document:
    """One page on a cell."""
    known = subject.literature
    title = f"{subject.name}: {_(known.title)} ({known.year})" if known else subject.name
    blocks: list[Block] = [Heading(title, 1), Formulas(tuple(_formulas(subject)))]
    blocks += [Heading(_("shapes"), 3), Items(tuple(_shapes(subject)))]
    for option, choices in subject.switches.items():
        blocks += [Heading(f"{option}", 3), Items(tuple((value, _replaced(choices[value])) for value in choices))]
    if subject.gate_orders:
        orders = tuple((name, " ".join(order)) for name, order in subject.gate_orders.items())
        blocks += [Heading(_("gate orders"), 3), Items(orders)]
    if known:
        sections = (
            (_("also called"), known.also_called),
            (_("not to be confused with"), known.not_to_be_confused_with),
            (_("remarks"), known.remarks),
            (_("literature"), known.papers),
        )
        for heading, texts in sections:
            if texts:
                blocks += [Heading(heading, 3), Items(tuple(("", _(text)) for text in texts))]
    blocks.append(Paragraph(_("try: {command}").format(command=f"rnncalc new {subject.name} --solution")))
    return Document(blocks, _data(subject))


def _formulas(subject: Cell) -> Iterator[Formula]:
    """The cell's lines, and the read-out's with a function g of the reader's choice."""
    letters, place = Letters(labels=subject.labels), Place(signals=frozenset(subject.written))
    for line, expression in subject.written.items():
        yield Formula(line, (expression,), letters, place)
    if not subject.owns_read_out:
        letters, place = Letters(input=subject.emits), Place(signals=frozenset("sy"))
        yield Formula("s", (READ_OUT.written["s"],), letters, place)
        yield Formula("y", (Call("g", Name("s")),), letters, place)


def _shapes(subject: Cell) -> list[tuple[str, str]]:
    shapes = []
    for name, stack in subject.stacks.items():
        gates = (
            ", " + _("stacked {gates}").format(gates=" ".join(p.gate or "" for p in stack)) if len(stack) > 1 else ""
        )
        shapes.append((name, stack[0].letters(len(stack)) + gates))
    if not subject.owns_read_out:
        shapes += [("V", "(O, H)"), ("c", "(O,)")]
    shapes += [(f"{state}0", f"({subject.size(state)},)") for state in subject.state]
    return shapes


def _replaced(lines: Any) -> str:
    return ", ".join(f"{line} = {text}" for line, text in lines.items())


def _data(subject: Cell) -> dict[str, Any]:
    known = subject.literature
    return {
        "cell": subject.name,
        "equations": dict(subject.equations),
        "lines": {line: write(expression, SOURCE) for line, expression in subject.lines.items()},
        "state": list(subject.state),
        "emits": subject.emits,
        "gates": list(subject.gates),
        "shapes": dict(_shapes(subject)),
        "switches": {
            option: {value: dict(lines) for value, lines in choices.items()}
            for option, choices in subject.switches.items()
        },
        "title": known.title if known else subject.name,
        "year": known.year if known else None,
        "literature": list(known.papers) if known else [],
        "also_called": list(known.also_called) if known else [],
        "not_to_be_confused_with": list(known.not_to_be_confused_with) if known else [],
        "gate_orders": {name: list(order) for name, order in subject.gate_orders.items()},
        "remarks": list(known.remarks) if known else [],
    }
