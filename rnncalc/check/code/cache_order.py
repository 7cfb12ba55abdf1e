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
    packed = [names for node in ast.walk(code.tree) for names in _packed(node)]
    for part in reachable(code, function):
        for node in ast.walk(part):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name | ast.Subscript):
                continue
            for names in _names(node.targets[0]):
                fits = [order for order in packed if len(order) == len(names) and _shared(order, names)]
                if fits and all(_moved(order, names) for order in fits):
                    at = [at for at, pair in enumerate(zip(fits[0], names)) if pair[0] != pair[1]]
                    have, was = (tuple(order[place] for place in at) for order in (names, fits[0]))
                    text = code.text.splitlines()[node.lineno - code.line].strip()
                    return Line(node.lineno, text), have, was
    return None


def reachable(code: Code, function: str) -> Iterator[ast.AST]:
    """The definition of a function, and of every function of the file that it calls."""
    names = [function]
    for name in names:
        node = code.definition(name)
        if node is not None:
            yield node
            names += [called for called in code.calls(name) if called not in names]


def _packed(node: ast.AST) -> Iterator[Names]:
    """The tuples of names that a statement makes."""
    if isinstance(node, ast.Assign | ast.Return):
        value = node.value
        for part in (value, *(value.elts if isinstance(value, ast.Tuple | ast.List) else ())):
            yield from _names(part)


def _names(node: ast.AST | None) -> Iterator[Names]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    if len(parts) > 1 and all(isinstance(part, ast.Name) for part in parts):
        yield tuple(part.id for part in parts if isinstance(part, ast.Name))


def _shared(packed: Names, names: Names) -> bool:
    return len({*packed} & {*names}) >= SHARE * len(names)


def _moved(packed: Names, names: Names) -> bool:
    """Whether a name stands in another place."""
    return any(name in packed and packed.index(name) != at for at, name in enumerate(names))
