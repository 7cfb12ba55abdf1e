"""What is exported says what it takes, gives and raises, and shows it: every example is run."""

import doctest
import inspect
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import rnncalc
from rnncalc.network import stack

OPTIONS = doctest.NORMALIZE_WHITESPACE
EXPORTED = {name: getattr(rnncalc, name) for name in rnncalc.__all__ if callable(getattr(rnncalc, name))}


def takes_arguments(function: Callable[..., Any]) -> bool:
    return any(name not in ("self", "cls") for name in inspect.signature(function).parameters)


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of a class that are rnncalc's own and take an argument, inherited ones included."""
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        own = method.__module__.startswith("rnncalc")
        if own and (not name.startswith("_") or name == "__call__") and takes_arguments(method):
            yield name, method


BETWEEN_ROOMS = {  # what the rooms of the engine ask of each other, and of nobody else
    "adds_input", "adjoint_lines", "arriving", "back_stages", "cells", "code_lines", "compiles", "digest", "forget",
    "gradient_lines", "in_complex", "labels", "lanes", "layers", "one_cell", "only", "owns_read_out", "parts",
    "passes", "paths", "preactivations", "repack", "rows", "runs_backward", "stacks", "stages", "y_width",
}  # fmt: skip


def without_arguments(kind: type) -> Iterator[tuple[str, object]]:
    """The public properties of a class, and its methods without an argument, whose docstring stands there alone."""
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        member = getattr(member, "fget", None) or getattr(member, "func", member)
        own = inspect.isfunction(member) and member.__module__.startswith("rnncalc") and member.__doc__
        if own and not name.startswith("_") and name not in BETWEEN_ROOMS:
            yield name, member


def documented() -> dict[str, Callable[..., Any]]:
    """Every exported callable and every public method, by dotted name; an inherited method once."""
    callables: dict[str, Callable[..., Any]] = {}
    for name, value in EXPORTED.items():
        callables[name] = value
        if inspect.isclass(value):
            for method_name, method in methods(value):
                if method not in callables.values():
                    callables[f"{name}.{method_name}"] = method
    return callables


DOCUMENTED = documented()
ONE_LAYER = ("Elman", "Jordan", "LSTM", "GRU", "GRUAfter", "I2HI2O")


def text_of(value: object) -> str:
    return inspect.getdoc(value) or ""


def sections(value: object) -> set[str]:
    lines = text_of(value).splitlines()
    return {title for title, line in zip(lines, lines[1:]) if line and set(line) == {"-"} and len(line) == len(title)}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_docstring_has_its_sections(name: str) -> None:
    value = DOCUMENTED[name]
    there = sections(value)
    assert {"Parameters", "Examples"} <= there
    if not inspect.isclass(value):
        silent = inspect.signature(value).return_annotation in ("None", None)
        assert silent or there & {"Returns", "Yields"}
    assert text_of(value).splitlines()[0].endswith((".", "?"))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_parameter_is_named(name: str) -> None:
    text = text_of(DOCUMENTED[name]).split("\nRaises\n")[0].split("\nReturns\n")[0].split("\nExamples\n")[0]
    lines = text.split("----------\n", 1)[1].splitlines()
    named = {word.strip(" *") for line in lines if line[:1].strip() for word in line.split(" : ")[0].split(",")}
    for parameter in inspect.signature(DOCUMENTED[name]).parameters.values():
        generated = name in ONE_LAYER  # documented from the cell
        if parameter.name != "self" and not (generated and parameter.name in ("arrays", "options")):
            assert parameter.name in named


EXAMPLES = {
    "rnncalc": rnncalc,
    **DOCUMENTED,
    **{f"testing.{name}": getattr(rnncalc.testing, name) for name in ("assert_rnn_forward", "assert_rnn_backward")},
    **{
        f"{name}.{member}": value
        for name, kind in EXPORTED.items()
        if inspect.isclass(kind) and name not in ONE_LAYER
        for member, value in without_arguments(kind)
    },
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.startswith("RNN") and not find_spec("sklearn"):
        pytest.skip("scikit-learn is an extra")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack, "compiling_disabled", lambda: True)  # interpreted: the same numbers, and no wait
    text = text_of(EXAMPLES[name])
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(example).failed == 0


def test_help_tells_every_exported_name() -> None:
    text = text_of(rnncalc)
    assert [name for name in rnncalc.__all__ if name not in text] == []
