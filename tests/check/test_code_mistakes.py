"""Mistakes of code, planted by hand in Elman, LSTM and GRU over a batch: each is the one that gives the numbers."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from support import graph_cases, planted_code

import rnncalc
from rnncalc.check.diagnosis.batch import Spots, numbers
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.rewrites.code_backward import on_values_of
from rnncalc.check.diagnosis.variants import MistakeTable, Single, tables
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.spec import Spec, of_problem

SQUARE = ("U_transposed", "U_W_swapped")
CASES = [
    (cell, mistake)
    for table in (planted_code.FORWARD, planted_code.BACKWARD)
    for mistake, cells in table.items()
    for cell in cells
]


def spec_of(cell: str, p: planted_code.Arrays) -> Spec:
    """The problem as rnncalc takes it, with the gradients that arrive."""
    keys = {name: p[name].tolist() for name in ("U", "W", "b", "x", "h0", "c0") if name in p}
    problem = rnncalc.problem(cell=cell, engine="equations", **keys).given
    spec = of_problem(problem, problem.forward())
    arriving = {(0, "h", t): p["dh"][:, t - 1] for t in range(1, spec.visits + 1)}
    return replace(spec, arriving=arriving | ({(0, "c", spec.visits): p["dc"]} if "dc" in p else {}))


def claimed(cell: str, made: planted_code.Arrays, names: tuple[str, ...]) -> tuple[Spots, np.ndarray]:
    """What code returned, as places in the graph's quantities, and the numbers there."""
    gates, spots, given = planted_code.GATES[cell], list[Any](), list[float]()

    def add(key: Any, array: np.ndarray) -> None:
        spots.extend((key, spot) for spot in np.ndindex(array.shape))
        given.extend(array.ravel().tolist())

    for name in names:
        array = made.get(name)
        if array is None:
            continue
        if name in ("h", "c", "dx"):
            for t in range(array.shape[1]):
                add(("∂x", t + 1) if name == "dx" else ("", 0, name, t + 1), array[:, t])
        elif name in ("dh0", "dc0"):
            add(("dstart", 0, name[1]), array)
        else:
            for gate, part in zip(gates, np.split(array, len(gates))):
                add(("d", 0, name[1:] if cell == "elman" else f"{name[1:]}_{gate}"), part)
    return spots, np.array(given)


def table_of(base: Spec, spots: Spots) -> MistakeTable:
    """Every variant of every mistake, on top of what the Spec has already."""
    context = Context(steps=base.visits, sequences=base.schedule.sequences, code=True)
    return tables(base, context, spots, numbers([base], spots)[:, 0], spots)[0]


def explaining(table: MistakeTable, given: np.ndarray) -> list[Single]:
    """The variants that give every number."""
    with np.errstate(all="ignore"):
        fits = (np.abs(table.exact - given[:, None]) <= 1e-9 * np.maximum(1, np.abs(given[:, None]))).all(axis=0)
    return [single for single, fit in zip(table.singles, fits) if fit]


FORWARD, BACKWARD = ("h", "c"), ("dx", "dh0", "dc0", "dU", "dW", "db")
TIES = {  # what gives the same numbers
    ("elman", "state_not_carried: zero"): {"recurrence_omitted"},  # W · 0
    ("lstm", "state_not_carried: c zero"): {"forget_gate_omitted"},  # f ∘ 0
    ("lstm", "forget_gate_omitted: forgotten"): {"state_not_carried"},
}


@lru_cache(maxsize=40)
def solved(
    cell: str, seed: int, square: bool, names: tuple[str, ...], T: int = 4
) -> tuple[Any, Spec, Spots, MistakeTable]:
    p = planted_code.problem(cell, seed, square, T)
    spots, _given = claimed(cell, planted_code.run(cell, p), names)
    spec = spec_of(cell, p)
    return p, spec, spots, table_of(spec, spots)


@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_code_without_a_mistake_is_right(cell: str) -> None:
    p = planted_code.problem(cell, 1)
    spots, given = claimed(cell, planted_code.run(cell, p), FORWARD + BACKWARD)
    np.testing.assert_allclose(numbers([spec_of(cell, p)], spots)[:, 0], given, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("cell", "mistake"), CASES)
