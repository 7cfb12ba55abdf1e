"""rnncalc forward: what is typed, what is printed, and with which exit code.

Longer than other files: one command, from what is typed to what is refused.
"""

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import EXAMPLES, answer, python, run

from rnncalc.cli.main import COMMANDS, commands
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.common.wrapping import display_width

SEED = (
    "--U",
    "0.1 0.2; 0.3 0.4",
    "--W",
    "0.2 0.2; 0.3 0.3",
    "--b",
    "0.5 0.6",
    "--x",
    "2 3",
    "--V",
    "0.7 0.8",
    "--c",
    "0.9",
)
Y = 2.2901460976742585


def forward(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return run("forward", *arguments, **options)


def test_the_seed_exercise() -> None:
    done = forward(*SEED)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[-2:] == [
        "step  a[1]  a[2]      h[1]      h[2]        y",
        "   1   1.3   2.4  0.861723  0.983675  2.29015",
    ]


def test_the_seed_exercise_in_its_own_letters() -> None:
    done = forward(
        "--W_hx", SEED[1], "--b_h", SEED[5], "--W_hh", SEED[3], "--W_hq", SEED[9], "--b_q", SEED[11], "--x", SEED[7]
    )
    assert done.returncode == 0
    assert done.stdout.endswith("   1   1.3   2.4  0.861723  0.983675  2.29015\n")
    assert "a_t = b_h + W_hh h_{t-1} + W_hx x_t" in done.stdout
    assert done.stderr == "note: read as hx: W_hx = U, W_hh = W, b_h = b, W_hq = V, b_q = c; column vectors\n"


def test_json_is_strict_and_exact() -> None:
    data = json.loads(forward(*SEED, "--format", "json").stdout)
    assert abs(data["trace"]["y"][0][0] - Y) < 1e-14
    assert data["cell"] == "elman"


@pytest.mark.parametrize("engine", ["auto", "equations", "numba"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_engines_and_dtypes(engine: str, dtype: str) -> None:
    data = answer("forward", *SEED, "--engine", engine, "--dtype", dtype)
    assert data["trace"]["y"][0][0] == pytest.approx(Y, rel=1e-15 if dtype == "float64" else 1e-6)


def test_a_problem_from_a_file_from_a_pipe_and_with_options_over_it() -> None:
    path = EXAMPLES / "seed-two-units-one-step.json"
    whole = forward(str(path)).stdout
    assert "One step of a two-unit tanh RNN" in whole
    assert forward("-", stdin=path.read_text(encoding="utf-8")).stdout == whole
    other = answer("forward", str(path), "--c", "0", "--activation", "identity")
    assert other["trace"]["y"][0][0] == pytest.approx(0.7 * 1.3 + 0.8 * 2.4)


def test_lines_from_a_pipe() -> None:
    done = forward("-", stdin="U = 0.9, W = 0.5, b = 0.3\nh_0 = 0.1\nx_1 = 0.7, x_2 = 0.5, x_3 = 0.2  # weather\n")
    assert done.stdout.splitlines()[-1].split() == ["3", "0.884915", "0.708873"]


def test_one_gate_by_option_over_a_file() -> None:
    path = str(EXAMPLES / "lstm-homework-one-two-three.json")
    changed = answer("forward", path, "--U.i", "0")
    assert changed["trace"]["i"][0][0] == 0.5
    assert changed["trace"]["f"] == answer("forward", path)["trace"]["f"][:1] + changed["trace"]["f"][1:]


def test_latex_and_numpy_on_the_command_line() -> None:
    data = answer(
        "forward", "--U", r"\begin{bmatrix} 0.1 & 0.2 \\ 0.3 & 0.4 \end{bmatrix}", "--W", "[[0.2 0.2]\n [0.3 0.3]]",
        "--b", "array([0.5, 0.6], dtype=float32)", "--x", "（2，3）", "--V", "[0.7 0.8]", "--c", "9/10",
    )  # fmt: skip
    assert data["trace"]["y"][0][0] == pytest.approx(Y, rel=1e-15)


def test_files_on_the_command_line(tmp_path: Path) -> None:
    np.save(tmp_path / "U.npy", np.array([[0.1, 0.2], [0.3, 0.4]]))
    (tmp_path / "x.csv").write_text("day,temp,press\n1,2,3\n")
    data = answer(
        "forward", "--U", f"@{tmp_path / 'U.npy'}", *SEED[2:6], "--x", f"@{tmp_path / 'x.csv'}:temp,press", *SEED[8:]
    )
    assert data["trace"]["y"][0][0] == pytest.approx(Y, rel=1e-15)
    assert (
        json.loads(forward(*SEED[:6], "--x", "@-", "--format", "json", stdin="2 3").stdout)["trace"]["a"][0][0] == 1.3
    )


def test_the_work() -> None:
    assert "    a_1[1] = 0.5 + (0.2·0 + 0.2·0) + (0.1·2 + 0.2·3) = 1.3\n" in forward(*SEED, "--work").stdout


def test_show_step_digits_and_decimals() -> None:
    lines = forward(
        "--U", "1", "--W", "0.5", "--x", "1 2 3", "--show", "h", "--step", "last", "--digits", "3"
    ).stdout.splitlines()
    assert lines[-2:] == ["step      h", "   3  0.998"]
    assert forward(*SEED, "--decimals", "2").stdout.splitlines()[-1].split() == [
        "1",
        "1.30",
        "2.40",
        "0.86",
        "0.98",
        "2.29",
    ]
    assert "tanh(c)" in forward(str(EXAMPLES / "burn-lstm-assertions.json"), "--show", "all").stdout


def test_output_files_and_their_endings(tmp_path: Path) -> None:
    for ending, begins in (
        (".json", "{"),
        (".csv", "step,"),
        (".tex", "% !TeX program"),
        (".md", "elman"),
        (".txt", "elman"),
        ("", "elman"),
    ):
        path = tmp_path / f"answer{ending}"
        done = forward(*SEED, "-o", str(path))
        assert (done.returncode, done.stdout) == (0, "")
        assert path.read_text(encoding="utf-8").startswith(begins)
    assert forward(*SEED, "-o", str(tmp_path / "a.tex"), "--format", "json").returncode == 0
    assert (tmp_path / "a.tex").read_text().startswith("{")
    assert len(list(tmp_path.iterdir())) == 7


def test_a_computed_overflow_is_printed_and_said() -> None:
    done = forward("--U", "1e200", "--W", "1e200", "--activation", "relu", "--x", "1 1 1", "--format", "json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["trace"]["h"][1] == ["inf"]
    assert done.stderr == "Error: a[1] at step 2: the computation overflowed or is not a number from here on\n"


@pytest.mark.parametrize("engine", ["equations", "numba"])
def test_overflow_in_a_batch(engine: str) -> None:
    x = "[[[1], [1]], [[0], [1]]]"
    done = forward("--U", "1e308", "--W", "10", "--activation", "identity", "--x", x, "--engine", engine)
    assert done.returncode == 3
    assert "Error: a[1][1] at step 2" in done.stderr  # after a line about compiling, where that takes long


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a problem file, - for standard input, or options such as --U, --W and --x"),
        (("nofile.json",), "cannot read nofile.json: there is no such file"),
        ((*SEED, "--h", "1"), "--h: unknown key “h”: did you mean “h0”?"),
        ((*SEED, "--activaton", "relu"), "--activaton: unknown key “activaton”: did you mean “activation”?"),
        ((*SEED, "--formt", "json"), "No such option '--formt'. Did you mean '--format'?"),
        ((*SEED, "--U", "1"), "--U is given twice"),
        (("--U",), "--U needs a value"),
        ((*SEED, "--b0", "O.1"), "unknown key “b0”"),
        ((*SEED[:6], "--x", "2 O.3"), '--x: number 2: expected a number, got "O.3"'),
        ((*SEED[:6], "--x", "2 nan"), "x[2] is nan: a finite number is needed"),
        ((*SEED[:6], "--x", "2 3 4"), "x must be (T, D) = (T, 2) or (N, T, 2), got (3,): U says D = 2"),
        ((*SEED, "--step", "2"), "--step 2: steps are 3, 10-20 or last, from 1 to 1"),
        ((*SEED, "--show", "q"), "--show q: there are a, h, s, y (or all)"),
        ((*SEED, "--engine", "cuda"), "'cuda' is not one of"),
        (
            (*SEED, "-o", "/no/such/folder/a.json"),
            "cannot write /no/such/folder/a.json: there is no folder /no/such/folder",
        ),
    ],
)
def test_what_cannot_be_read_exits_with_two(arguments: tuple[str, ...], message: str) -> None:
    done = forward(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4


def test_batch_options() -> None:
    data = answer("forward", "--U", "1", "--W", "0.5", "--x", "[[[1], [2]], [[3], [4]]]", "--lengths", "1 2")
    assert data["shapes"] == {"N": 2, "T": 2, "D": 1, "H": 1, "O": 1}
    assert data["trace"]["h"][0][1] is None
    assert data["final"]["h"][0][0] == pytest.approx(math.tanh(1))


@pytest.mark.parametrize("equations", [[], ["h_t = tanh(W h_{t-1} + U x_t)"]])
def test_homework_answers_without_loading_what_it_does_not_need(equations: list[str], tmp_path: Path) -> None:
    """No compiler; and the reader of equations where there are any, alone."""
    problem = {"U": [[0.5], [1]], "W": [[0.1, 0.2], [0.3, 0.4]], "x": [[1], [2], [3]]}
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**problem, "equations": equations} if equations else problem), encoding="utf-8")
    code = (
        "import sys\nsys.argv = ['rnncalc', 'forward', %r]\nfrom rnncalc.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "heavy = {'numba', 'llvmlite', 'scipy', 'rich', 'torch'} & set(sys.modules)\nassert not heavy, heavy\n"
        "assert ('rnncalc.problems.formulas' in sys.modules) == %r"
    )
    assert "h[2]" in python(code % (str(path), bool(equations)))


