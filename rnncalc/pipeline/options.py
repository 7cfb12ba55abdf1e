"""The options of a run by name, on the command line as in configuration files; loading them loads no engine.

Each is a field of the data's description, an argument of `random_network` or a field of the training's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from rnncalc.network.training.settings import Settings
from rnncalc.pipeline.data_description import OPTIONS

NETWORK: dict[str, type] = {  # arguments of `random_network`, written here so that they can be listed without it
    "cell": str, "hidden": int, "layers": int, "direction": str, "merge": str, "activation": str, "output": str,
    "init": str, "forget_bias": float, "dtype": str, "engine": str, "summary": str,
    "embed": int,
}  # fmt: skip
SETTINGS = {part.name: str(part.type) for part in fields(Settings)}
LEAST = {"hidden": 1, "layers": 1, "batch": 1, "every": 1}  # of a whole number; the others begin with 0
MOST = 2**31 - 1  # of a whole number


DECAYING = ("step", "exponential", "plateau")
WITHOUT: dict[str, tuple[Callable[[Mapping[str, Any]], bool], str]] = {  # option → what it works with, and its name
    "merge": (lambda run: run.get("direction") == "both", "--direction both"),
    "forget_bias": (lambda run: run.get("cell", "lstm") == "lstm", "--cell lstm"),
    "gamma": (lambda run: run.get("schedule") in DECAYING, "--schedule step|exponential|plateau"),
    "every": (lambda run: run.get("schedule") in ("step", "plateau"), "--schedule step|plateau"),
    "dropout_mask": (lambda run: bool(run.get("dropout") or run.get("input_dropout")), "--dropout, --input-dropout"),
}


def without_effect(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the options that are given and change nothing, each with what it belongs to."""
    given = {name: value for name, value in options.items() if value is not None}
    return [(name, owner) for name, (works, owner) in WITHOUT.items() if name in given and not works(given)]


def _kinds(annotations: Mapping[str, str]) -> dict[str, type]:
    """Return the kind of each option's values, which its annotation names first."""
    kinds = {kind.__name__: kind for kind in (str, int, float, bool)}
    return {name: kinds[words.split(" | ")[0]] for name, words in annotations.items()}


KINDS = {"data": str, "test": str, "val": float, "continue_from": str, **_kinds(OPTIONS), **NETWORK, **_kinds(SETTINGS)}


def among(names: Iterable[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have one of the names, and a value."""
    return {name: options[name] for name in names if options.get(name) is not None}
