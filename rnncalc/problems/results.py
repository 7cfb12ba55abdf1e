"""The quantities of a problem by the names that answers have: h, y, loss, dU, dU.i, db, U_new, dh …"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnncalc.problems.problem import Problem


class Quantities(Mapping[str, np.ndarray]):
    """The computed quantities of a problem: signals, the loss, gradients by parameter, initial state and step, and the
    updated parameters, in this order.

    A quantity of every step has a row for each. A dotted name is a gate's part of a stacked array: dU.i. Of several
    layers, the top one and the read-out are here.
    """

    def __init__(self, problem: Problem):
        self.problem = problem
        self.trace = problem.forward()
        self.gates: dict[str, slice] = {}  # dU.i → its rows
        arrays = dict(self.trace)
        task = problem.task
        if task.targets is not None or task.dy is not None:
            arrays.update(self._backward())
        self._arrays = arrays

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
        for (layer, _direction, name), array in problem.update(self.trace, gradients).parameters.items():
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
        array = self._arrays[stacked]
        return array[self._rows(stacked, gate)] if gate else array

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def per_step(problem: Problem, name: str, array: np.ndarray) -> bool:
    """Whether the first index of a quantity is the step."""
    steps = problem.x.shape[-2]
    bare = name.partition(".")[0]
    network, parameters = problem.network, set[str]()
    for layer in network.passes:
        parameters |= {*layer.arrays, *(f"{state}0" for state in layer.cell.state)}
    if network.read_out:
        parameters |= set(network.read_out.arrays)
    whole = {f"d{key}" for key in parameters} | {f"{key}_new" for key in parameters} | {"loss"}
    return bare not in whole and array.ndim > 0 and steps in array.shape
