"""Statements as people paste them: read as they stand, without an option, and computed as their authors computed them.

`examples/statements/EXPECTED.json` says per statement: the command and its exit code; `want`, values in our names;
`judged`, how many answers there are, and which of them are `wrong` or `carried`; `mistakes`, of which one is named;
`note_contains`, what a refusal must hold (each; | between alternatives).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from support.commands import Done, command
from support.helpers import EXAMPLES

STATEMENTS = EXAMPLES / "statements"
EXPECTED: dict[str, dict[str, Any]] = json.loads((STATEMENTS / "EXPECTED.json").read_text(encoding="utf-8"))


def path_of(name: str) -> str:
    return str(next(path for path in STATEMENTS.glob(f"{name}.*")))


def computed(name: str, key: str, done: Done) -> Any:
    """One of the wanted values in what a command printed."""
    data = done.data
    if key.endswith("_new"):
        return data["updated"][key.removesuffix("_new")]
    if key.startswith("d") and "gradients" in data:
        return data["gradients"][key.removeprefix("d")]
    if key in data:
        return data[key]
    if "trace" not in data:
        data = command("forward", path_of(name), "--format", "json").data
    return data["layers"] if key == "layers" else data["trace"][key]


def compare(got: Any, wanted: Any, place: str) -> None:
    """Numbers within 1e-9, by gate and by layer as they are wanted."""
    if isinstance(wanted, dict):
        for key, part in wanted.items():
            compare(got[key], part, f"{place}.{key}")
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        for number, part in enumerate(wanted):
            compare(got[number], part, f"{place}[{number}]")
    else:
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9, err_msg=place)


def verdicts(done: Done, verdict: str) -> list[str]:
    return sorted(
        str([value["name"], value["step"], value["index"]])
        for value in done.data["values"]
        if value["verdict"] == verdict
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_a_statement_is_read_as_it_stands(name: str) -> None:
    expected = EXPECTED[name]
    done = command(expected["command"], path_of(name), "--format", "json")
    exits = expected["exit"] if isinstance(expected["exit"], list) else [expected["exit"]]
    assert done.code in exits, done.err
    for key, wanted in expected.get("want", {}).items():
        compare(computed(name, key, done), wanted, key)
    if "judged" in expected:
        assert len(done.data["values"]) == expected["judged"]
        for verdict in ("wrong", "carried"):
            assert verdicts(done, verdict) == sorted(str(place) for place in expected[verdict])
        named = {mistake["id"] for mistake in done.data["mistakes"]}
        assert not expected["mistakes"] or named & set(expected["mistakes"])
    for part in expected.get("note_contains", []):
        assert any(word in done.out + done.err for word in part.split("|")), part


FORMS = {
    "display on lines": "$$\nU = 0.3\n$$\nW = 0.5\nx = [1, 2]\n",
    "display inline": "$$U = 0.3$$\nW = 0.5\nx = [1, 2]\n",
    "quad between": "$U = 0.3, \\quad W = 0.5$\nx = [1, 2]\n",
    "thin space between": "$U = 0.3, \\; W = 0.5$\nx = [1, 2]\n",
    "aligned": "\\begin{aligned}\nU &= 0.3 \\\\\nW &= 0.5 \\\\\nx &= [1, 2]\n\\end{aligned}\n",
    "numbered": "1. U = 0.3\n2. W = 0.5\n3. x = [1, 2]\n",
    "back quotes": "`U=0.3`, `W=0.5`, `x=[1, 2]`\n",
    "code fence": "```\nU = 0.3\nW = 0.5\nx = [1, 2]\n```\n",
    "two at once": "U, W = 0.3, 0.5\nx = [1, 2]\n",
    "a word before": "Given:\nU = 0.3\nW = 0.5\nx = [1, 2]\n",
    "full stop": "$U = 0.3$, $W = 0.5$, $x = [1, 2]$.\n",
    "remarks": "U = 0.3; % input\nW = 0.5; % state\nx = [1 2]; %% inputs\n",
    "from step 0": "U = 0.3\nW = 0.5\nx_0 = 1, x_1 = 2\n",
    "as code": "U = 0.3\nW = 0.5\nx[0] = 1\nx[1] = 2\n",
    "list of arrays": "U = 0.3\nW = 0.5\nx = [np.array([1]), np.array([2])]\n",
    "arrow": "U ← 0.3\nW ← 0.5\nx ← [1, 2]\n",
    "single backslash": "U = \\begin{bmatrix} 0.3 \\end{bmatrix}\nW = 0.5\nx = \\begin{bmatrix} 1 \\ 2\\end{bmatrix}\n",
    "decimal commas": "U = 0,3\nW = 0,5\nx_1 = 1\nx_2 = 2\nh_0 = 0,0\n",
    "equation": "h_t = tanh(W x_t + U h_{t-1})\nW = 0.3\nU = 0.5\nx = [1, 2]\n",
    "rows": "h_t = tanh(x_t A + h_{t-1} B)\nA = 0.3\nB = 0.5\nx = [1, 2]\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["{}", "Compute the states.\n\n{}\nThank you!\n", "# Aufgabe 3\n> {}"])
def test_every_form_of_a_pasted_sheet_is_the_same_problem(form: str, around: str, tmp_path: Any) -> None:
    path = tmp_path / "sheet.txt"
    quoted = FORMS[form].replace("\n", "\n> ") if ">" in around else FORMS[form]
    path.write_text(around.format(quoted), encoding="utf-8")
    done = command("forward", str(path), "--format", "json")
    assert done.code == 0, done.err
    np.testing.assert_allclose(done.data["trace"]["h"], np.tanh([[0.3], [0.6 + 0.5 * np.tanh(0.3)]]), rtol=1e-12)