def test_a_planted_mistake_is_the_only_one(cell: str, mistake: str, seed: int) -> None:
    name = mistake.partition(":")[0]
    names = FORWARD if mistake in planted_code.FORWARD else BACKWARD
    p, _spec, _spots, table = solved(cell, seed, name in SQUARE, names)
    given = claimed(cell, planted_code.run(cell, p, mistake), names)[1]
    ids = {single.mistake.id for single in explaining(table, given)}
    assert ids == {name} | TIES.get((cell, mistake), set())


@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_a_backward_pass_alone_is_told_from_both(cell: str) -> None:
    """Where the forward pass is known to be right, mistakes are made in the backward pass alone."""
    p, spec, spots, _table = solved(cell, 1, False, BACKWARD)
    pinned = on_values_of(spec, spec)
    assert pinned
    table = table_of(pinned, spots)
    for mistake, cells in planted_code.BACKWARD.items():
        if cell in cells:
            given = claimed(cell, planted_code.run(cell, p, mistake), BACKWARD)[1]
            ids = {single.mistake.id for single in explaining(table, given)}
            assert ids == {mistake.partition(":")[0]}, mistake


@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_one_step_shows_it(cell: str) -> None:
    """Courses set single steps: what changes a number of one step is named there, too."""
    shown = 0
    for of_cell, mistake in CASES:
        name = mistake.partition(":")[0]
        names = FORWARD if mistake in planted_code.FORWARD else BACKWARD
        if of_cell == cell and name not in ("last_step_only", "state_not_carried"):
            p, _spec, _spots, table = solved(cell, 1, name in SQUARE, names, 1)
            given = claimed(cell, planted_code.run(cell, p, mistake), names)[1]
            if not np.allclose(given, table.right):
                shown += 1
                assert name in {single.mistake.id for single in explaining(table, given)}, mistake
    assert shown >= 8


@pytest.mark.parametrize(("cell", "mistake"), [case for case in CASES if case[1] in planted_code.FORWARD])
def test_a_right_backward_pass_on_a_wrong_forward_pass(cell: str, mistake: str) -> None:
    """The formulas of the lecture, with what the wrong forward pass has put into the cache."""
    name = mistake.partition(":")[0]
    p, spec, _spots, table = solved(cell, 1, name in SQUARE, FORWARD)
    made = planted_code.run(cell, p, mistake)
    wrong = explaining(table, claimed(cell, made, FORWARD)[1])
    spots, given = claimed(cell, made, BACKWARD)
    right = [on_values_of(single.variant.spec, spec) for single in wrong if single.mistake.id == name]
    solutions = numbers([base for base in right if base], spots)
    assert np.isclose(solutions, given[:, None], rtol=1e-9, atol=1e-10).all(axis=0).any()


@pytest.mark.parametrize(
    "forward",
    ["state_not_carried: the first", "gates_activated_twice: one", "h_c_exchanged: taken", "memory_activation_omitted"],
)
@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_a_wrong_backward_pass_on_a_wrong_forward_pass(cell: str, forward: str) -> None:
    if cell not in planted_code.FORWARD[forward]:
        return
    p, spec, _spots, table = solved(cell, 1, False, FORWARD)
    made = planted_code.run(cell, p, forward)
    wrong = explaining(table, claimed(cell, made, FORWARD)[1])
    bases = [on_values_of(single.variant.spec, spec) for single in wrong]
    spots, given = claimed(cell, made, BACKWARD)
    base = next(base for base in bases if base and np.allclose(numbers([base], spots)[:, 0], given))
    both = table_of(base, spots)
    for mistake, cells in planted_code.BACKWARD.items():
        if cell in cells:
            given = claimed(cell, planted_code.run(cell, p, forward, mistake), BACKWARD)[1]
            ids = {single.mistake.id for single in explaining(both, given)}
            assert ids == {mistake.partition(":")[0]}, mistake


