"""How large a file may be, by what it holds and by what it declares: RNNCALC_MAX_BYTES, one GiB unless it is set.

A file is read whole or not at all, and never more of it than that. A path that a person types may be a pipe or a
device, whose size nobody knows beforehand: as much is read of it as is allowed, and one byte more is refused.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import IO, Any

from rnncalc.common import compressed, encodings
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

    A file on disk may have any size, since whoever reads it by lines keeps little of it; a packed one (.gz, .xz, .bz2)
    unpacks to no more than is allowed. Raises ParseError.
    """
    return io.TextIOWrapper(_bytes(name), **how)


def _bytes(name: str) -> io.BufferedReader | io.BytesIO:
    try:
        if os.path.isfile(name):
            return compressed.unpacked(name, most(), VARIABLE) if compressed.is_packed(name) else open(name, "rb")
        if name not in _COPIES:
            _COPIES[name] = content(name)
        return io.BytesIO(_COPIES[name])
    except (OSError, ValueError) as error:
        raise refused(error, name) from None


def encoding(name: str, said: str = "") -> str:
    """The encoding of a text: what is said of it, else what `encodings` finds. Raises ParseError, ProblemError."""
    if said and not encodings.known(said):
        raise ProblemError(_("there is no encoding “{name}”; utf-8, utf-16, gb18030 and cp1252 are some"), name=said)
    with _bytes(name) as file:
        fitting = said or encodings.detected(file)
        if not fitting:
            line, byte = encodings.misfit(file, "utf-8")
            message = _(
                "{name}, line {line}: the byte {byte} fits neither UTF-8 nor GB 18030 nor cp1252: say what it is "
                "with --encoding"
            )
            raise ParseError(message, name=name, line=line, byte=hex(byte))
    return "utf-8-sig" if codecs.lookup(fitting).name == "utf-8" else fitting


def lines(name: str, encoding: str = "utf-8-sig", **how: Any) -> Iterator[str]:
    """The lines of a text, none longer than a file may be. Raises ParseError."""
    longest = most()
    for line in _read(name, lambda file: file.readline(longest + 1), encoding, how):
        if len(line) > longest:
            check(len(line), name)
        yield line


def pieces(name: str, size: int, encoding: str = "utf-8-sig", **how: Any) -> Iterator[str]:
    """A text, so many characters at a time. Raises ParseError."""
    return _read(name, lambda file: file.read(size), encoding, how)


def _read(name: str, some: Callable[[IO[str]], str], encoding: str, how: dict[str, Any]) -> Iterator[str]:
    try:
        with opened(name, encoding=encoding, **how) as file:
            while text := some(file):
                yield text
    except UnicodeError:  # UTF-16 without its mark is another error than a byte that does not fit
        with _bytes(name) as file_of_bytes:
            line, byte = encodings.misfit(file_of_bytes, encoding)
        message = _("{name}, line {line}: the byte {byte} does not fit {encoding}: --encoding says otherwise")
        where = {"name": name, "line": line, "byte": hex(byte), "encoding": encoding.removesuffix("-sig")}
        raise ParseError(message, **where) from None
    except OSError as error:
        raise refused(error, name) from None


def refused(error: Exception, name: object) -> RnncalcError:
    """Why a file could not be read, in words; what is in words already stays."""
    if isinstance(error, RnncalcError):
        return error
    reason = os_error_reason(error) if isinstance(error, OSError) else _("there is no such file")  # a NUL in the name
    return ParseError(_("cannot read {name}: {reason}"), name=name, reason=reason)
