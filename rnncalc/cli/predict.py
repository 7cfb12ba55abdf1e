"""rnncalc predict"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.forward import overflowed
from rnncalc.cli.options import Threads, result_options, share_processors, show
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from rnncalc.report.document import Document


@click.command("predict", cls=Spoken)
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option("--every", is_flag=True, help="At every step, also where the model was trained on the last.")
@click.option("--top", default=1, show_default=True, type=click.IntRange(1), help="So many classes, likeliest first.")
@click.option("--probabilities", is_flag=True, help="Those of all classes.")
@click.option("--encoding", metavar="NAME", default="", help="Of DATA; by default found by its bytes.")
@click.option("--sep", default="", help="Between DATA's columns, one character or tab; by default found.")
@click.option("--time-format", default="", help="How DATA's dates are written; default: as in training.")
@click.option("--threads", type=Threads(), help="Threads that share the sequences. Default: auto.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes that share them.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, in place of processes.")
@result_options
def command(
    model: str, data: str, every: bool, top: int, probabilities: bool, encoding: str, sep: str, time_format: str,
    threads: int | str | None, jobs: int, scheduler: str | None, **look: Any,
) -> int:  # fmt: skip
    """Predict with a trained model: DATA is read as the data that it was trained on.

    \b
    rnncalc predict model.safetensors tomorrow.csv
    rnncalc predict model.safetensors tomorrow.csv -o answers.csv
    rnncalc predict names.safetensors new.jsonl --top 3
    rnncalc predict model.safetensors many.csv --jobs 4 -o answers.csv

    \b
    No bit of a prediction depends on the threads, the processes or the cluster.
    """
    # imported here, so that help comes without them
    from rnncalc.cli.scheduler import cluster
    from rnncalc.common.workers import Workers
    from rnncalc.network.weights import weight_formats
    from rnncalc.pipeline import predict as prediction

    share_processors(threads or (1 if scheduler else None), jobs)
    read = weight_formats.read(model)
    form = {"encoding": encoding, "sep": sep, "time_format": time_format}
    notes, form = list(read.notes), {name: value for name, value in form.items() if value}
    with (
        cluster(scheduler, keeps=False) if scheduler else Workers(jobs, "spawn") if jobs > 1 else nullcontext()
    ) as executor:  # fmt: skip
        records = list(
            prediction.predict(
                read, data, every, top=top, probabilities=probabilities, notes=notes, executor=executor, **form
            )
        )
    document = _document(records, read.data)
    document.notes.extend(notes)
    show(document, **look)
    return overflowed(None, document.data)


def _document(records: list[dict[str, Any]], about: dict[str, Any]) -> Document:
    """A row for each prediction; for people under words of their language, for programs under fixed names.

    In tables the id stands for the number of the sequence, the time for that of the step, and the class stands under
    the name of its column, with how many steps later it is.
    """
    from rnncalc.pipeline.data_description import DataDescription
    from rnncalc.report.document import Document, Grid

    words = {"sequence": _("sequence"), "step": _("step"), "class": _("class"), "probability": _("probability")}
    names = tuple(records[0]) if records else ("sequence", "step")
    heads = [str(about.get("id") or "sequence"), str(about.get("time") or "step")]
    heads = [name if name in names else usual for name, usual in zip(heads, ("sequence", "step"))]
    names = (*heads, *(name for name in names if name not in (*heads, "sequence", "step")))
    target = ((about.get("kind") == "table" and DataDescription.of(about).foretold()) or ["class"])[0]
    keys = tuple(target + name[5:] if name.startswith("class") and about.get("classes") else name for name in names)
    rows = tuple(
        tuple(str(value) if isinstance(value := record[name], int) else value for name in names) for record in records
    )
    numeric = frozenset(n for row in rows[:100] for n, value in enumerate(row) if isinstance(value, float))
    return Document([Grid(tuple(words.get(key, key) for key in keys), rows, keys, numeric)], {"predictions": records})
