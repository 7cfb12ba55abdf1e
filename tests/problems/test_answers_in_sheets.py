"""Answers that stand in the problem's own text: every spelling of a number's name, with equations and without."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import rnncalc
from rnncalc.errors import RnncalcError

RNG = np.random.default_rng(11)
SPELLINGS = ["{name}_{t}[{u}]", "{name}[{t}][{u}]", "{name}_{{{t}}}[{u}]"]
PREFIXES = ["", "answers."]
EQUATIONS = "h_t = tanh(U x_t + W h_{t-1} + b)\ny_t = V h_t + c\n"


def sheet(steps: int, units: int, *, equations: bool, by_step: bool, read_out: bool) -> str:
    """A problem as text; its inputs as one matrix or step by step."""
    shapes = {"U": (units, 3), "W": (units, units), "b": (units,)} | ({"V": (4, units), "c": (4,)} if read_out else {})
    lines = [f"{name} = {(RNG.integers(1, 9, shape) / 10).tolist()}" for name, shape in shapes.items()]
    x = (RNG.integers(1, 9, (steps, 3)) / 10).tolist()
    lines += [f"x_{t + 1} = {row}" for t, row in enumerate(x)] if by_step else [f"x = {x}"]
    head = EQUATIONS if read_out else EQUATIONS.splitlines()[0] + "\n"
    return (head if equations else "") + "\n".join(lines) + "\n"


def claims(text: str) -> list[tuple[str, int | None, tuple[int, ...], str]]:
    verdict = rnncalc.load_problem(text_file(text)).check()
    return [(v.name, v.step, v.index, v.verdict) for v in verdict.values if v.answer is not None]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def text_file(text: str) -> str:
    with open("sheet.txt", "w", encoding="utf-8") as file:
        file.write(text)
    return "sheet.txt"


KINDS = list(itertools.product([(1, 1), (1, 2), (3, 1), (3, 2)], [False, True], [False, True], [False, True]))


@pytest.mark.parametrize(("sizes", "equations", "by_step", "read_out"), KINDS)
def test_every_spelling_is_this_number_and_no_other(
    sizes: tuple[int, int], equations: bool, by_step: bool, read_out: bool
) -> None:
    steps, units = sizes
    text = sheet(steps, units, equations=equations, by_step=by_step, read_out=read_out)
    forward = rnncalc.load_problem(text_file(text)).forward()
    for name, values in {"h": forward.h, **({"y": forward.y} if read_out else {})}.items():
        t, u = (int(RNG.integers(size)) for size in values.shape)
        for spelling, prefix in itertools.product(SPELLINGS, PREFIXES):
            typed = prefix + spelling.format(name=name, t=t + 1, u=u + 1)
            for offset, verdict in ((0.0, "right"), (0.5, "wrong")):
                line = f"{typed} = {values[t, u] + offset:.5f}\n"
                assert claims(text + line) == [(name, t + 1, (u + 1,), verdict)], line


@pytest.mark.parametrize(("sizes", "equations", "by_step", "read_out"), KINDS)
def test_a_state_of_a_step_is_an_answer_and_no_initial_state(
    sizes: tuple[int, int], equations: bool, by_step: bool, read_out: bool
) -> None:
    steps, units = sizes
    text = sheet(steps, units, equations=equations, by_step=by_step, read_out=read_out)
    plain = rnncalc.load_problem(text_file(text)).forward()
    for t in range(steps):
        row = [round(float(value), 5) for value in plain.h[t]]
        problem = rnncalc.load_problem(text_file(f"{text}h_{t + 1} = {row}\n"))
        assert np.array_equal(problem.forward().h, plain.h)
        assert {(v.name, v.step, v.verdict) for v in problem.check().values} == {("h", t + 1, "right")}
    with pytest.raises(RnncalcError, match=r"step|unknown"):
        rnncalc.load_problem(text_file(f"{text}h_{steps + 1} = {[0.5] * units}\n")).check()


def test_a_number_of_a_gradient() -> None:
    text = sheet(3, 2, equations=True, by_step=False, read_out=True) + f"targets = {[[0.5] * 4] * 3}\nloss = mse\n"
    gradients = rnncalc.load_problem(text_file(text)).backward()
    assert claims(f"{text}dU[2][3] = {gradients.U[1, 2]:.6f}\n") == [("dU", None, (2, 3), "right")]
    assert claims(f"{text}answers.dV[4][1] = {gradients.V[3, 0] + 1:.6f}\n") == [("dV", None, (4, 1), "wrong")]


FORMS = ["h_2[1]", "h[2][1]", "answers.h_2[1]", "answers.h[2][1]", "h_2", "answers.h.2", "answers.h"]


def written(form: str, value: str) -> str:
    """An answer of h_2[1] in one of the forms; the other numbers of the form are not answered."""
    value = {"h_2": f"[{value}, _]", "answers.h.2": f"[{value}, _]", "answers.h": f"[[_, _], [{value}, _]]"}.get(
        form, value
    )
    return f"{form} = {value}\n"


@pytest.mark.parametrize("forms", list(itertools.product(FORMS, FORMS)))
def test_a_number_with_two_answers_has_none_and_the_same_twice_is_one(forms: tuple[str, str]) -> None:
    first, second = forms
    text = sheet(2, 2, equations=False, by_step=False, read_out=False)
    nested = {first, second} == {"answers.h", "answers.h.2"}  # a key within another key
    if nested or first == second == "h_2":  # which may be a value
        with pytest.raises(RnncalcError, match="twice"):
            claims(text + written(first, "0.25") + written(second, "0.75"))
    else:
        assert claims(text + written(first, "0.25") + written(second, "0.75")) == [("h", 2, (1,), "unreadable")]
    alike = text + written(first, "0.25") + written(second, "0.25")
    if nested:
        with pytest.raises(RnncalcError, match="twice"):
            claims(alike)
    else:
        assert claims(alike) == [("h", 2, (1,), "wrong")]


@pytest.mark.parametrize("names", ["answers.h = 5|answers.h.x = 6", "answers.h.x = 5|answers.h.x.y = 6",
                                   "answers.layers = 5|answers.layers.1.h = 6", "answers.h.1 = 1|answers.h.1.2 = 3",
                                   "answers = 5|h_1 = 3", "h_1 = 3|answers = 5"])  # fmt: skip
@pytest.mark.parametrize("equations", [False, True])
def test_answers_within_answers_are_refused_in_words(names: str, equations: bool) -> None:
    text = sheet(2, 1, equations=equations, by_step=False, read_out=False)
    with pytest.raises(RnncalcError):
        claims(text + names.replace("|", "\n") + "\n")


def test_layers_by_the_names_that_are_printed() -> None:
    layers = [{"cell": "elman", "U": RNG.normal(size=(2, 3)), "W": RNG.normal(size=(2, 2)), "direction": "both",
               "backward": {"U": RNG.normal(size=(2, 3)), "W": RNG.normal(size=(2, 2))}},
              {"cell": "elman", "U": RNG.normal(size=(3, 4)), "W": RNG.normal(size=(3, 3))}]  # fmt: skip
    stated = rnncalc.problem(layers=layers, x=RNG.normal(size=(2, 3)))
    trace = stated.forward()
    answers = {
        "layers[1].backward.h_2[1]": f"{trace.layers[0].passes['backward'].h[1, 0]:.6f}",
        "layers[1].forward.h[1][2]": f"{trace.layers[0].passes['forward'].h[0, 1]:.6f}",
        "layers[2].h": [[f"{value:.6f}" for value in row] for row in trace.layers[1].h],
    }
    verdict = stated.check(answers)
    assert verdict.verdict == "right"
    assert len(verdict.values) == 8
    for name in ("layers[3].h_1[1]", "layers[0].h", "layers[2].backward.h"):
        with pytest.raises(RnncalcError):
            stated.check({name: "0.5"})
