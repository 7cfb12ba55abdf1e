"""Inputs written out component by component, w_1 x_{t,1} + w_2 x_{t,2} + r s_{t-1}, in every way to write them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, problem

from rnncalc.check import check
from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text

D, T = 3, 4
U, W, B, V = drawn_at(1, 1, D), drawn_at(3), drawn_at(5), drawn_at(7)
X = drawn_at(9, T, D)
COMPONENTS = {
    "x_{t,d}": "x_{{t,{d}}}", "x_{d,t}": "x_{{{d},t}}", "x_d(t)": "x_{d}(t)", "xd_t": "x{d}_t",
    "x_t^{(d)}": "x_t^{{({d})}}", "x_d^{(t)}": "x_{d}^{{(t)}}",
}  # fmt: skip
WEIGHTS = {"w_d": "w_{d}", "w_{xd}": "w_{{x{d}}}", "letters": "", "numbers": None, "one vector": "w_{d}"}
STEPS = {"x_d(t)": ("h(t)", "h(t-1)"), "x_d^{(t)}": ("h^{(t)}", "h^{(t-1)}")}


def terms(weights: str, component: str) -> tuple[list[str], str]:
    """The terms of the input, and the values of what stands before its components."""
    names = ["p", "q", "m"] if weights == "letters" else [
        str(U[0][d]) if WEIGHTS[weights] is None else str(WEIGHTS[weights]).format(d=d + 1) for d in range(D)
    ]  # fmt: skip
    values = "" if weights == "numbers" else "\n".join(f"{name} = {u}" for name, u in zip(names, U[0]))
    values = f"w = {U[0].tolist()}" if weights == "one vector" else values
    return [f"{name} {COMPONENTS[component].format(d=d + 1)}" for d, name in enumerate(names)], values


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("bias", "named", "order"), list(itertools.product([True, False], [True, False], [1, -1])))
def test_one_unit(component: str, weights: str, bias: bool, named: bool, order: int) -> None:
    now, before = STEPS.get(component, ("h_t", "h_{t-1}"))
    parts, values = terms(weights, component)
    total = " + ".join([*parts, f"r {before}", *(["b"] if bias else [])][::order]).replace("+ -", "- ")
    lines = [f"{now.replace('h', 'a')} = {total}", f"{now} = tanh({now.replace('h', 'a')})"] if named else [
        f"{now} = tanh({total})"
    ]  # fmt: skip
    lines += [f"{now.replace('h', 'y')} = v {now}", values, f"r = {W}", f"v = {V}", *([f"b = {B}"] if bias else [])]
    lines += [f"x_{t} = {x.tolist()}" for t, x in enumerate(X, 1)]
    wanted = {"U": U.tolist(), "W": float(W), "V": float(V), "x": X.tolist()} | ({"b": float(B)} if bias else {})
    assert_same("\n".join(lines), wanted)


@pytest.mark.parametrize("component", ["x_{t,d}", "x_{d,t}", "xd_t"])
def test_gates_and_values_by_component(component: str) -> None:
    gates, name = "fiog", COMPONENTS[component]
    weights = {gate: drawn_at(11 + at, 1, D) for at, gate in enumerate(gates)}
    lines = [f"{gate}_t = {'tanh' if gate == 'g' else 'σ'}("
             + " + ".join(f"w_{{{gate}{d + 1}}} {name.format(d=d + 1)}" for d in range(D)) + f" + r_{gate} h_{{t-1}})"
             for gate in gates]  # fmt: skip
    lines += ["c_t = f_t c_{t-1} + i_t g_t", "h_t = o_t tanh(c_t)"]
    lines += [f"w_{{{gate}{d + 1}}} = {weights[gate][0][d]}" for gate in gates for d in range(D)]
    lines += [f"r_{gate} = 0.{at}" for at, gate in enumerate(gates, 2)]
    lines += [f"{name.format(d=d + 1).replace('t', str(t))} = {X[t - 1][d]}" for t in range(1, T + 1) for d in range(D)]
    assert_same("\n".join(lines), {
        "cell": "lstm", "x": X.tolist(), "U": {gate: array.tolist() for gate, array in weights.items()},
        "W": {gate: float(f"0.{at}") for at, gate in enumerate(gates, 2)},
    })  # fmt: skip


def test_code_counts_components_from_zero() -> None:
    for entry in ("x[t, {d}]", "x[t][{d}]"):
        total = " + ".join(f"w{d + 1} * {entry.format(d=d)}" for d in range(D))
        values = "\n".join(f"w{d + 1} = {u}" for d, u in enumerate(U[0]))
        text = f"{values}\nr = {W}\nx = np.array({X.tolist()})\nfor t in range({T}):\n    h = np.tanh({total} + r * h)"
        assert_same(text, {"U": U.tolist(), "W": float(W), "x": X.tolist()})


def test_answers_to_letters_are_those_of_entries() -> None:
    stated = "h_t = tanh(w_1 x_{t,1} + w_2 x_{t,2} + w_3 x_{t,3} + r h_{t-1})\n"
    stated += f"r = {W}\nx = {X.tolist()}\nlr = 0.3\n"
    stated += "\n".join(f"w_{d + 1} = {u}" for d, u in enumerate(U[0]))
    stated += f"\nL = ½ Σ_t (h_t - d_t)^2\nd = {[0.5] * T}\n"
    lesson = problem(stated)
    trace = lesson.forward()
    gradient = lesson.backward(trace)
    (du,) = (array for _place, part in gradient.parts() for name, array in part.stacks.items() if name == "U")
    answers = (
        f"dL/dw_2 = {du[0][1]:.5f}\ndL/dw_3 = {du[0][2] + 0.1:.5f}\nw_1^{{new}} = {U[0][0] - 0.3 * du[0][0]:.5f}\n"
    )
    whole = f"{stated}\n## My answers\n{answers}"
    verdict = check(problem(whole), problem_text.read(whole)["answers"].value)
    assert {(value.name, value.index): value.verdict for value in verdict.values} == {
        ("dU", (1, 2)): "right", ("dU", (1, 3)): "wrong", ("U_new", (1, 1)): "right",
    }  # fmt: skip


@pytest.mark.parametrize(
    "equation",
    [
        "h_t = tanh(w_1 x_{t,1} + w_3 x_{t,3} + r h_{t-1})",  # one component is not read
        "h_t = tanh(w_1 x_{t,1} + w_2 x_{t-1,2} + r h_{t-1})",  # another step's
        "h_t = tanh(w_1 x_{t,1} x_{t,2} + r h_{t-1})",  # a product of both
        "h_t = tanh(w_1 x_{t,1} + z x_{t,2} + r h_{t-1})",  # a letter without a value
        "h_t = tanh(w_1 x_{t,1} + A x_{t,2} + r h_{t-1})",  # a matrix
    ],
)
def test_what_is_no_sum_of_components_is_refused(equation: str) -> None:
    given = "w_1 = 0.5, w_2 = 0.2, w_3 = 0.3, r = 0.1, A = [[1, 2], [3, 4]]"
    with pytest.raises(RnncalcError):
        problem(f"{equation}\n{given}\nx_1 = [1, 2, 3]\nx_2 = [0.5, -1, 0.2]").forward()


@pytest.mark.parametrize(("said", "count"), [
    ("Run two iterations of gradient descent.", 2), ("Run **3** training steps.", 3), ("迭代两次后的参数是多少？", 2),
    ("What are the weights after two updates?", 2), ("Do one iteration of gradient descent.", 1),
    ("The network has two steps.", 1), ("做 2 次参数更新。", 2), ("Führe zwei Iterationen durch.", 2),
])  # fmt: skip
def test_several_updates_are_said_to_be_the_first(said: str, count: int) -> None:
    notes = problem(f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5\nW = 0.2\nx = [1, 2]\nlr = 0.1\n{said}").notes
    assert [note for note in notes if "updates" in note] == (
        [f"the sheet speaks of {count} updates: the parameters here are those after the first"] if count > 1 else []
    )


def test_the_state_follows_the_components() -> None:
    """The numbers themselves, computed here."""
    h, states = 0.0, []
    for x in X:
        h = np.tanh(float(U[0] @ x) + float(W) * h)
        states.append(h)
    parts, values = terms("w_d", "x_{t,d}")
    text = f"h_t = tanh({' + '.join(parts)} + r h_{{t-1}})\n{values}\nr = {W}\nx = {X.tolist()}"
    np.testing.assert_allclose(problem(text).forward()["h"][:, 0], states, rtol=1e-12)
