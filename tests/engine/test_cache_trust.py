"""Whose folder kernels are loaded from: ours, and nobody else may write to it or swap what lies inside."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.helpers import python

from rnncalc.engine.compiled.codegen import cache

ROOT, US, OTHER = 0, 1000, 65534
Trusted = Callable[..., bool]  # (owner, mode) of each level → whether the last is trusted


@pytest.fixture
def owned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trusted:
    """A folder three levels deep of which the caller says whose each level is, and with which mode."""
    monkeypatch.setattr(os, "getuid", lambda: US, raising=False)
    real = Path.lstat
    said: dict[Path, tuple[int, int]] = {}
    base = tmp_path.resolve()
    levels = [base, base / "a", base / "a" / "b"]

    def lstat(path: Path) -> SimpleNamespace | os.stat_result:
        if path in said:
            owner, mode = said[path]
            return SimpleNamespace(st_uid=owner, st_mode=stat.S_IFDIR | mode)
        return SimpleNamespace(st_uid=ROOT, st_mode=stat.S_IFDIR | 0o755) if path in base.parents else real(path)

    monkeypatch.setattr(Path, "lstat", lstat)

    def trusted(*levels_said: tuple[int, int]) -> bool:
        said.update(zip(levels, levels_said))
        try:
            return cache._made(levels[-1]) == levels[-1]
        except cache._NotOursError:
            return False

    return trusted


@pytest.mark.parametrize(
    ("levels", "good"),
    [
        ([(ROOT, 0o755), (US, 0o755), (US, 0o700)], True),
        ([(ROOT, 0o1777), (US, 0o700), (US, 0o700)], True),  # /tmp
        ([(US, 0o1777), (US, 0o700), (US, 0o700)], True),
        ([(ROOT, 0o1777), (OTHER, 0o755), (US, 0o700)], False),  # who was there first can swap what lies inside
        ([(ROOT, 0o1777), (OTHER, 0o777), (US, 0o700)], False),
        ([(ROOT, 0o1777), (ROOT, 0o755), (US, 0o700)], False),
        ([(OTHER, 0o1777), (US, 0o700), (US, 0o700)], False),
        ([(ROOT, 0o777), (US, 0o700), (US, 0o700)], False),
        ([(ROOT, 0o775), (US, 0o700), (US, 0o700)], False),  # a group, root's or not
        ([(ROOT, 0o755), (US, 0o1777), (US, 0o700)], True),
        ([(ROOT, 0o755), (US, 0o755), (US, 0o1777)], False),  # kernels themselves lie in no shared folder
        ([(ROOT, 0o755), (US, 0o755), (US, 0o720)], False),
        ([(ROOT, 0o755), (US, 0o755), (OTHER, 0o700)], False),
        ([(OTHER, 0o755), (US, 0o755), (US, 0o700)], False),
    ],
)
def test_whose_folder_is_trusted(owned: Trusted, levels: list[tuple[int, int]], good: bool) -> None:
    assert owned(*levels) == good


def test_every_chain_of_owners_and_modes(owned: Trusted) -> None:
    """The rule once more, of every chain of three folders."""
    kinds = [(owner, mode) for owner in (ROOT, US, OTHER) for mode in (0o700, 0o755, 0o775, 0o757, 0o1777, 0o1775)]
    for chain in ((root, middle, last) for root in kinds for middle in kinds for last in kinds):
        nobody = all(owner != OTHER for owner, _mode in chain)
        for (_owner, mode), after in zip(chain, [*(owner for owner, _mode in chain[1:]), None]):
            nobody &= not mode & 0o022 or (bool(mode & 0o1000) and after == US)
        assert owned(*chain) == nobody, chain


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives folders away")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
def test_a_temporary_folder_that_somebody_else_made_first(tmp_path: Path, mode: int) -> None:
    """The predictable name, made by another user, who would swap the kernels inside for their own."""
    first = tmp_path / f"rnncalc-{os.getuid()}"
    first.mkdir()
    first.chmod(mode)
    os.chown(first, OTHER, OTHER)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(cache.cache_folder(), cache.refused()[-1])"
    said = python(code, RNNCALC_CACHE_DIR=str(blocked / "below"), TMPDIR=str(tmp_path))
    assert said == f"None {first} belongs to another user\n"
    assert not list(first.iterdir())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no links and modes on this system")
def test_links_are_resolved_once(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    own.mkdir(mode=0o700)
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "link").symlink_to(own)
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(cache.cache_folder())"
    folder = Path(python(code, RNNCALC_CACHE_DIR=str(shared / "link")).strip())
    assert folder.parent == own.resolve()  # where a link leads is looked at, not where it lies
    (own / "link").symlink_to(shared)
    code = "from rnncalc.engine.compiled.codegen import cache\nprint(*cache.refused())"
    said = python(code, RNNCALC_CACHE_DIR=str(own / "link")).strip()
    assert said == f"other users can write to {shared.resolve()}"


def test_where_files_have_no_owners_the_profile_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    folder = (tmp_path / "a" / "b").resolve()
    assert cache._made(folder) == folder
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "elsewhere")
    with pytest.raises(cache._NotOursError, match="profile"):
        cache._made(folder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this system")
def test_warmup_says_why_nothing_is_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    command = [
        sys.executable,
        "-c",
        "import sys, rnncalc.network.warmup as w\nw.warm = print\nimport rnncalc.cli as c\nc.main()",
    ]
    environment = {**os.environ, "RNNCALC_CACHE_DIR": str(tmp_path / "mine"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*command, "warmup", "--cell", "elman"], env=environment, capture_output=True, text=True, check=True
    )
    reason = f"kernels are not kept there: other users can write to {tmp_path.resolve()}"
    assert done.stdout.splitlines()[2:] == [
        reason,
        reason,
        "nothing is kept: set RNNCALC_CACHE_DIR to a folder that only you can write to",
    ]
