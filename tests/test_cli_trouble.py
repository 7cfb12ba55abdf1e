"""When the world does not play along: closed pipes, full disks, Ctrl-C. No traceback, no half file."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from helpers import EXAMPLES, run

from rnncalc.cli.options import write
from rnncalc.errors import RnncalcError

RNNCALC = [sys.executable, "-m", "rnncalc"]
LONG = ("forward", "--U", "1", "--W", "0.5", "--x", " ".join(["1"] * 20_000))


@pytest.mark.skipif(sys.platform == "win32", reason="no head")
def test_a_reader_that_goes_away():
    with subprocess.Popen([*RNNCALC, *LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_standard_output():
    with open("/dev/full", "w") as full:
        done = subprocess.run([*RNNCALC, *LONG], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "Error: the disk is full\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_an_output_file(tmp_path):
    done = run(*LONG, "-o", "/dev/full")
    assert done.returncode == 2
    assert "cannot write /dev/full: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_file_survives_what_goes_wrong(tmp_path, monkeypatch):
    path = tmp_path / "answer.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "the disk is full")))
    with pytest.raises(RnncalcError, match="the disk is full"):
        write("new", str(path))
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["answer.txt"]


def test_a_new_file_has_the_permissions_of_others(tmp_path):
    path = tmp_path / "answer.json"
    run("forward", str(EXAMPLES / "relu-worksheet.json"), "-o", str(path))
    (tmp_path / "other").write_text("")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_folder_is_no_output_file(tmp_path):
    done = run("forward", str(EXAMPLES / "relu-worksheet.json"), "-o", str(tmp_path))
    assert done.returncode == 2
    assert "cannot write" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_control_c():
    x = "0.01 * np.ones((200000, 1))"
    command = [*RNNCALC, "forward", "--U", "1", "--W", "0.5", "--x", f"np.zeros((1, 1)) + {x}", "--engine", "equations"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in the background may be deaf to it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, preexec_fn=heard) as process:
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert error.strip() == "Interrupted."
