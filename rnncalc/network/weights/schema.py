"""What the metadata of a model file may say: one schema, held against it before anything is built.

A schema is made of checks; a check takes a value and its place, and raises ParseError where it is another one. What no
schema names is refused: whatever is read later has been checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import DIRECTIONS
from rnncalc.model.merges import MERGES
from rnncalc.model.summaries import SUMMARIES
from rnncalc.network.training.settings import Progress

Check = Callable[[Any, str], None]
KINDS = ("table", "arrays", "lines", "text")  # of data
SCALES = ("none", "inputs", "both")  # what of the data is standardised
MISSING = ("error", "forward", "mean", "mask")  # what stands for a missing input
MOST_LAYERS, MOST_LINES = 1000, 200
LARGEST = 1 << 53  # of counts: steps, epochs, entries
HUGE = 1e300  # no mean and no deviation of data


def wrong(where: str, what: str) -> ParseError:
    """The error for a value that is no such thing."""
    return ParseError(_("{where} must be {what}"), where=where, what=what)


def kind(what: Callable[[], str], good: Callable[[Any], bool]) -> Check:
    """A value of its own, which is good or not."""

    def check(value: Any, where: str) -> None:
        if not good(value):
            raise wrong(where, what())

    return check


def whole(least: int) -> Check:
    return kind(
        lambda: _("a whole number from {least}").format(least=least),
        lambda value: type(value) is int and least <= value <= LARGEST,
    )


text = kind(lambda: _("a text"), lambda value: isinstance(value, str))
flag = kind(lambda: _("true or false"), lambda value: isinstance(value, bool))
number = kind(lambda: _("a number"), lambda value: type(value) is int or isinstance(value, float))
finite = kind(lambda: _("a finite number"), lambda value: type(value) in (int, float) and abs(value) < HUGE)
above_zero = kind(lambda: _("a number above 0"), lambda value: type(value) in (int, float) and 0 < value < HUGE)
scalar = kind(lambda: _("a text or a number"), lambda value: value is None or isinstance(value, str | int | float))
filled = kind(lambda: _("a list with an entry"), lambda value: isinstance(value, list) and len(value) > 0)


def one_of(words: Sequence[str]) -> Check:
    return kind(
        lambda: _("one of {known}").format(known=", ".join(words)),
        lambda value: isinstance(value, str) and value in words,
    )


def both(*checks: Check) -> Check:
    """One check after the other."""

    def check(value: Any, where: str) -> None:
        for each_check in checks:
            each_check(value, where)

    return check


def optional(check: Check) -> Check:
    """Null, or what the check says."""
    return lambda value, where: None if value is None else check(value, where)


def either(first: Check, second: Check) -> Check:
    """The first for what is no list, the second for lists."""
    return lambda value, where: (second if isinstance(value, list) else first)(value, where)


def each(entry: Check, most: int = LARGEST) -> Check:
    """A list of so many at most."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) > most:
            raise wrong(where, _("a list"))
        for number, item in enumerate(value, 1):
            entry(item, f"{where}[{number}]")

    return check


def by_name(entry: Check, most: int = LARGEST) -> Check:
    """An object whose names are free."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise wrong(where, _("an object"))
        for name, item in value.items():
            entry(item, f"{where}.{name[:40]}")

    return check


def record(needed: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these names and no others."""
    known = {**needed, **(optional or {})}

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise wrong(where, _("an object"))
        for name in needed:
            if name not in value:
                raise ParseError(_("{where} has no {name}"), where=where, name=name)
        for name, item in value.items():
            if name not in known:
                message = _("{where}: this version of rnncalc knows no “{name}”")
                raise ParseError(message, where=where, name=name)
            known[name](item, f"{where}.{name}")

    return check


# ---------------------------------------------------------------------------------------------------------- the schemas

_LINES = by_name(text, MOST_LINES)
_SWITCHED = by_name(text, MOST_LINES)
BUILT_IN = record({"name": one_of(tuple(CELLS)), "switched": _SWITCHED})
_WORDS = each(text, MOST_LINES)
_SINCE_0_2 = {  # which version 0.1 did not write
    "outputs": _WORDS, "optional": _WORDS, "switched": _SWITCHED,
    "switches": by_name(by_name(_LINES, MOST_LINES), MOST_LINES), "constants": by_name(finite, MOST_LINES),
}  # fmt: skip
OWN_CELL = {"name": text, "equations": _LINES, "state": _WORDS, "emits": text, "gates": text, **_SINCE_0_2}
OWN = record({name: check for name, check in OWN_CELL.items() if name not in _SINCE_0_2}, _SINCE_0_2)


def cell(value: Any, where: str) -> None:
    """One of ours by its name, anybody else's by its equations."""
    (OWN if isinstance(value, dict) and "equations" in value else BUILT_IN)(value, where)


