"""Whether a cache is unpacked in another order than it was packed, seen in the names on both sides."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnncalc.check.code.loading import Code
from rnncalc.check.code.verdict import Line

SHARE = 2 / 3  # of the names that must be the same on both sides

Names = tuple[str, ...]


def crossed_cache(code: Code, function: str) -> tuple[Line, Names, Names] | None:
    """The line of a function, or of one that it calls, that unpacks a cache crosswise; both orders of what differs."""
    packed = [
        names
        for node in ast.walk(code.tree) if isinstance(node, ast.Assign | ast.Return)
        for part in (node.value, *getattr(node.value, "elts", ()))
        for names in _names(part)
    ]  # fmt: skip
    functions = [function]
    for name in functions:
        functions += [called for called in code.calls(name) if called not in functions]
        for node in ast.walk(code.definition(name) or ast.Module([], [])):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name | ast.Subscript):
                continue
            for names in _names(node.targets[0]):
                shared = SHARE * len(names)
                fits = [each for each in packed if len(each) == len(names) and len({*each} & {*names}) >= shared]
                if fits and all(_moved(order, names) for order in fits):
                    at = [at for at, pair in enumerate(zip(fits[0], names)) if pair[0] != pair[1]]
                    have, was = (tuple(order[place] for place in at) for order in (names, fits[0]))
                    text = code.text.splitlines()[node.lineno - code.line].strip()
                    return Line(node.lineno, text), have, was
    return None


def _names(node: ast.AST | None) -> Iterator[Names]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    if len(parts) > 1 and all(isinstance(part, ast.Name) for part in parts):
        yield tuple(part.id for part in parts if isinstance(part, ast.Name))


def _moved(packed: Names, names: Names) -> bool:
    """Whether a name stands in another place."""
    return any(name in packed and packed.index(name) != at for at, name in enumerate(names))
