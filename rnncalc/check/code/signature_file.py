"""Reads signatures from JSON, and recognises the shipped one that a function follows.

{"name": "cs231n", "gates": "ifog", "functions": {"rnn_step_forward": {"cell": "elman",
 "arguments": {"x": "x[N,D]", "prev_h": "h0[N,H]", "Wx": "U[D,H]", "Wh": "W[h,H]", "b": "b[H]"},
 "returns": ["h[N,H]", "cache"]}}}

"cache" is what the function's own forward returned, "_" anything, "#D" a size; docs/signatures.md has every key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files as resources
from os import PathLike, fspath
from typing import Any

from rnncalc.check.code.layout import LETTERS, Layout, axes_of
from rnncalc.check.code.signature import FunctionSignature, Opaque, Signature, Size, Tree
from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.problems.keys import near
from rnncalc.problems.parse import files

SHIPPED = ("cs231n", "deeplearning_ai", "d2l", "min_char_rnn", "deep_ml")
PYTORCH = "pytorch"  # modules have no record: their signature is read off their parameters
ARRAYS = ("numpy", "list", "torch")
TASK = ("output", "activation", "loss", "reduction", "update")
COMMON = ("cell", "arrays", "decimals", "points", "about", *TASK)
KEYS = {
    "signature": ("name", "about", "arrays", "gates", "functions"),
    "function": ("arguments", "returns", "globals", "cache_of", *COMMON),
    "class": ("class", "init", "attributes", "calls", *COMMON),
    "call": ("method", "arguments", "returns", "attributes", "points"),
}
ALIKE = 0.6  # the share of the arguments' names that must agree before a signature is guessed
MOST = 64  # functions of a signature


@cache
def shipped(name: str) -> Signature:
    """A signature of this package."""
    text = resources("rnncalc.check.code").joinpath("signatures", f"{name}.json").read_text("utf-8")
    return parsed(strict_json.plain(text), name)


def signature(name: str | PathLike[str] | Signature) -> Signature:
    """A signature by its name, or from a JSON file. Raises RnncalcError."""
    if isinstance(name, Signature):
        return name
    path = fspath(name)
    if path in SHIPPED:
        return shipped(path)
    if path == PYTORCH:
        return Signature(PYTORCH, {})
    if not path.endswith(".json"):
        message = _("signature {name}: unknown{near}; there are {known}, or a file NAME.json")
        raise ProblemError(
            message, name=path, near=near(path, (*SHIPPED, PYTORCH)), known=", ".join((*SHIPPED, PYTORCH))
        )
    return parsed(strict_json.plain(files.content(path)), path)


def parsed(data: Any, where: str) -> Signature:
    """A signature from plain data. Raises ProblemError, which says where."""
    _check_keys(data, "signature", where)
    functions = data.get("functions")
    if not isinstance(functions, dict) or not 0 < len(functions) <= MOST:
        raise ProblemError(_("{where}: “functions” is an object of 1 to {most} functions"), where=where, most=MOST)
    gates = data.get("gates", "")
    if not isinstance(gates, str):
        raise ProblemError(_("{where}: “gates” is a text such as ifog"), where=where)
    known: dict[str, FunctionSignature] = {}
    for name, record in functions.items():
        for each in _functions(name, record, f"{where}: {name}", known, data.get("arrays", "numpy")):
            _check_gates(each, gates, f"{where}: {name}")
            _check_axes(each, f"{where}: {name}")
            known[each.name] = each
    return Signature(str(data.get("name", where)), known, gates, str(data.get("about", "")))


def _functions(
    name: str, record: Any, where: str, known: Mapping[str, FunctionSignature], arrays: Any
) -> Iterator[FunctionSignature]:
    is_class = isinstance(record, dict) and bool(record.get("class"))
    _check_keys(record, "class" if is_class else "function", where)
    cells = record.get("cell", "elman")
    cells = tuple(cells) if isinstance(cells, list) else (cells,)
    for cell in cells:
        if cell not in CELLS:
            raise ProblemError(
                _("{where}: cell {cell} is none of {known}"), where=where, cell=cell, known=", ".join(CELLS)
            )
    task = {key: str(record[key]) for key in TASK if key in record}
    arrays, decimals = record.get("arrays", arrays), record.get("decimals")
    if arrays not in ARRAYS:
        raise ProblemError(_("{where}: “arrays” is one of {known}"), where=where, known=", ".join(ARRAYS))
    if decimals is not None and decimals not in range(16):
        raise ProblemError(_("{where}: “decimals” is a whole number, 0 to 15"), where=where)
    common: dict[str, Any] = {"cells": cells, "task": task, "arrays": arrays, "decimals": decimals}
    if not is_class:
        first = record.get("cache_of", "")
        if first and first not in known:
            message = _("{where}: cache_of names {first}, which is no function before this one")
            raise ProblemError(message, where=where, first=first)
        yield FunctionSignature(
            name, **common, **_call(record, where), variables=_dict(record.get("globals", {}), f"{where}.globals"),
            first=known.get(first),
        )  # fmt: skip
        return
    earlier: FunctionSignature | None = None
    shared = {"init": _dict(record.get("init", {}), f"{where}.init"), **common}
    variables = _dict(record.get("attributes", {}), f"{where}.attributes")
    for call in record.get("calls") or [{}]:
        _check_keys(call, "call", where)
        method = call.get("method", "forward")
        after = _dict(call.get("attributes", {}), f"{where}.{method}.attributes")
        earlier = FunctionSignature(
            f"{name}.{method}",
            **shared,
            **_call(call, f"{where}.{method}"),
            variables=variables,
            after=after,
            first=earlier,
        )
        yield earlier


def _call(record: Mapping[str, Any], where: str) -> dict[str, Any]:
    points = record.get("points", 1.0)
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < 1e6:
        raise ProblemError(_("{where}: “points” is a number, 0 or more"), where=where)
    return {
        "arguments": _dict(record.get("arguments", {}), f"{where}.arguments"),
        "returns": tree_of(record.get("returns", "_"), f"{where}.returns"),
        "points": float(points),
    }


def _dict(data: Any, where: str) -> dict[str, Tree]:
    if not isinstance(data, dict):
        raise ProblemError(_("{where} is an object: name → array"), where=where)
    return {name: tree_of(part, f"{where}.{name}") for name, part in data.items()}


def tree_of(data: Any, where: str) -> Tree:
    """A tree of arrays from plain data. Raises ProblemError, which says where."""
    if isinstance(data, dict):
        return _dict(data, where)
    if isinstance(data, list):
        return [tree_of(part, f"{where}[{at}]") for at, part in enumerate(data, 1)]
    if not isinstance(data, str):
        return data
    if data.startswith("#"):
        if data[1:] not in LETTERS:
            raise ProblemError(_("{where}: {text} is no size; sizes are #N #T #D #H #O"), where=where, text=data)
        return Size(data[1:])
    return Opaque(data) if data in ("cache", "_") else Layout.read(data, where)


def _check_keys(record: Any, kind: str, where: str) -> None:
    if not isinstance(record, dict):
        raise ProblemError(_("{where}: an object is expected"), where=where)
    for key in record:
        if key not in KEYS[kind]:
            message = _("{where}: unknown key “{key}”{near}; keys are {known}")
            raise ProblemError(message, where=where, key=key, near=near(key, KEYS[kind]), known=", ".join(KEYS[kind]))


def _check_gates(function: FunctionSignature, gates: str, where: str) -> None:
    """Gates that are stacked must have an order, which is that of some cell's gates."""
    stacked = "gates" in function.letters
    for cell in function.cells:
        if stacked and sorted(gates) != sorted(CELLS[cell].gates):
            message = _("{where}: gates are stacked, so “gates” is their order, such as {order}, not “{gates}”")
            raise ProblemError(message, where=where, order="".join(CELLS[cell].gates), gates=gates)