_NAMES = either(text, both(filled, each(text)))
_MOMENTS = {f"{letter}_mean": each(finite) for letter in "xy"} | {f"{letter}_std": each(above_zero) for letter in "xy"}
DATA = record(
    {
        "kind": one_of(KINDS),
        "inputs": whole(1),
        "outputs": whole(1),
        "classes": flag,
        "at": one_of(("every", "last")),
    },
    {
        "input": _NAMES, "target": _NAMES, "weight": text, "class_weight": text,
        "id": text, "time": text, "window": whole(0), "ahead": whole(0),
        "stride": whole(0), "horizon": whole(0), "past": flag, "time_format": text, "missing": one_of(MISSING),
        "x_fill": each(finite),
        "tokens": one_of(("chars", "words")), "by": one_of(("stream", "line")), "scale": one_of(SCALES),
        "vocabulary": both(filled, each(text)), "labels": both(filled, each(text)), "targets": flag, **_MOMENTS,
    },
)  # fmt: skip
HISTORY = each(record({"epoch": whole(1), "loss": number}, dict.fromkeys(
    ("lr", "accuracy", "val_loss", "val_accuracy"), number)))  # fmt: skip
OPTIONS = both(
    by_name(either(scalar, each(text))), lambda value, where: optional(text)(value.get("loss"), f"{where}.loss")
)
LAYER = record({"cell": cell, "direction": one_of(DIRECTIONS), "merge": one_of(tuple(MERGES))}, {"backward": cell})
MODEL = record(
    {
        "format": whole(1),
        "layers": both(filled, each(LAYER, MOST_LAYERS)),
        "output": optional(text),
        "dtype": one_of(("float32", "float64")),
        "data": lambda value, where: None if value == {} else DATA(value, where),
        "settings": OPTIONS,
        "history": HISTORY,
    },
    {"summary": one_of(SUMMARIES)},
)
_COUNTS = ("epoch", "step", "steps", "right", "best_epoch", "idle", "drops")
_PROGRESS: dict[str, Check] = {
    field.name: whole(0) if field.name in _COUNTS else number for field in fields(Progress) if field.name != "first"
}
CHECKPOINT = record(
    {
        "format": whole(1),
        "options": OPTIONS,
        "fingerprint": whole(0),
        "progress": record(
            {
                **_PROGRESS, "stopped": flag, "history": HISTORY, "norms": each(number), "count": whole(0),
                "first": optional(number),
            }
        ),
    }
)  # fmt: skip


def check_data(about: Mapping[str, Any], inputs: int, outputs: int) -> None:
    """Hold the description of the data against itself and against the network's D and O. Raises ParseError."""
    if not about:
        return
    classes, words = about["classes"], about.get("vocabulary")
    wanted = {"inputs": inputs, "outputs": outputs}
    for name, size in wanted.items():
        if about[name] != size:
            message = _("data.{name} is {n}, and the network has {size}")
            raise ParseError(message, name=name, n=about[name], size=size)
    lists = {
        "vocabulary": inputs,
        "x_fill": inputs,
        "x_mean": inputs,
        "x_std": inputs,
        "y_mean": outputs,
        "y_std": outputs,
    }
    for name, size in {**lists, "labels": outputs if classes else 0}.items():
        if name in about and len(about[name]) != size:
            message = _("data.{name} must have {n} entries, got {m}")
            raise ParseError(message, name=name, n=size, m=len(about[name]))
    if about.get("horizon", 0) > outputs:
        message = _("data.{name} is {n}, and the network has {size}")
        raise ParseError(message, name="horizon", n=about["horizon"], size=outputs)
    if about.get("missing") == "mask" and inputs % 2:
        message = _("data.{name} is {n}, and the network has {size}")
        raise ParseError(message, name="missing", n="mask", size=inputs)
    needs = {
        "x_fill": about.get("missing", "error") != "error",
        "labels": classes,
        "vocabulary": about["kind"] == "text",
        "tokens": words is not None,
    }
    for first, second in (("x_mean", "x_std"), ("x_std", "x_mean"), ("y_mean", "y_std"), ("y_std", "y_mean")):
        needs[second] = needs.get(second, False) or first in about
    for name, needed in needs.items():
        if needed and name not in about:
            raise ParseError(_("{where} has no {name}"), where="data", name=name)
    for name in ("vocabulary", "labels"):
        if len(set(about.get(name, ()))) != len(about.get(name, ())):
            raise ParseError(_("data.{name}: each entry may be there only once"), name=name)
    if words and about["tokens"] == "chars" and any(len(word) != 1 for word in words):
        raise ParseError(_("data.vocabulary: its entries are single characters"))
