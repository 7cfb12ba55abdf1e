"""Checkpoints: what a run needs to go on to the same bits, in a file beside its model."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from rnncalc.common import files
from rnncalc.common.files import Reserve, WriteError
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError, RnncalcError
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import schema
from rnncalc.pipeline.recipe import Run, checked, prepare

HEADER = 1 << 16  # bytes that a checkpoint needs beside its arrays, or a little more
MORE = ("epochs", "patience")  # what a run that is taken up again may be given anew


def path_of(output: str) -> Path:
    """Return where the checkpoint of a model's run lies."""
    return Path(f"{output}.checkpoint")


def save(run: Run, place: Path) -> None:
    """Write everything that the run needs to go on. Raises WriteError."""
    arrays, numbers = run.trainer.state()
    about = {"format": models.FORMAT, "options": run.options, "progress": numbers, "fingerprint": run.fingerprint}
    models.write(place, arrays, about)


def reserve(run: Run, place: Path) -> Reserve:
    """Room on the disk for the checkpoint of a run, so that it can be written on a disk that others have filled."""
    size = sum(array.nbytes for array in run.trainer.state()[0].values())
    return Reserve(place, size + HEADER, bytes(8) + models.BEGINS)


def save_in(reserve: Reserve, run: Run, place: Path) -> None:
    """Save a checkpoint; on a full disk, release the reserve for it, and reserve the room of what it replaced."""
    try:
        save(run, place)
    except WriteError:
        if not reserve.release():
            raise
        save(run, place)
        reserve.take()


def pause(run: Run, output: str) -> None:
    """Save a checkpoint because the run stops here."""
    with kept_on_error(run, output):
        save(run, path_of(output))


def put_aside(output: str) -> Path | None:
    """Rename the checkpoint of an unfinished run, so that no other run overwrites it. Returns its new name, if any."""
    return files.put_aside(path_of(output))


def resume(output: str, more: dict[str, Any]) -> Run:
    """Restore the run whose checkpoint lies beside `output`. Raises ProblemError, ParseError."""
    place = path_of(output)
    if not place.is_file():
        message = _("there is no {name} to resume from")
        if Path(output).is_file():
            message = _("there is no {name} to resume from: the run is finished; --continue-from {model} trains on")
        raise ProblemError(message, name=place, model=output)
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


@contextmanager
def kept_on_error(run: Run, output: str) -> Iterator[None]:
    """Add to a WriteError where the latest checkpoint lies; where there is none, save one elsewhere first."""
    try:
        yield
    except WriteError as error:
        place = path_of(output)
        if not models.ours(place):
            _save_elsewhere(run, output, error)
        message = _("{error}. What {place} holds is kept; go on from it with: rnncalc train --resume -o {output}")
        raise WriteError(message, error=error, place=place, output=output) from None


def _save_elsewhere(run: Run, output: str, error: WriteError) -> NoReturn:
    """Save a checkpoint in the folder for temporary files. Raises WriteError, which says where it lies, if anywhere."""
    checkpoint = path_of(output)
    try:
        place = Path(tempfile.gettempdir()) / f"{checkpoint.name}.{os.urandom(4).hex()}"
        save(run, place)
    except (OSError, WriteError):  # OSError: there is no folder for temporary files, or no room in any
        raise WriteError(_("{error}. Nothing of this run is on the disk yet."), error=error) from None
    message = _(
        "{error}. The run as it is now lies in {place}: move it to {checkpoint}, and go on from it with: rnncalc train "
        "--resume -o {output}"
    )
    raise WriteError(message, error=error, place=place, checkpoint=checkpoint, output=output) from None
