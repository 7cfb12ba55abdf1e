"""Gradients that arrive from outside, at any line and step: against finite differences, autograd, and in lanes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import graph_cases

import rnncalc
from rnncalc.check.diagnosis.batch import numbers
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.variants import tables
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.spec import Spec, of_problem

CASES: dict[str, Callable[..., Any]] = {name: case for name, case in graph_cases.CASES.items() if name != "truncated"}
NAMES = ("elman", "jordan", "lstm", "gru", "gru_after", "i2h_i2o")
STEP = 1e-6


def spec_of(case: str, objective: bool, **extra: Any) -> Spec:
    """A problem with a gradient at random lines and steps, and perhaps a loss beside it."""
    problem = CASES[case](**extra)
    spec = of_problem(problem, problem.forward())
    rng = np.random.default_rng(sum(map(ord, case)))
    states = [
        replace(run, initial_states={s: rng.normal(size=a.shape) for s, a in run.initial_states.items()})
        for run in spec.runs
    ]
    spec = spec.with_runs([*states, *([spec.read_out] if spec.read_out else [])])
    arriving = {
        (number, line, visit): rng.normal(size=(int(spec.schedule.counts[visit - 1]), run.sizes[run.cell.size(line)]))
        for number, run in enumerate(spec.all_runs)
        for line in run.lines
        for visit in range(1, spec.visits + 1)
        if rng.random() < 0.3 or (visit == spec.visits and line in run.cell.state)
    }
    return replace(spec, arriving=arriving, objective=spec.objective if objective else None)


def moved(spec: Spec) -> Iterator[tuple[tuple[Any, Any], Spec, Spec]]:
    """(gradient, entry), and the problem with a number a little smaller and a little larger."""
    read_out = [spec.read_out] if spec.read_out else []

    def both(array: np.ndarray) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        for spot in list(np.ndindex(array.shape))[:: max(1, array.size // 4)]:
            ends = [array.copy(), array.copy()]
            ends[0][spot] -= STEP
            ends[1][spot] += STEP
            yield spot, ends[0], ends[1]

    for number, run in enumerate(spec.all_runs):
        others = list(spec.runs) + read_out
        for symbol, array in run.parameters.items():
            for spot, *ends in both(array):
                runs = [replace(run, parameters={**run.parameters, symbol: end}) for end in ends]
                specs = [spec.with_runs([*others[:number], end, *others[number + 1 :]]) for end in runs]
                yield (("d", number, symbol), spot), specs[0], specs[1]
        for state, array in run.initial_states.items():
            for spot, *ends in both(array):
                runs = [replace(run, initial_states={**run.initial_states, state: end}) for end in ends]
                specs = [spec.with_runs([*others[:number], end, *others[number + 1 :]]) for end in runs]
                yield (("dstart", number, state), spot), specs[0], specs[1]
    for (row, unit), *ends in both(spec.x):
        visit = int(np.searchsorted(spec.schedule.offsets[1:], row + spec.schedule.sequences, "right"))
        place = row + spec.schedule.sequences - int(spec.schedule.offsets[visit])
        yield (("∂x", visit), (place, unit)), replace(spec, x=ends[0]), replace(spec, x=ends[1])


def total(specs: list[Spec]) -> np.ndarray:
    """Σ arriving · signal, and the loss, of each."""
    spec = specs[0]
    spots: list[Any] = [
        (("", *place), spot) for place, rows in spec.arriving.items() for spot in np.ndindex(rows.shape)
    ]
    weights = np.concatenate([rows.ravel() for rows in spec.arriving.values()])
    if spec.objective:
        spots.append((("loss", ""), (0,)))
        weights = np.append(weights, 1.0)
    return weights @ numbers(specs, spots)


@pytest.mark.parametrize("objective", [False, True])
@pytest.mark.parametrize("case", [case for case in CASES if case not in ("in chunks", "functions")])
def test_they_are_the_slopes_of_what_arrives(case: str, objective: bool) -> None:
    spec = spec_of(case, objective)
    spots, less, more = zip(*moved(spec))
    slopes = (total(list(more)) - total(list(less))) / (2 * STEP)
    gradients = numbers([spec], spots)[:, 0]
    np.testing.assert_allclose(gradients, slopes, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(slopes).max()))


@pytest.mark.parametrize("lengths", [None, [3, 5, 1]])
@pytest.mark.parametrize("name", NAMES)
def test_they_are_those_of_autograd(name: str, lengths: Any) -> None:
    torch = pytest.importorskip("torch")
    from support import autograd

    spec = spec_of(name, False, **({"lengths": lengths} if lengths else {}))
    run, schedule = spec.runs[0], spec.schedule
    leaves: dict[Any, np.ndarray] = {("d", 0, symbol): array for symbol, array in run.parameters.items()}
    leaves |= {("dstart", 0, state): array for state, array in run.initial_states.items()}
    tensors: Any = {key: torch.tensor(array, requires_grad=True) for key, array in leaves.items()}
    x = torch.tensor(spec.x, requires_grad=True)
    whole: Any = 0.0
    for row in range(schedule.sequences):
        state = {state: tensors["dstart", 0, state][row] for state in run.cell.state}
        for visit in range(1, int((schedule.counts > row).sum()) + 1):
            place = int(schedule.offsets[visit]) - schedule.sequences + row
            values: dict[str, Any] = {symbol: tensors["d", 0, symbol] for symbol in run.parameters} | {"x_t": x[place]}
            values |= {f"{name}_p": value for name, value in state.items()}
            for line, expression in run.lines.items():
                values[line] = autograd.evaluate(expression, values)
                rows = spec.arriving.get((0, line, visit))
                whole = whole + (0 if rows is None else (torch.tensor(rows[row]) * values[line]).sum())
            state = {name: values[name] for name in state}
    below = replace(spec, read_out=None, arriving={place: a for place, a in spec.arriving.items() if place[0] == 0})
    derivatives = torch.autograd.grad(whole, [*tensors.values(), x], allow_unused=True)
    keys = [*leaves, *[("∂x", visit) for visit in range(1, spec.visits + 1)]]
    graph = graph_of(below, keys)
    solved = graph.walk(graph.needed(keys))
    for key, gradient in zip(leaves, derivatives):
        np.testing.assert_allclose(solved[key], 0.0 if gradient is None else gradient, rtol=1e-10, atol=1e-12)
    rows = np.concatenate([solved["∂x", visit] for visit in range(1, spec.visits + 1)])
    np.testing.assert_allclose(rows, derivatives[-1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", ["lstm", "gru", "jordan", "a ragged batch", "a stack, concat", "in chunks"])
def test_mistakes_in_gradients_are_tried(case: str) -> None:
    """Without a loss, in lanes: opposite signs, a factor, the last alone, and nothing back through time."""
    spec = spec_of(case, False)
    spots = [
        ((head, number, name), spot)
        for number, run in enumerate(spec.runs)
        for head, arrays in (("d", run.parameters), ("dstart", run.initial_states))
        for name, array in arrays.items()
        for spot in np.ndindex(array.shape)
    ]
    right = numbers([spec], spots)[:, 0]
    table = tables(spec, Context(steps=5, sequences=3), spots, right, spots)[0]
    lanes: dict[str, list[np.ndarray]] = {}
    for single, lane in zip(table.singles, table.exact.T):
        lanes.setdefault(single.mistake.id, []).append(lane)
        alone = numbers([single.variant.spec], spots)[:, 0]
        np.testing.assert_allclose(lane, alone, rtol=1e-9, atol=1e-9 * np.abs(alone).max(), err_msg=single.mistake.id)
    np.testing.assert_allclose(lanes["sign_flipped"][0], -right)
    assert any(np.allclose(lane, 5 * right) for lane in lanes["loss_factor"])
    assert "not_through_time" in lanes
    ends = {place: rows.copy() for place, rows in spec.arriving.items()}
    for number, line, visit in ends:
        later = [len(rows) for (n, name, at), rows in ends.items() if (n, name) == (number, line) and at > visit]
        ends[number, line, visit][: max(later, default=0)] = 0
    np.testing.assert_allclose(lanes["last_step_only"][0], numbers([replace(spec, arriving=ends)], spots)[:, 0])
    assert set(lanes) <= set(MISTAKES)


def test_an_lstm_step_by_hand() -> None:
    """dnext_h and dnext_c arrive at the only step: dc_0 = f (dc + dh o (1 − tanh² c))."""
    keys: dict[str, Any] = {"cell": "lstm", "U": [[0.5], [0.4], [0.7], [0.2]], "W": [[0.3], [0.6], [0.2], [0.9]],
                            "b": [0.1, 0.3, 0.2, -0.4], "h0": [0.3], "c0": [-0.7], "x": [[1.5]]}  # fmt: skip
    problem = rnncalc.problem(engine="equations", **keys).given
    spec = of_problem(problem, problem.forward())
    spec = replace(spec, arriving={(0, "h", 1): np.array([[0.8]]), (0, "c", 1): np.array([[-0.3]])})
    i, f, g, o = (0.1 + 0.3 * 0.3 + 0.5 * 1.5, 0.3 + 0.6 * 0.3 + 0.4 * 1.5, 0.2 + 0.2 * 0.3 + 0.7 * 1.5,
                  -0.4 + 0.9 * 0.3 + 0.2 * 1.5)  # fmt: skip
    i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
    c = f * -0.7 + i * np.tanh(g)
    dc = -0.3 + 0.8 * o * (1 - np.tanh(c) ** 2)
    given = numbers([spec], [(("dstart", 0, "c"), (0, 0)), (("d", 0, "b_f"), (0,))])[:, 0]
    np.testing.assert_allclose(given, [f * dc, dc * -0.7 * f * (1 - f)])
