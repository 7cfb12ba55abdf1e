"""A computation as an ordered list of named quantities, each made from earlier ones.

The same list is walked with exact numbers, with intervals, and with a person's own numbers put in on the way: `walk`
computes a quantity, hands it to whoever looks on, and goes on with what that one returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from rnncalc.check.graph.intervals import Value

Key = tuple[Any, ...]
Visit = Callable[[Key, Value], Value]


class Node(NamedTuple):
    """needs: keys of what `make` is called with. copies: whether it is the same number under another name."""

    needs: tuple[Key, ...]
    make: Callable[..., Value]
    copies: bool = False


class Graph:
    """Quantities by key, in an order of computation."""

    def __init__(self) -> None:
        self.nodes: dict[Key, Node] = {}
        self.copied: set[Key] = set()
        self.under: dict[Key, set[Key]] = {}

    def given(self, key: Key, value: Value) -> Key:
        """A quantity that is not computed."""
        self.nodes[key] = Node((), lambda: value)
        return key

    def add(self, key: Key, needs: Iterable[Key], make: Callable[..., Value], copies: bool = False) -> Key:
        """A quantity made from others, which must be there already."""
        node = Node(tuple(needs), make, copies)
        self.nodes[key] = node
        if copies:
            self.copied.update(node.needs)
        return key

    def needed(self, wanted: Iterable[Key]) -> list[Key]:
        """What has to be computed for these, in order."""
        found = set(wanted)
        stack = list(found)
        while stack:
            for need in self.nodes[stack.pop()].needs:
                if need not in found:
                    found.add(need)
                    stack.append(need)
        return [key for key in self.nodes if key in found]

    def walk(self, order: Iterable[Key], look: Visit | None = None) -> dict[Key, Any]:
        """Every quantity in that order; `look` may put another value in its place."""
        values: dict[Key, Any] = {}
        with np.errstate(all="ignore"):  # an overflow is reported where the numbers are shown
            for key in order:
                node = self.nodes[key]
                value = node.make(*[values[need] for need in node.needs])
                values[key] = value if look is None else look(key, value)
        return values

    def below(self, key: Key) -> set[Key]:
        """Everything that a quantity is made from."""
        if key not in self.under:
            self.under[key] = set(self.needed([key])) - {key}
        return self.under[key]