@pytest.mark.parametrize("mistake", planted_code.CHARACTERS)
def test_a_mistake_below_a_loss(mistake: str) -> None:
    """One function computes the loss and the gradients of the cell and of the read-out."""
    p = planted_code.characters(1)
    keys = {name: array.tolist() for name, array in p.items()}
    problem = rnncalc.problem(**keys, output="softmax", loss="cross_entropy", engine="equations").given
    spec = of_problem(problem, problem.forward())
    made = planted_code.loss_function(p, mistake)
    arrays = [(("d", int(name in ("dV", "dc")), name[1:]), array) for name, array in made.items()]
    spots = [(key, spot) for key, array in arrays for spot in np.ndindex(array.shape)]
    given = np.concatenate([array.ravel() for _key, array in arrays])
    ids = {single.mistake.id for single in explaining(table_of(spec, spots), given)}
    assert ids == {mistake.partition(":")[0]} | ({"loss_factor"} if mistake == "mean_for_sum: T" else set())


@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_two_mistakes_are_rewritten_without_an_error(cell: str) -> None:
    """Any two variants, one on top of the other, and the second in the backward pass alone."""
    _p, spec, spots, _table = solved(cell, 1, False, BACKWARD)
    context, rng = Context(steps=spec.visits, sequences=spec.schedule.sequences, code=True), np.random.default_rng(0)

    def every(base: Spec) -> list[Spec]:
        return [v.spec for mistake in MISTAKES.values() for v in mistake.variants(base, context) if v.spec.has_values]

    made = every(spec)
    pairs: list[Spec] = []
    for at in rng.choice(len(made), 10, replace=False).tolist():
        for base in (made[at], on_values_of(made[at], spec)):
            seconds = every(base) if base else []
            pairs += [seconds[other] for other in rng.choice(len(seconds), 12).tolist()] if seconds else []
    assert len(pairs) > 150
    assert np.isfinite(numbers(pairs, spots)).any(axis=0).mean() > 0.9


LANES = ("lstm", "gru_after", "i2h_i2o", "jordan", "a ragged batch", "a stack, sum", "in chunks")


@pytest.mark.parametrize("case", LANES)
def test_lanes_are_the_problems_solved_alone(case: str) -> None:
    """Every variant that code has, and every one in the backward pass alone."""
    problem = graph_cases.CASES[case]()
    spec = of_problem(problem, problem.forward())
    keys: list[Any] = [("d", n, symbol) for n, run in enumerate(spec.all_runs) for symbol in run.parameters]
    keys += [("dstart", n, state) for n, run in enumerate(spec.runs) for state in run.cell.state]
    keys += [("∂x", visit) for visit in range(1, spec.visits + 1)]
    graph = graph_of(spec, keys)
    values = graph.walk(graph.needed(keys))
    spots = [(key, spot) for key in keys for spot in list(np.ndindex(np.shape(values[key])))[:3]]
    context = Context(steps=spec.visits, sequences=spec.schedule.sequences, code=True)
    for base in (spec, replace(spec, forward=spec)):
        made = [v.spec for mistake in MISTAKES.values() for v in mistake.variants(base, context) if v.spec.has_values]
        made = made[:: max(1, len(made) // 40)]
        for rewritten, lane in zip(made, numbers(made, spots).T):
            alone = numbers([rewritten], spots)[:, 0]
            size = max(1.0, np.nanmax(np.abs(alone), initial=0.0))
            np.testing.assert_allclose(lane, alone, rtol=1e-10, atol=1e-11 * size)


@pytest.mark.parametrize("cell", planted_code.CELLS)
def test_what_is_written_by_hand_is_judged_as_before(cell: str) -> None:
    """Without code, no mistake of code is tried; with it, the others keep their variants."""
    spec = spec_of(cell, planted_code.problem(cell, 1))
    for mistake in MISTAKES.values():
        by_hand, of_code = (list(mistake.variants(spec, Context(code=code))) for code in (False, True))
        if mistake.family == "code":
            assert not by_hand
        elif mistake.id not in ("not_through_time", "activation_sigmoid", "bias_subtracted"):  # in code another variant
            assert [variant.spec.rules for variant in by_hand] == [v.spec.rules for v in of_code[: len(by_hand)]]
            if "{detail}" in mistake.message:
                assert {variant.detail for variant in by_hand} == {v.detail for v in of_code}
