"""Arrays by name, as a mapping and as attributes: what traces and gradients are to people."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.common.i18n import _


class Named(Mapping[str, np.ndarray]):
    """Read-only arrays by name. Nobody can change them, so that a copy is the same; a pickle is refused in words."""

    @abstractmethod
    def _unknown(self, name: str) -> str:
        """What to say to who asks for a name that is not there."""

    @abstractmethod
    def _unpicklable(self) -> str:
        """What to say to who would pickle it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self.__dict__:  # empty while it is being made by copying
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._unknown(name)) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __copy__(self) -> Named:
        return self

    def __deepcopy__(self, _known: object) -> Named:
        return self

    def __reduce__(self) -> str:
        raise TypeError(self._unpicklable())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name} {array.shape}' for name, array in self.items())})"

    def _repr_html_(self) -> str:
        from rnncalc.common.markup import table  # here: only notebooks show HTML

        rows = (
            (name, str(array.shape), np.array2string(array, precision=4, threshold=30, edgeitems=2))
            for name, array in self.items()
        )
        return table((_("name"), _("shape"), _("values")), rows)
