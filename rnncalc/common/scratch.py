"""A temporary folder of ours, in which somebody else's program has worked."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path


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
    """Remove such a folder, however deep the folders in it are, and whatever modes they were given."""
    left, names = [str(folder)], (folder / f"{secrets.token_hex(8)}-{number}" for number in count())
    while left:
        path = left.pop()
        with suppress(OSError):
            for entry in list(os.scandir(path)):
                with suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        os.unlink(entry.path)
                        continue
                    os.chmod(entry.path, 0o700)
                    left.append(str(next(names)))
                    os.rename(entry.path, left[-1])  # up here, so that no path grows long
            if path != str(folder):
                os.rmdir(path)
    with suppress(OSError):
        folder.rmdir()
