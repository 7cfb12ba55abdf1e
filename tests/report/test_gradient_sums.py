"""The gradients as the chain rule shows them, sums over the steps: every parameter that is given, with its sign."""

from __future__ import annotations

import itertools

import pytest
from support.sheets import problem

from rnncalc.report import forward
from rnncalc.report.backward import chain_rule
from rnncalc.report.document import Document
from rnncalc.report.render import render
from rnncalc.report.shared import ReportOptions

SIGNS = list(itertools.product("+-", "+-", ("", "+", "-"), "+", ("", "+", "-")))


@pytest.mark.parametrize("signs", SIGNS, ids=",".join)
def test_every_gradient_is_a_sum_with_its_sign(signs: tuple[str, ...]) -> None:
    names = dict(zip(("U", "W", "b", "V", "c"), signs))
    term = {name: f"{sign} {name}" if sign else "" for name, sign in names.items()}
    lines = [
        f"h_t = tanh({term['U']} x_t {term['W']} h_{{t-1}} {term['b']}), y_t = {term['V']} h_t {term['c']}",
        *(f"{name} = 0.{number}" for number, name in enumerate(names, 2) if names[name]),
        "x = 1, 2", "targets = 0, 1", "loss: half_squared_error",
    ]  # fmt: skip
    shown = render(Document(chain_rule(problem("\n".join(lines))), {}), "plain")
    for name, sign in names.items():
        sums = [line.partition(" = ")[2] for line in shown.splitlines() if line.strip().startswith(f"d{name} = ")]
        assert len(sums) == bool(sign), shown
        assert not sums or sums[0].startswith("-(Σ_t " if sign == "-" else "Σ_t "), shown


@pytest.mark.parametrize("letter", ["V", "R", "d"])
def test_a_letter_that_is_taken_away_keeps_its_name(letter: str) -> None:
    """- V h_t makes a cell of its own, in which V is not the read-out's: what people read says V all the same."""
    lines = ["h_t = tanh(U x_t + W h_{t-1})", f"y_t = - {letter} h_t + c", "U = 0.5", "W = 0.3", f"{letter} = 2"]
    text = "\n".join([*lines, "c = 0.4", "x = 1, 2"])
    shown = forward.document(stated := problem(text), stated.forward(), ReportOptions(work=True))
    assert f"y_t = -({letter} h_t) + c\n" in render(shown, "plain")
