"""Signatures: how a course's functions are called, and what they return, as records; `signature_file` reads them.

An object is a dict, a list a tuple; a cache is what the function's own forward returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnncalc.check.code.layout import Layout


@dataclass(frozen=True)
class Size:
    """An argument that is a size, such as the number of units."""

    letter: str


@dataclass(frozen=True)
class Opaque:
    """What only the code understands: its cache, or a value that does not matter, named "_"."""

    name: str


Tree = Any  # a Layout, a Size, an Opaque or a number; or a dict or list of such


@dataclass(frozen=True)
class FunctionSignature:
    """One function, or one method of a class: its arguments and results.

    Attributes
    ----------
    name : of the function, or Class.method
    cells : the cells that it may be; several where courses differ and the code alone decides
    arguments, returns : by name and in order, as trees of layouts
    variables : global names that the function reads, or attributes of its object, set before the call
    after : global names or attributes that are read after the call
    first : the function whose result is the cache, or the method that is called before this one
    task : output, activation, loss, reduction, update, as keys of a problem
    arrays : numpy, list or torch
    decimals : to how many decimals the function rounds what it returns
    init : the arguments with which an object is made; None: a function
    points : what it is worth when a class is graded
    autograd : whether it is the backward pass that PyTorch derives from `first`
    """

    name: str
    cells: tuple[str, ...]
    arguments: Mapping[str, Tree]
    returns: Tree
    variables: Mapping[str, Tree] = field(default_factory=dict)
    after: Mapping[str, Tree] = field(default_factory=dict)
    first: FunctionSignature | None = None
    task: Mapping[str, str] = field(default_factory=dict)
    arrays: str = "numpy"
    decimals: int | None = None
    init: Mapping[str, Tree] | None = None
    points: float = 1.0
    autograd: bool = False

    @property
    def given(self) -> list[Layout]:
        """The arrays that go in, also those of the function that is called before."""
        return [*leaves([self.arguments, self.variables]), *(self.first.given if self.first else [])]

    @property
    def returned(self) -> list[Layout]:
        """The arrays that come out."""
        return [*leaves([self.returns, self.after])]

    @property
    def letters(self) -> set[str]:
        """The axes of all arrays."""
        return {letter for layout in (*self.given, *self.returned) for letter in layout.letters}


Reading = tuple[FunctionSignature, ...]  # a function, or a module's forward pass and what PyTorch derives from it


@dataclass(frozen=True)
class Signature:
    """The functions of a course. gates: the order in stacked parameters."""

    name: str
    functions: Mapping[str, FunctionSignature]
    gates: str = ""
    about: str = ""


def plain(tree: Tree) -> Any:
    """A tree as plain data, as signatures have it in JSON."""
    if isinstance(tree, Mapping):
        return {name: plain(part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        return [*map(plain, tree)]
    if isinstance(tree, Size):
        return f"#{tree.letter}"
    return tree.text if isinstance(tree, Layout) else tree.name if isinstance(tree, Opaque) else tree


def leaves(tree: Tree) -> Iterator[Layout]:
    """The arrays of a tree, in order."""
    if isinstance(tree, Layout):
        yield tree
    elif isinstance(tree, Mapping | list):
        for part in tree.values() if isinstance(tree, Mapping) else tree:
            yield from leaves(part)


def arguments(function: FunctionSignature) -> Iterator[tuple[str, str]]:
    """Our names of the arrays that a function takes, each with the person's; those of its forward function too."""
    if function.first is not None:
        yield from arguments(function.first)
    yield from _arguments({**function.variables, **function.arguments})


def _arguments(tree: Mapping[str, Tree]) -> Iterator[tuple[str, str]]:
    for name, part in tree.items():
        if isinstance(part, Layout) and len(part.names) == 1:
            yield part.names[0].rstrip("#"), name
        elif isinstance(part, Mapping):
            yield from _arguments(part)
