"""rnncalc plot"""

from __future__ import annotations

import click

from rnncalc.cli.options import language_option
from rnncalc.cli.spoken import Output, Spoken


@click.command("plot", cls=Spoken)
@click.argument("kind", type=click.Choice(["loss", "states", "gates", "flow"]))
@click.argument("model", metavar="MODEL")
@click.option("--data", metavar="FILE", help="Data like that of training; one sequence of it is shown.")
@click.option("--sequence", default=1, show_default=True, help="Which one.")
@click.option(
    "-o", "--output-file", "output", type=Output(), metavar="FILE", required=True, help="PNG or SVG, by its ending."
)
@language_option
def command(kind: str, model: str, data: str | None, sequence: int, output: str) -> None:
    """Plot a model: its loss, hidden states and gates over time, or how far back gradients flow.

    \b
    rnncalc plot loss model.safetensors -o loss.png
    rnncalc plot gates model.safetensors --data weather.csv -o gates.svg
    """
    from rnncalc.network.weights import model_file as models
    from rnncalc.pipeline import plots

    plots.plot(kind, models.load(model), output, data, sequence)
