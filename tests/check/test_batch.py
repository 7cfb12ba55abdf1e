"""Rewritten problems solved together give the numbers of each solved alone."""

from typing import Any

import numpy as np
import pytest
from support import diagnosis, planted
from support.graph_cases import CASES

import rnncalc
from rnncalc.check import CheckSession, check
from rnncalc.check.diagnosis import pairs
from rnncalc.check.diagnosis.batch import batches, numbers
from rnncalc.check.diagnosis.context import context_of
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.search import MistakeSearch
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.spec import Spec, of_problem
from rnncalc.check.verdicts.judging import entry
from rnncalc.check.verdicts.rounding import TypedNumbers, is_right, is_truncated, unit
from rnncalc.problems.parse.numbers import number
from rnncalc.problems.problem import Problem


def everything(spec: Spec) -> list[tuple[Any, Any]]:
    """Every quantity that a person may claim, at each of its places."""
    visits = range(1, spec.visits + 1)
    keys: list[tuple[Any, ...]] = [
        ("", n, line, k) for n, run in enumerate(spec.all_runs) for line in run.lines for k in visits
    ]
    keys += [("∂", *key[1:]) for key in keys]
    parameters = [(n, symbol) for n, run in enumerate(spec.all_runs) for symbol in run.parameters]
    heads = ("d", "new") if spec.task.lr is not None else ("d",)
    keys += [(head, *parameter) for parameter in parameters for head in heads]
    keys += [("term", *parameter, 1) for parameter in parameters]
    keys += [("loss", ""), *[("losses", "", k) for k in visits], *[("∂x", k) for k in visits]]
    keys += [("dstart", n, state) for n, run in enumerate(spec.runs) for state in run.cell.state]
    graph = graph_of(spec, keys)
    values = graph.walk(graph.needed(keys))
    return [(key, spot) for key in keys for spot in np.ndindex(np.shape(values[key]))]


def alone(spec: Spec, spots: list[tuple[Any, Any]]) -> np.ndarray:
    """The numbers of one Spec, solved by itself; NaN where it has no such quantity."""
    reported_as = spec.rules.reported_as
    wanted = [reported_as.get(key, key) for key, _spot in spots]
    graph = graph_of(spec, dict.fromkeys(key for key, _spot in spots))
    try:
        values = graph.walk(graph.needed(dict.fromkeys(wanted)))
    except KeyError:
        return np.full(len(spots), np.nan)
    return np.array([entry(values[key], spot) for key, (_key, spot) in zip(wanted, spots)])


def variants(problem: Problem, spec: Spec) -> list[tuple[str, Spec]]:
    context = context_of(problem, spec, [], [])
    return [(mistake.id, variant.spec) for mistake in MISTAKES.values() for variant in mistake.variants(spec, context)]


@pytest.mark.parametrize("case", sorted(CASES.keys() - {"a stack, sum", "a stack, ave"}))  # concat and mul tell as much
def test_lanes_are_the_problems_solved_alone(case: str) -> None:
    problem = CASES[case]()
    spec = of_problem(problem, problem.forward())
    made = variants(problem, spec)
    spots = everything(spec)
    together = numbers([rewritten for _id, rewritten in made], spots)
    for (mistake, rewritten), lane in zip(made, together.T):
        expected = alone(rewritten, spots)
        size = max(1.0, np.nanmax(np.abs(expected), initial=0.0))  # without its tanh a network may explode, and cancel
        np.testing.assert_allclose(lane, expected, rtol=1e-12, atol=1e-12 * size, err_msg=mistake)
    assert len(batches([rewritten for _id, rewritten in made])) < len(made) / 3


def test_a_table_of_numbers_is_judged_as_each_is_alone() -> None:
    rng = np.random.default_rng(1)
    texts = [f"{value:.{places}f}" for value in rng.normal(size=40) for places in (1, 3, 8)] + ["1/3", "2e-5", "0"]
    typed = [number(text) for text in texts]
    values = np.array([known.value for known in typed])
    units = np.array([unit(known) for known in typed])
    given = values[:, None] + rng.normal(size=(len(typed), 6)) * units[:, None]
    given[:, 0], given[3, 1] = values, np.nan
    before = rng.choice([np.nan, 0.5], len(typed))
    accepted = TypedNumbers(typed, before.tolist()).fits(given)
    for row, known in enumerate(typed):
        for column, value in enumerate(given[row].tolist()):
            update = None if np.isnan(before[row]) else value - before[row]
            fits = is_right(known, value, update) or is_truncated(known, value)
            assert accepted[row, column] == (fits and np.isfinite(value)), (texts[row], value)


def named(problem: planted.Problem, answers: dict[str, Any]) -> list[Any]:
    verdict = check(rnncalc.problem(**planted.keys(problem)).given, answers)
    return [(mistake.id, mistake.together, mistake.explains) for mistake in verdict.mistakes]


@pytest.mark.parametrize("mistake", ["U_transposed", "not_through_time", "forget_bias_added", "update_sign"])
def test_what_is_ruled_out_beforehand_explains_nothing(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a slip on top of a mistake, or two mistakes, the same is found as where everything is tried."""
    rng = np.random.default_rng(3)
    cases = []
    for count in range(4):
        problem = planted.problem(mistake, rng)
        wrong = {**problem, "b": 0 * problem["b"]} if count % 2 else problem
        answers = diagnosis.answered(mistake, planted.solve(wrong, mistake, rng), 4)
        if not count % 2:
            answers["h"][0][0] = f"{float(answers['h'][0][0]) + 0.0321:.4f}"
        cases.append((problem, answers))
    explained = [named(*case) for case in cases]
    monkeypatch.setattr(MistakeSearch, "_may_be_near", lambda self, table, close: list(range(len(table.singles))))
    monkeypatch.setattr(pairs.PairSearch, "_allowed", lambda self: np.ones((len(self.singles),) * 2, bool))
    monkeypatch.setattr(pairs, "PAIRS", 10**6)
    assert [named(*case) for case in cases] == explained


def test_whoever_leaves_numbers_out_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are made for all numbers of a quantity, once for a session, and used by those who answered some."""
    from rnncalc.check.diagnosis import variants as rewritten

    rng = np.random.default_rng(8)
    problem = planted.problem("forget_bias_added", rng)
    answers = diagnosis.answered("forget_bias_added", planted.solve(problem, "forget_bias_added", rng), 4)
    specs = []
    honest = rewritten._SolvedVariants

    def solved(spec: Spec, *more: Any) -> Any:
        specs.append(spec)
        return honest(spec, *more)

    monkeypatch.setattr(rewritten, "_SolvedVariants", solved)
    session = CheckSession(rnncalc.problem(**planted.keys(problem)).given)
    for step in range(len(answers["h"])):
        blank = {**answers, "h": [None if at == step else row for at, row in enumerate(answers["h"])]}
        alone = check(rnncalc.problem(**planted.keys(problem)).given, blank)
        specs.clear() if step == 0 else None
        shared = session.check(blank)
        assert [mistake.data() for mistake in shared.mistakes] == [mistake.data() for mistake in alone.mistakes]
        assert shared.blind == alone.blind
        assert "forget_bias_added" in {mistake.id for mistake in shared.mistakes}
    assert sum(spec is session.quantities.spec for spec in specs) == 1
