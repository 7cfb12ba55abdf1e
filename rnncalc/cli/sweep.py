"""rnncalc sweep"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import click

from rnncalc.cli.options import (
    format_of,
    fragment_option,
    language_option,
    output_option,
    refuse_fragment,
    report_option,
    share_processors,
    write_report,
)
from rnncalc.cli.train import given, training_options
from rnncalc.cli.translated_commands import Spoken
from rnncalc.common.i18n import _

FILES = ("data", "test", "continue_from")  # options that name files


@click.command("sweep", cls=Spoken)
@click.option("--space", required=True, metavar="FILE", help='TOML or JSON: {"lr": [0.01, 0.001], "hidden": [16, 32]}.')
@click.option("--random", "count", type=click.IntRange(1), help="Draw so many combinations instead of taking all.")
@click.option("--example", metavar="NAME", help="Sweep over a shipped run.")
@click.option("--config", metavar="FILE", help="Options that all runs share, from a TOML or JSON file.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786, in place of processes.")
@output_option(
    "kept", default="sweep.jsonl", show_default=True,
    help="Results, a line each; runs that are in it are not done again.",
)  # fmt: skip
@click.option("--format", "format_", type=click.Choice(["plain", "json"]), default="plain")
@report_option(help="Write the table too: .html, .docx, .md, .tex, .csv.")
@fragment_option
@training_options
@language_option
def command(
    space: str, count: int | None, example: str | None, config: str | None, jobs: int, scheduler: str | None, kept: str,
    format_: str, report: str | None, fragment: bool, threads: int | str | None, **options: Any,
) -> None:  # fmt: skip
    """Sweep over hyper-parameters: a grid, or a random search; a table sorted by validation loss.

    \b
    rnncalc sweep --space space.json --data weather.csv --target temp --val 0.2
    rnncalc sweep --space space.json --random 20 --example digits --val 0.1

    \b
    A space: {"lr": {"low": 1e-4, "high": 1e-1, "log": true}, "hidden": [16, 32]}
    """
    from rnncalc.cli.scheduler import cluster
    from rnncalc.common import files
    from rnncalc.common.workers import Workers
    from rnncalc.pipeline import sweep

    refuse_fragment(fragment, format_of(report))
    share_processors(threads, jobs)
    model = f"{kept.removesuffix('.jsonl')}.safetensors"
    files.writable(model)
    shared, ranges = given(options, config, example), _space(space)
    drawn = sweep.grid(ranges) if count is None else sweep.drawn(ranges, count, shared.get("seed", 0))
    trials = [{**shared, **trial} for trial in drawn]
    with files.claimed(model):
        for source in {str(trial[name]) for trial in trials for name in FILES if trial.get(name)}:
            files.reading(source)

    def watch(result: dict[str, Any], done: int, every: int) -> None:
        click.echo(f"{done}/{every}  {float(result['val_loss']):.6g}  {_chosen(result, ranges)}", err=True)

    with sweep.Results(kept) as journal, cluster(scheduler) if scheduler else Workers(jobs, "spawn") as executor:
        results = sweep.sweep(trials, executor, journal, watch, partial(_keep, model))
    shown = [journal.entry("", result) for result in results]
    _show(shown, ranges, format_)
    _say_best(results, model)
    if report is not None:
        from rnncalc.report import training

        write_report(report, training.sweep(shown, list(ranges)), fragment)
    if journal.trouble:
        raise files.WriteError(journal.trouble)


def _keep(name: str, model: bytes) -> None:
    """Keep the best model so far, in the place of the one before; what is no model of ours is put aside."""
    from rnncalc.common import files
    from rnncalc.network.weights.model_file import ours

    if not ours(name):
        files.put_aside(name)
    files.write(name, model)


def _say_best(results: list[dict[str, Any]], model: str) -> None:
    """Say where the best model lies, and which command makes it again."""
    from rnncalc.network.weights.model_file import ours
    from rnncalc.pipeline import recipe

    if results and "error" not in results[0]:
        if ours(model):
            click.echo(_("the best model: {name}").format(name=model), err=True)
        click.echo("$ " + recipe.command(results[0]["options"], model), err=True)


def _show(results: list[dict[str, Any]], ranges: dict[str, Any], format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(results, indent=1))
        return
    from rnncalc.report.render import render
    from rnncalc.report.training import sweep

    click.echo(render(sweep(results, list(ranges)), "plain"), nl=False)


def _chosen(result: dict[str, Any], ranges: dict[str, Any]) -> str:
    return " ".join(f"{name}={result['options'].get(name)}" for name in ranges)


def _space(name: str) -> dict[str, Any]:
    """Option → values, from a file."""
    from rnncalc.common.suggest import hint
    from rnncalc.errors import ProblemError
    from rnncalc.pipeline import recipe
    from rnncalc.pipeline.options import KINDS

    space = recipe.content(name)
    for option in space:
        if option not in KINDS:
            message = _("{where}: there is no option “{name}”: {hint}")
            raise ProblemError(message, where=name, name=option, hint=hint(option, KINDS))
    return space
