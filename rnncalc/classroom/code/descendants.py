"""Everything that a submission started, found and ended, also what left its process group.

On Linux this is certain as long as the worker lives: it is the subreaper of all below it, so a process whose parent is
gone becomes its child, whatever group or session it is in. Elsewhere only the process group is ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SUBREAPER, DEATH_SIGNAL = 36, 1  # PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG
PATIENCE = 10.0  # seconds to end what starts new processes all the time
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
DEEPEST, VERY_MUCH = 16, 1 << 62  # folders in folders; bytes that they count as
PROC = Path("/proc")


def adopt() -> bool:
    """Become the parent of every descendant that loses its own. Whether the system can do that."""
    return _prctl(SUBREAPER, 1)


def die_with_parent() -> None:
    """End this process when its parent ends."""
    _prctl(DEATH_SIGNAL, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def _prctl(what: int, value: int) -> bool:
    try:
        return bool(ctypes.CDLL(None).prctl(what, value, 0, 0, 0) == 0)
    except (AttributeError, OSError, TypeError):
        return False


def descendants(most: int = 100_000) -> list[int]:
    """The processes below this one; a few more than `most` at the most, for somebody who starts many."""
    pids, new = dict[int, None](), _children(os.getpid())
    while new and len(pids) <= most:
        pid = new.pop()
        if pid not in pids:
            pids[pid] = None
            new += _children(pid)
    return list(pids)


def _children(pid: int) -> list[int]:
    children = list[int]()
    with suppress(OSError, ValueError):
        for task in (PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                children += map(int, (task / "children").read_text(encoding="ascii").split())
    return children


def processor_time(pids: list[int]) -> float:
    """Seconds of the processor that processes have used, with those of their children that are gone."""
    ticks = 0
    for pid in pids:
        with suppress(OSError, ValueError):
            fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def memory_of(pids: list[int], shared: int) -> int:
    """Bytes that processes have in memory. shared: what each of them has of the worker's own."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            resident = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * PAGE
            total += max(resident - shared, 0)
    return total


def written(folder: str) -> int:
    """Bytes of the files in a folder, and in those in it; each counts as a page at least, so that many are much."""
    total = 0
    for where, folders, names in os.walk(folder):
        if where.count(os.sep) - folder.count(os.sep) > DEEPEST:
            return VERY_MUCH
        total += PAGE * len(folders)
        for name in names:
            with suppress(OSError):
                total += max(os.lstat(os.path.join(where, name)).st_size, PAGE)
    return total


def end_all(group: int) -> bool:
    """End a process group and all that is below this process, and wait for it. Whether nothing is left."""
    if not hasattr(os, "killpg"):
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(group)], capture_output=True)
        return True
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
        below = descendants()
        for sent in (signal.SIGSTOP, signal.SIGKILL):  # stopped first: what is stopped starts no others
            for pid in below:
                with suppress(OSError):
                    os.kill(pid, sent)
        if not _reaped():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)


def _reaped() -> bool:
    """Take in the children that have ended. Whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_marked(mark: str) -> None:
    """End every process whose environment has a mark: what is left below a worker that was killed."""
    for pid in _marked(mark.encode()):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    with suppress(OSError):
        for folder in PROC.iterdir():
            with suppress(OSError):
                if (
                    folder.name.isdigit()
                    and mark in (folder / "environ").read_bytes()
                    and int(folder.name) != os.getpid()
                ):
                    yield int(folder.name)
