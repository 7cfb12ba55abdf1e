"""Arrays by name that are made when somebody reads them: the one lazy mapping of the package."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np


class LazyArrays(Mapping[str, np.ndarray]):
    """Each array is made when it is read: every time, or with `keep` the first time only."""

    def __init__(self, names: Collection[str], make: Callable[[str], np.ndarray], keep: bool = False):
        """make: name → array, called with no other names."""
        self.names, self.make, self.keep = names, make, keep
        self.made: dict[str, np.ndarray] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.made:
            return self.made[name]
        if name not in self.names:
            raise KeyError(name)
        array = self.make(name)
        if self.keep:
            self.made[name] = array
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
