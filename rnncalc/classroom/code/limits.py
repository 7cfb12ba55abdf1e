"""What a submission may use up. Its process imposes them on itself before it loads the submission."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

MEGABYTE = 1 << 20
BOMB = 512  # more threads and processes than run at the start: only a fork bomb makes so many


@dataclass(frozen=True)
class Limits:
    """seconds: of the processor, for loading the file and for each function.

    memory: bytes beyond what rnncalc takes, of all processes. file, files: bytes of one file, and of all of them.
    processes: at one time. functions: how many there are, for the processor's time in all.
    """

    seconds: float = 20.0
    memory: int = 1024 * MEGABYTE
    file: int = 16 * MEGABYTE
    files: int = 64 * MEGABYTE
    processes: int = 32
    functions: int = 1


def impose(limits: Limits) -> None:
    """The limits that the system knows, for this process and all that it starts. Windows knows none."""
    try:
        import resource
    except ImportError:
        return
    processor = int(limits.seconds * (limits.functions + 1)) + 2
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: processor,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_DATA: _data()
        + limits.memory,  # not the address space: libraries reserve far more than they use
    }
    for kind, most in wanted.items():
        _soft, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (most, most + (kind == resource.RLIMIT_CPU)))
        except (OSError, ValueError):
            continue
    _stop_bombs(resource.RLIMIT_NPROC)


def _stop_bombs(kind: int) -> None:
    """Limit the user's processes. The system counts threads, and those of all the user's programs; not root's."""
    import resource

    soft, hard = resource.getrlimit(kind)
    most = min([_threads() + BOMB, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)])
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, hard))
        try:
            thread = Thread(target=int)
            thread.start()
        except RuntimeError:  # others of this user run where they are not seen, outside a container
            resource.setrlimit(kind, (soft, hard))
            return
        thread.join()
        resource.setrlimit(kind, (most, most))


def _threads() -> int:
    """How many threads the user's processes have, as far as they are seen."""
    total, user = 0, os.getuid()
    with suppress(OSError):
        for name in os.listdir("/proc"):
            with suppress(OSError, ValueError):
                if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                    total += len(os.listdir(f"/proc/{name}/task"))
    return total


def _data() -> int:
    """Bytes of data that this process has by now."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    except (OSError, StopIteration, ValueError):
        return 512 * MEGABYTE
