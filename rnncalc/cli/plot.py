"""rnncalc plot"""

from __future__ import annotations

import re

import click

from rnncalc.cli.options import language_option, output_option
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import _


class _Size(click.ParamType):
    """Width and height: 16x9."""

    name = "size"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        try:
            width, height = map(float, re.split("[x×,]", value.lower()))
        except ValueError:
            width = height = 0.0
        if not (1 <= width <= 200 and 1 <= height <= 200):
            self.fail(_("“{value}” is no size in centimetres, such as 16x9").format(value=value), param, ctx)
        return width, height


@click.command("plot", cls=Spoken)
@click.argument("kind", type=click.Choice(["loss", "states", "gates", "flow"]))
@click.argument("model", metavar="MODEL")
@click.option("--data", metavar="FILE", help="Data like that of training; one sequence of it is shown.")
@click.option("--sequence", default=1, show_default=True, help="Which one.")
@click.option("--step", "--steps", "steps", default="", metavar="STEPS", help="Only these steps of it: 10-20, 5-last.")
@output_option(
    "output", known=(".png", ".svg", ".pdf"), chosen=False, required=True, help="PNG, SVG or PDF, by its ending."
)
@click.option("--size", type=_Size(), metavar="WxH", help="Width and height in centimetres: 16x9.")
@click.option("--dpi", type=click.IntRange(30, 1200), default=150, show_default=True, help="Dots per inch of a PNG.")
@language_option
def command(
    kind: str, model: str, data: str | None, sequence: int, steps: str, output: str,
    size: tuple[float, float] | None, dpi: int,
) -> None:  # fmt: skip
    """Plot a model: its loss, hidden states and gates over time, or how far back gradients flow.

    \b
    rnncalc plot loss model.safetensors -o loss.png
    rnncalc plot gates model.safetensors --data weather.csv --step 10-20 -o g.svg
    rnncalc plot loss model.safetensors --size 8x5 -o loss.pdf
    """
    from rnncalc.network.weights import model_file as models
    from rnncalc.pipeline import plots

    plots.plot(kind, models.load(model), output, data, sequence, size, dpi, steps)
