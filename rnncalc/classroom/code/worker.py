"""A worker: it loads everything once, then judges one submission after the other, each in a process of its own.

Setup and tasks come by standard input, a line of JSON each. What goes to standard output is JSON too: "ready", then the
session of every process that is begun, and the answer. The
verdict is found here, from numbers that the submission's process sends, so that nothing in it can be tampered with.
"""

from __future__ import annotations

import gc
import json
import os
import re
import select
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rnncalc.check.code.checking import check_code
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature_file import signature
from rnncalc.check.code.verdict import RIGHT
from rnncalc.classroom.code.child import Answerer, Reply, Request, Setup
from rnncalc.classroom.code.descendants import adopt
from rnncalc.classroom.code.remote import RemoteCaller, load
from rnncalc.classroom.code.results import failed, result
from rnncalc.classroom.code.watching import FORKS, Process, Stopped
from rnncalc.classroom.grading.judging import Result, defect, unreadable
from rnncalc.common.i18n import _
from rnncalc.common.scratch import remove_scratch, scratch_folder
from rnncalc.errors import RnncalcError


class SubmissionRun:
    """One submission: its files in a folder of their own, its process as long as that lives, its results."""

    def __init__(
        self, folder: Path, main: str, setup: Setup, made: Callable[[str], Answerer] | None,
        begun: Callable[[int], None],
    ):  # fmt: skip
        self.folder, self.name, self.path = folder, main, folder / main
        self.setup, self.made, self.begun = setup, made, begun
        self.signature = signature(setup.signature)
        self.process: Process | None = None
        self.code, self.printed = Code({}, str(self.path)), 0

    def results(self, functions: list[str]) -> dict[str, Result]:
        """The result of each function. One that ends the process costs the others nothing: they have another one."""
        results: dict[str, Result] = {}
        try:
            for name in functions:
                if self.process is None:
                    self._load()
                results[name] = self._result(name)
        except Stopped as stopped:  # while it was loaded
            results |= {name: failed(str(stopped)) for name in functions if name not in results}
        except RnncalcError as error:
            results |= {name: unreadable(str(error)) for name in functions if name not in results}
        finally:
            self._end(results)
        return results

    def _load(self) -> None:
        work = tempfile.mkdtemp(dir=self.folder)
        self.process = Process(str(self.path), work, self.setup, self.made, _nobody_waits)
        self.begun(self.process.pid)
        self.code = load(self.path, self.name, self._ask)

    def _ask(self, request: Request) -> Reply:
        """Ask the process, as long as it lives."""
        assert self.process is not None
        try:
            reply = self.process.ask(request)
        except Stopped:
            self.process = None
            raise
        if isinstance(printed := reply.get("printed"), int):
            self.printed = printed
        return reply

    def _result(self, name: str) -> Result:
        if self.process is not None:
            self.process.allow()
        if name.partition(".")[0] not in self.code.names:
            reasons = [*self.code.broken, *(_("{m} is not here").format(m=module) for module in self.code.missing)]
            text = _("there is no function {name}").format(name=name)
            return unreadable("; ".join([text, *reasons]), empty=not reasons)
        try:
            caller = RemoteCaller(self.code, self._ask)
            verdicts = check_code(self.code, self.signature, function=name, caller=caller)
            if self._is_another(name, verdicts[0].cell):
                return failed(_("{name} is a cell of another kind: {cell}").format(name=name, cell=verdicts[0].cell))
            return result(next((verdict for verdict in verdicts if verdict.verdict != RIGHT), verdicts[0]))
        except Stopped as stopped:
            return failed(str(stopped))
        except RnncalcError as error:
            return unreadable(str(error))
        except Exception as error:
            return defect(error)

    def _is_another(self, name: str, cell: str) -> bool:
        """Whether a module is not the cell that its name says; a signature says the cell of a function."""
        said = next((known for known in ("lstm", "gru") if known in name.lower()), cell)
        return not self.signature.functions and not cell.startswith(said)

    def _end(self, results: Mapping[str, Result]) -> None:
        """End the process; what is said of it as a whole is said once."""
        if self.process is None or not results:
            return
        first = next(iter(results.values()))
        if not self.process.end():
            first.remarks.append(_("some of the processes that it started could not be ended"))
        printed = self.printed + self.process.prints.number
        if re.search(r"^\s*(import|from)\s+rnncalc\b", self.code.text, re.MULTILINE):
            first.remarks.append(_("it imports rnncalc"))
        if printed > MUCH:
            first.remarks.append(_("it printed {n:.0f} MB, which were thrown away").format(n=printed / 1e6))


MUCH = 1_000_000  # bytes that are printed before it is said


def judge(
    files: Mapping[str, str], main: str, functions: list[str], setup: Setup, made: Callable[[str], Answerer] | None,
    begun: Callable[[int], None] = lambda session: None,
) -> dict[str, Result]:  # fmt: skip
    """The result of each function of a submission.

    files: name → text. made: None where nothing can be forked. begun: is told the session of every process of it.
    """
    with scratch_folder(files) as folder:
        return SubmissionRun(folder, main, setup, made, begun).results(functions)


def _nobody_waits() -> bool:
    """Whether the process that gave the task is gone: nothing else comes before the answer."""
    return os.name != "nt" and bool(select.select([0], [], [], 0)[0])


def main(folder: str) -> None:
    """Until nothing more comes. folder: for submissions, removed at the end."""
    tempfile.tempdir = folder
    try:
        _serve()
    finally:
        remove_scratch(Path(folder))


def _serve() -> None:
    setup = Setup.read(sys.stdin.buffer.readline())
    adopt()
    made = setup.loaded()
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")

    def say(data: object) -> None:
        print(json.dumps(data), file=answers, flush=True)

    say("ready")
    while line := sys.stdin.buffer.readline():
        task = json.loads(line)
        results = judge(task["files"], task["main"], task["functions"], setup, made if FORKS else None, say)
        say({name: vars(result) for name, result in results.items()})


if __name__ == "__main__":
    main(sys.argv[1])
