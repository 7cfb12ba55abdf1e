"""A computation as an ordered list of named quantities, each made from earlier ones.

The same list is walked with exact numbers, with intervals, and with a person's own numbers: `walk` computes a quantity,
passes it to a callback, and goes on with the value that the callback returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from rnncalc.check.graph.intervals import Value

Key = tuple[Any, ...]
Visit = Callable[[Key, Value], Value]


class Node(NamedTuple):
    """A quantity. needs: the keys of `make`'s arguments. copies: whether it is another name for the same numbers."""

    needs: tuple[Key, ...]
    make: Callable[..., Value]
    copies: bool = False


class Graph:
    """Quantities by key, in the order of computation."""

    def __init__(self) -> None:
        self.nodes: dict[Key, Node] = {}
        self.copied: set[Key] = set()
        self.under: dict[Key, set[Key]] = {}

    def given(self, key: Key, value: Value) -> Key:
        """Add a quantity that is given, not computed."""
        self.nodes[key] = Node((), lambda: value)
        return key

    def add(self, key: Key, needs: Iterable[Key], make: Callable[..., Value], copies: bool = False) -> Key:
        """Add a quantity that is made from others, which must be there already."""
        node = Node(tuple(needs), make, copies)
        self.nodes[key] = node
        if copies:
            self.copied.update(node.needs)
        return key

    def needed(self, wanted: Iterable[Key]) -> list[Key]:
        """The keys of all quantities that these are made from, with their own, in order."""
        keys = set(wanted)
        stack = list(keys)
        while stack:
            for need in self.nodes[stack.pop()].needs:
                if need not in keys:
                    keys.add(need)
                    stack.append(need)
        return [key for key in self.nodes if key in keys]

    def walk(self, order: Iterable[Key], look: Visit | None = None) -> dict[Key, Any]:
        """Compute every quantity in that order; `look` may replace its value."""
        values: dict[Key, Any] = {}
        with np.errstate(all="ignore"):  # an overflow is reported where the numbers are shown
            for key in order:
                node = self.nodes[key]
                value = node.make(*[values[need] for need in node.needs])
                values[key] = value if look is None else look(key, value)
        return values

    def below(self, key: Key) -> set[Key]:
        """The keys of all quantities that this one is made from."""
        if key not in self.under:
            self.under[key] = set(self.needed([key])) - {key}
        return self.under[key]
