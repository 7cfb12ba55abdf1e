"""Processes that compute for this one, and end with it, however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from threading import Thread, current_thread, main_thread
from types import TracebackType
from typing import Any, TypeVar

AHEAD = 4  # calls that wait for each worker

Key = TypeVar("Key")
Result = TypeVar("Result")


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


def spread(
    executor: Executor, function: Callable[..., Result], calls: Iterable[tuple[Key, tuple[Any, ...]]]
) -> Iterator[tuple[Key, Result]]:
    """Yield the result of the function under the key of each call, in whatever order they come.

    A few calls are ahead of what is done, so that no more of them lie in memory. What is under way is taken back if the
    caller stops.
    """
    left = iter(calls)
    waiting: dict[Future[Result], Key] = {}
    try:
        while True:
            for key, arguments in islice(left, max(AHEAD * workers(executor) - len(waiting), 0)):
                waiting[executor.submit(function, *arguments)] = key
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        for future in waiting:
            future.cancel()


def workers(executor: Executor) -> int:
    """How many calls an executor works on at a time, as far as it says."""
    number = getattr(executor, "_max_workers", None)
    return number if isinstance(number, int) and number > 0 else 8


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
    wait_for_any([ends, parent.sentinel])
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
