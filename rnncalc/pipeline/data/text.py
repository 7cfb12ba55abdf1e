"""Plain text: every character or word is a step, and the next one is its target.

As one stream from beginning to end, or line by line, each line a sequence whose last target is the end of the line.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnncalc.common import bounds
from rnncalc.common.encodings import form
from rnncalc.common.spool import Spool, copied
from rnncalc.common.suggest import one_of
from rnncalc.pipeline.data.rows import DataRows, encoded, vocabulary
from rnncalc.pipeline.data_description import DataDescription

END = "\n"
CHUNK = 1 << 20  # characters read at a time


def read(source: str, about: DataDescription, loss: str | None) -> DataRows:
    """Read a text as tokens, as one stream or line by line, as the description has it. Raises ParseError."""
    about.complete(tokens="chars", by="stream", at="every")
    for name, known in (("tokens", ("chars", "words")), ("by", ("stream", "line"))):
        one_of(name, getattr(about, name), known)
    encoding = bounds.encoding(source, about.encoding)
    if not about.vocabulary:
        counts: Counter[str] = Counter()
        for part in _parts(source, about.by, encoding):
            counts.update(_counted(part, about.tokens))
        about.vocabulary = vocabulary(counts)
    encode, tokens = _encoder(about.vocabulary, about.tokens), Spool()
    if about.by == "line":
        targets, offsets = Spool(), array("q", [0])
        for part in _parts(source, "line", encoding):
            row = encode(part)
            tokens.add(row)
            targets.add(np.append(row[1:], np.int32(-1)))  # a line's last step is the one that foretells its end
            offsets.append(tokens.count)
        x, y, begins = tokens.array(), targets.array(), np.array(offsets, np.int64)
    else:
        for part in _parts(source, "stream", encoding):
            tokens.add(encode(part))
        tokens.add(np.full(1, -1, np.int32))
        whole = tokens.array()
        x, y, begins = whole[:-1], whole[1:], np.array([0, len(whole) - 1], np.int64)
        if about.ahead or about.at == "last":  # targets are going to be moved: not under the inputs
            y = copied(whole, np.array([1]), np.array([len(whole) - 1]))
    numbers = about.vocabulary
    about.complete(inputs=len(numbers), outputs=len(numbers), classes=True, labels=about.vocabulary, targets=True)
    return DataRows(x, y, begins, form=[] if about.encoding else form(encoding))


def _counted(text: str, tokens: str) -> dict[str, int]:
    """Count how often each token occurs in a text."""
    if tokens != "chars":
        return Counter(split(text, tokens))
    codes, counts = np.unique(_codes(text), return_counts=True)
    return {chr(code): count for code, count in zip(codes.tolist(), counts.tolist())}


def _codes(text: str) -> np.ndarray:
    """Return the numbers of its characters in Unicode."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _encoder(words: Sequence[str], tokens: str) -> Callable[[str], np.ndarray]:
    """Return a function: text → numbers of its tokens."""
    if tokens != "chars":
        numbers = {token: n for n, token in enumerate(words)}
        return lambda text: encoded(split(text, tokens), numbers)
    table = np.full(0x110000, -1, np.int32)
    table[[ord(word) for word in words]] = np.arange(len(words))
    return lambda text: table[_codes(text)]


def split(text: str, tokens: str) -> list[str]:
    """Split a text into tokens. Words stand between blanks; the end of a line is one too."""
    if tokens == "chars":
        return list(text)
    words: list[str] = []
    for number, line in enumerate(text.split(END)):
        words += [END] * bool(number)
        words += line.split()
    return words


def _parts(source: str, by: str, encoding: str) -> Iterator[str]:
    """Yield the text piece by piece: lines that are not blank, with their ends; or long pieces, cut at blanks."""
    if by == "line":
        for line in bounds.lines(source, encoding):
            if line.strip():
                yield line.rstrip("\r\n") + END
        return
    held = ""
    for piece in bounds.pieces(source, CHUNK, encoding):
        held += piece
        cut = max(held.rfind(" "), held.rfind(END)) + 1 or len(held)
        yield held[:cut]
        held = held[cut:]
    if held:
        yield held
