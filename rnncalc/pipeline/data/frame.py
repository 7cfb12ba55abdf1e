"""A frame as a table: pandas, polars, pyarrow, or what else gives columns by name, through NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.pipeline.data.columns import Block, Columns, Table, Texts, printed
from rnncalc.pipeline.data_description import DataDescription

ROWS = 1 << 16  # of a block
_INPUTS, _NUMBERS = "iufb", "iuf"  # kinds of dtypes


class Frame(Protocol):
    """Columns by name, as pandas, polars and pyarrow have them."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, name: str, /) -> Any: ...


def is_frame(data: Any) -> bool:
    """Tell whether data has columns by name, or gives them as a stream of Arrow's."""
    return hasattr(data, "columns") or hasattr(data, "__arrow_c_stream__")


def of_columns(data: Any) -> Frame:
    """Return a frame with columns by name; a stream of Arrow's becomes one. Raises ProblemError without pyarrow."""
    if hasattr(data, "columns"):
        return data
    try:
        import pyarrow  # who has such a stream and no columns
    except ImportError:
        message = _("{name} is a stream of Arrow's, which is read by pyarrow: {install}")
        raise ProblemError(message, name=_("the frame"), install='pip install "rnncalc[arrow]"') from None
    return pyarrow.table(data)


class FrameTable(Table):
    """A frame: its columns have kinds, and its lines are its rows, from 1."""

    typed = True

    def __init__(self, frame: Any, about: DataDescription):
        """Raises ProblemError."""
        super().__init__(_("the frame"), about)
        self.frame = of_columns(frame)
        self.names = list(map(str, getattr(self.frame, "column_names", self.frame.columns)))
        self.check_names()

    def is_typed(self, column: int) -> bool:
        """Tell whether a column holds times rather than texts that say them."""
        first = np.asarray(self.frame[self.names[column]][:1])
        return first.dtype.kind in "Miuf" or hasattr(first[:1].tolist()[0] if len(first) else "", "isoformat")

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield all rows, many at a time. wanted: the columns that are going to be asked for."""
        columns = {at: np.asarray(self.frame[self.names[at]]) for at in wanted}
        count = min(map(len, columns.values()), default=0)
        for begin in range(0, count, ROWS):
            end = min(begin + ROWS, count)
            some = {at: values[begin:end] for at, values in columns.items()}
            yield _ArrayColumns(some, len(self.names), range(begin + 1, end + 1))


class _ArrayColumns(Columns):
    """Some rows, column by column, as NumPy has them."""

    def numbers(self, inputs: list[int], targets: list[int]) -> np.ndarray | None:
        """Return columns that are nothing but numbers, nan for a gap; None where others are among them."""
        arrays = [self.columns[at] for at in (*inputs, *targets)]
        if any(array.dtype.kind not in (_INPUTS if n < len(inputs) else _NUMBERS) for n, array in enumerate(arrays)):
            return None
        return np.stack([array.astype(np.float64) for array in arrays], axis=1)

    def texts(self, column: int) -> Texts:
        """Return a column as texts without blanks around them; what is a gap is empty."""
        values = self.columns[column]
        if values.dtype.kind == "O":
            return Texts.of(map(_text, values.tolist()))
        words, codes = np.unique(values, return_inverse=True)
        return Texts.numbered(
            printed(words, "") if words.dtype.kind == "M" else list(map(_text, words.tolist())), codes
        )


def _text(value: Any) -> str:
    """Return what a table would have: nothing for None, nan and whatever else is not equal to itself."""
    if value is None or (value != value) is not False:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value).strip()