def test_matrices_typed_as_options_load_no_reader_of_files() -> None:
    code = (
        "import sys\nsys.argv = 'rnncalc forward --U 0.5;1 --W 0.1,0.2;0.3,0.4 --x 1;2;3'.split()\n"
        "from rnncalc.cli import main\ntry: main()\nexcept SystemExit as end: assert not end.code\n"
        "readers = ['sheet', 'parse.files', 'parse.pages', 'parse.page_elements', 'formulas']\n"
        "loaded = {f'rnncalc.problems.{reader}' for reader in readers} & set(sys.modules)\n"
        "assert not loaded, loaded\nassert 'rnncalc.common.processors' not in sys.modules"
    )
    assert "h[2]" in python(code)


def test_work_beyond_homework_goes_to_the_engine(tmp_path: Path) -> None:
    """auto picks by the amount of work, and says so through sys.modules alone."""
    code = (
        "import sys, numpy as np, rnncalc\n"
        "small = rnncalc.problem(U=np.ones((3, 2)), W=np.eye(3), x=np.ones((20, 2)))\n"
        "large = rnncalc.problem(U=np.ones((64, 2)), W=np.eye(64), x=np.ones((5000, 2)))\n"
        "print(small.given.network.engine, large.given.network.engine, 'numba' in sys.modules)"
    )
    assert python(code).split() == ["equations", "numba", "False"]


