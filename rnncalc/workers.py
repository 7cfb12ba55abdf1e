"""Processes that compute for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from types import TracebackType
from typing import Any


class Workers(ProcessPoolExecutor):
    """A pool whose processes end at once where its block is left by an error, and where this process is killed.

    Ctrl-C is for this process alone. start: how processes begin ("spawn", …); None: as is usual here.
    """

    def __init__(self, jobs: int, start: str | None = None):
        context = get_context(start)
        ends, self._end = context.Pipe(duplex=False)
        super().__init__(jobs, context, _begin, (ends,))

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """As every executor does it; a process that begins on the way is deaf to Ctrl-C from its first moment."""
        with _deaf():
            return super().submit(function, *arguments, **named)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            self._end.send_bytes(b".")  # nobody takes it out: every process sees it
        return super().__exit__(kind, error, where)


def _begin(ends: Connection) -> None:
    """What a process does first: hear no Ctrl-C, and watch for the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_watch, args=(ends,), daemon=True).start()


def _watch(ends: Connection) -> None:
    parent = parent_process()
    assert parent is not None
    wait([ends, parent.sentinel])
    os._exit(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes begun in the block inherit that SIGINT is blocked; here it waits until the end of the block."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
