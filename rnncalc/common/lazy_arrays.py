"""Arrays by name that are made when somebody reads them: the lazy mappings of the package."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np


class ArraysByName(Mapping[str, np.ndarray]):
    """Arrays whose names are known; a subclass makes one in `__getitem__`. A view costs little more than a dict's."""

    names: Collection[str]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class LazyArrays(ArraysByName):
    """Each array is made when it is read: every time, or with `keep` the first time only."""

    def __init__(self, names: Collection[str], make: Callable[[str], np.ndarray] | None = None, keep: bool = False):
        """make: name → array, called with no other names; a subclass has it as a method instead."""
        self.names, self._make, self.keep = names, make, keep
        self.made: dict[str, np.ndarray] = {}

    def make(self, name: str) -> np.ndarray:
        """The array of a name that is there."""
        assert self._make is not None
        return self._make(name)

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.made:
            return self.made[name]
        if name not in self.names:
            raise KeyError(name)
        array = self.make(name)
        if self.keep:
            self.made[name] = array
        return array
