"""Rewritten problems solved together give the numbers of each solved alone."""

import numpy as np
import pytest
from test_check_graph import CASES

from rnncalc.check.batch import batches, numbers
from rnncalc.check.context import context_of
from rnncalc.check.judging import entry
from rnncalc.check.mistakes import MISTAKES
from rnncalc.check.solve import graph_of
from rnncalc.check.spec import of_problem


def everything(spec):
    """Every quantity that a person may claim, at each of its places."""
    visits = range(1, spec.visits + 1)
    keys = [("", n, line, k) for n, run in enumerate(spec.all_runs) for line in run.lines for k in visits]
    keys += [("∂", *key[1:]) for key in keys]
    parameters = [(n, symbol) for n, run in enumerate(spec.all_runs) for symbol in run.parameters]
    heads = ("d", "new") if spec.task.lr is not None else ("d",)
    keys += [(head, *one) for one in parameters for head in heads]
    keys += [("term", *one, 1) for one in parameters]
    keys += [("loss", ""), *[("losses", "", k) for k in visits], *[("∂x", k) for k in visits]]
    keys += [("dstart", n, state) for n, run in enumerate(spec.runs) for state in run.cell.state]
    graph = graph_of(spec, keys)
    values = graph.walk(graph.needed(keys))
    return [(key, spot) for key in keys for spot in np.ndindex(np.shape(values[key]))]


def alone(spec, spots):
    """The numbers of one Spec, solved by itself; NaN where it has no such quantity."""
    said = spec.rules.said
    wanted = [said.get(key, key) for key, _spot in spots]
    graph = graph_of(spec, dict.fromkeys(key for key, _spot in spots))
    try:
        values = graph.walk(graph.needed(dict.fromkeys(wanted)))
    except KeyError:
        return np.full(len(spots), np.nan)
    return np.array([entry(values[key], spot) for key, (_key, spot) in zip(wanted, spots)])


def variants(problem, spec):
    context = context_of(problem, spec, [], [])
    return [(mistake.id, one.spec) for mistake in MISTAKES.values() for one in mistake.variants(spec, context)]


@pytest.mark.parametrize("case", CASES)
def test_lanes_are_the_problems_solved_alone(case):
    make, arguments, extra = CASES[case]
    asked = make(*arguments, **extra)
    spec = of_problem(asked, asked.forward())
    made = variants(asked, spec)
    spots = everything(spec)
    together = numbers([one for _id, one in made], spots)
    for (mistake, one), found in zip(made, together.T):
        wanted = alone(one, spots)
        size = max(1.0, np.nanmax(np.abs(wanted), initial=0.0))  # without its tanh a network may explode, and cancel
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * size, err_msg=mistake)
    assert len(batches([one for _id, one in made])) < len(made) / 3
