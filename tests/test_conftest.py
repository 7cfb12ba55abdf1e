"""What is left out for the lack of an extra is counted, named, and run as soon as it is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IN_A_TEST = """
import pytest
def test_plain(): pass
@pytest.mark.parametrize("k", range(3))
def test_witness(k): assert pytest.importorskip("witness").right
"""
IN_A_FILE = """
import pytest
witness = pytest.importorskip("witness")
def test_first(): assert witness.right
def test_second(): pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_is_left_out_is_named_and_run_later(tmp_path: Path, workers: str) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_tests.py").write_text(IN_A_TEST)
    (tmp_path / "test_file.py").write_text(IN_A_FILE)

    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    def pytest_says(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-n", workers, "--color=no", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=own)
        return done.returncode, done.stdout

    code, said = pytest_says()
    assert code == 0
    assert "1 passed, 4 skipped" in said
    assert "4 tests or files of tests left out" in said
    assert "witness (4): test_file.py, test_tests.py::test_witness (3)" in said
    assert pytest_says("--witnesses")[0] == 1
    (tmp_path / "witness.py").write_text("right = True")
    code, said = pytest_says("--witnesses")
    assert code == 0, said
    assert "5 passed" in said
    assert "left out" not in said
    (tmp_path / "witness.py").write_text("right = False")
    assert pytest_says("--witnesses")[0] == 1
