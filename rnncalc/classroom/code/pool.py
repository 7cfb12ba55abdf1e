"""Workers, each a process that judges one submission at a time; one that is killed is replaced."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from threading import Timer
from types import TracebackType
from typing import Any

from rnncalc.classroom.code import results
from rnncalc.classroom.code.child import Setup
from rnncalc.classroom.code.descendants import end_marked
from rnncalc.classroom.code.watching import CLOCK
from rnncalc.classroom.grading.judging import Result
from rnncalc.common.i18n import _
from rnncalc.common.scratch import remove_scratch
from rnncalc.errors import RnncalcError

WORKER = "rnncalc.classroom.code.worker"
SLACK = 60.0  # seconds beyond the limits of a submission that its worker may take
ALONE = ("OPENBLAS", "OMP", "MKL", "NUMBA", "VECLIB_MAXIMUM")  # whose threads a fork would lose

Task = Mapping[str, Any]


class _Worker:
    """One process, its pipes, and the mark that all below it bear in their environments."""

    def __init__(self, setup: Setup):
        self.folder = tempfile.mkdtemp(prefix="rnncalc-grade-")
        self.setup, self.mark = setup, f"RNNCALC_GRADING={secrets.token_hex(16)}"
        name, _equals, value = self.mark.partition("=")
        environment = {
            **os.environ,
            **{f"{library}_NUM_THREADS": "1" for library in ALONE},
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
            name: value,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("RNNCALC_DEBUG") else subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        self._send(setup.text())
        self.ready = False
        self.session = 0  # of the submission's process that it watches

    def _send(self, line: str) -> None:
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def judge(self, task: Task) -> dict[str, Result] | None:
        """The results of a submission's functions; None if the worker did not live through it.

        Raises RnncalcError if it did not even begin.
        """
        most = 2 * CLOCK * self.setup.limits.seconds * len(task["functions"]) + SLACK  # each may be loaded anew
        timer = Timer(most, self.process.kill)
        timer.start()
        try:
            self._send(json.dumps(task))
            assert self.process.stdout
            if not self.ready and not self.process.stdout.readline():
                raise RnncalcError(_("the process that judges could not begin; RNNCALC_DEBUG=1 shows why"))
            self.ready = True
            while (line := self.process.stdout.readline()) and isinstance(data := json.loads(line), int):
                self.session = data
        finally:
            timer.cancel()
        if not line:
            return None
        self.session = 0
        return {name: Result(**result) for name, result in data.items()}

    def wake(self) -> None:
        """Let it go on, if a submission has stopped it."""
        if hasattr(signal, "SIGCONT"):
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Let it end, and with it what it watches; what escaped from a worker that was killed is ended too."""
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()  # of which it learns that nobody waits; another thread may read its answer
        try:
            self.process.wait(SLACK / 4)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        end_marked(self.mark, self.session)
        remove_scratch(Path(self.folder))


class Pool:
    """So many workers, begun when there is something to judge, ended with the block."""

    def __init__(self, setup: Setup, jobs: int):
        self.setup, self.jobs = setup, jobs
        self.idle: LifoQueue[_Worker | None] = LifoQueue()
        for _number in range(jobs):
            self.idle.put(None)
        self.workers = list[_Worker]()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.end()

    def judged(self, tasks: Mapping[str, Task]) -> Iterator[tuple[str, dict[str, Result]]]:
        """key, results of each task, in whatever order they come."""
        threads = ThreadPoolExecutor(self.jobs)
        futures = {threads.submit(self._judge, task): key for key, task in tasks.items()}
        try:
            while futures:
                for future in wait(futures, 1.0, FIRST_COMPLETED).done:
                    yield futures.pop(future), future.result()
                for worker in self.workers:
                    worker.wake()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _judge(self, task: Task) -> dict[str, Result]:
        worker = self.idle.get()
        try:
            if worker is None:
                worker = _Worker(self.setup)
                self.workers.append(worker)
            if judged := worker.judge(task):
                return judged
            worker.end()
            worker = None
            killed = results.failed(_("it ended the process that watched it"))
            return dict.fromkeys(task["functions"], killed)
        finally:
            self.idle.put(worker)
