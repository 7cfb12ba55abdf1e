"""Damaged kernels are compiled again, and no trouble of the disk reaches the user."""

import errno
import os
import random
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from support.helpers import compiler

from rnncalc.engine.compiled.codegen import cache, jit

Twice = Callable[[], tuple[float, bool]]  # what `kernel` gives


def twice(x: float) -> float:
    return 2 * x + 1


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twice:
    """Call `twice` as the next process would: what it gives, and whether it was found on disk."""
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)

    def run() -> tuple[float, bool]:
        dispatcher: Any = jit.jit(twice)
        return dispatcher(20.5), bool(dispatcher._cache_hits)

    return run


@compiler
def test_one_flipped_bit_is_refused_and_compiled_again(kernel: Twice, tmp_path: Path) -> None:
    assert kernel() == (42.0, False)
    (path,) = tmp_path.iterdir()
    whole, rng = path.read_bytes(), random.Random(1)
    assert kernel() == (42.0, True)
    for _flip in range(2000):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        assert cache.read(path) is None
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, True)


@compiler
@pytest.mark.parametrize("damage", ["empty", "short", "cut", "longer", "zeros", "folder", "no pickle", "another's"])
def test_what_is_no_kernel_is_compiled_again(kernel: Twice, tmp_path: Path, damage: str) -> None:
    kernel()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage in ("no pickle", "another's"):  # a right checksum of something else
        import pickle

        cache.write(path, b"no pickle" if damage == "no pickle" else pickle.dumps(("another", ())))
    else:
        damaged = {"empty": b"", "short": whole[:20], "cut": whole[:-1], "longer": whole + b"\0", "zeros": bytes(999)}
        path.write_bytes(damaged[damage])
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, damage != "folder")


@compiler
@pytest.mark.parametrize("where", [(tempfile, "mkstemp"), (os, "fdopen"), (os, "replace"), (Path, "open")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOENT, errno.EIO])
def test_a_disk_that_refuses_reaches_nobody(
    kernel: Twice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[Any, str],
    number: int,
) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(where[0], where[1], refuse)
        assert kernel() == (42.0, False)
    assert kernel() == (42.0, where[1] == "open")
    assert [path.suffix for path in tmp_path.iterdir()] == [".nbc"]


@compiler
def test_a_disk_that_is_full_in_the_midst_keeps_nothing(
    kernel: Twice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, number: int, _mode: str) -> None:
            self.number = number

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            os.close(self.number)

        def write(self, content: bytes) -> None:
            os.write(self.number, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", Full)
    assert kernel() == (42.0, False)
    assert not list(tmp_path.iterdir())


@compiler
def test_a_folder_that_vanishes(kernel: Twice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path / "gone")
    assert kernel() == (42.0, False)
    assert kernel() == (42.0, False)


@compiler
@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no modes on this system")
def test_what_is_kept_is_for_nobody_else(kernel: Twice, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kernel()
        folder = cache._made((tmp_path / "a" / "b").resolve())
    finally:
        os.umask(before)
    (path,) = tmp_path.glob("*.nbc")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(place.stat().st_mode) for place in (folder, folder.parent)} == {0o700}
    path.chmod(0o666)
    assert kernel() == (42.0, False)
