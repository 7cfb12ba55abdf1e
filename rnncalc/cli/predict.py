"""rnncalc predict"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.forward import overflowed
from rnncalc.cli.options import result_options, show
from rnncalc.cli.spoken import Spoken
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from rnncalc.report.document import Document


@click.command("predict", cls=Spoken)
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option("--every", is_flag=True, help="At every step, also where the model was trained on the last.")
@result_options
def command(model: str, data: str, every: bool, **look: Any) -> int:
    """Predict with a trained model: DATA is read as the data that it was trained on.

    \b
    rnncalc predict model.safetensors tomorrow.csv
    rnncalc predict model.safetensors tomorrow.csv -o answers.csv
    """
    from rnncalc.network.weights import weight_formats
    from rnncalc.pipeline import predict as prediction

    read = weight_formats.read(model)
    document = _document(list(prediction.predict(read, data, every)))
    document.notes.extend(read.notes)
    show(document, **look)
    return overflowed(None, document.data)


def _document(records: list[dict[str, Any]]) -> Document:
    """A row for each prediction; for people under words of their language, for programs under fixed names."""
    from rnncalc.report.document import Document, Grid

    words = {"sequence": _("sequence"), "step": _("step"), "class": _("class"), "probability": _("probability")}
    keys = tuple(records[0]) if records else ("sequence", "step")
    rows = tuple(
        tuple(str(value) if isinstance(value, int) else value for value in record.values()) for record in records
    )
    numeric = frozenset(n for n, value in enumerate(rows[0] if rows else ()) if isinstance(value, float))
    return Document([Grid(tuple(words.get(key, key) for key in keys), rows, keys, numeric)], {"predictions": records})
