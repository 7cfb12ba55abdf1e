"""Everything that can be asked of a problem, by the names that answers have: h, y, loss, dU, dU.i, db, U_new, dh …"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnncalc.problems.problem import Problem


class Quantities(Mapping[str, np.ndarray]):
    """The computed quantities of a problem, with a row a step where there is one; a gate's part of a stacked array by
    its dotted name. Of a stack of layers, what is on top and at the parameters of the read-out.

    Signals come first, then the loss, gradients by parameter, start and step, and the updated parameters.
    """

    def __init__(self, problem: Problem):
        self.problem = problem
        self.trace = problem.forward()
        self.gates: dict[str, slice] = {}  # dU.i → its rows
        found = dict(self.trace)
        task = problem.task
        if task.targets is not None or task.dy is not None:
            found.update(self._backward())
        self._found = found

    def _backward(self) -> Iterator[tuple[str, np.ndarray]]:
        problem = self.problem
        gradients = problem.backward(self.trace)
        if gradients.loss is not None:
            yield "loss", np.asarray(gradients.loss)
        if gradients.losses is not None:
            yield "losses", gradients.losses
        for name, gradient in gradients.items():
            if name != "x":
                yield f"d{name}", gradient
        yield from gradients.steps.items()
        for (layer, _way, name), array in problem.update(self.trace, gradients).parameters.items():
            if layer == -1 or len(problem.network.passes) == 1:
                yield f"{name}_new", array

    def _rows(self, name: str, gate: str) -> slice:
        """The rows of a gate in a stacked array. Raises KeyError."""
        layer = next(iter(self.problem.network.layers[-1].passes.values()))
        stack = layer.cell.stacks.get(name.removeprefix("d").removesuffix("_new"), [])
        gates = [parameter.gate for parameter in stack]
        if gate not in gates:
            raise KeyError(f"{name}.{gate}")
        units, number = layer.sizes["H"], gates.index(gate)
        return slice(number * units, (number + 1) * units)

    def __getitem__(self, name: str) -> np.ndarray:
        stacked, _dot, gate = name.partition(".")
        array = self._found[stacked]
        return array[self._rows(stacked, gate)] if gate else array

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def per_step(problem: Problem, name: str, array: np.ndarray) -> bool:
    """Whether a quantity has a row a step, so that its first index is the step."""
    steps = problem.x.shape[-2]
    bare = name.partition(".")[0]
    parameters = {key for one in problem.network.passes for key in (*one.arrays, *(f"{s}0" for s in one.cell.state))}
    if problem.network.read_out:
        parameters |= set(problem.network.read_out.arrays)
    whole = {f"d{key}" for key in parameters} | {f"{key}_new" for key in parameters} | {"loss"}
    return bare not in whole and array.ndim > 0 and steps in array.shape
