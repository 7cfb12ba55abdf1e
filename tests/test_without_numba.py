"""Without Numba everything answers but the compiled engine, which says in one line what is missing.

Each program runs in a process of its own in which Numba and llvmlite cannot be imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.helpers import EXAMPLES

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""
COMMAND = BLOCKED + "from rnncalc.cli.main import main\nmain()"
NOTICE = "rnncalc: Numba is not installed, so the equations are interpreted, slowly: pip install numba\n"
MISSING = "engine numba: Numba is not installed; pip install numba, or choose engine equations"


def program(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A program in which nothing can import Numba, and its arguments."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem file, and two people's answers to it."""
    home = tmp_path_factory.mktemp("without")
    keys = {"U": [[0.5, 1]], "W": [[0.25]], "x": [[1, 2], [3, 4]], "V": [[2]], "targets": [[1], [0]], "lr": 0.1}
    (home / "problem.json").write_text(json.dumps({**keys, "loss": "squared_error"}))
    (home / "answers.csv").write_text("id,h[1]\nann,0.986614\nbob,0.5\n")
    return home


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["forward", "problem.json", "--work"], 0),
        (["backward", "problem.json", "--gradcheck"], 0),
        (["check", "problem.json", "--h", "0.98 0.5"], 1),
        (["grade", "problem.json", "answers.csv"], 0),
        (["new", "gru", "--seed", "3"], 0),
        (["explain", "lstm"], 0),
        (["init", "lstm", "--hidden", "3", "--inputs", "2"], 0),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_homework_needs_no_numba(arguments: list[str], code: int, folder: Path) -> None:
    done = program(COMMAND, *arguments, folder=folder)
    assert done.returncode == code, done.stderr
    assert done.stdout
    assert "umba" not in done.stderr


def test_a_model_is_trained_and_used(folder: Path) -> None:
    done = program(COMMAND, "train", "--example", "sin-cos", "--epochs", "1", "-o", "m.safetensors", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(NOTICE) == 1
    assert program(COMMAND, "plot", "m.safetensors", folder=folder).returncode in (0, 2)  # matplotlib is an extra


@pytest.mark.parametrize("arguments", [["forward", "problem.json", "--engine", "numba"], ["warmup"]])
def test_the_compiled_engine_says_what_is_missing(arguments: list[str], folder: Path) -> None:
    done = program(COMMAND, *arguments, folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {MISSING}\n")


def test_from_python(folder: Path) -> None:
    code = BLOCKED + (
        "import numpy as np, rnncalc\n"
        "U, W = np.full((8, 2), 0.5), np.full((8, 2), 0.25)\n"
        "quiet = rnncalc.LSTM(U, W, engine='equations')\n"
        "print('quiet', file=sys.stderr, flush=True)\n"
        "nets = [rnncalc.LSTM(U, W), rnncalc.LSTM(U, W, engine='auto')]\n"
        "assert [net.engine for net in nets] == ['equations', 'equations']\n"
        "x = np.ones((3, 4, 2))\n"
        "assert np.array_equal(nets[0](x), quiet(x))\n"
        "trace = nets[0].forward(x)\n"
        "nets[0].backward(trace, dy=np.ones((3, 4, 2)))\n"
        "nets[0].fit(x, np.zeros((3, 4, 2)), loss='mean_squared_error', epochs=1)\n"
        "large = rnncalc.problem(U=np.ones((90, 9)), W=np.ones((90, 90)), x=np.ones((5000, 9)))\n"
        "assert large.given.network.engine == 'equations'\n"
        "try:\n"
        "    rnncalc.LSTM(U, W, engine='numba')\n"
        "except rnncalc.RnncalcError as error:\n"
        "    print(error)\n"
        "assert not {'numba', 'llvmlite', 'platformdirs'} & set(sys.modules)"
    )
    done = program(code, folder=folder)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == (f"{MISSING}\n", f"quiet\n{NOTICE}")


def test_the_published_problems(folder: Path) -> None:
    code = BLOCKED + (
        "import rnncalc\n"
        "from pathlib import Path\n"
        "for path in sorted(Path(sys.argv[1]).glob('*.json')):\n"
        "    if path.name != 'EXPECTED.json':\n"
        "        rnncalc.load_problem(path).forward()\n"
    )
    done = program(code, str(EXAMPLES), folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
