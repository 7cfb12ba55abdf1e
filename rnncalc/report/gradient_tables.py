"""What backpropagation adds up to: each step's share, the gradients, the update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.model.equations.stages import Product, ProductLine
from rnncalc.model.equations.style import TOTAL
from rnncalc.network.gradient_step import Update
from rnncalc.network.gradients import Gradients
from rnncalc.problems.problem import Problem
from rnncalc.report.backward_levels import BackwardLevel, gradients_of
from rnncalc.report.document import Block, Column, Heading, Items, Matrices, Matrix, Paragraph, Table
from rnncalc.report.shared import Level, groups, levels

MOST_SHARES = 40  # gradients of all parameters together of which every step's share is shown
MOST_ROWS, MOST_COLUMNS = 12, 10  # of a matrix that is printed whole

Named = tuple[str, str, np.ndarray]


def product_lines(descent: BackwardLevel) -> Iterator[ProductLine]:
    for stage in descent.level.layer.cell.stages:
        yield from stage.products


def products(descent: BackwardLevel) -> Iterator[tuple[ProductLine, Product]]:
    for line in product_lines(descent):
        for product in (*line.inputs, *line.products):
            yield line, product


def shares(problem: Problem, backward_levels: list[BackwardLevel], steps: Sequence[int]) -> Iterator[Block]:
    """What every step adds to each gradient, and the sums."""
    for group in groups(problem, backward_levels):
        size = sum(array.size for descent in group for array in descent.level.layer.parameters.values())
        if size > MOST_SHARES or len(group[0].order) < 2:
            continue
        wide: list[Column] = []
        rows: list[np.ndarray] = []
        for descent in group:
            for name, label, array in _of_each_step(descent):
                indices = list(np.ndindex(*array.shape[1:]))
                places = ["".join(f"[{i + 1}]" for i in index) if array[0].size > 1 else "" for index in indices]
                wide += [Column(f"{name}{place}", f"{label}{place}") for place in places]
                rows.append(descent.spread(array.reshape(len(array), -1)))
        values = np.concatenate(rows, axis=1)
        order = steps[::-1] if group[0].level.reverse else steps
        visited = [step for step in order if step - 1 in group[0].order]
        yield Heading(
            _("each step's share of the gradients") + (f": {group[0].level.title}" if group[0].level.title else ""), 3
        )
        body = [tuple(map(float, values[step - 1])) for step in visited]
        yield Table(tuple(wide), (*map(str, visited), _("sum")), (*body, tuple(map(float, values.sum(axis=0)))))


def _of_each_step(descent: BackwardLevel) -> Iterator[Named]:
    """(name, label, (visits, …)) of every parameter of the product lines."""
    letters = descent.level.letters
    for line, product in products(descent):
        da, source = descent[TOTAL + line.signal], descent[product.source]
        share = product.sign * da[:, :, None] * source[:, None, :]
        share = share.swapaxes(1, 2) if letters.rows else share
        yield f"d{product.weight}", f"d{letters.parameter(product.weight)}", share
    for line in product_lines(descent):
        for sign, bias in line.biases:
            if descent.level.is_given(bias):
                yield f"d{bias}", f"d{letters.parameter(bias)}", sign * descent[TOTAL + line.signal]


def gradients(problem: Problem, gradients: Gradients) -> Iterator[Block]:
    """The gradient of every parameter and every initial state."""
    yield Heading(_("gradients"), 2)
    for level in levels(problem):
        own = gradients_of(level, gradients)
        yield from level.heading(4)
        named = {f"d{name}": array for name, array in _as_given(level, own.symbols).items()}
        yield from matrices(
            level, {**named, **{_initial(level, name): array for name, array in own.initial_states.items()}}
        )


def _as_given(level: Level, by_symbol: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by the reader's names; the pieces of one array that the reader has whole are put together."""
    whole = {symbol: (name, grid) for name, grid in level.letters.joined.items() for row in grid for symbol in row}
    arrays: dict[str, np.ndarray] = {}
    for symbol in in_order(level):
        name, grid = whole.get(symbol, (level.letters.parameter(symbol), ((symbol,),)))
        if name not in arrays:
            arrays[name] = np.concatenate([np.concatenate([by_symbol[part] for part in row], -1) for row in grid])
    return arrays


def _initial(level: Level, state: str) -> str:
    """What the gradient of an initial state is called: dh0."""
    return f"d{level.letters.signal(state.removesuffix('0'))}0"


def in_order(level: Level) -> list[str]:
    """The symbols of a level's parameters, as people list them: U, W, b; a bias that nobody gave is none."""
    stacks = level.layer.cell.stacks.values()
    return [parameter.symbol for stack in stacks for parameter in stack if level.is_given(parameter.symbol)]


def matrices(level: Level, named: Mapping[str, np.ndarray]) -> Iterator[Block]:
    """Arrays as the reader has them; of large ones their size and their largest entry."""
    shown = [_matrix(level, name, array) for name, array in named.items() if array.size]
    if small := tuple(matrix for matrix in shown if isinstance(matrix, Matrix)):
        yield Matrices(small)
    if large := tuple(("", summary) for summary in shown if isinstance(summary, str)):
        yield Items(large)


def _matrix(level: Level, name: str, array: np.ndarray) -> Matrix | str:
    turned = array.T if level.letters.rows and array.ndim == 2 else array
    rows = np.atleast_2d(turned)
    if rows.shape[0] > MOST_ROWS or rows.shape[1] > MOST_COLUMNS:
        at = np.unravel_index(int(np.abs(turned).argmax()), turned.shape)
        place = "".join(f"[{i + 1}]" for i in at)
        message = _("{name} {shape}: norm {norm:.6g}, largest entry {place} {value:.6g} (--format json has all)")
        norm, value = float(np.linalg.norm(turned)), float(turned[at])
        return message.format(name=name, shape=turned.shape, norm=norm, place=place, value=value)
    return Matrix(name, tuple(tuple(map(float, row)) for row in rows))


def update(problem: Problem, made: Update) -> Iterator[Block]:
    """Clipping, the parameters after one step of gradient descent, and the loss with them."""
    clipped, task = made.clipped, problem.task
    if task.clip_norm is not None or task.clip_value is not None:
        yield Heading(_("clipping"), 2)
        yield Paragraph(_("the norm of all gradients of parameters together is {norm:.6g}").format(norm=clipped.norm))
        if task.clip_norm is not None:
            message = _("longer than {limit:g}: all are multiplied by {factor:.6g}")
            if clipped.factor != clipped.factor:
                message = _("a gradient that is not finite has no length: clipping by norm leaves no number")
            elif clipped.factor == 1:
                message = _("not longer than {limit:g}")
            yield Paragraph(message.format(limit=task.clip_norm, factor=clipped.factor))
        if task.clip_value is not None:
            cut = _("entries beyond ±{limit:g} were cut") if clipped.by_value else _("no entry is beyond ±{limit:g}")
            yield Paragraph(cut.format(limit=task.clip_value))
    if made.network is None or task.lr is None:
        return
    yield Heading(_("after the update, θ − {lr:g}·dθ").format(lr=task.lr), 2)
    after = iter([*made.network.passes, *([made.network.read_out] if made.network.read_out else [])])
    for level, layer in zip(levels(problem), after):
        yield from level.heading(4)
        named = _as_given(level, layer.parameters)
        yield from matrices(level, {f"{name}_new": array for name, array in named.items()})
    if made.loss is not None:
        yield Matrices((Matrix("L_new", ((made.loss,),)),))
