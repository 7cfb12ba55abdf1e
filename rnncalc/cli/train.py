"""rnncalc train"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from rnncalc.cli.options import (
    Threads,
    format_of,
    fragment_option,
    language_option,
    output_option,
    refuse_fragment,
    report_option,
    share_processors,
    write_report,
)
from rnncalc.cli.results import reached, summary, tell
from rnncalc.cli.translated_commands import Spoken, complain, remark
from rnncalc.common.files import WriteError
from rnncalc.common.i18n import _
from rnncalc.pipeline.options import KINDS

OVERFLOWED, INTERRUPTED = 3, 130
FEW = 4  # steps of an epoch, below which somebody should know
OPTIONS = {  # option → its help, and the words that it takes where they are few
    "data": "CSV, TSV, Parquet, NPZ, NPY, JSON lines or text; or example:NAME.",
    "test": "A second file, unseen in training, to be judged on.",
    "val": "Share put aside for validation, whose best weights are kept: sequences drawn by the seed; the end of each "
    "series that is cut into windows, or of one sequence.",
    "continue_from": "A trained model to begin with, in place of random weights; data is read as it says.",
    "kind": (["table", "arrays", "lines", "text"], "What DATA is; default: by its ending."),
    "input": "Columns, an array, or a key: the inputs. Default: all columns but the others; x.",
    "target": "Columns, an array, or a key: the targets. Default: y.",
    "weight": "Column, array or key: what each target counts in the loss; 0: as if there were none.",
    "class_weight": "What the targets of each class count: balanced, or A=2,B=0.5; the others count 1.",
    "id": "Column that tells sequences apart (long format).",
    "time": "Column that orders a sequence's steps.",
    "time_format": "How its dates are written, such as %d/%m/%Y; ISO dates and numbers need none.",
    "missing": (["error", "forward", "mean", "mask"], "What stands for a missing input; mask: mean and indicator."),
    "tokens": (["chars", "words"], "Steps of a text."),
    "by": (["stream", "line"], "A text as one stream, or each line a sequence."),
    "encoding": "Of a text or table: utf-8, utf-16, gb18030, cp1252 …; by default found by its bytes.",
    "sep": "What stands between a table's columns, one character or tab; by default found in its first rows.",
    "window": "Cut sequences into windows of so many steps.",
    "stride": "Steps from the beginning of one window to that of the next. Default: the window.",
    "ahead": "The target is that of so many steps later, and its past an input.",
    "horizon": "Foretell so many steps at once, from --ahead on.",
    "scale": (["none", "inputs", "both"], "Standardise inputs, and targets that are numbers; default: both."),
    "at": (["every", "last"], "Targets at every step, or at a sequence's last."),
    "cell": "elman, jordan, lstm, gru, gru_after, i2h_i2o. Default lstm.",
    "hidden": "Units of a layer. Default 32.",
    "layers": "Layers. Default 1.",
    "embed": "Of tokens: the width of an embedding below the layers. Default: none.",
    "direction": (["forward", "backward", "both"], "Default forward."),
    "merge": (["concat", "sum", "ave", "mul"], "Of both directions. Default concat."),
    "summary": (
        ["last", "final", "mean", "max"],
        "What one target a sequence is read from: the last step, both directions' final states, or all steps. "
        "Default: final, which is last where all runs forward.",
    ),
    "activation": (
        ["tanh", "relu", "sigmoid", "identity", "elu", "leaky_relu", "softplus", "softsign", "hard_sigmoid",
         "hard_sigmoid_02", "hard_tanh", "step"],
        "Of elman and jordan.",
    ),
    "output": (["identity", "softmax", "log_softmax", "sigmoid", "tanh", "relu"], "Default: by the loss."),
    "init": "torch, keras, xavier, orthogonal, identity. Default torch; see rnncalc init.",
    "forget_bias": "An LSTM's b_f to begin with.",
    "dtype": (["float32", "float64"], "Default float32."),
    "engine": (["auto", "numba", "equations"], "Default auto: numba where it is installed."),
    "loss": "cross_entropy, binary_cross_entropy, mean_squared_error, mean_absolute_error, … Default: by the targets.",
    "epochs": "Default 20.",
    "batch": "Sequences of a batch, or streams side by side. Default 32.",
    "chunk": "Truncated BPTT in blocks of so many steps; a stream's state is carried on.",
    "truncate": "Truncated BPTT: a step's loss reaches the so many latest steps.",
    "optimizer": "sgd, momentum, nesterov, rmsprop, adam, adamw. Default adam.",
    "lr": "Default: PyTorch's for the optimizer.",
    "momentum": "", "alpha": "", "beta1": "", "beta2": "", "eps": "",
    "weight_decay": "",
    "schedule": (["constant", "step", "exponential", "cosine", "plateau"], "Of the learning rate."),
    "gamma": "Factor of step, exponential and plateau. Default 0.1.",
    "every": "Epochs of step and plateau. Default 10.",
    "warmup": "Epochs of a straight rise before.",
    "clip_norm": "Longest gradient, all parameters together.",
    "clip_value": "Largest entry of a gradient, after that.",
    "patience": "Stop after so many epochs without a better validation loss; needs --val.",
    "dropout": "Share of what each layer hands up, to the next or to the read-out, that is left out. Default 0.",
    "input_dropout": "The same of the inputs, of tokens after their embedding. Default 0.",
    "dropout_mask": (["sequence", "step"], "What has a mask of its own. Default sequence."),
    "seed": "Default 0. One seed, one result, bit for bit.",
}  # fmt: skip

SWITCHES = {
    "past": "With --ahead, whether the target's past is an input. Default: yes, if no inputs are named.",
    "shuffle": "Another order each epoch. Default: yes. Without, the order of the data; of sequences that differ in "
    "length, 32 batches at a time go the longest first.",
}


def training_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Every option of a run, without defaults: what was not given is not there."""
    for name, entry in reversed(OPTIONS.items()):
        words, text = entry if isinstance(entry, tuple) else (None, entry)
        kind = click.Choice(words) if words else KINDS[name]
        function = click.option("--" + name.replace("_", "-"), name, type=kind, help=text)(function)
    for name, text in reversed(SWITCHES.items()):
        function = click.option(f"--{name}/--no-{name}", default=None, help=text)(function)
    return click.option(
        "--threads",
        type=Threads(),
        help="Threads that share a batch; no bit of the result depends on it. Default: auto.",
    )(function)