def test_names_with_blanks_and_without_colour(tmp_path: Path) -> None:
    path = tmp_path / "a problem.json"
    path.write_text((EXAMPLES / "relu-worksheet.json").read_text(encoding="utf-8"), encoding="utf-8")
    done = forward(str(path), environment={"NO_COLOR": "1", "COLUMNS": "20"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_a_terminal_that_knows_only_ascii() -> None:
    done = forward(str(EXAMPLES / "lstm-homework-one-two-three.json"), environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "f_t * c_{t-1}" in done.stdout
    title = forward(*SEED, "--title", "门控", "--format", "markdown", environment={"PYTHONIOENCODING": "latin-1"})
    assert title.returncode == 0


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith("rnncalc, version ")
    for arguments in (("--help",), ("forward", "--help"), ("explain", "--help")):
        done = run(*arguments)
        assert done.returncode == 0
        assert "rnncalc" in done.stdout


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_line_of_a_help_is_wider_than_the_page(command: str, spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    try:
        speak(spoken)
        done = CliRunner().invoke(commands, [*filter(None, [command]), "--help"], prog_name="rnncalc")
    finally:
        speak("en")
    assert done.exit_code == 0
    assert not [line for line in done.output.splitlines() if display_width(line) > 80]


def test_a_misspelt_command() -> None:
    done = run("forwrd")
    assert done.returncode == 2
    assert "did you mean “forward”?" in done.stderr


def test_completion_is_there() -> None:
    done = run(environment={**os.environ, "_RNNCALC_COMPLETE": "bash_source"})
    assert done.returncode in (0, 2)
