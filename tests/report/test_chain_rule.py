"""The chain rule as it is written out: its terms, in numbers, add up to what the engine computed."""

import random
from typing import Any

import numpy as np
import pytest
from support.own_cells import random_cell
from support.problems import described, random_problem

from rnncalc.errors import RnncalcError
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import names
from rnncalc.model.equations.style import TOTAL
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.report.backward_levels import descents
from rnncalc.report.shared import of_sequence, sequences

UNREAD = {  # lines whose gradient is nowhere, or has no line of its own
    "a line that nobody reads": {"k": "tanh(U @ x_t) * h_p", "h": "tanh(U @ x_t + W @ h_p)"},
    "and a product of it": {"k": "h_p * h_p", "f": "tanh(R @ k)", "h": "tanh(U @ x_t + W @ h_p)"},
    "the input in it alone": {"k": "tanh(x_t)", "h": "tanh(b + W @ h_p)"},
    "times 0": {"k": "sigmoid(U @ x_t - tanh(h_p * b))", "h": "tanh(W @ h_p - 0 * (R @ h_p + k * k))"},
    "the state before it": {"k": "exp(-sigmoid(h_p)) * x_t", "h": "tanh(W @ h_p + k)"},
    "the input before it": {"k": "x_t * h_p + b", "f": "2 * k - x_t", "h": "f * tanh(k)"},
}


def adds_up(keys: dict[str, Any]) -> int:
    """Every gradient of a problem is the sum of its terms, and so is that of its inputs; how many were compared."""
    problem, count = read(given.of_python(keys), engine="equations"), 0
    trace = problem.forward()
    gradients = problem.backward(trace)
    if problem.task.truncate is not None or trace.first_not_finite():
        return 0  # truncated: a sum over the losses that reach a step, which has no terms of its own
    alone = len(problem.network.layers) == len(problem.network.layers[0].passes) == 1
    for sequence in sequences(problem):
        for descent in descents(problem, trace, gradients, sequence):
            cell = descent.level.layer.cell
            scores = {name for stage in cell.stages for line in stage.rowwise for name in names(cell.lines[line])}
            compared = {
                signal: (descent[TOTAL + signal], descent.evaluate((*reached.here, *reached.later)))
                for signal, reached in descent.reached.items()
                if signal not in scores  # softmax hands on what is written for a reader alone
            }
            if alone and not descent.level.read_out:
                dx = of_sequence(gradients.x, sequence)
                compared["x"] = dx[descent.order], descent.below()
            for signal, (computed, terms) in compared.items():
                scale = max(1.0, np.abs(computed).max(initial=0))
                np.testing.assert_allclose(terms, computed, rtol=0, atol=1e-12 * scale, err_msg=signal)
                count += 1
    return count


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_terms_add_up_to_the_gradients(own: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = next(cell for cell in iter(lambda: random_cell(rng), None) if not cell.outputs) if own else None
    for number in range(seed, seed + 200, 40):
        try:
            adds_up(random_problem(random.Random(number), cell))
        except RnncalcError:  # numbers that are not finite
            continue


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("state", ["h", "hk"])
def test_what_no_gradient_reaches_hands_none_on(name: str, state: str) -> None:
    cell = Cell("own", UNREAD[name], state, "h")
    rng = np.random.default_rng(3)
    shapes = {parameter: (3, 3)[: 1 + bool(stack[0].columns)] for parameter, stack in cell.stacks.items()}
    arrays = {parameter: rng.normal(size=shape).tolist() for parameter, shape in shapes.items()}
    x, dy = rng.normal(size=(2, 4, 3)).tolist()
    assert adds_up({"cell": described(cell), **arrays, "x": x, "dy": dy}) >= 2
