"""A submission's process as the worker sees it: asked, watched, and ended with all that it started."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from rnncalc.classroom.code import child
from rnncalc.classroom.code.child import Answerer, Reply, Setup
from rnncalc.classroom.code.descendants import (
    PROC,
    descendants,
    end_all,
    memory_of,
    processor_time,
    take_in,
    written,
)
from rnncalc.common.i18n import _

MOST = 8 << 20  # bytes of a reply: some thousand numbers
CLOCK = 3 if PROC.is_dir() else 1  # times the seconds of the processor may pass on the clock
GLANCE = 0.02  # seconds between looks at memory, at the least
LINES = 100  # of what came between two looks, the last of which may be a reply
MUCH = 1 << 40  # bytes of files that it was given
FORKS = hasattr(os, "fork") and sys.platform != "darwin"  # whose libraries do not bear it


class Stopped(Exception):  # noqa: N818 - no error of ours
    """A process that ended, or had to be ended, in place of an answer; its words say why."""


class _Pipe(Thread):
    """Reads a pipe to its end. data: what came, up to `most` bytes; the rest is counted and thrown away."""

    def __init__(self, descriptor: int, most: int, came: Event):
        super().__init__(daemon=True)
        self.descriptor, self.most, self.came = descriptor, most, came
        self.data, self.number = bytearray(), 0
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while part := os.read(self.descriptor, 1 << 16):
                self.number += len(part)
                if self.most:
                    self.data += part[: max(self.most - len(self.data), 0)]
                    self.came.set()
        os.close(self.descriptor)


class Process:
    """The process of one submission.

    path: of its file. folder: an empty one to work in. made: what answers there, if the process is forked from this
    one; else it is begun anew, and imports everything itself. gone: whether nobody waits for this worker any more, so
    that it ends. pid: of the process, its session and its group.
    """

    def __init__(
        self, path: str, folder: str, setup: Setup, made: Callable[[str], Answerer] | None,
        gone: Callable[[], bool] = lambda: False,
    ):  # fmt: skip
        self.path, self.folder, self.limits, self.gone = path, folder, setup.limits, gone
        self.came, self.number, self.unsent = Event(), 0, b""
        self.seen, self.glance = 0, GLANCE  # bytes of the replies that were read; seconds to the next look
        self.filled = written(os.path.dirname(folder), MUCH)
        self.used, self.passed = 0.0, 0.0  # seconds of the processor at the last `allow`, and on the clock since
        self.shared = memory_of([os.getpid()], 0) if made else 0
        pipes = [os.pipe() for _name in ("requests", "replies", "prints")]
        theirs = pipes[0][0], pipes[1][1], pipes[2][1]
        self.requests = pipes[0][1]
        if made:
            self.pid = _forked(theirs, lambda: child.run(path, folder, setup, made))
        else:
            command = [sys.executable, "-P", "-m", child.__name__, path, folder, setup.text()]
            streams = dict(zip(("stdin", "stdout", "stderr"), theirs))
            self.process = subprocess.Popen(command, start_new_session=True, **streams)  # type: ignore[call-overload]
            self.pid = self.process.pid
        for descriptor in theirs:
            os.close(descriptor)
        os.set_blocking(self.requests, False)  # who never reads must not keep us
        self.replies = _Pipe(pipes[1][0], MOST, self.came)
        self.prints = _Pipe(pipes[2][0], 0, self.came)

    def allow(self) -> None:
        """Let it have its time anew, for another function."""
        self.used, self.passed = processor_time(descendants()), 0.0

    def ask(self, request: child.Request) -> Reply:
        """The reply to a request. Raises Stopped if there is none in time; nothing of the process is left then."""
        self.number += 1
        line = json.dumps({**request, "number": self.number, "seconds": self.limits.seconds}) + "\n"
        self.unsent += line.encode()
        begun = time.monotonic()
        while True:
            with suppress(OSError):  # it has ended, or does not read what it is asked, which is found at once
                self.unsent = self.unsent[os.write(self.requests, self.unsent) :]
            self.came.wait(self.glance)
            self.came.clear()
            reply = self._reply()
            if reply is not None:
                self.passed += time.monotonic() - begun
                return reply
            looked = time.monotonic()
            trouble = self._trouble(self.passed + looked - begun)
            self.glance = max(GLANCE, time.monotonic() - looked)
            if trouble:
                if number := self._line():
                    trouble = _("{trouble}; it was in line {line}").format(trouble=trouble, line=number)
                self.end()
                raise Stopped(trouble)
            if self.gone():
                self.end()
                raise SystemExit

    def end(self) -> bool:
        """End it with all that it started. Whether nothing is left."""
        clean = end_all(self.pid)
        for pipe in (self.replies, self.prints):
            pipe.join(1.0)
        with suppress(OSError):
            os.close(self.requests)
        return clean

    def _reply(self) -> Reply | None:
        """The reply to the last request, if it came; what else was written there is passed over."""
        data = self.replies.data
        end = data.rfind(b"\n") + 1
        new, self.seen = bytes(data[self.seen : end]), max(end, self.seen)
        for line in [line for line in new.splitlines() if line.startswith(b"{")][-LINES:]:
            with suppress(ValueError, RecursionError):
                reply = json.loads(line)
                if reply.get("number") == self.number:
                    del data[:end]
                    self.seen = 0
                    return reply
        return None

    def _trouble(self, passed: float) -> str:
        """Why it has to end now, or how it has ended; "" if it may go on. passed: seconds on the clock."""
        if ended := self._ended():
            return ended
        take_in(self.pid)
        below, seconds = descendants(self.limits.processes), self.limits.seconds
        worked = processor_time(below) - self.used
        if worked > seconds:
            return _("stopped after {seconds:g} seconds: an endless loop, or far too slow").format(seconds=seconds)
        if passed > CLOCK * seconds:
            text = _("stopped after {seconds:g} seconds: it waits for something")
            if worked > seconds / 10:  # other programs had the processor
                text = _("stopped after {seconds:g} seconds: an endless loop, or far too slow")
            return text.format(seconds=CLOCK * seconds)
        if len(self.replies.data) >= MOST:
            return _("stopped: it writes where its answer is expected")
        if len(below) > self.limits.processes:
            return _("stopped: it started more than {most} processes").format(most=self.limits.processes)
        if written(os.path.dirname(self.folder), self.filled + self.limits.files) > self.filled + self.limits.files:
            return _("stopped: it wrote more than {most} MB of files").format(most=self.limits.files >> 20)
        if memory_of(below, self.shared) > self.limits.memory:
            return _("stopped: it took more than {most} MB of memory").format(most=self.limits.memory >> 20)
        return ""

    def _ended(self) -> str:
        """How the process ended, "" if it has not."""
        code = self._exit_code()
        if code is None:
            return ""
        if code == -getattr(signal, "SIGXCPU", 0) != 0:
            return _("stopped: it used up its time of the processor")
        if code == -getattr(signal, "SIGKILL", 0) != 0:
            return _("it was killed (SIGKILL), by itself or for want of memory")
        if code < 0:
            return _("the interpreter crashed ({signal})").format(signal=_signal(-code))
        return _("it ended Python itself (exit code {code})").format(code=code)

    def _exit_code(self) -> int | None:
        if os.name == "nt":
            return self.process.poll()
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        return os.waitstatus_to_exitcode(status) if pid else None

    def _line(self) -> int:
        """The line of the submission that was run when it crashed or was stopped; 0 where that is not known."""
        self.replies.join(0.1)
        text = bytes(self.replies.data[:100_000]).decode(errors="replace")
        match = re.search(rf'File "{re.escape(self.path)}", line (\d{{1,7}}) in', text)
        return int(match[1]) if match else 0


def _forked(streams: tuple[int, int, int], run: Callable[[], Any]) -> int:
    """A process that runs something with these standard streams, in a session of its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        above = [os.dup(stream) for stream in streams]  # beyond 2, whatever numbers they have
        for target, source in enumerate(above):
            os.dup2(source, target)
        os.closerange(3, 1024)
        run()
    finally:
        os._exit(70)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
