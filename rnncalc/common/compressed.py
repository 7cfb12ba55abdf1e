"""Texts that lie packed on disk, .gz, .xz or .bz2: unpacked once, into a temporary file, no further than is allowed."""

from __future__ import annotations

import io
import os
import threading
from importlib import import_module
from typing import IO, Any

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

MODULES = {".gz": "gzip", ".xz": "lzma", ".bz2": "bz2"}  # ending → whose `open` unpacks it
CHUNK = 1 << 20  # bytes that are unpacked at a time
_COPIES: dict[tuple[str, int, int], Any] = {}  # name, time and size of a packed file → its content as a file


def is_packed(name: str) -> bool:
    """Tell whether a file is packed, by its ending."""
    return os.path.splitext(name)[1].lower() in MODULES


def ending(name: str) -> str:
    """Return the ending of a file, of a packed one that of what is in it, in small letters: .csv of a.csv.gz."""
    stem, last = os.path.splitext(name)
    return os.path.splitext(stem if last.lower() in MODULES else name)[1].lower()


def unpacked(name: str, most: int, variable: str) -> io.BufferedReader:
    """Return the content of a packed file as a file; it is kept as long as this process lives.

    most: how many bytes it may have at most; variable: what says so. Raises ParseError, OSError.
    """
    status = os.stat(name)
    key = os.path.abspath(name), status.st_mtime_ns, status.st_size
    if key not in _COPIES:
        _COPIES[key] = _copy(name, most, variable)
    return io.BufferedReader(_View(_COPIES[key]))


class _View(io.RawIOBase):
    """A file that others read too, each from a place of its own."""

    lock = threading.Lock()

    def __init__(self, file: IO[bytes]):
        self.file, self.at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with self.lock:
            begin = 0 if whence == os.SEEK_SET else self.at if whence == os.SEEK_CUR else self.file.seek(0, os.SEEK_END)
        self.at = begin + offset
        return self.at

    def readinto(self, into: Any) -> int:
        with self.lock:
            self.file.seek(self.at)
            block = self.file.read(len(into))
        into[: len(block)] = block
        self.at += len(block)
        return len(block)


def _copy(name: str, most: int, variable: str) -> IO[bytes]:
    # few read packed files
    import atexit
    import tempfile
    import zlib

    module = import_module(MODULES[os.path.splitext(name)[1].lower()])
    broken = (EOFError, zlib.error, *([module.LZMAError] if module.__name__ == "lzma" else []))
    copy = tempfile.TemporaryFile(prefix="rnncalc-")  # noqa: SIM115 - closed at the end
    atexit.register(copy.close)
    try:
        with module.open(name, "rb") as file:
            while block := file.read(min(CHUNK, most + 1 - copy.tell())):
                copy.write(block)
                if copy.tell() > most:
                    message = _("{name} unpacks to more than {most} bytes: set {variable} to allow more")
                    raise ParseError(message, name=name, most=most, variable=variable)
    except (ParseError, OSError):
        copy.close()
        raise
    except broken as error:
        copy.close()
        raise ParseError(_("{name} cannot be unpacked: {reason}"), name=name, reason=error) from None
    copy.flush()
    return copy
