"""Plain text: every character or word is a step, and the next one is its target.

As one stream from beginning to end, or line by line, each line a sequence whose last target is the end of the line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncalc.data.rows import Rows, Spool, account, encoded, vocabulary
from rnncalc.errors import ParseError, ProblemError
from rnncalc.language import _

END = "\n"
CHUNK = 1 << 20  # characters read at a time


def read(source: str, about: dict[str, Any], loss: str | None) -> Rows:
    """tokens: chars or words; by: stream or line. Raises ParseError."""
    account(about, tokens="chars", by="stream", at="every")
    for name, known in (("tokens", ("chars", "words")), ("by", ("stream", "line"))):
        if about[name] not in known:
            raise ProblemError(
                _("{name} is one of {known}, not “{word}”"), name=name, known=", ".join(known), word=about[name]
            )
    if "vocabulary" not in about:
        counts: Counter[str] = Counter()
        for part in _parts(source, about["by"]):
            counts.update(split(part, about["tokens"]))
        about["vocabulary"] = vocabulary(counts)
    numbers, spool = {token: n for n, token in enumerate(about["vocabulary"])}, Spool()
    starts = [0]
    for part in _parts(source, about["by"]):
        spool.add(encoded(split(part, about["tokens"]), numbers))
        if about["by"] == "line":
            starts.append(spool.count)
    tokens = spool.array().reshape(-1)
    targets = np.full(len(tokens), -1, np.int32)
    targets[:-1] = tokens[1:]
    if about["by"] == "line":  # a line's last step is the one that foretells its end
        ends = np.array(starts[1:], np.int64)
        targets[ends - 1] = -1
    account(about, inputs=len(numbers), outputs=len(numbers), classes=True, labels=about["vocabulary"], targets=True)
    return Rows(tokens, targets, np.array(starts if about["by"] == "line" else [0, len(tokens)], np.int64))


def split(text: str, tokens: str) -> list[str]:
    """A text as its tokens. Words are what stands between blanks; the end of a line is one too."""
    if tokens == "chars":
        return list(text)
    found: list[str] = []
    for number, line in enumerate(text.split(END)):
        found += [END] * bool(number)
        found += line.split()
    return found


def _parts(source: str, by: str) -> Iterator[str]:
    """The text piece by piece: lines that are not blank, with their ends; or long pieces, cut at blanks."""
    try:
        with open(source, encoding="utf-8-sig") as file:
            if by == "line":
                for line in file:
                    if line.strip():
                        yield line.rstrip("\r\n") + END
                return
            held = ""
            while piece := file.read(CHUNK):
                held += piece
                cut = max(held.rfind(" "), held.rfind(END)) + 1 or len(held)
                yield held[:cut]
                held = held[cut:]
            if held:
                yield held
    except UnicodeDecodeError as error:
        message = _("{name} is not UTF-8: byte {n} cannot be read")
        raise ParseError(message, name=source, n=error.start + 1) from None
    except OSError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=source, reason=error.strerror or error) from None
