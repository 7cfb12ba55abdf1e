"""Sessions of a Python console: what is typed behind >>> and what is shown below it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.sheets import drawn_at, problem

from rnncalc.problems import problem_text

U, W, B, X = drawn_at(71, 2, 3), drawn_at(73, 2, 2), drawn_at(75, 2), drawn_at(77, 3, 3)
CELL = "h_t = tanh(U x_t + W h_{t-1} + b)\n"
SHOWN: dict[str, tuple[str, Callable[[np.ndarray], str]]] = {
    "numpy print": (">>> print({name})\n{text}", str),
    "numpy name": (">>> {name}\n{text}", repr),
    "rounded": (">>> print({name}.round(4))\n{text}", str),
    "tensor": (">>> {name}\n{text}", lambda a: "tensor(" + np.array2string(a, separator=", ") + ")"),
    "tensor data": (">>> print({name}.data)\n{text}", lambda a: "tensor(" + np.array2string(a, separator=", ") + ")"),
    "assigned": (
        ">>> {name} = np.array({text})",
        lambda a: np.array2string(a, separator=", ").replace("\n", "\n...   "),
    ),
}
NOISE = [
    ">>> import numpy as np\n",
    ">>> for name, p in rnn.named_parameters(): print(name, p)\n",
    ">>> len(x)\n3\n",
    "",
]


def states() -> np.ndarray:
    h, rows = np.zeros(2), []
    for x in X:
        h = np.tanh(U @ x + W @ h + B)
        rows.append(h)
    return np.array(rows)


@pytest.mark.parametrize("way", SHOWN)
@pytest.mark.parametrize("noise", NOISE)
def test_what_a_console_shows_is_the_value(way: str, noise: str) -> None:
    form, text = SHOWN[way]
    given = "\n".join(form.format(name=name, text=text(array)) for name, array in zip("UWbx", (U, W, B, X)))
    sheet = f"{CELL}\n```\n{noise}{given}\n```\n"
    np.testing.assert_allclose(problem(sheet).forward()["h"], states(), rtol=1e-12)


@pytest.mark.parametrize("heading", ["**My results**", "My results:", "## Meine Lösung", "我的答案："])
@pytest.mark.parametrize("way", ["numpy print", "numpy name", "tensor"])
def test_what_a_console_shows_below_a_heading_is_an_answer(heading: str, way: str) -> None:
    given = "".join(f"{name} = {array.tolist()}\n" for name, array in zip("UWbx", (U, W, B, X)))
    form, text = SHOWN[way]
    shown = form.format(name="h", text=text(states().round(4)))
    keys = problem_text.read(f"{CELL}{given}\n{heading}\n\n```\n{shown}\n```\n")
    assert np.array(keys["answers"].value["h"], float).tolist() == states().round(4).tolist()
    assert "h" not in keys


@pytest.mark.parametrize("module", [
    "`rnn = nn.RNN(input_size=3, hidden_size=2)`", "`rnn = torch.nn.RNN(3, 2)`", "`loss_fn = nn.MSELoss()`",
])  # fmt: skip
def test_a_module_in_a_sentence_is_no_value(module: str) -> None:
    given = "".join(f"{name} = {array.tolist()}\n" for name, array in zip("UWbx", (U, W, B, X)))
    got = problem(f"I printed the parameters of {module}:\n\n{CELL}{given}").forward()["h"]
    np.testing.assert_allclose(got, states(), rtol=1e-12)
