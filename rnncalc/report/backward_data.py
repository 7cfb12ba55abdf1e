"""Gradients as `--format json` has them: in our names and orientation, by gate or stacked as they were given."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.gradient_step import Places, Update
from rnncalc.network.gradients import Gradients, PassGradients
from rnncalc.network.trace import Trace
from rnncalc.problems.conventions import reordered
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.problem import Problem
from rnncalc.report.shared import stacked, stepwise


def data(problem: Problem, trace: Trace, gradients: Gradients, update: Update) -> dict[str, Any]:
    """The whole answer."""
    losses, task = gradients.losses, problem.task
    answer: dict[str, Any] = {
        "loss": None if gradients.loss is None else float(gradients.loss),
        "losses": None if losses is None else stepwise(trace, losses),
        "gradients": _in_form(problem, _gradients(gradients)),
        "steps": _steps(problem, trace, gradients),
    }
    if update.network is not None:
        answer["updated"] = _in_form(problem, update.parameters)
    if task.clip_norm is not None or task.clip_value is not None:
        answer["clipped"] = _in_form(problem, update.clipped.gradients)
        answer["norm"] = update.clipped.norm
    return {**answer, "notes": list(problem.notes)}


def _gradients(gradients: Gradients) -> Places:
    """Every gradient by its place."""
    found = {
        (number, way, name): array
        for number, layer in enumerate(gradients.layers)
        for way, one in layer.passes.items()
        for name, array in one.items()
    }
    return found | {(-1, "forward", name): array for name, array in (gradients.read_out or {}).items()}


def _in_form(problem: Problem, places: Places) -> dict[str, Any]:
    """Arrays in the form of the problem: of one layer by name, of a stack layer by layer."""
    layers = []
    for number, (layer, ways) in enumerate(zip(problem.network.layers, problem.layers)):
        found = {}
        for way, one in layer.passes.items():
            arrays = {name: array for (k, w, name), array in places.items() if (k, w) == (number, way)}
            found[way] = _as_given(one, ways[way], arrays)
        layers.append(next(iter(found.values())) if len(found) == 1 else found)
    top = {name: array.tolist() for (k, _way, name), array in places.items() if k == -1}
    return {"layers": layers, **top} if stacked(problem) else {**layers[0], **top}


def _as_given(one: DirectionalLayer, given: GivenDirection, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Arrays stacked in our order as the problem has them: by gate, or stacked in its own order."""
    return {name: in_form(one, given, name, array) for name, array in arrays.items()}


def in_form(one: DirectionalLayer, given: GivenDirection, name: str, array: np.ndarray, axis: int = 0) -> Any:
    """One stacked array, its gates along `axis`, in the problem's form as nested lists."""
    gates = one.cell.gates
    if not gates or name not in ("U", "W", "b"):
        return array.tolist()
    stacked_array = np.moveaxis(array, axis, 0)
    if name in given.by_gate or (name not in given.arrays and given.by_gate):
        parts = np.split(stacked_array, len(gates))
        return {gate: np.moveaxis(part, 0, axis).tolist() for gate, part in zip(gates, parts)}
    order = given.order or gates
    return np.moveaxis(reordered(stacked_array, gates, order), 0, axis).tolist()


def _steps(problem: Problem, trace: Trace, gradients: Gradients) -> dict[str, Any]:
    """Every step's gradients; of a stack, layer by layer beside those of the read-out."""

    def listed(array: np.ndarray) -> Any:
        return stepwise(trace, array)

    def of_pass(one: DirectionalLayer, given: GivenDirection, found: PassGradients) -> dict[str, Any]:
        steps: dict[str, Any] = {}
        for name, array in found.steps.items():
            if name == "da" and one.cell.gates:
                parts = in_form(one, given, "U", array, array.ndim - 1)
                steps[name] = (
                    {gate: listed(np.asarray(part)) for gate, part in parts.items()}
                    if isinstance(parts, dict)
                    else listed(np.asarray(parts))
                )
            elif name != "dy" or one.cell.owns_read_out:
                steps[name] = listed(array)
        return steps

    found: dict[str, Any] = {}
    layers = []
    for number, (layer, ways) in enumerate(zip(problem.network.layers, problem.layers)):
        made = {way: of_pass(one, ways[way], gradients.layers[number].passes[way]) for way, one in layer.passes.items()}
        layers.append(next(iter(made.values())) if len(made) == 1 else made)
    found = {"layers": layers} if stacked(problem) else dict(layers[0])
    if gradients.read_out:
        found["ds"] = listed(gradients.read_out.steps["ds"])
    found["dx"] = listed(gradients.x)
    return found
