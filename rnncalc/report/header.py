"""The head of every report: the title, the sizes, the equations, the shapes."""

from __future__ import annotations

from collections.abc import Iterator

from rnncalc.common.i18n import _
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import Name
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.printer import Place
from rnncalc.model.losses import LOSSES
from rnncalc.problems.problem import Problem
from rnncalc.report.document import Block, Formulas, Heading, Paragraph
from rnncalc.report.shared import Level, levels, stacked


def head(problem: Problem) -> Iterator[Block]:
    """The title, the sizes, the equations, the shapes."""
    if problem.title:
        yield Heading(problem.title, 1)
    network_levels, sizes = levels(problem), problem.shapes
    several = stacked(problem)
    words = [_("N = {n} sequences").format(n=sizes["N"])] if problem.batch else []
    words.append(_("T = {n} step").format(n=1) if sizes["T"] == 1 else _("T = {n} steps").format(n=sizes["T"]))
    words.append(_("D = {n} input").format(n=1) if sizes["D"] == 1 else _("D = {n} inputs").format(n=sizes["D"]))
    if not several:
        words.append(_units(sizes["H"]))
    if problem.network.read_out or problem.network.layers[-1].cell.outputs:
        words.append(_("O = {n} output").format(n=1) if sizes["O"] == 1 else _("O = {n} outputs").format(n=sizes["O"]))
    count = len(problem.network.layers)
    stack = _("{n} layer").format(n=1) if count == 1 else _("{n} layers").format(n=count)
    named = stack if several else _name(network_levels[0].layer.cell)
    yield Paragraph(_("{name}: {title}").format(name=named, title=_(", ").join(words)))
    if not several:
        yield Formulas(tuple(formula for level in network_levels for formula in equations(level)))
        yield Paragraph(
            "  ".join(
                [*(text for level in network_levels for text in shapes(level)), *initial_states(network_levels[0])]
            )
        )
        return
    for level in network_levels:
        about = "" if level.read_out else f": {_name(level.layer.cell)}, {_units(level.layer.sizes['H'])}"
        yield Heading(level.title + about, 3)
        yield Formulas(tuple(equations(level)))
        yield Paragraph("  ".join([*shapes(level), *initial_states(level)]))
        layer = problem.network.layers[level.number]
        if level.reverse and len(layer.passes) > 1:
            how = {"concat": _("side by side"), "sum": _("added"), "ave": _("averaged"), "mul": _("multiplied")}
            name = f"{level.letters.signal(level.layer.cell.emits)}^({level.number + 1})"
            message = _("{name} is the two directions' {signal}, {how}")
            signal = level.letters.signal(level.layer.cell.emits)
            yield Paragraph(message.format(name=name, signal=signal, how=how[layer.merge]))


def _name(cell: Cell) -> str:
    words = {"activation": _("activation"), "update": _("update")}
    return cell.name + "".join(
        f", {words[option]} {cell.switched[option]}" for option in words if option in cell.switched
    )


def _units(units: int) -> str:
    return _("H = {n} unit").format(n=1) if units == 1 else _("H = {n} units").format(n=units)


def equations(level: Level) -> Iterator[Formula]:
    """The level's lines at any step."""
    for line, expression in level.lines.items():
        yield Formula(line, (expression,), level.letters, level.place())


def shapes(level: Level) -> Iterator[str]:
    """Every array with its shape, as the reader has it."""
    letters, stacks = level.letters, level.layer.cell.stacks
    for name, array in level.layer.arrays.items():
        shape, parts = array.shape, stacks.get(name, [])
        called = letters.parameter(name)
        if called == name and any(letters.parameter(part.symbol) != part.symbol for part in parts):  # by gate alone
            called = " ".join(letters.parameter(part.symbol) for part in parts)
            shape = (shape[0] // len(parts), *shape[1:])
        shape = shape[::-1] if letters.rows and array.ndim == 2 else shape
        given = array.any() or name in level.given
        yield f"{called} {shape}" if given else f"{called} = 0"


def initial_states(level: Level) -> Iterator[str]:
    """The initial states, and the order of the gates."""
    cell, letters = level.layer.cell, level.letters
    for state in cell.state:
        start, name = level.layer.initial_states.get(state), f"{letters.signal(state)}_0"
        if start is None or not start.any():
            yield f"{name} = 0"
        elif start.ndim == 1 and start.size <= 6:
            yield f"{name} = ({', '.join(f'{value:g}' for value in start)})"
        else:
            yield f"{name} {start.shape}"
    if cell.gates:
        yield _("gates {order}").format(order=" ".join(cell.gates))


def output(problem: Problem) -> Iterator[Block]:
    """What y is, and s, where there is no read-out that says it."""
    top = problem.network.layers[-1].cell
    if problem.network.read_out or top.outputs:
        return
    emitted = problem.letters.signal(top.emits)
    emitted += f"^({len(problem.network.layers)})" if stacked(problem) else ""
    scores = [Name("s")] if LOSSES[problem.task.loss or ""].at == "s" else []
    place = Place(signals=frozenset({"s", "y", emitted}))
    yield Formulas((Formula("y", (*scores, Name(emitted)), problem.letters, place),))
