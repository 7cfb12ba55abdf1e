"""A bar on standard error while something takes its time, where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnncalc.language import _


@contextmanager
def bar(color: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """What to call with done and all; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=not color)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(_("grading"), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
