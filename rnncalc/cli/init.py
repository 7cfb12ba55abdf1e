"""rnncalc init"""

from __future__ import annotations

import json

import click

from rnncalc.cli.options import language_option
from rnncalc.cli.spoken import Output, Spoken, spoken
from rnncalc.common.files import write
from rnncalc.common.i18n import _
from rnncalc.errors import RnncalcError


@click.command("init", cls=Spoken)
@click.argument("cell", metavar="CELL", default="lstm")
@click.option("--init", "name", default="torch", show_default=True, help="torch, keras, xavier, orthogonal, identity.")
@click.option("--inputs", default=2, show_default=True, help="D")
@click.option("--hidden", default=3, show_default=True, help="H")
@click.option("--outputs", type=int, help="O; a read-out V, c on top.")
@click.option("--forget-bias", type=float, help="b_f of an LSTM, in place of the scheme's.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "-o",
    "--output-file",
    "output",
    type=Output((".json",), chosen=False),
    metavar="FILE",
    help="Write a problem file (JSON) with these weights.",
)
@language_option
def command(
    cell: str, name: str, inputs: int, hidden: int, outputs: int | None, forget_bias: float | None, seed: int,
    output: str | None,
) -> None:  # fmt: skip
    """Initialise a cell's weights by a named scheme, and explain all schemes.

    \b
    rnncalc init lstm --init orthogonal --inputs 4 --hidden 8 -o problem.json
    rnncalc init elman --init identity
    """
    import numpy as np

    from rnncalc.model.cells import CELLS
    from rnncalc.network.weights import initialise

    if cell not in CELLS:
        raise RnncalcError(_("no cell is called “{cell}”; there are {known}"), cell=cell, known=", ".join(CELLS))
    if inputs < 1 or hidden < 1 or (outputs is not None and outputs < 1):
        raise RnncalcError(_("inputs, hidden and outputs are 1 or more"))
    sizes = {"D": inputs, "H": hidden, "O": outputs or 1}
    rng = np.random.default_rng([seed, 2])
    chosen = CELLS[cell].switch(activation="relu") if (cell, name) == ("elman", "identity") else CELLS[cell]
    arrays = initialise.arrays(chosen, sizes, rng, name, forget_bias)
    if outputs and not chosen.owns_read_out:
        draw = initialise.scheme(name).draw
        arrays |= {"V": draw(rng, "input", (outputs, hidden), hidden), "c": draw(rng, "bias", (outputs,), hidden)}
    keys = {"cell": cell, **chosen.switched, **{key: array.tolist() for key, array in arrays.items()}}
    if output is not None:
        write(output, json.dumps(keys, indent=1) + "\n")
        return
    for known, scheme in initialise.SCHEMES.items():
        click.echo(f"{'*' if known == name else ' '} {known}: {spoken(scheme.text)}\n      {scheme.source}")
    click.echo()
    for key, array in arrays.items():
        rows = np.array2string(
            np.atleast_2d(array), precision=4, suppress_small=True, threshold=200, max_line_width=110
        )
        click.echo(f"{key} {array.shape}\n{rows}")
