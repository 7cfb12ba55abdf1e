"""Data on the way in: a file becomes sequences, and an account of how it was read, so that the next is read alike.

One kind of file, one module with `read(source, about, loss) -> DataRows`. The account (`about`, kept in the model)
holds the columns, the vocabulary, the labels of classes and the scaling. What it does not say yet, reading finds out.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from rnncalc.common.files import reading
from rnncalc.common.i18n import _
from rnncalc.common.spool import BLOCK, blocks, release
from rnncalc.common.suggest import one_of
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.losses import usual_loss
from rnncalc.network.training.sequences import Sequences
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.data import scaling
from rnncalc.pipeline.data.rows import DataRows

KINDS = {  # ending → module, and what it reads
    ".csv": "table", ".tsv": "table", ".npz": "arrays", ".npy": "arrays", ".jsonl": "lines", ".ndjson": "lines",
    ".txt": "text", ".text": "text",
}  # fmt: skip
BELONG = {
    "id": ("table",),
    "time": ("table",),
    "by": ("text",),
    "tokens": ("text", "lines"),
    "sep": ("table",),
    "encoding": ("table", "lines", "text"),
}  # option → kinds of data


def read(source: str, about: Account, loss: str | None = None) -> tuple[Sequences, str]:
    """Read sequences to train on, and the loss of their targets; complete `about` in place, but for scaling.

    source: a path. Raises ParseError (file, line, column), ProblemError.
    """
    rows = _rows(source, about, loss)
    if about.targets is False:
        raise ProblemError(_("{name}: which column is the target? Pass --target"), name=source)
    if loss is None:
        loss = usual_loss(bool(about.classes))
    return arranged(rows, about), loss


def read_again(source: str, about: Account, whole: bool = False) -> Sequences:
    """Read sequences, with targets or without, as the account has it: the same columns, vocabulary, labels and scaling.

    whole: to predict, see `arranged`.
    """
    return scaling.applied(arranged(_rows(source, replace(about), None), about, whole), about)


def fitted(train: Sequences, others: list[Sequences | None], about: Account) -> list[Sequences | None]:
    """Standardise all of them by the mean and deviation of the first, which the account keeps."""
    scaling.learn(train, about)
    return [part and scaling.applied(part, about) for part in (train, *others)]


def _rows(source: str, about: Account, loss: str | None) -> DataRows:
    about.complete(kind=KINDS.get(Path(source).suffix.lower()))
    kind = about.kind
    if kind not in KINDS.values():
        message = _("{name}: what is in it? Its ending is none of {known}; pass --kind {kinds}")
        kinds = "|".join(dict.fromkeys(KINDS.values()))
        raise ProblemError(message, name=source, known=", ".join(KINDS), kinds=kinds)
    for option, owners in BELONG.items():
        if getattr(about, option) and kind not in owners:
            message = _("{option} belongs to data of the kind {kinds}; {name} is read as {kind}")
            raise ProblemError(message, option=option, kinds=" | ".join(owners), name=source, kind=kind)
    for name in ("window", "ahead"):
        if (getattr(about, name) or 0) < 0:
            raise ProblemError(_("{name} cannot be less than {least}"), name=name, least=0)
    if about.at is not None:
        one_of("at", about.at, ("every", "last"))
    if not Path(source).exists():
        raise ParseError(_("cannot read {name}: there is no such file"), name=source)
    reading(source)
    rows: DataRows = import_module(f"rnncalc.pipeline.data.{kind}").read(source, about, loss)
    if rows.form:
        message = _("{name}: read as {form}; --encoding and --sep say otherwise")
        about.notes.append(message.format(name=source, form=_(", ").join(rows.form)))
    if not len(rows.x):
        raise ParseError(_("{name} has no data"), name=source)
    if rows.x.ndim == 2 and rows.x.shape[1] != about.inputs:
        message = _("{name}: a step has {n} numbers, where the network takes {m}")
        raise ParseError(message, name=source, n=rows.x.shape[1], m=about.inputs)
    return rows


def arranged(rows: DataRows, about: Account, whole: bool = False) -> Sequences:
    """Arrange rows as sequences: move targets ahead, keep those of the last step only, cut a series into windows.

    whole: a series stays one sequence, unless its windows have their target at the last step, after so many steps from
    the initial state; these are then counted from its end, so that the last one is whole.
    """
    x, y, offsets, series = rows.x, rows.y, rows.offsets, None
    none = -1 if y.ndim == 1 else np.nan
    ends = offsets[1:][np.diff(offsets) > 0]
    ahead = about.ahead or 0
    if ahead:
        for begin in range(0, len(y) - ahead, BLOCK):  # in place: y is ours, and may lie on disk
            until = min(begin + BLOCK, len(y) - ahead)
            y[begin:until] = y[begin + ahead : until + ahead].copy()
        release(y)
        for begin, end in zip(offsets, offsets[1:]):
            y[max(end - ahead, begin) : end] = none
    about.complete(at=rows.at)
    last, window = about.at == "last", about.window or 0
    if window and (last or not whole):
        cuts = [_windows(begin, end, window, whole) for begin, end in zip(offsets, offsets[1:])]
        series = np.concatenate([[0], np.cumsum([len(cut) for cut in cuts])]).astype(np.int64)
        offsets = np.concatenate([*cuts, offsets[-1:]]).astype(np.int64)
        ends = offsets[1:]
    if last:
        begin = 0
        for (some,) in blocks(y):  # in place, as above; an end is the row after a last one
            first, beyond = np.searchsorted(ends, [begin + 1, begin + len(some) + 1])
            at = ends[first:beyond] - 1 - begin
            kept = some[at]
            some[:] = none
            some[at] = kept
            begin += len(some)
    return Sequences(x, y, offsets, about.inputs, series)


def _windows(begin: int, end: int, window: int, from_end: bool) -> np.ndarray:
    """Return where the windows of a series begin; only the last, or counted from the end the first, may be shorter."""
    if not from_end:
        return np.arange(begin, end, window)
    return np.maximum(np.arange(end - window, begin - window, -window)[::-1], begin)
