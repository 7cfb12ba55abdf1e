"""How large a file may be, by what it holds and by what it declares: RNNCALC_MAX_BYTES, one GiB unless it is set.

A file is read whole or not at all, and never more of it than that. A path that a person types may be a pipe or a
device, whose size nobody knows beforehand: as much is read of it as is allowed, and one byte more is refused.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import IO, Any

from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import ParseError, ProblemError, RnncalcError

VARIABLE = "RNNCALC_MAX_BYTES"
USUAL = 1 << 30
_COPIES: dict[str, bytes] = {}  # of pipes, which can be read only once


def most() -> int:
    """The most bytes of a file. Raises ProblemError where the variable is no number."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return USUAL
    if not text.isdecimal() or len(text) > 18:
        raise ProblemError(_("{name} is a number of bytes, not “{text}”"), name=VARIABLE, text=text)
    return int(text)


def check(size: int, name: object) -> None:
    """Refuse what is larger. Raises ParseError."""
    if size > (allowed := most()):
        message = _("{name} holds {size} bytes, more than {most}: set {variable} to allow more")
        raise ParseError(message, name=name, size=size, most=allowed, variable=VARIABLE)


def binary(name: str | os.PathLike[str]) -> IO[bytes]:
    """A file of bytes in which one can go back, no larger than is allowed. Raises ParseError."""
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open(name, "rb"))
            check(os.fstat(file.fileno()).st_size, name)
            if os.path.isfile(name):
                stack.pop_all()
                return file
            data = file.read(most() + 1)
            check(len(data), name)
            return io.BytesIO(data)
    except (OSError, ValueError) as error:
        raise refused(error, name) from None


def content(name: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Raises ParseError."""
    with binary(name) as file:
        return file.read()


def opened(name: str, **how: Any) -> IO[str]:
    """A file of text as `open` opens it, as often as one likes: of a pipe or a device the first reader keeps a copy.

    A file on disk may have any size, since whoever reads it by lines keeps little of it. Raises ParseError.
    """
    try:
        if os.path.isfile(name):
            return open(name, **how)
        if name not in _COPIES:
            _COPIES[name] = content(name)
        return io.TextIOWrapper(io.BytesIO(_COPIES[name]), **how)
    except (OSError, ValueError) as error:
        raise refused(error, name) from None


def lines(name: str, advice: str = "", **how: Any) -> Iterator[str]:
    """The lines of a text in UTF-8, none longer than a file may be. Raises ParseError, with advice how to mend it."""
    longest = most()
    for line in _read(name, lambda file: file.readline(longest + 1), advice, how):
        check(len(line), name)
        yield line


def pieces(name: str, size: int) -> Iterator[str]:
    """A text in UTF-8, so many characters at a time. Raises ParseError."""
    return _read(name, lambda file: file.read(size), "", {})


def _read(name: str, some: Callable[[IO[str]], str], advice: str, how: dict[str, Any]) -> Iterator[str]:
    try:
        with opened(name, **{"encoding": "utf-8-sig", **how}) as file:
            while text := some(file):
                yield text
    except UnicodeDecodeError as error:
        advice = advice or _("byte {n} cannot be read").format(n=error.start + 1)
        raise ParseError(_("{name} is not UTF-8: {advice}"), name=name, advice=advice) from None
    except OSError as error:
        raise refused(error, name) from None


def refused(error: Exception, name: object) -> RnncalcError:
    """Why a file could not be read, in words; what is in words already stays."""
    if isinstance(error, RnncalcError):
        return error
    reason = os_error_reason(error) if isinstance(error, OSError) else _("there is no such file")  # a NUL in the name
    return ParseError(_("cannot read {name}: {reason}"), name=name, reason=reason)
