"""What an expression in somebody's code stands for, in our names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnncalc.check.code.layout import Layout
from rnncalc.check.code.signature import Opaque, Tree

DEEP = 4  # containers within containers
ANY = "*"  # the key of an entry whose index is not known
ACTIVATIONS = {"tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu", "sigm": "sigmoid", "expit": "sigmoid"}
SAME = {"asarray", "reshape", "view", "ravel", "squeeze", "transpose", "numpy", "T", "t", "atleast_2d", "unsqueeze"}
SAME |= {"contiguous", "cpu", "detach", "expand_dims"}
COPIES = {"copy", "deepcopy", "clone", "array", "tensor", "float", "double", "astype", "list", "tuple", "float32"}
COPIES |= {"ascontiguousarray", "from_numpy", "to"}
STACKED = {"stack", "dstack", "vstack", "hstack", "concatenate", "cat", "column_stack"}
ZEROS = {"zeros", "zeros_like", "new_zeros"}
EMPTY = {"empty", "empty_like", "ones", "ones_like", "len", "range", "isinstance", "eye", "shape", "size", "hasattr"}
SIZES = {"shape", "size", "ndim", "dtype", "device"}
CANDIDATES = {"g", "n"}


@dataclass(frozen=True)
class Value:
    """What an expression stands for.

    Attributes
    ----------
    names : the quantities that it is
    of : the quantities that it depends on, itself among them
    marks : tanh, sigmoid, exp, zeros; number: a constant; =text: a text; argument: the caller's own array; vector: one
        with one axis; at=2: the third of stacked gates; slope: a derivative f′; sloped: multiplied by one
    parts : of a container, its entries
    """

    names: frozenset[str] = frozenset()
    of: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    parts: Mapping[Any, Value] | None = field(default=None, compare=False)

    def part(self, key: Any) -> Value:
        """An entry: of a container with a known key that one, else any; of an array the array itself."""
        if self.parts is None:
            return self
        if key in self.parts:
            return self.parts[key]
        return merged(list(self.parts.values()))

    def has(self, *names: str) -> bool:
        """Whether it is one of these quantities."""
        return any(name.partition(".")[0] in names for name in self.names)

    def uses(self, *names: str) -> bool:
        """Whether it depends on one of these quantities."""
        return any(name.partition(".")[0] in names for name in self.of)


NOTHING = Value()


def quantity(*names: str, marks: Sequence[str] = ()) -> Value:
    """A value that is a quantity."""
    return Value(frozenset(names), frozenset(names), frozenset(marks))


def merged(values: Sequence[Value], deep: int = DEEP) -> Value:
    """One of several values; containers within containers to a depth of `deep`."""
    values = [*{id(value): value for value in values if value is not NOTHING}.values()]
    if len(values) < 2:
        return values[0] if values else NOTHING
    parts: dict[Any, Value] = {}
    for key in dict.fromkeys(key for value in values for key in value.parts or ()) if deep else ():
        parts[key] = merged([value.parts[key] for value in values if value.parts and key in value.parts], deep - 1)
    names = frozenset().union(*(value.names for value in values))
    of = frozenset().union(*(value.of for value in values))
    return Value(names, of, frozenset().union(*(value.marks for value in values)), parts or None)


def combined(values: Sequence[Value], *marks: str) -> Value:
    """What is computed from values."""
    whole = frozenset().union(*(value.of for value in values), *(value.part(ANY).of for value in values))
    return Value(of=whole, marks=frozenset(marks))


def of_tree(tree: Tree, cache: Value) -> Value:
    """What a signature says of an argument."""
    if isinstance(tree, Layout):
        marks = ("argument", "vector") if len(tree.axes[0]) == 1 else ("argument",)
        return quantity(*(name.rstrip("#") for name in tree.names), marks=marks)
    if isinstance(tree, Mapping):
        return Value(parts={key: of_tree(part, cache) for key, part in tree.items()})
    if isinstance(tree, list):
        return Value(parts={at: of_tree(part, cache) for at, part in enumerate(tree)})
    return cache if isinstance(tree, Opaque) and tree.name == "cache" else NOTHING
