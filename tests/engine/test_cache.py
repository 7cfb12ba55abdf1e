"""Kernels on disk: found by the next process, never stale, never shared by two cells, and no disk is needed."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.helpers import compiler, python

RUN = """
import numpy as np, rnncalc
cell = rnncalc.Cell("mine", {{"h": "{line}"}}, ["h"], "h")
net = rnncalc.Network([rnncalc.Layer(cell, W=[[0.5]], U=[[1.0]])])
print(net([[0.25], [0.5]]).ravel().tolist())
from rnncalc.engine.compiled.codegen import jit
print(jit.cache_folder())
"""
TANH, PLAIN = "tanh(W @ h_p + U @ x_t)", "W @ h_p + U @ x_t"


def mine(line: str, folder: Path | None = None, **environment: str) -> list[str]:
    return python(RUN.format(line=line), folder, **environment).splitlines()


def kernels(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.nbc")}


@compiler
def test_two_own_cells_of_one_name_in_two_processes(tmp_path: Path) -> None:
    first, folder = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    assert first == "[0.25, 0.625]"
    kept = kernels(tmp_path)
    assert kept
    second, second_folder = mine(TANH, RNNCALC_CACHE_DIR=str(tmp_path))
    assert second != first
    assert second_folder == folder
    assert kernels(tmp_path) > kept
    assert mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[0] == first


def test_the_next_process_finds_what_was_compiled(tmp_path: Path) -> None:
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == times


@compiler
def test_kept_code_is_loaded_without_what_compiles(tmp_path: Path) -> None:
    """Numba's own library and SciPy would take half a second; what is compiled afterwards finds them all the same."""
    mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))
    loaded = "import sys; print('numba.np.arraymath' in sys.modules)\n"
    code = RUN.format(line=PLAIN) + loaded + RUN.format(line=TANH) + loaded
    kept, _, before, compiled, _, after = python(code, RNNCALC_CACHE_DIR=str(tmp_path)).splitlines()
    assert (kept, before, after) == ("[0.25, 0.625]", "False", "True")
    assert [compiled] == mine(TANH, RNNCALC_CACHE_DIR=str(tmp_path))[:1]


def test_a_forced_width_has_a_folder_of_its_own(tmp_path: Path) -> None:
    narrow = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path), RNNCALC_VECTOR="128")
    plain = mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path), RNNCALC_VECTOR="plain")
    assert narrow[0] == plain[0]
    assert narrow[1] != plain[1]


@compiler
def test_an_edited_source_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The trap: a helper in another file is edited, and its callers' machine code stays."""
    import rnncalc

    package = tmp_path / "site" / "rnncalc"
    shutil.copytree(Path(rnncalc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"RNNCALC_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(package.parent)}
    before = mine(PLAIN, tmp_path, **environment)
    products = package / "engine" / "compiled" / "codegen" / "gemm.py"
    source = products.read_text(encoding="utf-8")
    edited = source.replace(
        "vector.fma(entry_a, weights[v], running)", "vector.fma(vector.negate(entry_a), weights[v], running)"
    )
    assert edited != source
    products.write_text(edited, encoding="utf-8")
    after = mine(PLAIN, tmp_path, **environment)
    assert before[0] == "[0.25, 0.625]"
    assert after[0] == "[-0.25, -0.375]"
    assert after[1] != before[1]


def test_no_home_at_all(tmp_path: Path) -> None:
    surroundings = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_CACHE_HOME")}
    surroundings["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(line=PLAIN)], capture_output=True, text=True, env=surroundings
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[0.25, 0.625]")


def test_nowhere_to_write(tmp_path: Path) -> None:
    """Neither the user's cache nor the temporary folder can be used: compile, keep nothing, say nothing."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = mine(
        PLAIN, RNNCALC_CACHE_DIR=str(blocked / "below"), TMPDIR=str(tmp_path), XDG_CACHE_HOME=str(blocked / "x")
    )
    assert result[0] == "[0.25, 0.625]"
    assert str(tmp_path) in result[1]  # the temporary folder took its place
    closed = "import pathlib, errno\ndef mkdir(*given, **more): raise OSError(errno.EROFS, 'read-only')\n"
    code = closed + "pathlib.Path.mkdir = mkdir\n" + RUN.format(line=PLAIN)
    (tmp_path / "b").mkdir()
    result = python(code, RNNCALC_CACHE_DIR=str(tmp_path / "a"), TMPDIR=str(tmp_path / "b")).splitlines()
    assert result == ["[0.25, 0.625]", "None"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_home_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert mine(PLAIN, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))[0] == "[0.25, 0.625]"
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this system")
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    folder = Path(mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[1])
    folder.chmod(0o777)
    assert mine(PLAIN, RNNCALC_CACHE_DIR=str(tmp_path))[1] != str(folder)


@compiler
def test_four_processes_at_once(tmp_path: Path) -> None:
    lines = [PLAIN, TANH, PLAIN, TANH]
    surroundings = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RUN.format(line=line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=surroundings,
        )
        for line in lines
    ]
    results = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, results
    printed = [out.splitlines()[0] for out, _err in results]
    assert printed[0] == printed[2] == "[0.25, 0.625]"
    assert printed[1] == printed[3] != printed[0]
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".nbc"}


def test_warmup_leaves_nothing_to_compile(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rnncalc", "warmup", "--cell", "elman", "--train"]
    environment = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert re.fullmatch(rf"elman, float64: [\d.]+ s\nkept in {re.escape(str(tmp_path))}\S+\n", done.stdout)
    before = kernels(tmp_path)
    code = """
import numpy as np, rnncalc
net = rnncalc.Elman(np.ones((3, 2)), np.ones((3, 3)), V=np.ones((2, 3)), output="softmax")
for x in (np.ones((4, 2)), np.ones((200, 4, 2))):
    net(x)
    net.backward(net.forward(x), dy=np.ones((*x.shape[:-1], 2))).x
net.fit(np.ones((9, 4, 2)), np.ones((9, 4), int), loss="cross_entropy", epochs=2, validation=0.3, clip_norm=1.0)
net.fit([[0, 1], [1]], [1, 0], loss="cross_entropy", epochs=2, optimizer="sgd", momentum=0.9)
"""
    python(code, RNNCALC_CACHE_DIR=str(tmp_path))
    assert kernels(tmp_path) == before


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_who_waits_for_a_compilation_is_told_once_unless_the_logger_is_silent(level: str) -> None:
    code = f"""
import logging, time
logging.getLogger("rnncalc").setLevel("{level}")
from rnncalc.engine.compiled.codegen import jit
jit.PATIENCE = 0.05
for seconds in (0.0, 0.3, 0.3):
    with jit.compile_notice():
        time.sleep(seconds)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.count("\n") == done.stderr.count("rnncalc warmup") == (level == "WARNING")
