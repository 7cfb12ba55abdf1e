"""rnncalc predict"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click

from rnncalc.cli.options import language_option, write
from rnncalc.cli.spoken import Spoken


@click.command("predict", cls=Spoken)
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option("--every", is_flag=True, help="At every step, also where the model was trained on the last.")
@click.option("--format", "format_", type=click.Choice(["csv", "json", "plain"]), help="Default: by FILE, else plain.")
@click.option("-o", "--output-file", "output", metavar="FILE", help="Write to FILE.")
@click.option("--digits", type=click.IntRange(1, 17), default=6, show_default=True, help="Of plain output.")
@language_option
def command(model: str, data: str, every: bool, format_: str | None, output: str | None, digits: int) -> None:
    """Predict with a trained model: DATA is read as the data that it was trained on.

    \b
    rnncalc predict model.safetensors tomorrow.csv
    rnncalc predict model.safetensors tomorrow.csv -o answers.csv
    """
    from rnncalc import prediction
    from rnncalc.weights import models

    records = list(prediction.predict(models.load(model), data, every))
    if format_ is None:
        ending = Path(output).suffix.lower() if output else ""
        format_ = {".csv": "csv", ".json": "json"}.get(ending, "plain")
    text = _csv(records) if format_ == "csv" else _json(records) if format_ == "json" else _plain(records, digits)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(text, output)


def _csv(records: list[dict[str, Any]]) -> str:
    held = io.StringIO()
    writer = csv.DictWriter(held, list(records[0]) if records else ["sequence", "step"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return held.getvalue()


def _json(records: list[dict[str, Any]]) -> str:
    return json.dumps({"predictions": records}, ensure_ascii=False, indent=1) + "\n"


def _plain(records: list[dict[str, Any]], digits: int) -> str:
    rows = [
        [f"{value:.{digits}g}" if isinstance(value, float) else str(value) for value in record.values()]
        for record in records
    ]
    rows = [list(records[0]), *rows] if records else []
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "".join(f"{line}\n" for line in lines)
