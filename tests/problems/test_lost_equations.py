"""No equation of a step passes silently: what cannot be read is said, and refused where nothing else defines it."""

from __future__ import annotations

import pytest
from support.sheets import problem

from rnncalc.errors import RnncalcError

STEPS = ["{}_t", "{}_{{t}}", "{}^{{(t)}}", "{}^{{<t>}}", r"{}^{{\langle t \rangle}}", "{}(t)", "{}[t]"]
STRANGE = r"\tanh(W {} + U {} \natural V)"
REST = "W = 0.5\nU = 0.2\nx_1 = 1, x_2 = 2"


def signal(step: str, letter: str, before: bool = False) -> str:
    name = step.format(letter)
    head, mark, tail = name[: len(letter)], "t", name[len(letter) :]
    return head + tail.replace(mark, "t-1", 1) if before and "langle" not in tail else name.replace(
        "langle t", "langle t-1") if before else name  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("edges", ["$ {} $", r"\[ {} \]", r"\\[ {}", "> {} ,"])
@pytest.mark.parametrize("letter", ["h", r"\mathbf{{h}}", r"\mathbf h", "s"])
def test_the_state_is_refused(step: str, edges: str, letter: str) -> None:
    letter = letter.replace("{{", "{").replace("}}", "}")
    right = STRANGE.format(step.format("x"), signal(step, letter, before=True))
    with pytest.raises(RnncalcError, match="equation"):
        problem(f"{edges.format(step.format(letter) + ' = ' + right)}\n{REST}")


@pytest.mark.parametrize("gate", ["z", "g", "q"])
def test_what_another_equation_reads_is_refused(gate: str) -> None:
    text = f"$ {gate}_t = \\tanh(W x_t \\natural V) $\n$ h_t = {gate}_t + U h_{{t-1}} $\n{REST}"
    with pytest.raises(RnncalcError, match=f"line 1.*{gate}_t"):
        problem(text)


def test_one_of_two_equations_is_said() -> None:
    text = f"$h_t = \\tanh(W x_t + U h_{{t-1}})$\n\n$h_t = \\tanh(W x_t \\natural V)$\n\n{REST}"
    built = problem(text)
    assert built.forward()["h"].shape == (2, 1)
    assert any("line 3" in note and "natural" in note for note in built.notes)


@pytest.mark.parametrize(
    "line",
    [
        r"\frac{\partial L}{\partial h_t} = W \tanh(h_t) \natural",
        r"L_t = \tanh(y_t \natural)",
        r"\delta_t = \tanh(h_t \natural)",
    ],
)
def test_derivatives_and_losses_are_none(line: str) -> None:
    assert problem(f"$h_t = \\tanh(W x_t + U h_{{t-1}})$\n${line}$\n{REST}").forward()["h"].shape == (2, 1)
