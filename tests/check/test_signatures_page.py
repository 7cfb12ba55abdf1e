"""The page on signatures: its example is read and used, and every key, name and axis is on it."""

import re
from pathlib import Path

import numpy as np
import pytest

from rnncalc.check.code.layout import AXES, LETTERS
from rnncalc.check.code.signature_file import ARRAYS, KEYS, parsed
from rnncalc.check.code.trial import SIZES, trial
from rnncalc.common import strict_json
from rnncalc.report.checked_code import check_function

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SIGNATURE = parsed(strict_json.plain(EXAMPLE), "the page")


def test_every_key_name_and_axis_is_on_the_page() -> None:
    words = {*re.findall(r"`([\w.*]+)`", PAGE)} | {*re.findall(r'"(\w+)":', PAGE)}
    keys = {key for keys in KEYS.values() for key in keys}
    names = {name.rstrip("#") for name in AXES}
    assert not (keys | names | {*LETTERS} | {*ARRAYS}) - words


@pytest.mark.parametrize("name", SIGNATURE.functions)
def test_every_function_of_the_example_makes_a_problem(name: str) -> None:
    function = SIGNATURE.functions[name]
    for cell in function.cells:
        made = trial(function, cell, SIGNATURE.gates if name != "Net.forward" else "", SIZES[0], 1)
        sizes = {**made.sizes, "gates": len(made.gates)}
        assert all(layout.array(made.quantity).shape == layout.shape(sizes) for layout in function.given)


@pytest.mark.parametrize(("gate", "verdict"), [("f", "right"), ("i", "wrong")])
def test_code_is_checked_by_the_example(gate: str, verdict: str, tmp_path: Path) -> None:
    def step(x, state, p):  # type: ignore[no-untyped-def]
        h, c = state
        a = p["W"] @ np.vstack([h, x]) + p["b"]
        f, i, o, g = np.split(a, 4)
        f, i, o = (1 / (1 + np.exp(-each)) for each in (f, i, o))
        c = {"f": f, "i": i}[gate] * c + i * np.tanh(g)
        return o * np.tanh(c), c, None

    file = tmp_path / "course.json"
    file.write_text(EXAMPLE, "utf-8")
    checked = check_function(step, file)
    assert checked.verdict == verdict
