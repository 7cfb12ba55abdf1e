"""What the form of an exercise asks for, number by number, under the names that a page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnncalc.check.answers.names import LAYER
from rnncalc.classroom.exercise import Exercise
from rnncalc.problems.results import per_step


@dataclass(frozen=True)
class Blanks:
    """The numbers of a quantity in the form: what it is called, and its values as a person writes them; signals of
    every step have a row a step.
    """

    name: str
    called: str
    values: np.ndarray
    stepped: bool

    def labels(self) -> list[str]:
        """Of a quantity of every step: the head of each column."""
        columns = self.values.shape[1]
        return [f"{self.called}[{unit + 1}]" if columns > 1 else self.called for unit in range(columns)]

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Each number by its name: h_2[1], dU[1][2], loss."""
        for index in np.ndindex(self.values.shape):
            value = float(self.values[index])
            places = [i + 1 for i in index]
            if self.stepped:
                places, called = places[1:] if self.values.shape[1] > 1 else [], f"{self.called}_{places[0]}"
            else:
                called = self.called
            yield called + "".join(f"[{at}]" for at in places), value


def blanks(exercise: Exercise) -> list[Blanks]:
    """What the form asks for, in its order: the signals of every step, then the rest."""
    parts = []
    for (name, array), (called, shown) in zip(exercise.quantities.items(), exercise.shown().items()):
        stepped = per_step(exercise.problem, name, array)
        values = array.reshape(exercise.problem.shapes["T"], -1) if stepped else np.asarray(shown)
        parts.append(Blanks(name, displayed(exercise, called), values, stepped))
    return sorted(parts, key=lambda part: not part.stepped)


def one_way(exercise: Exercise) -> bool:
    """Whether there are several layers, all of which go forward."""
    layers = exercise.problem.network.layers
    return len(layers) > 1 and all(list(layer.passes) == ["forward"] for layer in layers)


def displayed(exercise: Exercise, called: str) -> str:
    """What a page calls a quantity: of a stack that goes forward the states of layer 2 are h^(2)."""
    match = LAYER.fullmatch(called)
    if not one_way(exercise):
        return called
    if match:
        return f"{match['name']}^({match['layer']})"
    layers = exercise.problem.network.layers
    return f"{called}^({len(layers)})" if called in layers[-1].cell.lines else called


def named(called: str) -> str:
    """A name as a symbol with an index: dU.i is dU_i."""
    return called if called.startswith("layers") else called.replace(".", "_")
