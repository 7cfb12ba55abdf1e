"""Answers that no heading stands above: what is computed, and is given a number, can only be somebody's answer."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import drawn_at, printed, problem

T, D, H, RATE = 3, 2, 2, 0.1
LETTERS = [  # of the inputs, of the states, of the output; their gradients keep these letters
    ("U", "W", "V"), ("W", "U", "V"), ("V", "U", "W"), ("W", "R", "U"), ("W_{xh}", "W_{hh}", "W_{hy}"), ("A", "B", "C"),
]  # fmt: skip
OUTPUTS = ["y", "yhat", "ŷ", r"\hat{y}", "o"]
CHAIN = "{name} = 1.4 · 0.2858 - 0.3 = {value}"
SAID = [
    "{name} = {value}",
    "and therefore ${name} = {value}$.",
    CHAIN,
    f"So {CHAIN}",
    "于是 ${name} \\approx {value}$。",
]
ARRAYS = {"U": drawn_at(1, H, D), "W": drawn_at(2, H, H), "V": drawn_at(3, 1, H)}
X = drawn_at(5, T, D)
LAST = {**ARRAYS, "x": X, "targets": [None] * (T - 1) + [0.4], "loss": "half_squared_error", "lr": RATE}


def stated(letters: tuple[str, ...], output: str, loss: str = "") -> str:
    reads, keeps, shows = letters
    lines = [f"h_t = tanh({reads} x_t + {keeps} h_{{t-1}})", f"{output} = {shows} h_{T}"]
    lines += [f"{letter} = {printed(array)}" for letter, array in zip(letters, ARRAYS.values())]
    lines += [f"x_{t} = {printed(row)}" for t, row in enumerate(X, 1)]
    return "\n".join(["h_0 = 0", *lines, loss, ""])


def judged(text: str, folder: Path) -> dict[str, str]:
    path = folder / "sheet.md"
    path.write_text(text, encoding="utf-8")
    done = command("check", str(path), "--format", "json")
    assert done.code < 2, done.err + text
    return {str([v["name"], v["step"], v["index"]]): v["verdict"] for v in done.data["values"]}


@pytest.mark.parametrize(("output", "said", "shift"), list(itertools.product(OUTPUTS, SAID, [0.0, 0.3])))
def test_an_output_of_the_last_step_needs_no_number(output: str, said: str, shift: float, tmp_path: Path) -> None:
    value = problem(plain(LAST)).forward().y[-1, 0] + shift
    text = stated(LETTERS[0], output) + said.format(name=output, value=f"{value:.4f}") + "\n"
    ((place, verdict),) = judged(text, tmp_path).items()
    assert place.endswith(f"{T}, [1]]")
    assert verdict == ("wrong" if shift else "right")


@pytest.mark.parametrize(
    "said", ["The target is y = 0.4.", "标签 y = 0.4。", "the correct value is $y = 0.4$", "label: y = 0.4"]
)
def test_a_target_is_no_answer(said: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text(f"{stated(LETTERS[0], 'y')}{said}\nh_1 = [0.5, 0.5]\n", encoding="utf-8")
    done = command("check", str(path), "--format", "json")
    assert done.code == 2 or "y" not in {value["name"] for value in done.data["values"]}


@pytest.mark.parametrize("first", ["h_3 = {h}, y = 1.5 h_3 = {y}", "h_3 = {h}\ny = 1.5 h_3 = {y}",
                                   r"$$\begin{{aligned}} h_3 &= {h} \\ y &= 1.5 h_3 = {y} \end{{aligned}}$$",
                                   r"$$\begin{{aligned}} h_3 &= {h} \\ y &= 1.5 \cdot h_3 = {y} \end{{aligned}}$$",
                                   "y = V h_3 = 1.5 h_3 = {y}, h_3 = {h}", "h_3 = {h} y = {y}"])  # fmt: skip
@pytest.mark.parametrize("equation", ["y = V h_3", "y_t = V h_t"])
@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_a_number_before_a_state_is_the_working_of_an_output(
    first: str, equation: str, shift: float, tmp_path: Path
) -> None:
    h = 0.0
    for x in (1, 2, -1):
        h = np.tanh(0.5 * x + 0.3 * h)
    text = f"h_t = tanh(U x_t + W h_{{t-1}})\n{equation}\nU = 0.5, W = 0.3, V = 1.5\nx_1 = 1, x_2 = 2, x_3 = -1\n\n"
    said = first if equation[1] != "_" else first.replace("y ", "y_3 ")
    text += said.format(h=f"{h:.4f}", y=f"{1.5 * h + shift:.4f}") + "\n"
    verdicts = {place[2]: verdict for place, verdict in judged(text, tmp_path).items()}
    assert verdicts == {"h": "right", "y": "wrong" if shift else "right"}


DERIVED = {
    "plain": ("dL/d{}", "{}_new"), "latex": (r"\frac{{\partial L}}{{\partial {}}}", "{}_{{new}}"),
    "raised": (r"\partial L/\partial {}", r"{}^{{\text{{new}}}}"),
}  # fmt: skip


@pytest.mark.parametrize(("letters", "form"), list(itertools.product(LETTERS, DERIVED)))
@pytest.mark.parametrize(
    "head", ["", "## My answers\n", "ANSWER OF CANDIDATE 0417\n", "**小王的答案**（保留 4 位小数）：\n"]
)
def test_gradients_and_new_weights_keep_the_letters_of_the_sheet(
    letters: tuple[str, ...], form: str, head: str, tmp_path: Path
) -> None:
    got = problem(plain(LAST))
    gradients = got.backward(got.forward())
    loss = f"The target is y = 0.4 and the loss L = (ŷ - y)^2 / 2. Do one step of descent, eta = {RATE}.\n"
    lines = [f"L = {gradients.loss:.5f}"]
    for letter, (ours, array) in zip(letters, ARRAYS.items()):
        of_loss, new = (part.format(letter) for part in DERIVED[form])
        shift = 0.5 * (ours == "W")
        lines += [
            f"{of_loss} = {printed(gradients[ours].round(5) + shift)}",
            f"{new} = {printed((array - RATE * gradients[ours]).round(5) + shift)}",
        ]
    lines = [f"${line}$" if form != "plain" else line for line in lines]
    verdicts = judged(stated(letters, "ŷ", loss) + "\n" + head + "\n".join(lines) + "\n", tmp_path)
    wrong = {place for place, verdict in verdicts.items() if verdict == "wrong"}
    assert len(verdicts) == 1 + 2 * sum(array.size for array in ARRAYS.values())
    assert len(wrong) == 2 * ARRAYS["W"].size
    assert len({place.split(",")[0] for place in wrong}) == 2


WAYS = {  # of g, the gradient, and n, the new value of a weight: what is said, and what it answers
    "{W}_new = {n}": "new", "{W}_{{neu}} = {n}": "new", "$" + r"{W}^{{\text{{new}}}} = {n}$": "new",
    "{W}_updated = {n}": "new",
    "{W}_new = {W} - eta dL/d{W} = {w} - 0.1 * {g} = {n}": "new",
    r"${W}_{{\text{{new}}}} = {W} - \eta \frac{{\partial L}}{{\partial {W}}} = {w} - 0.1 \cdot ({g}) = {n}$": "new",
    "{W}_new = {W} - 0.1 dL/d{W} = {n}": "new",
    "d{W} = {g}": "d", "d{W} = dL/d{W} = {g}": "d", "- dL/d{W} = {g}": "d", "1. dL/d{W} = {g}": "d",
    "∇{W} = {g}": "d", "∇_{W} L = {g}": "d", r"$\nabla_{{{W}}} L = {g}$": "d",
}  # fmt: skip


@pytest.mark.parametrize(("way", "letters"), list(itertools.product(WAYS, ["UWV", "WUV", "VUW", "ABC"])))
@pytest.mark.parametrize(("head", "shift"), [("", 0.4), ("## My answers\n", 0.0)])
def test_gradients_and_updates_of_numbers(way: str, letters: str, head: str, shift: float, tmp_path: Path) -> None:
    """Before, −η ∂L/∂W = 0.5 − 0.1 · 0.125 = 0.4875 was the gradient, and ∇_W L = 0.125 the loss."""
    weights = {"U": 0.5, "W": 0.7, "V": 1.3}
    keys = {"x": [[1], [-2], [0.5]], "targets": [None, None, 0.4], "loss": "half_squared_error"}
    got = problem({**weights, **keys})
    gradients = got.backward(got.forward())
    reads, keeps, shows = (*letters,)
    text = (
        f"h_t = tanh({reads} x_t + {keeps} h_{{t-1}})\nq = {shows} h_3\nL = 1/2 (q - y)^2, y = 0.4, learning rate 0.1\n"
    )
    text += f"{reads} = 0.5, {keeps} = 0.7, {shows} = 1.3\nx_1 = 1, x_2 = -2, x_3 = 0.5\n\n{head}"
    for letter, (ours, weight) in zip(letters, weights.items()):
        gradient = float(gradients[ours].item()) + shift
        said = {"W": letter, "w": weight, "g": f"{gradient:.5f}", "n": f"{weight - RATE * gradient:.5f}"}
        text += way.format(**said) + "\n"
    verdicts = judged(text, tmp_path)
    names = [f"d{ours}" if WAYS[way] == "d" else f"{ours}_new" for ours in weights]
    assert sorted(place.split("'")[1] for place in verdicts) == sorted(names)
    assert {*verdicts.values()} == {"wrong" if shift else "right"}


def plain(keys: dict[str, Any]) -> dict[str, Any]:
    """The values as a file holds them."""
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in keys.items()}
