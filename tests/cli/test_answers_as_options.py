"""Every name that a number has is an option of `check`: the program's own names, in every spelling, and the sheet's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.helpers import run
from support.sheets import drawn_at

SPELLINGS = ["{name}_{step}[{unit}]", "{name}[{step}][{unit}]", "{name}_{{{step}}}[{unit}]", "{name}^<{step}>[{unit}]"]
H, D, T = 2, 3, 3
GATED = {"lstm": 4, "gru": 3, "elman": 1}


def problem_of(cell: str, signals: bool) -> dict[str, Any]:
    gates = GATED[cell]
    letters = {"state": "h", "c̃": "g"} if cell == "lstm" else {"s": "h", "ŷ": "y"}
    return {
        "cell": cell, "U": drawn_at(1, gates * H, D).tolist(), "W": drawn_at(2, gates * H, H).tolist(),
        "V": drawn_at(3, 2, H).tolist(), "x": drawn_at(4, T, D).tolist(), "targets": drawn_at(5, T, 2).tolist(),
        "loss": "squared_error", "lr": 0.5, **({"signals": letters} if signals else {}),
    }  # fmt: skip


@pytest.mark.parametrize("cell", GATED)
@pytest.mark.parametrize("signals", [False, True])
def test_every_number_that_is_printed_can_be_typed(cell: str, signals: bool, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(problem_of(cell, signals)), encoding="utf-8")
    trace = command("forward", str(path), "--format", "json").data["trace"]
    ours = {"state": "h", "c̃": "g"} if cell == "lstm" else {"s": "h", "ŷ": "y"}
    names = ours if signals else {name: name for name in trace if name in "hycifgrzn"}
    for theirs, name in names.items():
        value = np.asarray(trace[name])[1, 0]
        for spelling in SPELLINGS:
            option = "--" + spelling.format(name=theirs, step=2, unit=1)
            done = command("check", str(path), option, f"{value:.6f}", "--format", "json")
            assert done.code == 0, (option, done.err)
            assert [(v["step"], v["index"], v["verdict"]) for v in done.data["values"]] == [(2, [1], "right")], option
        if len(theirs) < 3:
            whole = " ".join(f"{value:.6f}" for value in trace[name][2])
            assert command("check", str(path), f"--{theirs}_3", whole).code == 0, theirs


@pytest.mark.parametrize("signals", [{}, {"ŷ": "y"}, {"ŷ": "y", "z": "h"}])
@pytest.mark.parametrize("spelling", ["yhat_{}", "y_hat_{}", "ŷ_{}", "yhat[{}]"])
def test_a_hat_in_letters(signals: dict[str, str], spelling: str, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**problem_of("elman", False), "signals": signals}), encoding="utf-8")
    y = command("forward", str(path), "--format", "json").data["trace"]["y"][1]
    done = command("check", str(path), f"--{spelling.format(2)}", " ".join(f"{value:.6f}" for value in y))
    assert done.code == 0, done.err


@pytest.mark.parametrize("spelling", ["c_tilde_{}", "ctilde_{}", "c̃_{}", "g_{}"])
def test_a_tilde_in_letters(spelling: str, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**problem_of("lstm", False), "signals": {"c̃": "g"}}), encoding="utf-8")
    g = command("forward", str(path), "--format", "json").data["trace"]["g"][1]
    done = command("check", str(path), f"--{spelling.format(2)}", " ".join(f"{value:.6f}" for value in g))
    assert done.code == 0, done.err


def test_numbers_of_parameters_and_of_layers(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(problem_of("lstm", False)), encoding="utf-8")
    back = command("backward", str(path), "--format", "json").data
    wanted = {
        "dU[2][3]": back["gradients"]["U"][1][2], "dW.f[1][2]": back["gradients"]["W"][H][1],
        "U_new[1][1]": back["updated"]["U"][0][0], "dV[2][1]": back["gradients"]["V"][1][0],
    }  # fmt: skip
    for name, value in wanted.items():
        assert command("check", str(path), f"--{name}", f"{value:.6f}").code == 0, name
    layer = {"U": [[0.5, 0.1]], "W": [[0.3]]}
    path.write_text(json.dumps({"layers": [layer, {"U": [[0.7]], "W": [[-0.2]]}], "x": [[1, 2], [0.5, 1]]}))
    value = command("forward", str(path), "--format", "json").data["layers"][0]["h"][1][0]
    assert command("check", str(path), "--layers[1].h[2][1]", f"{value:.6f}").code == 0


@pytest.mark.parametrize("name", ["x_1", "x[1]", "W_1", "b_1", "t_1", "h_0", "target_1", "lr_2", "k_2[1]"])
def test_what_is_no_result_is_refused(name: str) -> None:
    done = command("check", "--U", "0.5", "--W", "0.2", "--x", "[1, 2]", "--h_1", "0.4621", f"--{name}", "0.5")
    assert done.code == 2
    assert "unknown" in done.err


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize(
    "answers",
    [
        "step,h,y\n1,0.7306,1.4612\n2,0.8059,1.6119\n", "step;h;y\n1;0,7306;1,4612\n2;0,8059;1,6119\n",
        "步,h,y\n1,0.7306,1.4612\n2,0.8059,1.6119\n", "h[1],h[2],y[1]\n0.7306,0.8059,1.4612\n",
        "h_1 = 0.7306\nh_2 = 0.8059\n", "h = 0.7306; 0.8059\n",
    ],
)  # fmt: skip
def test_answers_may_end_their_lines_as_any_system_does(answers: str, ending: str, tmp_path: Path) -> None:
    """Excel writes CR LF on Windows."""
    path = tmp_path / "answers.csv"
    said = []
    for text in (answers, answers.replace("\n", ending), "\ufeff" + answers.replace("\n", ending)):
        path.write_bytes(text.encode())
        problem = ("--U", "0.9", "--W", "0.5", "--b", "0.3", "--V", "2", "--x", "0.7 0.5")
        done = run("check", *problem, "--answers", str(path))
        said.append((done.returncode, done.stdout))
    assert said[0][0] == 0
    assert said[1:] == [said[0], said[0]]
