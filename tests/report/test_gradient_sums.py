"""The gradients as the chain rule shows them, sums over the steps: every parameter that is given, with its sign."""

from __future__ import annotations

import itertools

import pytest
from support.sheets import problem

from rnncalc.report.backward import chain_rule
from rnncalc.report.document import Document
from rnncalc.report.render import render

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
