"""Results as they come, so that a run that is killed goes on where it was: a file of JSON lines, which only grows."""

from __future__ import annotations

import json
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import count
from types import TracebackType
from typing import Any, Generic, TypeVar

from rnncalc.common import bounds
from rnncalc.common.files import Name, WriteError, status
from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import RnncalcError, shown

Own = TypeVar("Own", bound="Journal[Any]")
Result = TypeVar("Result")


class Journal(ABC, Generic[Result]):
    """Results under their keys, each a line that begins like all others.

    Lines are only ever added; the last one goes if it was torn as a process died. A file that holds any other line is
    somebody else's, and is refused. A disk that is full stops nobody: what could not be written is tried again with the
    next results, and `trouble` says why.

    Without a name, results are kept in memory only. Subclasses say what an entry is.
    """

    begins = b""  # how each line begins
    mode = 0o666  # of a new file

    def __init__(self, name: Name | None):
        self.name, self.file = name, -1
        self.results: dict[str, Result] = {}
        self.waiting, self.trouble = b"", ""

    @abstractmethod
    def entry(self, key: str, result: Result) -> dict[str, Any]:
        """What is written of a result."""

    @abstractmethod
    def understood(self, entry: Any) -> tuple[str, Result]:
        """Key and result of an entry. Raises ValueError, KeyError, TypeError or AttributeError for what is none."""

    def __enter__(self: Own) -> Own:
        if self.name is None:
            return self
        try:
            there = status(self.name)
            if there and not stat.S_ISREG(there.st_mode):
                raise OSError(_("it is a folder or a device"))
            if there:
                bounds.check(there.st_size, self.name)
            whole = self._read() if there else None
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self.file = os.open(self.name, flags, self.mode)
            if whole is not None:
                os.ftruncate(self.file, whole)
        except OSError as error:
            raise WriteError(
                _("cannot write {name}: {reason}"), name=self.name, reason=os_error_reason(error)
            ) from None
        return self

    def _read(self) -> int | None:
        """Take up what the file holds. Returns where a last line begins that is torn. Raises RnncalcError."""
        assert self.name is not None
        begin = 0
        with open(self.name, "rb") as lines:
            for number in count(1):
                if not (line := lines.readline()):
                    break
                ended = line.endswith(b"\n")
                try:
                    key, result = self.understood(json.loads(line))
                    self.results[key] = result
                    self.waiting = b"" if ended else b"\n"
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    torn = isinstance(error, ValueError) and line.startswith(self.begins)
                    if not torn and not (self.results and self.begins.startswith(line)):
                        message = _("{name}, line {line}: no result of this command; choose another file")
                        raise RnncalcError(message, name=self.name, line=number) from None
                    if not ended:
                        return begin
                begin += len(line)
        return None

    def add(self, results: Mapping[str, Result]) -> None:
        """Keep results, in the file as far as that can be written."""
        self.results.update(results)
        if self.file < 0:
            return
        lines = [json.dumps(self.entry(key, result)) + "\n" for key, result in results.items()]
        self.waiting += "".join(lines).encode()
        try:
            while self.waiting:
                self.waiting = self.waiting[os.write(self.file, self.waiting) :]
            self.trouble = ""
        except OSError as error:
            self.trouble = _("not all results could be kept in {name}: {reason}").format(
                name=shown(self.name), reason=os_error_reason(error)
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
