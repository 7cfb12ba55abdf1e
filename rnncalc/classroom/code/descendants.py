"""Everything that a submission started, found and ended, also what left its process group.

Where session.py does its work, one signal to the group is enough. Elsewhere on Linux the worker is the subreaper of all
below it, so a process whose parent is gone becomes its child, whatever group it is in. On other systems only the
process group is ended.
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
FILE = 64 << 10  # bytes that a file or folder counts as at the least
LONGEST = 2_000  # letters of a path; the system reads twice as many
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
    """The living processes below this one; one more than `most` at the most, for somebody who starts many."""
    pids, dead, new = dict[int, None](), set[int](), _children(os.getpid())
    while new and len(pids) <= most:
        pid = new.pop()
        if pid in pids or pid in dead:
            continue
        if _is_dead(pid):
            dead.add(pid)
            continue
        pids[pid] = None
        new += _children(pid)
    return list(pids)


def _is_dead(pid: int) -> bool:
    """Whether a process only waits for its parent to see its end. One whose first thread alone has ended is alive."""
    try:
        return _fields(pid)[0] == "Z" and len(os.listdir(PROC / str(pid) / "task")) < 2
    except (OSError, IndexError):
        return True


def _fields(pid: int) -> list[str]:
    """What the system knows of a process, from its state on."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


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
            ticks += sum(map(int, _fields(pid)[11:15]))
    return ticks / TICKS


def memory_of(pids: list[int], shared: int) -> int:
    """Bytes that processes have in memory. shared: what each of them has of the worker's own."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            resident = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * PAGE
            total += max(resident - shared, 0)
    return total


def written(folder: str, most: int) -> int:
    """Bytes of the files in a folder, and in those in it; each counts as many, for a disk removes them one by one.

    It stops counting beyond `most`: who writes in an endless loop is faster. A path too long to be read counts as much.
    """
    total, folders = 0, [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += max(entry.stat(follow_symlinks=False).st_size, FILE)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        total += most * (len(entry.path) > LONGEST)
                if total > most:
                    return total
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


def take_in(pid: int) -> None:
    """Take in the orphans that have ended, up to the process with this pid, whose end somebody else waits for."""
    with suppress(OSError, AttributeError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != pid:
            os.waitpid(ended.si_pid, os.WNOHANG)


def _reaped() -> bool:
    """Take in the children that have ended. Whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_marked(mark: str, session: int) -> None:
    """End a session, and every process whose environment has a mark: what is left below a worker that was killed."""
    deadline = time.monotonic() + PATIENCE
    with suppress(OSError, AttributeError):
        while session and time.monotonic() < deadline:
            os.killpg(session, signal.SIGKILL)  # raises OSError when nothing of it is left
            time.sleep(0.01)
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
