"""What is said of code that cannot be checked, or follows another convention: what differs, and no accusation."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc.check.code import check_file
from rnncalc.check.code.signature_file import parsed, shipped
from rnncalc.errors import RnncalcError

FORWARD = """import numpy as np
def rnn_forward(x, h0, Wx, Wh, b):
    h, states = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        states.append(h)
    return {returned}, None
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("returned", "order"),
    [
        ("np.stack(states)", "T, N, H"),
        ("np.stack(states).transpose(0, 2, 1)", "T, H, N"),
        ("np.stack(states, 1).transpose(0, 2, 1)", "N, H, T"),
        ("np.stack(states, 1).transpose(2, 0, 1)", "H, N, T"),
    ],
)
def test_axes_in_another_order_are_a_convention_that_is_named(returned: str, order: str, tmp_path: Path) -> None:
    (verdict,) = check_file(written(tmp_path, FORWARD.format(returned=returned)), "cs231n")
    (finding,) = verdict.findings
    assert f"returned as ({order})? Here it is (N, T, H)" in finding.text
    assert verdict.mistakes == []
    (right,) = check_file(written(tmp_path, FORWARD.format(returned="np.stack(states, 1)")), "cs231n")
    assert right.verdict == "right"


def test_other_names_in_a_dict_are_no_mistake(tmp_path: Path) -> None:
    text = """import numpy as np
def rnn_cell_forward(xt, a_prev, parameters):
    a = np.tanh(parameters["U"] @ xt + parameters["W"] @ a_prev + parameters["bh"])
    return a, a, (a, a_prev, xt, parameters)
"""
    (verdict,) = check_file(written(tmp_path, text))
    assert verdict.mistakes == []
    assert "the arrays in the dict are" in verdict.findings[0].text
    assert "Wax" in verdict.findings[0].text


@pytest.mark.parametrize("course", ["cs231n", "d2l", "deep_ml"])
def test_a_course_without_the_function_says_which_it_has(course: str, tmp_path: Path) -> None:
    path = written(tmp_path, "def my_step(p, q):\n    return p")
    with pytest.raises(RnncalcError) as raised:
        check_file(path, course)
    assert "my_step(p, q)" in str(raised.value)
    for name in shipped(course).functions:
        assert name in str(raised.value)


@pytest.mark.parametrize("text", ["", "\n \n"])
@pytest.mark.parametrize("signature", [None, "cs231n", "pytorch"])
def test_an_empty_file_is_said_to_be_empty(text: str, signature: str | None, tmp_path: Path) -> None:
    with pytest.raises(RnncalcError, match=r"is empty$"):
        check_file(written(tmp_path, text), signature)


@pytest.mark.parametrize("hint", [False, True])
def test_rows_for_spreadsheets(hint: bool, tmp_path: Path) -> None:
    """One a function; with --hint no computed number."""
    text = FORWARD.format(returned="np.stack(states, 1)").replace(" + b)", ")")
    text += "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    raise ValueError('a\\nb')\n"
    done = command("check", "--code", str(written(tmp_path, text)), "--format", "csv", *["--hint"] * hint)
    rows = {row["function"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert done.code == 1
    assert rows["rnn_forward"]["mistakes"] == "bias_omitted"
    assert (rows["rnn_forward"]["output"], rows["rnn_forward"]["step"]) == ("h", "1")
    assert float(rows["rnn_forward"]["given"])
    assert bool(rows["rnn_forward"]["exact"]) is not hint
    assert "ValueError" in rows["rnn_step_forward"]["said"]


BACK = """import numpy as np
def step_forward(x, hp, U, W, b):
    h = np.tanh(x @ U + hp @ W + b)
    return h, (x, hp, U, W, h)
def step_back(dh, cache):
    x, hp, U, W, h = cache
    da = {da}
    return da @ U.T, da @ W.T, x.T @ da, hp.T @ da, da.sum(0)
def forward(x, h0, U, W, b):
    h, hs, caches = h0, [], []
    for t in range(x.shape[1]):
        h, cache = step_forward(x[:, t], h, U, W, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, 1), caches
def back(dh, caches):
    later, dxs, sums = 0, [], [0, 0, 0]
    for t in reversed(range(dh.shape[1])):
        dx, later, *own = step_back(dh[:, t] + later, caches[t])
        dxs.insert(0, dx)
        sums = [a + b for a, b in zip(sums, own)]
    return np.stack(dxs, 1), later, *sums
"""
GIVEN: dict[str, Any] = {"U": "U[D,H]", "W": "W[h,H]", "b": "b[H]"}
PARTS = ["dU[D,H]", "dW[h,H]", "db[H]"]
MINE = {
    "name": "mine",
    "functions": {
        "step_forward": {"arguments": {"x": "x[N,D]", "hp": "h0[N,H]", **GIVEN}, "returns": ["h[N,H]", "cache"]},
        "step_back": {
            "cache_of": "step_forward", "arguments": {"dh": "dh[N,H]", "cache": "cache"},
            "returns": ["dx[N,D]", "dh0[N,H]", *PARTS],
        },
        "forward": {"arguments": {"x": "x[N,T,D]", "h0": "h0[N,H]", **GIVEN}, "returns": ["h[N,T,H]", "cache"]},
        "back": {
            "cache_of": "forward", "arguments": {"dh": "dh[N,T,H]", "cache": "cache"},
            "returns": ["dx[N,T,D]", "dh0[N,H]", *PARTS],
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("names", ["next_h", "new_state", "h"])
def test_outputs_have_the_names_that_the_code_gives_them(names: str, tmp_path: Path) -> None:
    text = f"""import numpy as np
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    if x is None:
        return prev_h
    {names} = np.tanh(x @ Wx + prev_h @ Wh)
    cache = ()
    return {names}, cache
"""
    (verdict,) = check_file(written(tmp_path, text), "cs231n")
    assert verdict.first is not None
    assert verdict.first.output == names
    assert verdict.mistakes[0].outputs == (names,)


def test_what_arrives_and_is_never_used_is_named(tmp_path: Path) -> None:
    signature = parsed(json.loads(json.dumps(MINE)), "mine")
    right = check_file(written(tmp_path, BACK.format(da="dh * (1 - h**2)")), signature)
    assert {verdict.verdict for verdict in right} == {"right"}
    verdicts = check_file(written(tmp_path, BACK.format(da="1 - h**2")), signature)
    by_name = {verdict.function: [mistake.id for mistake in verdict.mistakes] for verdict in verdicts}
    named = ["arriving_gradient_omitted"]
    assert by_name == {"step_forward": [], "step_back": named, "forward": [], "back": named}
    assert np.isfinite(verdicts[1].first.given if verdicts[1].first else np.nan)
