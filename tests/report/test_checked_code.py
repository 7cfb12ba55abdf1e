"""Checks of code from Python: functions that are there already, tests that name the mistake, cells of notebooks."""

from __future__ import annotations

import builtins
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc
from rnncalc.check.code import check_file
from rnncalc.report.checked_code import CheckedCode

STEP = """
import numpy as np

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh{bias}
    return np.tanh(a), (x, prev_h, Wx, Wh, np.tanh(a))

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    da = dnext_h * (1 - h**2)
    return da @ Wx.T, da @ Wh{turned}, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""
RIGHT, WRONG = STEP.format(bias=" + b", turned=".T"), STEP.format(bias="", turned="")


def rnn_step_forward(x: Any, prev_h: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    return np.tanh(x @ Wx + prev_h @ Wh), None


# functions ---------------------------------------------------------------------------------------------------------


def test_a_checked_function_shows_what_the_command_prints(tmp_path: Path) -> None:
    checked = rnncalc.check_function(rnn_step_forward)
    assert repr(checked) == "CheckedCode(rnn_step_forward wrong: bias_omitted)"
    assert (checked.verdict, [mistake.id for mistake in checked.mistakes]) == ("wrong", ["bias_omitted"])
    assert checked.first is not None
    assert (checked.first.output, checked.findings) == ("h", [])
    assert "cs231n" in checked.notes[0]
    file = tmp_path / "mine.py"
    file.write_text(WRONG, "utf-8")
    everything = CheckedCode(check_file(file))
    assert str(everything) in command("check", "--code", str(file), "--format", "plain").out
    assert everything.to_json() == command("check", "--code", str(file), "--format", "json").data
    for shown in (checked._repr_html_(), checked._repr_markdown_()):
        assert "bias" in shown
        assert "rnncalc explain" in shown


def test_global_names_are_put_back() -> None:
    shared: dict[str, Any] = {"Wxh": "mine", "vocab_size": 7}
    source = """
    import numpy as np
    def lossFun(inputs, targets, hprev):
        global hidden_size, seen
        hidden_size, seen = Whh.shape[0], True
        return 0.0
    """
    exec(dedent(source), shared)
    before = dict(shared)
    assert rnncalc.check_function(shared["lossFun"], "min_char_rnn").verdict == "failed"
    assert shared == before


# tests -------------------------------------------------------------------------------------------------------------


def test_a_function_that_is_not_right_fails() -> None:
    shared: dict[str, Any] = {}
    exec(RIGHT, shared)
    rnncalc.testing.assert_rnn_forward(shared["rnn_step_forward"])
    rnncalc.testing.assert_rnn_backward(shared["rnn_step_backward"], "cs231n")
    with pytest.raises(AssertionError, match=r"(?s)first wrong number is h .*the bias b was left out.*a_t = b"):
        rnncalc.testing.assert_rnn_forward(rnn_step_forward, "cs231n", cell="elman")
    exec(WRONG, shared)
    with pytest.raises(AssertionError, match="through Wh in place of Whᵀ"):
        rnncalc.testing.assert_rnn_backward(shared["rnn_step_backward"])


def test_of_a_class_the_pass_that_is_meant_is_judged() -> None:
    shared: dict[str, Any] = {}
    exec((Path(__file__).parents[1] / "examples/code/deep_ml/wrong/simple_rnn_ascent.py").read_text("utf-8"), shared)
    rnncalc.testing.assert_rnn_forward(shared["SimpleRNN"], "deep_ml")
    with pytest.raises(AssertionError, match="sign"):
        rnncalc.testing.assert_rnn_backward(shared["SimpleRNN"], "deep_ml")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["--rnncalc-signature", "cs231n"], "line 5: a = x @ Wx"),
        (["-o", "rnncalc_signature=d2l"], "is no function of d2l"),
    ],
)
def test_the_plugin_names_the_mistake_without_our_own_frames(settings: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WRONG, "utf-8")
    (tmp_path / "test_mine.py").write_text(
        "import mine\nfrom rnncalc.testing import assert_rnn_forward\n\n"
        "def test_step():\n    assert_rnn_forward(mine.rnn_step_forward)\n",
        "utf-8",
    )
    installed = any(point.name == "rnncalc" for point in entry_points(group="pytest11"))  # then pytest finds it
    plugin = [] if installed else ["-p", "rnncalc.report.testing"]
    words = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", *settings]
    done = subprocess.run([*words, "-c", "/dev/null", "test_mine.py"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stdout
    assert "rnncalc/" not in done.stdout
    assert "1 failed" in done.stdout


def test_pytest_loads_the_plugin_and_nothing_heavy() -> None:
    code = (
        "import sys, rnncalc.report.testing as t; print([m for m in ('numpy', 'numba', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# notebooks ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shell() -> Any:
    pytest.importorskip("IPython")
    from IPython.terminal.interactiveshell import TerminalInteractiveShell

    made = TerminalInteractiveShell.instance(history_manager=None, colors="nocolor")
    made.history_manager.enabled = False
    made.run_line_magic("load_ext", "rnncalc")
    return made


def test_a_cell_is_run_and_its_functions_are_checked(shell: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(builtins, "_", raising=False)  # a doctest leaves it behind, and IPython then sets none
    result = shell.run_cell("%%rnncheck" + WRONG)
    assert result.success
    shown = capsys.readouterr().out
    assert "line 5: a = x @ Wx + prev_h @ Wh" in shown
    assert "0 of 2 functions are right" in shown
    assert callable(shell.user_ns["rnn_step_backward"])  # it ran in the notebook's names
    checked = shell.user_ns["_"]
    assert isinstance(checked, CheckedCode)
    assert "Wh" in checked._repr_html_()
    shell.run_cell("%%rnncheck cs231n" + RIGHT.replace("np.tanh", "squash").replace("import numpy", "import numpy"))
    assert "squash" in capsys.readouterr().out
    shell.run_cell("squash = np.tanh")  # what another cell defines is there
    shell.run_cell("%%rnncheck cs231n" + RIGHT.replace("np.tanh", "squash"))
    assert "2 of 2 functions are right" in capsys.readouterr().out


def test_a_cell_with_a_class_is_checked(shell: Any, capsys: Any) -> None:
    path = Path(__file__).parents[1] / "examples/code/deep_ml/wrong/lstm_sigmoid_of_minus.py"
    shell.run_cell("%%rnncheck deep_ml --cell lstm\n" + path.read_text("utf-8"))
    shown = capsys.readouterr().out
    assert "LSTM.forward: wrong" in shown
    assert "line 19: return 1 / (1 + np.exp(x))" in shown  # the magic is the cell's first line


@pytest.mark.parametrize(
    ("line", "body", "said"),
    [
        ("cs231", RIGHT, "cs231n"),
        ("cs231n --cell lstn", RIGHT, "lstn"),
        ("cs231n d2l", RIGHT, "%%rnncheck"),
        ("--what", RIGHT, "%%rnncheck"),
        ("", "x = 1", "defines no function"),
        ("", "def g(q): return q", "no function has a known signature: g(q)"),
        ("", "1 / 0", "ZeroDivisionError"),
        ("", "def f(:", "SyntaxError"),
    ],
)
def test_what_a_cell_cannot_be_checked_for_is_said(shell: Any, capsys: Any, line: str, body: str, said: str) -> None:
    shell.run_cell(f"%%rnncheck {line}\n{body}")
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert "rnncalc/report/magic.py" not in shown.out + shown.err
