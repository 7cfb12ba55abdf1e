"""A temporary folder of ours, in which somebody else's program has worked."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

PATIENCE = 30.0  # seconds to remove a folder: thousands of files on a slow disk


@contextmanager
def scratch_folder(files: Mapping[str, str]) -> Iterator[Path]:
    """A temporary folder with these files, name → text, which is removed afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        yield folder
    finally:
        remove_scratch(folder)


def remove_scratch(folder: Path) -> None:
    """Remove such a folder, however deep the folders in it are, and whatever modes they were given.

    What cannot be removed stays, and so does what is too much for half a minute.
    """
    deadline = time.monotonic() + PATIENCE
    left, names = [str(folder)], (folder / f"{secrets.token_hex(8)}-{number}" for number in count())
    while left and time.monotonic() < deadline:
        path = left.pop()
        with suppress(OSError):
            os.chmod(path, 0o700)
            for entry in list(os.scandir(path)):
                if time.monotonic() > deadline:
                    return
                with suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        os.unlink(entry.path)
                        continue
                    name = str(next(names))
                    os.chmod(entry.path, 0o700)
                    os.rename(entry.path, name)  # up here, so that no path grows long
                    left.append(name)
            if path != str(folder):
                os.rmdir(path)
    with suppress(OSError):
        folder.rmdir()
