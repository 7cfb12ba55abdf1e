"""A scratch folder is removed, whatever was made in it, and nothing beside it."""

import os
import tempfile
from pathlib import Path

import pytest

from rnncalc.common import scratch
from rnncalc.common.scratch import remove_scratch, scratch_folder


def deep(folder: Path, depth: int) -> None:
    """Folders in folders, whose path is too long to be written down."""
    here = os.open(folder, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize("depth", [1, 10_000])
def test_whatever_was_made_in_it_is_removed(depth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if depth > 1:
        if not os.access("/dev/shm", os.W_OK):
            pytest.skip("a disk takes minutes where others use it")
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "file").write_text("…", encoding="utf-8")
    with scratch_folder({"a.py": "…", "b/c/d.py": "…"}) as folder:
        (folder / "link").symlink_to(beside)
        (folder / "b" / "link").symlink_to(beside / "file")
        os.mkfifo(folder / "pipe")
        for number in range(100):
            (folder / "wide" / str(number)).mkdir(parents=True)
        if os.name == "posix":
            deep(folder, depth)
        for name in ("b/c", "b", "."):
            (folder / name).chmod(0)
    assert not folder.exists()
    assert (beside / "file").exists()


def test_who_writes_faster_than_it_is_removed_does_not_keep_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "PATIENCE", 0.0)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").mkdir()
    remove_scratch(tmp_path)
    assert (tmp_path / "a" / "b").exists()
