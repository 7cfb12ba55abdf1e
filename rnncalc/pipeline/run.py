"""A run from beginning to end: checkpoints on the way, a model in the end, and what it reaches on unseen data."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rnncalc.common import files
from rnncalc.common.files import Reserve, WriteError
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.model.losses import LOSSES, are_right
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import schema
from rnncalc.pipeline.bigram import Bigram
from rnncalc.pipeline.data import scaling
from rnncalc.pipeline.recipe import Run, checked, prepare
from rnncalc.pipeline.series import outputs

HEADER = 1 << 16  # bytes that a checkpoint needs beside its arrays, or a little more
WAIT = 0.1  # seconds for which steps are left to machine code: what Ctrl-C and the progress bar wait for
MORE = ("epochs", "patience")  # what a run that is taken up again may be given anew


def checkpoint_of(output: str) -> Path:
    """Return where the checkpoint of a model's run lies."""
    return Path(f"{output}.checkpoint")


def save_checkpoint(run: Run, place: Path) -> None:
    """Write everything that the run needs to go on. Raises WriteError."""
    arrays, numbers = run.trainer.state()
    about = {"format": models.FORMAT, "options": run.options, "progress": numbers, "fingerprint": run.fingerprint}
    models.write(place, arrays, about)


def pause(run: Run, output: str) -> None:
    """Save a checkpoint because the run stops here."""
    with _last_state_said(run, output):
        save_checkpoint(run, checkpoint_of(output))


def put_aside(output: str) -> Path | None:
    """Rename the checkpoint of an unfinished run, so that no other run overwrites it. Returns its new name, if any."""
    return files.put_aside(checkpoint_of(output))


def resume(output: str, more: dict[str, Any]) -> Run:
    """Restore the run whose checkpoint lies beside `output`. Raises ProblemError, ParseError."""
    place = checkpoint_of(output)
    if not place.is_file():
        raise ProblemError(_("there is no {name} to resume from"), name=place)
    for name in more:
        if name not in MORE:
            message = _("a run is resumed as it was: only {known} can be given anew, not {name}")
            raise ProblemError(message, known=", ".join(MORE), name=name)
    arrays, about = models.read(place)
    if "progress" not in about:
        raise ProblemError(_("{name} is no checkpoint of rnncalc"), name=place)
    try:
        schema.CHECKPOINT(about, "rnncalc")
        checked({name: value for name, value in about["options"].items() if value is not None}, _("options"))
    except RnncalcError as error:
        raise ParseError(_("{name} is no checkpoint of this version: {error}"), name=place, error=error) from None
    run = prepare({**about["options"], **more})
    if run.fingerprint != about["fingerprint"]:
        raise ProblemError(_("the data has changed since {name} was written: train anew"), name=place)
    run.trainer.restore(arrays, about["progress"])
    if more:
        run.trainer.progress.stopped = False
    return run


def carry_out(
    run: Run,
    output: str | None,
    interval: float,
    watch: Callable[[Trainer], None],
    warn: Callable[[WriteError], None] = lambda error: None,
) -> None:
    """Train to the end with a checkpoint every `interval` seconds; save the model. What `watch` raises comes out.

    warn: called where a checkpoint cannot be written; the run goes on. Raises WriteError if the model cannot be.
    """
    if output is None:
        run.trainer.run(watch, min(WAIT, interval))
        return
    last, place = time.monotonic(), checkpoint_of(output)

    def step(trainer: Trainer) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            try:
                _in_reserve(reserve, lambda: save_checkpoint(run, place))
            except WriteError as error:
                warn(error)
            last = time.monotonic()
        watch(trainer)

    _remove_left(output)
    size = sum(array.nbytes for array in run.trainer.state()[0].values())
    with Reserve(place, size + HEADER, bytes(8) + models.BEGINS) as reserve:
        run.trainer.run(step, min(WAIT, interval))
    save(run, output)
    if models.ours(place):
        files.remove(place)
    _remove_left(output)


def _in_reserve(reserve: Reserve, write: Callable[[], None]) -> None:
    """Write a file; on a full disk, release the reserve for it, and reserve the room of what it replaced."""
    try:
        write()
    except WriteError:
        if not reserve.release():
            raise
        write()
        reserve.take()


def _remove_left(output: str) -> None:
    """Delete the unfinished files that a killed run has left."""
    for left in (*files.left_beside(output), *files.left_beside(checkpoint_of(output))):
        if models.ours(left):
            files.remove(left)


def save(run: Run, output: str) -> None:
    """Write the model as it is now. Raises WriteError."""
    with _last_state_said(run, output):
        models.save(models.Model(run.network, run.about.known(), run.options, run.trainer.progress.history), output)


@contextmanager
def _last_state_said(run: Run, output: str) -> Iterator[None]:
    """Add to a WriteError where the latest checkpoint lies; where there is none, save one elsewhere first."""
    try:
        yield
    except WriteError as error:
        place = checkpoint_of(output)
        if not models.ours(place):
            _save_elsewhere(run, output, error)
        message = _("{error}. What {place} holds is kept; go on from it with: rnncalc train --resume -o {output}")
        raise WriteError(message, error=error, place=place, output=output) from None


def _save_elsewhere(run: Run, output: str, error: WriteError) -> NoReturn:
    """Save a checkpoint in the folder for temporary files. Raises WriteError, which says where it lies, if anywhere."""
    checkpoint = checkpoint_of(output)
    try:
        place = Path(tempfile.gettempdir()) / f"{checkpoint.name}.{os.urandom(4).hex()}"
        save_checkpoint(run, place)
    except (OSError, WriteError):  # OSError: there is no folder for temporary files, or no room in any
        raise WriteError(_("{error}. Nothing of this run is on the disk yet."), error=error) from None
    message = _(
        "{error}. The run as it is now lies in {place}: move it to {checkpoint}, and go on from it with: rnncalc train "
        "--resume -o {output}"
    )
    raise WriteError(message, error=error, place=place, checkpoint=checkpoint, output=output) from None


def judged(run: Run, data: Sequences) -> dict[str, float]:
    """Return the loss; and how many targets and whole sequences are right, or the error in the units of the data."""
    loss, right = run.trainer.evaluate(data)
    scores = {"loss": loss}
    chosen = LOSSES[run.trainer.settings.loss]
    if chosen.right:
        scores["accuracy"] = right
        if data.targets > len(data) > 1 and run.about.kind != "text":
            middle = 0.5 if run.network.output == "sigmoid" else 0.0  # of y, where its score is 0
            scores["whole"] = _whole(are_right(chosen, outputs(run.network, data), data.y, middle), data)
    elif run.about.y_mean:
        y, wanted = (scaling.undone(rows, run.about) for rows in (outputs(run.network, data), data.y))
        scores["mean_squared_error"] = float(np.nanmean((y - wanted) ** 2))
    if run.about.kind == "text":
        learnt = [run.trainer.data, run.trainer.validation if data is run.test else None]
        scores["bigram_loss"] = Bigram([part for part in learnt if part], run.network.sizes["D"]).loss(data)
    return scores


def _whole(right: np.ndarray, data: Sequences) -> float:
    """Return the share of sequences whose every target is right."""
    there = data.y >= 0 if data.y.ndim == 1 else ~np.isnan(data.y).all(axis=1)
    wrong = np.add.reduceat(~right & there, data.offsets[:-1])[data.lengths > 0]
    return float((wrong == 0).mean())
