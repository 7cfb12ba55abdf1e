"""Threads: the sequences of a batch shared out among them. Kernels hold no lock, so plain threads run side by side.

Nobody gets more threads than asked for: `threads=` of a network, else RNNCALC_THREADS, else one; "auto" asks for as
many as the process has processors. A sequence has the same bits on any number of them, since each is computed as if it
were alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

FEWEST = 8  # sequences that are worth a thread: the rows of a tile
MOST = 256
AUTO = "auto"  # as many as the process has processors
EVERY = slice(0, 1 << 62)  # of whatever there is

Part = TypeVar("Part")
Answer = TypeVar("Answer")
_TOGETHER = threading.Lock()  # what one caller submits begins together: of two, half of each would wait for ever
_POOLS: dict[int, ThreadPoolExecutor] = {}


def _forget() -> None:
    """Threads do not survive a fork, nor does who held the lock; the child makes its own."""
    global _TOGETHER
    _POOLS.clear()
    _TOGETHER = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def resolve_thread_count(threads: int | str | None) -> int:
    """The number of threads: those asked for, else RNNCALC_THREADS, else one. Raises ProblemError."""
    wish: object = threads if threads is not None else os.environ.get("RNNCALC_THREADS", "1")
    if isinstance(wish, str) and wish == AUTO:
        from rnncalc.common.processors import processors  # here: few ask, and paths take long to load

        return min(processors(), MOST)
    try:
        number = int(str(wish))
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise ProblemError(_("threads is auto or a number from 1 to {most}, not {wish}"), most=MOST, wish=wish)
    return number


def shares(number: int, threads: int, fewest: int = FEWEST) -> list[slice]:
    """Runs of sequences, or of what else there is a number of, one for each thread that has enough to do."""
    count = max(min(threads, number // fewest), 1) if threads > 1 else 1
    if count == 1:
        return [slice(0, number)]
    ends = [number * k // count for k in range(count + 1)]
    return [slice(begin, end) for begin, end in zip(ends, ends[1:])]


def pieces(part: slice, most: int) -> list[slice]:
    """A run of sequences in runs of about as many each, of no more than `most`."""
    count = -(-(part.stop - part.start) // most)
    return [slice(part.start + own.start, part.start + own.stop) for own in shares(part.stop - part.start, count, 1)]


def side_by_side(work: Callable[[Part], Answer], parts: Sequence[Part]) -> list[Answer]:
    """The work on every part, in order; the calling thread does the first. The others' work may wait for each other."""
    if len(parts) == 1:
        return [work(parts[0])]
    from concurrent.futures import ThreadPoolExecutor  # homework does without it

    if len(parts) - 1 not in _POOLS:
        _POOLS.setdefault(len(parts) - 1, ThreadPoolExecutor(len(parts) - 1, "rnncalc"))
    pool = _POOLS[len(parts) - 1]
    with _TOGETHER:
        others = [pool.submit(work, part) for part in parts[1:]]
    return [work(parts[0]), *(other.result() for other in others)]
