"""A bar on standard error while something takes its time, where a person is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnncalc.common.i18n import _

PAUSE = 0.1  # seconds between two looks of the bar


@contextmanager
def bar(color: bool = True, doing: str = "") -> Iterator[Callable[[int, int], None] | None]:
    """What to call with done and all; None where nobody looks. doing: what takes its time, if it is not grading."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=not color)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # without a thread of its own: the processes that grade are forked from this one
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task, shown = progress.add_task(doing or _("grading"), total=None), 0.0

        def update(done: int, total: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown > PAUSE or done == total:
                progress.update(task, completed=done, total=total, refresh=True)
                shown = now

        yield update
