"""Results as they come, so that a run that is killed goes on where it was: a file of lines, each with its own key.

Lines are only ever added, each batch by one write. A line that was torn as the process died is no JSON and counts for
nothing; the next run begins a line of its own after it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from rnncalc.errors import RnncalcError
from rnncalc.language import _, because

LONGEST = 5_000_000  # characters of a line


class Journal:
    """The results under their keys, in memory and, if there is a name, in a file."""

    def __init__(self, name: str | None):
        self.path = Path(name) if name else None
        self.results: dict[str, dict[str, Any]] = {}
        self.file: int | None = None

    def __enter__(self) -> Journal:
        if self.path is None:
            return self
        try:
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                raise RnncalcError(_("the journal {name} is no file of ours"), name=self.path)
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
            self._read()
        except OSError as error:
            raise RnncalcError(_("cannot write {name}: {reason}"), name=self.path, reason=because(error)) from None
        return self

    def _read(self) -> None:
        assert self.path is not None
        assert self.file is not None
        torn = False
        with self.path.open("rb") as lines:
            while line := lines.readline(LONGEST):
                torn = not line.endswith(b"\n")
                try:
                    entry = json.loads(line)
                    self.results[entry["key"]] = entry["result"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
        if torn:
            os.write(self.file, b"\n")

    def add(self, results: dict[str, dict[str, Any]]) -> None:
        """Keep results, in the file first."""
        if self.file is not None:
            lines = [json.dumps({"key": key, "result": result}) + "\n" for key, result in results.items()]
            data = "".join(lines).encode()
            while data:
                data = data[os.write(self.file, data) :]
        self.results.update(results)

    def close(self) -> None:
        """Leave the file for the next run."""
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
