"""How a run is watched: a bar on a terminal, a line now and then anywhere else; and how it is interrupted."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any

import click

from rnncalc.common.i18n import _

EVERY, REDRAW = 1.0, 0.1  # seconds between two lines, or two pictures of the bar, at least


class InterruptedRunError(Exception):
    """Somebody asked the run to stop; it stops between two steps."""


class Watch:
    """Called by the trainer after every step and every epoch."""

    def __init__(self, epochs: int, batches: int, quiet: bool = False):
        self.epochs, self.batches, self.quiet = epochs, batches, quiet
        self.stop_requested, self.line, self.began, self.first = False, 0.0, time.monotonic(), None
        self.bar: Any = None

    def __enter__(self) -> Watch:
        self.before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        if not self.quiet and sys.stderr.isatty():
            self.bar = self._bar()
            self.bar.start()
        return self

    def __exit__(self, *_what: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.bar is not None:
            self.bar.stop()

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self.stop_requested:  # a second time: at once
            signal.signal(number, signal.SIG_DFL)
        self.stop_requested = True

    def _bar(self) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=8), TextColumn("{task.percentage:3.0f} %"),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True, refresh_per_second=4,
        )  # fmt: skip
        self.task = bar.add_task("", total=self.epochs * self.batches)
        return bar

    def __call__(self, trainer: Any) -> None:
        progress = trainer.progress
        if self.first is None:
            self.first = progress.steps - 1
        if self.bar is not None and (progress.step == 0 or time.monotonic() - self.line >= REDRAW):
            self.line = time.monotonic()
            done = progress.epoch * self.batches + progress.step
            self.bar.update(self.task, completed=done, description=self._text(progress))
        elif self.bar is None and not self.quiet and progress.step == 0:
            last = progress.epoch == self.epochs or progress.stopped
            if time.monotonic() - self.line >= EVERY or last:
                self.line = time.monotonic()
                click.echo(self._text(progress), err=True)
        if self.stop_requested:
            raise InterruptedRunError

    def _text(self, progress: Any) -> str:
        seconds = max(time.monotonic() - self.began, 1e-9)
        parts = [_("epoch {n}/{all}").format(n=min(progress.epoch + (progress.step > 0), self.epochs), all=self.epochs)]
        last = progress.history[-1] if progress.history else {}
        loss = progress.loss if progress.step else last.get("loss", float("nan"))
        parts.append(_("loss {x:.4g}").format(x=loss))
        if "val_loss" in last:
            parts.append(_("val {x:.4g}").format(x=last["val_loss"]))
        for name in ("val_accuracy", "accuracy"):
            if name in last:
                parts.append(_("accuracy {x:.2%}").format(x=last[name]))
                break
        parts.append(_("{n:.0f} steps/s").format(n=(progress.steps - (self.first or 0)) / seconds))
        return "  ".join(parts)
