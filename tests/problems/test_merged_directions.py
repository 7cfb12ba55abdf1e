"""Both directions of a layer read as their sum, their mean or their product, however the equations write it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

D, H, O, T = 2, 3, 2, 4
NAMES = {  # of both states, and what marks the parameters
    "arrows": (r"\overrightarrow{{{}}}", r"\overleftarrow{{{}}}"), "raised": ("{}^f", "{}^b"),
    "lowered": ("{}_f", "{}_b"),
}  # fmt: skip
READ = {  # f and b are the states
    "sum": ["V ({f} + {b})", "V ({b} + {f})", "V {f} + V {b}", "@{f} + {b}"],
    "ave": [r"V (\frac{{1}}{{2}} ({f} + {b}))", "V (({f} + {b}) / 2)", "½ V ({f} + {b})", "@({f} + {b}) / 2"],
    "mul": [r"V ({f} \odot {b})", r"@{b} \odot {f}"],
    "concat": ["V [{f}; {b}]"],
}
ARRAYS = {"U": drawn_at(1, H, D), "W": drawn_at(2, H, H), "b": drawn_at(3, H)}
BACK = {"U": drawn_at(4, H, D), "W": drawn_at(5, H, H), "b": drawn_at(6, H)}
X, Y = drawn_at(7, T, D), drawn_at(8, T, O)
FORMS = [(merge, form) for merge, forms in READ.items() for form in forms]


def at(letter: str, step: str) -> str:
    """A state of a step: h_{f,t}, h^f_{t}."""
    base, lowered, mark = letter.partition("_")
    return f"{base}_{{{mark},{step}}}" if lowered else f"{letter}_{{{step}}}"


def plain(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: value.tolist() for name, value in arrays.items()}


def sheet(names: str, form: str, function: str, bias: bool) -> str:
    f, b = ([mark.format(letter) for letter in "hUWb"] for mark in NAMES[names])
    lines = [
        f"${at(f[0], 't')} = \\tanh({f[1]} x_t + {f[2]} {at(f[0], 't-1')} + {f[3]})$",
        f"${at(b[0], 't')} = \\tanh({b[1]} x_t + {b[2]} {at(b[0], 't+1')} + {b[3]})$",
    ]
    read = form.format(f=at(f[0], "t"), b=at(b[0], "t"))
    if read.startswith("@"):
        lines, read = [*lines, f"$m_t = {read[1:]}$"], "V m_t"
    right = f"{read} + c" if bias else read
    lines.append(f"$y_t = {f'{function}({right})' if function else right}$")
    values = {**dict(zip(f[1:], ARRAYS.values())), **dict(zip(b[1:], BACK.values())), "V": readout(form)}
    values |= {"c": np.array([0.3, -0.2])} if bias else {}
    lines += [f"${name}$ = {printed(value)}" for name, value in values.items()]
    lines += [f"x = {printed(X)}", f"targets = {printed(Y)}", "loss: squared_error"]
    return "\n\n".join(lines) + "\n"


def readout(form: str) -> np.ndarray:
    return drawn_at(9, O, 2 * H if "[" in form else H)


@pytest.mark.parametrize(("names", "kind", "function"), list(itertools.product(NAMES, FORMS, ["", "softmax"])))
@pytest.mark.parametrize("bias", [True, False])
def test_what_the_read_out_reads_of_both_directions(
    names: str, kind: tuple[str, str], function: str, bias: bool
) -> None:
    merge, form = kind
    layer = {**plain(ARRAYS), "direction": "both", "merge": merge, "backward": plain(BACK)}
    wanted: dict[str, Any] = {"layers": [layer], "V": readout(form).tolist(), "x": X.tolist(), "targets": Y.tolist()}
    wanted |= {"output": function} if function else {}
    wanted |= {"c": [0.3, -0.2]} if bias else {}
    got, same = problem(sheet(names, form, function, bias)), problem({**wanted, "loss": "squared_error"})
    np.testing.assert_allclose(got.forward().y, same.forward().y, rtol=1e-12)
    gradients, others = (each.backward(each.forward()) for each in (got, same))
    np.testing.assert_allclose(gradients["V"], others["V"], rtol=1e-10)
    np.testing.assert_allclose(gradients.x, others.x, rtol=1e-10)
