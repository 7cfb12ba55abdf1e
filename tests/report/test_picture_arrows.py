"""Arrows of pictures: whoever follows one arrives at what it is computed from, in every network that can be drawn."""

import random
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from support.hunt import own_cell
from support.problems import PLAIN, random_problem

from rnncalc.common.wrapping import display_width
from rnncalc.model.equations.functions import quiet
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.report.document import Unrolled
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.render.picture_boxes import LETTER
from rnncalc.report.render.picture_layout import Box, PictureLayout, spread
from rnncalc.report.unrolled import picture

Point = tuple[float, float]
ROWS = {"elman": 1, "gru": 3, "gru_after": 3, "lstm": 4}  # of gates
BESIDE = 5  # pixels that two arrows may have in common where they cross


@quiet
def drawn(keys: dict[str, Any]) -> list[Unrolled]:
    """The picture of the forward pass, and that with what comes back where the problem has a way back."""
    problem = read(given.of_python(keys), engine="equations")
    trace = problem.forward()
    steps, sequence = range(1, problem.shapes["T"] + 1), 0 if problem.batch else None
    blocks = [picture(problem, trace, steps, sequence=sequence)]
    if problem.task.targets is not None or problem.task.dy is not None:
        gradients = problem.backward(trace)
        blocks.append(picture(problem, trace, steps, sequence=sequence, gradients=gradients))
    return blocks


def stack(cells: list[str], directions: list[str], read_out: bool) -> dict[str, Any]:
    """A stack with layers of different widths."""
    rng = np.random.default_rng(len(cells))
    layers, width = list[dict[str, Any]](), 2

    def arrays(cell: str, units: int) -> dict[str, Any]:
        rows = units * ROWS[cell]
        shapes = {"U": (rows, width), "W": (rows, units), "b": (rows,)}
        return {name: rng.normal(0, 0.5, shape).round(2).tolist() for name, shape in shapes.items()}

    for number, (cell, direction) in enumerate(zip(cells, directions)):
        units = 3 - number
        layers.append({"cell": cell, "direction": direction, **arrays(cell, units)})
        if direction == "both":
            layers[-1]["backward"] = arrays(cell, units)
        width = units * (2 if direction == "both" else 1)
    keys = {"layers": layers, "x": rng.normal(size=(2, 2)).round(2).tolist(), "dy": [[1.0] * width] * 2}
    return keys | ({"V": rng.normal(size=(4, width)).tolist(), "dy": [[1.0] * 4] * 2} if read_out else {})


def line_of(path: str) -> list[Point]:
    """The pixels of a path, in order."""
    x = y = 0.0
    parts = list[np.ndarray]()
    for letter, text in re.findall(r"([MLHVCQ])([^MLHVCQ]*)", path):
        numbers = [float(number) for number in text.split()]
        corners = [(x, numbers[0])] if letter == "V" else [(numbers[0], y)] if letter == "H" else []
        corners = corners or list(zip(numbers[::2], numbers[1::2]))
        bends = np.array([(x, y), *corners])
        x, y = corners[-1]
        if letter == "M":
            continue
        share = np.linspace(0, 1, int(np.abs(np.diff(bends, axis=0)).sum() * 1.5) + 2)[:, None, None]
        between = np.broadcast_to(bends, (len(share), *bends.shape))
        while between.shape[1] > 1:  # de Casteljau
            between = between[:, :-1] * (1 - share) + between[:, 1:] * share
        parts.append(between[:, 0].round().astype(int))
    return list(dict.fromkeys(map(tuple, np.concatenate(parts).tolist())))


def faults(block: Unrolled) -> Iterator[str]:
    """Arrows that cross a box or run together with another box's, labels that cover each other."""
    layout = PictureLayout(block, Rounding(6))
    labels, owners = list[Box](), dict[Point, set[tuple[bool, int, int]]]()
    lines = {arrow: line_of(layout.path(arrow)) for arrow in layout.arrows}
    edges = np.array([(box.x, box.right, box.y, box.bottom) for box in layout.boxes.values()]).reshape(-1, 4)
    left, right, top, bottom = edges.T[:, :, None]
    for arrow, line in lines.items():
        for pixel in line:
            owners.setdefault(pixel, set()).add((*arrow.origin, arrow.start))
        x, y = np.array(line).T
        crossed = ((left < x) & (x < right) & (top < y) & (y < bottom)).any(axis=1)
        if crossed.any():
            yield f"{arrow} crosses {np.array(list(layout.boxes))[crossed]}"
        if arrow.label:
            end, base = layout.label_at(arrow)
            wide = display_width(arrow.label) * LETTER
            labels.append(Box(end - wide, base - 8, wide, 8))
    for arrow, line in lines.items():
        together: dict[tuple[bool, int, int], int] = {}
        for pixel in line:
            others = owners[pixel] - {(*arrow.origin, arrow.start)}
            together = {other: together.get(other, 0) + 1 for other in others} if others else {}
            if max(together.values(), default=0) > BESIDE:
                yield f"{arrow} runs together with {together}"
                break
    for box, other in combinations([*labels, *layout.boxes.values()], 2):
        if box.x < other.right and other.x < box.right and box.y < other.bottom and other.y < box.bottom:
            yield f"{box} covers {other}"


@pytest.mark.parametrize("read_out", [True, False])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("cell", PLAIN)
def test_no_arrow_of_a_stack_is_taken_for_another(cell: str, direction: str, read_out: bool) -> None:
    for block in drawn(stack([cell, "elman"], ["both", direction], read_out)):
        assert not list(faults(block))
    if read_out:
        assert not list(faults(drawn(stack(["gru", cell, cell], [direction, "both", "forward"], read_out))[-1]))


@pytest.mark.parametrize("seed", range(16))
def test_no_arrow_of_a_random_network_is_taken_for_another(seed: int) -> None:
    """Every other one with a cell of one's own, whose states may stand side by side."""
    for block in drawn(random_problem(random.Random(seed), own_cell(seed) if seed % 2 else None)):
        assert not list(faults(block))


def test_what_is_moved_apart_keeps_its_order_and_its_room() -> None:
    rng = random.Random(1)
    for _case in range(200):
        places = sorted(rng.uniform(0, 50) for _ in range(rng.randint(1, 5)))
        rooms = [rng.uniform(2, 10) for _place in places]
        moved = spread(places, rooms, 0, 50)
        assert all(0 <= place <= 50 for place in moved)
        assert all(b - a > room - 1e-9 for a, b, room in zip(moved, moved[1:], rooms[1:]))
    assert spread([5, 5, 5], [30, 30, 30], 0, 50) == [0, 25, 50]
