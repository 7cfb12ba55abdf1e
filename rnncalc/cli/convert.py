"""rnncalc convert"""

from __future__ import annotations

from typing import Any

import click

from rnncalc.cli.options import language_option, left_open, weights_options
from rnncalc.cli.translated_commands import OutputFile, Spoken, remark


@click.command("convert", cls=Spoken)
@click.argument("source", metavar="FILE")
@click.argument("target", metavar="NEW", type=OutputFile())
@click.option("--to", "format_", metavar="NAME", help="torch, keras, onnx, npz, rnncalc.  [default: by the ending]")
@weights_options
@language_option
def command(source: str, target: str, format_: str | None, **options: Any) -> None:
    """Convert weights from one library's file to another's.

    \b
    rnncalc convert lstm.safetensors lstm.onnx
    rnncalc convert rnn.safetensors rnn.onnx --activation relu --readout fc
    rnncalc convert model.keras weights.safetensors --to torch
    """
    from rnncalc.network.weights import weight_formats

    model = weight_formats.read(source, **left_open(options))
    notes = weight_formats.write(model.network, target, format_)
    for note in [*model.notes, *notes]:
        remark(note)
