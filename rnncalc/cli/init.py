"""rnncalc init"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from rnncalc.cli.options import (
    format_of,
    fragment_option,
    language_option,
    output_option,
    refuse_fragment,
    write_report,
)
from rnncalc.cli.translated_commands import Spoken, spoken
from rnncalc.common.files import write
from rnncalc.common.i18n import _
from rnncalc.errors import RnncalcError
from rnncalc.report.document_formats import ENDINGS

if TYPE_CHECKING:
    import numpy as np

    from rnncalc.report.document import Document


@click.command("init", cls=Spoken)
@click.argument("cell", metavar="CELL", default="lstm")
@click.option("--init", "name", default="torch", show_default=True, help="torch, keras, xavier, orthogonal, identity.")
@click.option("--inputs", default=2, show_default=True, help="D")
@click.option("--hidden", default=3, show_default=True, help="H")
@click.option("--outputs", type=int, help="O; a read-out V, c on top.")
@click.option("--forget-bias", type=float, help="b_f of an LSTM, in place of the scheme's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@output_option(
    "output", known=ENDINGS, chosen=False,
    help="Write a problem file (.json) with these weights, or a page about them: .html, .docx, .md, .tex.",
)  # fmt: skip
@fragment_option
@language_option
def command(
    cell: str, name: str, inputs: int, hidden: int, outputs: int | None, forget_bias: float | None, seed: int,
    output: str | None, fragment: bool,
) -> None:  # fmt: skip
    """Initialise a cell's weights by a named scheme, and explain all schemes.

    \b
    rnncalc init lstm --init orthogonal --inputs 4 --hidden 8 -o problem.json
    rnncalc init elman --init identity
    """
    import numpy as np

    from rnncalc.model.cells import CELLS
    from rnncalc.network.weights import initialise

    refuse_fragment(fragment, format_of(output))
    if cell not in CELLS:
        raise RnncalcError(_("no cell is called “{cell}”; there are {known}"), cell=cell, known=", ".join(CELLS))
    if inputs < 1 or hidden < 1 or (outputs is not None and outputs < 1):
        raise RnncalcError(_("inputs, hidden and outputs are 1 or more"))
    sizes = {"D": inputs, "H": hidden, "O": outputs or 1}
    rng = np.random.default_rng([seed, 2])
    chosen = CELLS[cell].switch(activation="relu") if (cell, name) == ("elman", "identity") else CELLS[cell]
    arrays = initialise.arrays(chosen, sizes, rng, name, forget_bias)
    if outputs and not chosen.outputs:
        draw = initialise.scheme(name).draw
        arrays |= {"V": draw(rng, "input", (outputs, hidden), hidden), "c": draw(rng, "bias", (outputs,), hidden)}
    keys = {"cell": cell, **chosen.switched, **{key: array.tolist() for key, array in arrays.items()}}
    if output is not None:
        if output.endswith(".json"):
            write(output, json.dumps(keys, indent=1) + "\n")
        else:
            write_report(output, _document(f"{cell}: {name}", arrays), fragment)
        return
    for known, scheme in initialise.SCHEMES.items():
        click.echo(f"{'*' if known == name else ' '} {known}: {spoken(scheme.text)}\n      {scheme.source}")
    click.echo()
    for key, array in arrays.items():
        rows = np.array2string(
            np.atleast_2d(array), precision=4, suppress_small=True, threshold=200, max_line_width=110
        )
        click.echo(f"{key} {array.shape}\n{rows}")


def _document(title: str, arrays: dict[str, np.ndarray]) -> Document:
    """The weights, and what the schemes are."""
    import numpy as np

    from rnncalc.network.weights import initialise
    from rnncalc.report.document import Document, Heading, Items, Matrices, Matrix

    schemes = tuple((name, f"{spoken(scheme.text)} {scheme.source}") for name, scheme in initialise.SCHEMES.items())
    weights = tuple(Matrix(key, tuple(map(tuple, np.atleast_2d(array).tolist()))) for key, array in arrays.items())
    return Document([Heading(title, 1), Matrices(weights), Heading(_("schemes"), 2), Items(schemes)], {})
