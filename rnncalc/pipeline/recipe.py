"""A training run as options by name, the same in configuration files and on the command line; and what they make."""

from __future__ import annotations

import shlex
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.common.spool import blocks
from rnncalc.common.suggest import hint
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.losses import LOSSES, usual_loss, usual_output
from rnncalc.network.gradients import gradient_notes
from rnncalc.network.network import Network
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.network.weights import schema
from rnncalc.network.weights.initialise import random_network
from rnncalc.pipeline import class_weights, data
from rnncalc.pipeline.data.frame import is_frame
from rnncalc.pipeline.data.remarks import defaults, remarks
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.examples import EXAMPLES
from rnncalc.pipeline.options import KINDS, LEAST, MOST, NETWORK, SETTINGS, among, without_effect
from rnncalc.problems.keys import called
from rnncalc.problems.parse import files

PREFIX = "example:"
SCORES = 1 << 28  # bytes of the scores of a whole sequence, beyond which it is learnt in blocks
CHUNK = 100  # steps of these


@dataclass
class Run:
    """Everything that a run needs: options, data with its description and notes on it, the network, the trainer."""

    options: dict[str, Any]
    about: DataDescription
    network: Network
    trainer: Trainer
    test: Sequences | None
    notes: list[str] = field(default_factory=list)

    @cached_property
    def fingerprint(self) -> int:
        """A checksum of the data, by which a resumed run knows that it is still the same."""
        checksum = 0
        for part in (self.trainer.data, self.trainer.validation):
            for array in (part.x, part.y, part.offsets, part.weights) if part else ():
                for (some,) in blocks(array) if array is not None else ():
                    checksum = zlib.crc32(np.ascontiguousarray(some), checksum)  # type: ignore[arg-type]
        return checksum


def from_file(name: str) -> dict[str, Any]:
    """Read options from a TOML or JSON file. Raises ParseError, ProblemError."""
    return checked(content(name), name)


def content(name: str) -> dict[str, Any]:
    """Read a TOML or JSON file as values by name. Raises ParseError."""
    text = files.content(name)
    try:
        options = strict_json.plain(text) if name.lower().endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = _("it is nested too deeply") if isinstance(error, RecursionError) else error
        raise ParseError(_("cannot read {name}: {reason}"), name=name, reason=reason) from None
    if not isinstance(options, dict):
        raise ParseError(_("{name}: options by name were expected"), name=name)
    return {key.replace("-", "_"): value for key, value in options.items()}