def given(options: dict[str, Any], config: str | None, example: str | None) -> dict[str, Any]:
    """The example's options, the file's over them, the command's over those."""
    from rnncalc.pipeline import recipe

    chosen = recipe.example(example) if example else {}
    chosen |= recipe.from_file(config) if config else {}
    return chosen | {name: value for name, value in options.items() if value is not None}


@click.command("train", cls=Spoken)
@click.option("--example", metavar="NAME", help="A shipped run: binary-addition, sin-cos, digits, quatrains, …")
@click.option("--config", metavar="FILE", help="Options from a TOML or JSON file; those given here go first.")
@output_option(
    "model", known=(".safetensors",), announced=False, chosen=False, metavar="MODEL",
    help="Where the model goes: model.safetensors.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside MODEL.")
@click.option("--checkpoint", default=30.0, show_default=True, help="Seconds between two checkpoints.")
@click.option("--format", "format_", type=click.Choice(["plain", "json"]), default="plain", help="Of what it says.")
@click.option("--quiet", is_flag=True, help="Only the result.")
@report_option(help="Write the result too, with the loss as a curve: .html, .docx, .md, .tex, .csv.")
@fragment_option
@training_options
@language_option
def command(
    example: str | None, config: str | None, model: str | None, resume: bool, checkpoint: float, format_: str,
    quiet: bool, report: str | None, fragment: bool, threads: int | str | None, **options: Any,
) -> int:  # fmt: skip
    """Train a network: from data to a saved model.

    \b
    rnncalc train --data weather.csv --input temp,wind --target temp --ahead 1 \\
                  --window 50 --batch 4 --hidden 32 --val 0.2 -o model.safetensors
    rnncalc train --example sin-cos -o model.safetensors
    rnncalc train --resume -o model.safetensors

    \b
    Ctrl-C saves a checkpoint; the run goes on with --resume, to the same bits.
    """
    from rnncalc.cli.watching import InterruptedRunError, Watch
    from rnncalc.common import files
    from rnncalc.network.training.run_state import DivergedError
    from rnncalc.pipeline import checkpoint as checkpoints
    from rnncalc.pipeline import recipe
    from rnncalc.pipeline import run as runs

    refuse_fragment(fragment, format_of(report))
    share_processors(threads)
    model = model or ("model.safetensors" if not example else f"{example}.safetensors")
    files.writable(model)
    with files.claimed(model, checkpoints.path_of(model)):
        chosen = given(options, config, example)
        if resume:
            run = checkpoints.resume(model, {name: value for name, value in options.items() if value is not None})
        else:
            if example and not quiet:
                click.echo("$ " + recipe.command(chosen, model), err=True)
            run = recipe.prepare(recipe.checked(chosen, _("options")))
    if not resume and (aside := checkpoints.put_aside(model)):
        remark(_("a run was never finished here; its checkpoint is now {name}").format(name=aside))
    for note in run.notes:
        remark(note)
    settings, began = run.trainer.settings, time.monotonic()
    batches = run.trainer.data.batches(settings.batch, settings.chunk)
    if batches < FEW and not quiet:
        click.echo(_few(batches, len(run.trainer.data), settings.batch), err=True)

    def warn(error: WriteError) -> None:
        click.echo(_("warning: {error}; the run goes on").format(error=error), err=True)

    watch = Watch(settings.epochs, batches, quiet)
    try:
        with watch:
            runs.carry_out(run, model, checkpoint, watch, warn)
    except InterruptedRunError:
        checkpoints.pause(run, model)
        click.echo(_("Saved. Go on with: rnncalc train --resume -o {model}").format(model=model), err=True)
        return INTERRUPTED
    except DivergedError as error:
        complain(error)
        runs.save(run, model)
        return OVERFLOWED
    seconds = time.monotonic() - began
    if report is not None:
        write_report(report, summary(run, model), fragment)
    if format_ == "json":
        progress = run.trainer.progress
        result = {"model": model, "seconds": seconds, "steps": progress.steps, "history": progress.history}
        result["notes"] = run.notes
        click.echo(json.dumps({**result, **reached(run)}, indent=1))
        return 0
    tell(run, model, seconds, curve=not quiet and sys.stdout.isatty())
    return 0


def _few(batches: int, sequences: int, batch: int) -> str:
    """A network learns a little in each step: who takes few should know why."""
    message = _("note: an epoch is {n} step(s): {sequences} sequence(s), {batch} together. More steps: {how}")
    how = "--window 50, --chunk 50 --batch 8" if sequences == 1 else "--batch, --window, --epochs"
    return message.format(n=batches, sequences=sequences, batch=batch, how=how)
