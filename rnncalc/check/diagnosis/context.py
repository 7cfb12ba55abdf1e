"""Facts of a problem and its answers that rewrites need: orders of gates, second biases, wrong quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnncalc.check.answers.claims import Claim
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.graph.spec import Spec
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem


def context_of(problem: Problem, spec: Spec, claims: Sequence[Claim], slips: Sequence[int]) -> Context:
    """The context of one person's answers. slips: the claims that are wrong."""
    given = [direction for layer in problem.layers for direction in layer.values()]
    orders = {number: direction.order for number, direction in enumerate(given) if direction.order}
    second = {number: _second_bias(direction, spec, number) for number, direction in enumerate(given)}
    wrong = tuple(dict.fromkeys(claims[at].key for at in slips))
    parameters = any(claim.key[0] in ("d", "new") and len(claim.key) == 3 for claim in claims)
    shapes = problem.shapes
    return Context(
        orders, second, wrong, parameters, shapes["T"], shapes.get("N", 1), shapes["O"], open=tuple(problem.open)
    )


def _second_bias(given: GivenDirection, spec: Spec, number: int) -> dict[str, np.ndarray]:
    """b_hh of b_ih + b_hh by symbol, where both were given."""
    keys, run = given.given, spec.runs[number]
    order = given.order or run.cell.gates
    second = keys.get("b_hh")
    if second is not None and isinstance(second.value, dict):
        parts = {gate: second[gate].numbers().values.reshape(-1) for gate in second.value}
    else:
        flat = _second_half(keys, second)
        if flat is None:
            return {}
        if not order:
            return {"b": flat} if flat.shape == run.parameters["b"].shape else {}
        units = len(flat) // len(order)
        parts = {gate: flat[at * units : (at + 1) * units] for at, gate in enumerate(order)}
    if "d" in run.parameters:
        parts.pop("n", None)
    return {f"b_{gate}": part for gate, part in parts.items() if part.shape == run.parameters[f"b_{gate}"].shape}


def _second_half(keys: Mapping[str, RawValue], second: RawValue | None) -> np.ndarray | None:
    """b_hh as given, or the second half of ONNX's B or of a Keras bias of two rows."""
    if second is not None:
        return second.numbers().values.reshape(-1)
    for name in ("B", "b"):
        if name in keys and not isinstance(keys[name].value, dict):
            values = keys[name].numbers().values
            if name == "B" or (values.ndim == 2 and values.shape[0] == 2):
                return values.reshape(-1)[values.size // 2 :]
    return None