def checked(options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the options, each of its kind. Raises ProblemError for an unknown name or a value of another kind."""
    for name in options:
        if name not in KINDS:
            message = _("{where}: there is no option “{name}”: {hint}")
            raise ProblemError(message, where=where, name=name, hint=hint(name, KINDS))
    values = dict(options)
    for name, value in options.items():
        kind = KINDS[name]
        small = not isinstance(value, int) or abs(value) < 1 << 60  # what NumPy can count
        good = isinstance(value, kind) and small and not (isinstance(value, bool) and kind is not bool)
        if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1000:
            values[name], good = float(value), True
        if kind is str and name in ("input", "target") and isinstance(value, list):
            values[name], good = ",".join(map(str, value)), True
        if name == "class_weight" and isinstance(value, dict):
            values[name], good = ",".join(f"{label}={weight}" for label, weight in value.items()), True
        if not good:
            message = _("{where}: {name} must be {kind}, not {value}")
            raise ProblemError(message, where=where, name=name, kind=_word(kind), value=repr(value))
        if kind is int and not (least := LEAST.get(name, 0)) <= value <= MOST:
            message = _("{where}: {name} must be {least} to {most}, not {value}")
            raise ProblemError(message, where=where, name=name, least=least, most=MOST, value=value)
    return values


def _word(kind: type) -> str:
    """Return what people call a kind of value."""
    return {int: _("a whole number"), float: _("a number"), str: _("a text"), bool: _("true or false")}[kind]


def example(name: str) -> dict[str, Any]:
    """Return the options of a shipped example. Raises ProblemError."""
    if name not in EXAMPLES:
        raise ProblemError(_("there is no example “{name}”; there are {known}"), name=name, known=", ".join(EXAMPLES))
    return {"data": PREFIX + name, **EXAMPLES[name].options}


def command(options: Mapping[str, Any], output: str) -> str:
    """Return the command that these options stand for."""
    words = ["rnncalc", "train"]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True or value is False:
            words.append(option if value else "--no-" + option[2:])
        else:
            words += [option, str(value).removesuffix(".0") if isinstance(value, float) else str(value)]
    return shlex.join([*words, "-o", output])


def prepare(options: Mapping[str, Any]) -> Run:
    """Read the data and make the network and its trainer. Raises ParseError, ProblemError, ShapeError.

    options: by name; `data` and `test` may be frames, which a model's settings do not keep.
    """
    earlier = _earlier(options) if options.get("continue_from") else None
    if earlier:
        same = ("data", "encoding", "sep") if options.get("data") is None else ()
        options = {**among(("loss", *same), earlier.settings), **options}
    if options.get("loss"):
        options = {**options, "loss": called("loss", options["loss"], LOSSES)}
    if options.get("data") is None:
        raise ProblemError(_("what is there to learn from? Pass --data FILE, or --example NAME"))
    about, train, test, loss = _read(options, earlier)
    if test is not None and not test.targets:
        raise ProblemError(_("{name}: there is not one target to be judged on"), name=options.get("test"))
    direction, summary = options.get("direction") or "forward", _summary(options, about)
    if earlier:
        direction, summary = earlier.network.layers[-1].direction, earlier.network.summary
    notes = about.notes + remarks(about, bool(options.get("input")), direction, summary)
    if test is not None and test.tokens and (unknown := sum(int((some < 0).sum()) for (some,) in blocks(test.x))):
        message = _(
            "test: {n} tokens did not occur in training: as inputs they are zeros, as targets they do not count"
        )
        notes.append(message.format(n=unknown))
    seed = options.get("seed", 0)
    train, validation = train.split(float(options.get("val") or 0), seed)
    output = options.get("output") or usual_output(loss)
    fitted, held, tested = data.fitted(train, [validation, test], about, loss, output)
    if about.class_weight and fitted:
        weights = class_weights.by_name(about, fitted)
        notes += class_weights.notes(about, weights)
        fitted, held, tested = (part and part.by_class(weights) for part in (fitted, held, tested))
    assert fitted is not None
    notes += [] if earlier else defaults(about, options)
    if options.get("embed") and not fitted.tokens:
        raise ProblemError(_("--embed is of tokens: of a text, or of lines of them"))
    if earlier:
        net = earlier.network
        schema.check_data(about.known(), net.sizes["D"], net.sizes["O"])
    else:
        chosen = {
            "cell": "lstm",
            "hidden": 32,
            "output": output,
            **among(NETWORK, options),
            "summary": summary,
        }
        net = random_network(inputs=about.inputs, outputs=about.outputs, seed=seed, **chosen)
    notes += gradient_notes(net.layers, net.read_out)
    for name, owner in without_effect(options):
        message = _("--{name} has no effect here: it belongs to {owner}")
        notes.append(message.format(name=name.replace("_", "-"), owner=owner))
    settings = Settings(**{**among(SETTINGS, options), "loss": loss})
    if _is_long_stream(fitted, settings, net):
        message = _("the text is one sequence of {n} steps and is learnt in blocks of {chunk}: --chunk says otherwise")
        notes.append(message.format(n=len(fitted.x), chunk=CHUNK))
        settings = replace(settings, chunk=CHUNK)
    kept = {name: value for name, value in options.items() if not is_frame(value)}
    return Run(kept, about, net, Trainer(net, fitted, settings, held), tested, notes)


def _summary(options: Mapping[str, Any], about: DataDescription) -> str:
    """Return what the read-out is to see: unless it is said, the states that both directions end with where a sequence
    has one target. Raises ProblemError.
    """
    said = options.get("summary")
    if about.at != "last":
        if said not in (None, "last"):
            raise ProblemError(_("--summary is of sequences that have one target, at their last step: --at last"))
        return "last"
    return said or ("last" if options.get("direction") in (None, "forward") else "final")


def _is_long_stream(train: Sequences, settings: Settings, net: Network) -> bool:
    """Tell whether one sequence of tokens would have its scores of all steps at once, and more than fit."""
    size = len(train.x) * net.sizes["O"] * net.dtype.itemsize
    whole = len(train) == 1 and train.tokens and len(train.x) >= settings.batch
    return whole and not settings.chunk and not settings.truncate and size > SCORES


def _earlier(options: Mapping[str, Any]) -> models.Model:
    """Read the model that is trained on. Raises ProblemError for options that its network has settled."""
    settled = [name for name in NETWORK if name != "engine" and options.get(name) is not None]
    if settled:
        message = _("{name} is as the model has it, whose training goes on: leave it out")
        raise ProblemError(message, name="--" + settled[0].replace("_", "-"))
    return models.load(str(options["continue_from"]), options.get("engine") or "auto")


def _read(
    options: Mapping[str, Any], earlier: models.Model | None
) -> tuple[DataDescription, Sequences, Sequences | None, str]:  # fmt: skip
    """Read the data: its description, what to learn from, what to be tested on, and the loss."""
    known = DataDescription.of_model(earlier).known() if earlier else {}
    known.pop("targets", None)
    about = DataDescription.of({**known, **{name: value for name, value in options.items() if value is not None}})
    source, loss = options["data"], options.get("loss")
    source = source if is_frame(source) else str(source)
    if isinstance(source, str) and source.startswith(PREFIX):
        name = source.removeprefix(PREFIX)
        example(name)
        from rnncalc.pipeline.examples.makers import MAKERS

        train, unseen, made = MAKERS[name]()
        about = replace(made, **about.known())
        return about, train, unseen, loss or usual_loss(bool(about.classes))
    train, loss = data.read(source, about, loss)
    test = options.get("test")
    test = None if test is None else data.read_again(test if is_frame(test) else str(test), about)
    return about, train, test, loss
