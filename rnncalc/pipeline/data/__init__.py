"""Data on the way in: a file becomes sequences, and a description of how it was read, so that the next is read alike.

One kind of file, one module with `read(source, about, loss) -> DataRows`. The description (`about`, kept in the model)
holds the columns, the vocabulary, the labels of classes and the scaling. What it does not say yet, reading finds out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from rnncalc.common.compressed import ending
from rnncalc.common.files import reading
from rnncalc.common.i18n import _
from rnncalc.common.suggest import one_of
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.losses import usual_loss
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.schema import MISSING
from rnncalc.pipeline.data import scaling
from rnncalc.pipeline.data.frame import Frame
from rnncalc.pipeline.data.gaps import fill, filled
from rnncalc.pipeline.data.rows import DataRows
from rnncalc.pipeline.data.windows import arranged
from rnncalc.pipeline.data_description import DataDescription

KINDS = {  # ending → module, and what it reads
    ".csv": "table", ".tsv": "table", ".parquet": "table", ".pq": "table", ".npz": "arrays", ".npy": "arrays",
    ".jsonl": "lines", ".ndjson": "lines",
    ".txt": "text", ".text": "text",
}  # fmt: skip
EXCEL = (".xlsx", ".xlsm", ".xls", ".ods")
BELONG = {
    "id": ("table",),
    "time": ("table",),
    "weight": ("table", "arrays", "lines"),
    "by": ("text",),
    "tokens": ("text", "lines"),
    "sep": ("table",),
    "time_format": ("table",),
    "missing": ("table", "arrays"),
    "encoding": ("table", "lines", "text"),
}  # option → kinds of data


def read(source: str | Frame, about: DataDescription, loss: str | None = None) -> tuple[Sequences, str]:
    """Read sequences to train on, and the loss of their targets; complete `about` in place, but for scaling.

    source: a path, or a frame. Raises ParseError (file, line, column), ProblemError.
    """
    rows = _rows(source, about, loss)
    if about.targets is False:
        raise ProblemError(_("{name}: which column is the target? Pass --target"), name=source)
    if loss is None:
        loss = usual_loss(bool(about.classes))
    sequences, _times = arranged(rows, about)
    if sequences.y.ndim == 2:
        about.outputs = sequences.y.shape[1]
    return sequences, loss


def read_again(source: str | Frame, about: DataDescription) -> Sequences:
    """Read sequences, with targets or without, as the description has it: columns, vocabulary, labels and scaling."""
    return scaling.applied(arranged(_rows(source, replace(about), None), about)[0], about)


@dataclass(frozen=True)
class Inputs:
    """Sequences without targets.

    ids: of the series, if there are any; times: of the rows, as they were written; order: which row of a frame each
    is; begins: where each series begins among them.
    """

    sequences: Sequences
    ids: list[str]
    times: np.ndarray | None
    order: np.ndarray
    begins: np.ndarray


def read_inputs(source: str | Frame, about: DataDescription) -> Inputs:
    """Read what is to be predicted: see `arranged`, whole."""
    about = replace(about, predicting=True)
    rows = _rows(source, about, None)
    sequences, times = arranged(rows, about, whole=True)
    order = np.arange(len(rows.x)) if rows.order is None else rows.order
    return Inputs(scaling.applied(sequences, about), rows.ids if about.id else [], times, order, rows.offsets[:-1])


def fitted(
    train: Sequences, others: list[Sequences | None], about: DataDescription, loss: str, output: str
) -> list[Sequences | None]:
    """Standardise all of them by the mean and deviation of the first, which the description keeps.

    loss, output: of the network that learns them, which say what is standardised unless the description does.
    """
    scaling.learn(train, about, scaling.usual_scale(loss, output), loss)
    return [part and scaling.applied(part, about) for part in (train, *others)]


def _rows(data: str | Frame, about: DataDescription, loss: str | None) -> DataRows:
    known = about.inputs
    source = data if isinstance(data, str) else _("the frame")
    if isinstance(data, str) and ending(source) in EXCEL:
        raise ProblemError(_("{name} is a workbook of Excel: save its sheet as CSV, and pass that"), name=source)
    about.complete(kind=KINDS.get(ending(source)) if isinstance(data, str) else "table")
    kind = about.kind
    if kind not in KINDS.values():
        message = _("{name}: what is in it? Its ending is none of {known}; pass --kind {kinds}")
        kinds = "|".join(dict.fromkeys(KINDS.values()))
        raise ProblemError(message, name=source, known=", ".join(KINDS), kinds=kinds)
    for option, owners in BELONG.items():
        if getattr(about, option) and kind not in owners:
            message = _("{option} belongs to data of the kind {kinds}; {name} is read as {kind}")
            raise ProblemError(message, option=option, kinds=" | ".join(owners), name=source, kind=kind)
    for name in ("window", "ahead", "stride", "horizon"):
        if (getattr(about, name) or 0) < 0:
            raise ProblemError(_("{name} cannot be less than {least}"), name=name, least=0)
    if about.stride and not about.window:
        raise ProblemError(_("--stride is from one window to the next: it needs --window"))
    if about.time_format and not about.time:
        raise ProblemError(_("--time-format is of the column that --time names"))
    if about.horizon:
        about.complete(ahead=1)
    if about.missing is not None:
        one_of("missing", about.missing, MISSING)
    if about.at is not None:
        one_of("at", about.at, ("every", "last"))
    if isinstance(data, str):
        if not Path(data).exists():
            raise ParseError(_("cannot read {name}: there is no such file"), name=data)
        reading(data)
    elif kind != "table":
        raise ProblemError(_("a frame is for a model that was trained on a table; give this one arrays"))
    rows: DataRows = import_module(f"rnncalc.pipeline.data.{kind}").read(data, about, loss)
    if rows.form:
        message = _("{name}: found {form}; --encoding, --sep and --time-format say otherwise")
        about.notes.append(message.format(name=source, form=_(", ").join(rows.form)))
    rows = replace(rows, source=source)
    if filled(about):
        rows = fill(rows, about)
        about.inputs = known or rows.x.shape[1]
    if not len(rows.x):
        raise ParseError(_("{name} has no data"), name=source)
    if rows.x.ndim == 2 and rows.x.shape[1] != about.inputs:
        message = _("{name}: a step has {n} numbers, where the network takes {m}")
        raise ParseError(message, name=source, n=rows.x.shape[1], m=about.inputs)
    return rows