def _check_axes(function: FunctionSignature, where: str) -> None:
    """An array must have its axes, but for steps, where the last is meant, and a batch that the function has not."""
    for layout in (*function.given, *function.returned):
        for name, axes in zip(layout.names, layout.axes):
            have = {letter for axis in axes for letter in axis}
            missing = [letter for letter in axes_of(name) if letter not in {*have, "T"}]
            missing = [letter for letter in missing if letter != "N" or "N" in function.letters]
            missing = [
                letter for letter in missing if letter != "gates" or any(CELLS[cell].gates for cell in function.cells)
            ]
            if missing:
                text = _("{where}: “{text}” lacks the axis {letter}")
                raise ProblemError(text, where=where, text=layout.text, letter=missing[0])


Match = tuple[Signature, list[FunctionSignature]]


def guess(defined: Mapping[str, Sequence[str]], cell: str | None = None) -> dict[str, Match]:
    """The shipped signatures that a file's functions follow, by their names and the names of their arguments.

    defined: the functions and classes of the file, each with its arguments. A file follows one course where it can.
    """
    courses = []
    for each in map(shipped, SHIPPED):
        matches = {name: _match(each, name, arguments, cell) for name, arguments in defined.items()}
        courses.append({name: match for name, match in matches.items() if match is not None})
    courses.sort(key=lambda course: -sum(likeness for likeness, _known in course.values()))
    best: dict[str, Match] = {}
    for course in courses:
        for name, (_likeness, known) in course.items():
            best.setdefault(name, known)
    return best


def _match(signature: Signature, name: str, arguments: Sequence[str], cell: str | None) -> tuple[float, Match] | None:
    """The function, or the methods of a class, that are the most like one of the file, and how much they are."""
    best: tuple[float, Match] | None = None
    owners: dict[str, list[FunctionSignature]] = {}
    for function in signature.functions.values():
        if cell is None or cell in function.cells:
            owners.setdefault(function.name.partition(".")[0], []).append(function)
    for owner, functions in owners.items():
        theirs = [*(functions[0].arguments if functions[0].init is None else functions[0].init)]
        alike = len({*theirs} & {*arguments}) / max(1, len({*theirs} | {*arguments}))
        same_call = owner == name and len(theirs) == len(arguments)
        likeness = alike + 0.5 * (owner == name) + 0.25 * (len(theirs) == len(arguments))
        a_match = same_call if functions[0].init is not None else alike >= ALIKE or same_call
        if a_match and (best is None or likeness > best[0]):
            best = likeness, (signature, functions)
    return best
