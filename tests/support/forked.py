"""The command line as a process of its own, forked from one that has imported what every command imports.

A new Python takes most of a short command's time to start; a fork of one that stands ready takes a hundredth of that.
The server reads a request a line, forks, and answers with the exit code; the fork does what `python -m rnncalc` does.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

READY = ("rnncalc.common", "rnncalc.model", "rnncalc.problems", "rnncalc.check", "rnncalc.report.render", "rnncalc.cli")
SERVER = "from support.forked import serve; serve()"


def surroundings() -> dict[str, str]:
    """This process's environment for commands: UTF-8, as wide as usual, buffered as usual."""
    left_out = ("COLUMNS", "PYTHONUNBUFFERED", "PYTEST_CURRENT_TEST")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}


SURROUNDINGS = surroundings()  # before any test changes them


def run(arguments: tuple[str, ...], given: bytes) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and standard error of a command in this folder, in SURROUNDINGS."""
    server = _server()
    assert server.stdin
    assert server.stdout
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(given)
        request = json.dumps([arguments, [str(path) for path in streams], os.getcwd()])
        print(request, file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return code, streams[1].read_bytes(), streams[2].read_bytes()


@cache
def _server() -> subprocess.Popen[str]:
    """The process that stands ready, started when it is first needed."""
    environment = {**SURROUNDINGS, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe, command = subprocess.PIPE, [sys.executable, "-c", SERVER]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True)


def serve() -> None:
    """Fork a command for every request, until there are no more."""
    for package in READY:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    assert not {"numba", "onnx", "pandas", "torch"} & sys.modules.keys(), "a command would find these loaded"
    for line in sys.stdin:
        arguments, streams, folder = json.loads(line)
        if not (child := os.fork()):
            _become(arguments, streams, folder)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(arguments: list[str], streams: list[str], folder: str) -> None:
    """Be the command from here on, with standard streams as Python makes them for files; never returns."""
    code = 1
    try:
        for number, (path, mode) in enumerate(zip(streams, ("rb", "wb", "wb"))):
            with open(path, mode) as file:
                os.dup2(file.fileno(), number)
        sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w", errors="backslashreplace")
        os.chdir(folder)
        sys.argv = ["rnncalc", *arguments]
        runpy.run_module("rnncalc", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(number: int, mode: str, **options: Any) -> IO[Any]:
    return open(number, mode, encoding="utf-8", closefd=False, **options)
