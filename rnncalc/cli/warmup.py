"""rnncalc warmup"""

from __future__ import annotations

import time

import click

from rnncalc.cli.options import language_option
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import _

USUAL = ("elman", "lstm", "gru", "gru_after")


@click.command("warmup", cls=Spoken)
@click.option(
    "--cell", "cells", multiple=True, metavar="NAME", help="A cell; may be given again. Default: the usual four."
)
@click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True)
@click.option("--train", is_flag=True, help="Also what training needs.")
@language_option
def command(cells: tuple[str, ...], dtype: str, train: bool) -> None:
    """Compile beforehand what the compiled engine needs, so that no first call waits for it.

    It is kept on disk for this machine, this version and this user (RNNCALC_CACHE_DIR says where).

    \b
    rnncalc warmup
    rnncalc warmup --cell lstm --dtype float32 --train
    """
    from rnncalc.network import warmup as warming

    for name in dict.fromkeys(cells or USUAL):
        began = time.perf_counter()
        warming.warm(name, dtype)
        if train:
            warming.warm_training(name, dtype)
        click.echo(
            _("{cell}, {dtype}: {seconds} s").format(
                cell=name, dtype=dtype, seconds=f"{time.perf_counter() - began:.1f}"
            )
        )
    folder, reasons = warming.kept()
    for reason in reasons:
        click.echo(_("kernels are not kept there: {reason}").format(reason=reason))
    click.echo(
        _("kept in {folder}").format(folder=folder)
        if folder
        else _("nothing is kept: set RNNCALC_CACHE_DIR to a folder that only you can write to")
    )
