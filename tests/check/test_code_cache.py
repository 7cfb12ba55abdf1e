"""A cache that is unpacked in another order than it was packed, of arrays with one shape and with several."""

from itertools import combinations
from pathlib import Path

import pytest

from rnncalc.check.code import CodeVerdict, check_file

FILE = """import numpy as np
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    {cache}
    return next_h, cache
def rnn_step_backward(dnext_h, cache):
    {unpack}
    da = dnext_h * (1 - {h}**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, {db}
def rnn_forward(x, h0, Wx, Wh, b):
    h, caches = np.zeros((*x.shape[:2], h0.shape[1])), []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h[:, t] = h0
        caches.append(step)
    return h, caches
def rnn_backward(dh, cache):
    later, every, dx = 0, None, []
    for t in reversed(range(dh.shape[1])):
        dx_t, later, *parts = rnn_step_backward(dh[:, t] + later, cache[t])
        dx.insert(0, dx_t)
        every = parts if every is None else [old + new for old, new in zip(every, parts)]
    return np.stack(dx, 1), later, *every
"""
NAMES = ["x", "prev_h", "Wx", "Wh", "next_h"]
BACKWARD = ("rnn_step_backward", "rnn_backward")


def checked(folder: Path, unpacked: list[str], packed: list[str] = NAMES, **parts: str) -> dict[str, CodeVerdict]:
    path = folder / "mine.py"
    cache, unpack = f"cache = ({', '.join(packed)})", f"{', '.join(unpacked)} = cache"
    whole = {"cache": cache, "unpack": unpack, "db": "da.sum(axis=0)", "h": unpacked[-1], **parts}
    path.write_text(FILE.format(**whole), encoding="utf-8")
    return {verdict.function: verdict for verdict in check_file(path, "cs231n")}


@pytest.mark.parametrize(("first", "second"), [*combinations(range(5), 2)])
def test_two_names_that_changed_places(first: int, second: int, tmp_path: Path) -> None:
    names = list(NAMES)
    names[first], names[second] = NAMES[second], NAMES[first]
    verdicts = checked(tmp_path, names, h="next_h")
    assert verdicts["rnn_step_forward"].verdict == verdicts["rnn_forward"].verdict == "right"
    for function in BACKWARD:
        mistake = verdicts[function].mistakes[0]
        assert mistake.id == "cache_order"
        assert mistake.message.endswith(f"{NAMES[first]}, {NAMES[second]}")
        assert mistake.line is not None
        assert (mistake.line.number, mistake.line.text) == (7, f"{', '.join(names)} = cache")
        assert "U_W_swapped" not in [other.id for other in verdicts[function].mistakes]


RENAMED = [
    (["x", "prev_h", "Wx", "Wh", "h"], NAMES),
    (["x", "prev_h", "Wx", "Wh", "next_h"], ["x", "prev_h", "Wx", "Wh", "next_h.copy()"]),
    (["Wx", "Wh", "x", "prev_h", "next_h"], ["Wx", "Wh", "x", "prev_h", "next_h"]),
]


@pytest.mark.parametrize(("unpacked", "packed"), RENAMED)
def test_the_same_order_is_not_accused(unpacked: list[str], packed: list[str], tmp_path: Path) -> None:
    for verdict in checked(tmp_path, unpacked, packed).values():
        assert (verdict.verdict, verdict.mistakes) == ("right", [])
    for function in BACKWARD:
        (mistake,) = checked(tmp_path, unpacked, packed, db="da.mean(axis=0)")[function].mistakes
        assert mistake.id == "mean_for_sum"


def test_names_that_are_crossed_twice_are_right(tmp_path: Path) -> None:
    """Packed under other names, and unpacked under other names: numbers decide."""
    text = FILE.replace("{cache}", "Wh, Wx = Wx, Wh\n    cache = (x, prev_h, Wh, Wx, next_h)")
    text = text.replace("{unpack}", "x, prev_h, Wx, Wh, next_h = cache").replace("{h}", "next_h")
    path = tmp_path / "mine.py"
    path.write_text(text.replace("{db}", "da.sum(axis=0)"), encoding="utf-8")
    assert [verdict.verdict for verdict in check_file(path, "cs231n")] == ["right"] * 4


def test_shapes_are_said_in_letters(tmp_path: Path) -> None:
    names = ["x", "prev_h", "Wh", "Wx", "next_h"]
    said = [finding.text for finding in checked(tmp_path, names)["rnn_step_backward"].findings]
    assert said[0] == "dx has shape (3, 5) = (N, H); (3, 6) = (N, D) is expected."
    path = tmp_path / "other.py"
    path.write_text("def rnn_step_forward(x, prev_h, Wx, Wh, b): return x @ Wx.T, None", encoding="utf-8")
    (finding, _square) = [*check_file(path, "cs231n")[0].findings, None][:2]
    assert finding is not None
    assert finding.text.splitlines()[-1] == "the sizes here: N = 3, D = 6, H = 5"
