"""pyarrow (extra `arrow`): the cells of large texts, and Parquet files. Nothing else imports it.

A Parquet file is read some rows at a time; what it declares to unpack to is bounded before a byte of it is unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from rnncalc.common import bounds
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.pipeline.data.columns import Block, Columns, Table, Texts, printed
from rnncalc.pipeline.data_description import DataDescription

ROWS = 1 << 16  # of a block
LONGEST = 1 << 24  # bytes of a text, and entries of a list, in what a Parquet file says of itself
_NUMBERS = pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null
_TEXTS = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
_OTHERS = pa.types.is_boolean, pa.types.is_timestamp, pa.types.is_date


def _is(kind: Any, kinds: tuple[Any, ...]) -> bool:
    return any(is_kind(kind) for is_kind in kinds)


class ArrowColumns(Columns):
    """Some rows, column by column, as pyarrow has them."""

    def numbers(self, inputs: list[int], targets: list[int]) -> np.ndarray | None:
        """Return columns that are nothing but numbers, nan for a gap; None where others are among them."""
        arrays = [self.columns[at] for at in (*inputs, *targets)]
        inputs_too = (*_NUMBERS, pa.types.is_boolean)
        if not all(_is(array.type, inputs_too if n < len(inputs) else _NUMBERS) for n, array in enumerate(arrays)):
            return None
        out = np.empty((len(self.lines), len(arrays)))
        for column, array in zip(out.T, arrays):
            column[:] = _entries(array.cast(pa.float64(), safe=False), np.nan)
        return out

    def texts(self, column: int) -> Texts:
        """Return a column as texts without blanks around them; what is a gap is empty."""
        array = self.columns[column]
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        words = _words(coded.dictionary)
        codes = _entries(coded.indices.cast(pa.int64()), len(words))
        if coded is not array and not coded.null_count:
            return Texts(words, codes)
        return Texts.numbered([*words, ""], codes)


def _entries(values: Any, gap: float) -> np.ndarray:
    """Return numbers of eight bytes as they lie in memory: `to_numpy` would import pandas."""
    if not len(values):
        return np.zeros(0, values.type.to_pandas_dtype())
    there, content = values.buffers()
    rows = slice(values.offset, values.offset + len(values))
    entries = np.frombuffer(content, values.type.to_pandas_dtype())[rows]
    if not values.null_count:
        return entries
    return np.where(np.unpackbits(np.frombuffer(there, np.uint8), bitorder="little")[rows], entries, gap)


def _words(values: Any) -> list[str]:
    """Return values as the texts that a table would have, instants as ISO 8601."""
    if not pa.types.is_timestamp(values.type):
        return ["" if value is None or value != value else str(value).strip() for value in values.to_pylist()]
    instants = _entries(values.cast(pa.int64()), np.iinfo(np.int64).min).astype(f"M8[{values.type.unit}]")
    return printed(instants, "Z" if values.type.tz else "")


def parsed(
    text: str, inputs: list[int], targets: list[int], mark: str, width: int, count: int, wanted: Sequence[int]
) -> ArrowColumns | None:  # fmt: skip
    """Parse so many lines without quotes; None where a cell of a column of numbers is none, or lines are not alike.

    width: how many columns there are; wanted: those that are asked for.
    """
    numbers = {*inputs, *targets}
    kinds = {str(at): pa.float64() if at in numbers else pa.string() for at in (*wanted, *numbers)}
    content = text.encode()
    try:
        table = csv.read_csv(
            pa.py_buffer(content),
            csv.ReadOptions(
                use_threads=False, block_size=len(content) + 1, column_names=[str(at) for at in range(width)]
            ),
            csv.ParseOptions(delimiter=mark, quote_char=False),
            csv.ConvertOptions(column_types=kinds, null_values=[], include_columns=[*kinds]),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != count:
        return None
    return ArrowColumns({int(name): table.column(name).combine_chunks() for name in kinds}, width, range(count))


class ParquetFile(Table):
    """A Parquet file: its columns have kinds, and its lines are its rows, from 1."""

    typed = True

    def __init__(self, source: str, about: DataDescription):
        """Raises ParseError, ProblemError."""
        super().__init__(source, about)
        with self._opened() as file:
            self.names, self.kinds = file.schema_arrow.names, file.schema_arrow.types
        self.check_names()

    def is_typed(self, column: int) -> bool:
        """Tell whether a column holds times rather than texts that say them."""
        return not _is(self.kinds[column], (*_TEXTS, pa.types.is_dictionary))

    @contextmanager
    def _opened(self, texts: Sequence[str] = ()) -> Iterator[parquet.ParquetFile]:
        """Open the file. texts: columns whose texts are each said once. Raises ParseError."""
        limits = {"thrift_string_size_limit": LONGEST, "thrift_container_size_limit": LONGEST}
        try:
            with bounds.binary(self.source) as content, parquet.ParquetFile(
                content, read_dictionary=[*texts], **limits
            ) as file:  # fmt: skip
                yield file
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            reason = str(error).partition("\n")[0]
            raise ParseError(_("cannot read {name}: {reason}"), name=self.source, reason=reason) from None

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield all rows, many at a time. Raises ParseError for columns of other kinds, and for what is too large."""
        names = [self.names[at] for at in wanted]
        kinds = {name: self.kinds[at] for name, at in zip(names, wanted)}
        with self._opened() as file:
            bounds.check(_unpacked(file.metadata, names), self.source)
        for name, kind in kinds.items():
            plain = kind.value_type if pa.types.is_dictionary(kind) else kind
            if not _is(plain, (*_NUMBERS, *_TEXTS, *_OTHERS)):
                message = _("{name}, column {column}: numbers, texts or times were expected, not {kind}")
                raise ParseError(message, name=self.source, column=name, kind=kind)
        first = 1
        with self._opened([name for name, kind in kinds.items() if _is(kind, _TEXTS)]) as file:
            for batch in file.iter_batches(ROWS, columns=names, use_threads=False):
                columns = {at: batch.column(name) for at, name in zip(wanted, names)}
                yield ArrowColumns(columns, len(self.names), range(first, first + len(batch)))
                first += len(batch)


def _unpacked(metadata: Any, names: Sequence[str]) -> int:
    """Return how many bytes columns have by what a file says of itself, and as numbers at least."""
    declared = 0
    for group in range(metadata.num_row_groups):
        parts = (metadata.row_group(group).column(at) for at in range(metadata.num_columns))
        declared += sum(
            abs(part.total_uncompressed_size) for part in parts if part.path_in_schema.partition(".")[0] in names
        )
    return max(declared, abs(metadata.num_rows) * 8 * len(names))
