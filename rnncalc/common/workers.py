"""Processes that compute for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread, current_thread, main_thread
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
        """As every executor does it; a process that begins on the way is deaf to Ctrl-C from its first moment.

        The future stands in front of the pool's own: a pool that breaks has no words for one that was cancelled.
        """
        future: Future[Any] = Future()
        with _deaf():
            task = super().submit(function, *arguments, **named)
        task.add_done_callback(partial(pass_on, future, lambda error: error))
        return future

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            self._end.send_bytes(b".")  # nobody takes it out: every process sees it
        return super().__exit__(kind, error, where)


def pass_on(future: Future[Any], translated: Callable[[BaseException], BaseException], task: Future[Any]) -> None:
    """Tell a future in front what came of a task, unless nobody waits for it any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(task.result())
    except BaseException as error:  # whatever it was, it is the waiting thread's
        future.set_exception(translated(error))


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
    """Processes begun in the block inherit that SIGINT is blocked; here it is heard at the end of the block."""
    heard = list[int]()
    masks = hasattr(signal, "pthread_sigmask")
    handler = None
    if current_thread() is main_thread():  # which runs the handler, also of a signal that another thread received
        handler = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        if heard:
            signal.raise_signal(signal.SIGINT)
