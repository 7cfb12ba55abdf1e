"""How many processors the process may use, by its affinity and by the quotas of its control groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def processors() -> int:
    """How many processors the process may use: by its affinity and by its quota, whichever is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([count, *quotas(_text(Path("/proc/self/cgroup")), Path("/sys/fs/cgroup"))]))


def quotas(groups: str, root: Path) -> Iterator[int]:
    """How many whole processors each control group has that the process is in, as far as that can be read.

    groups: a line for each, `number:controllers:path`; root: the folder where they are described.
    """
    for line in groups.splitlines():
        _number, controllers, place = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        group = Path(place.lstrip("/"))
        for folder in (top, *(top / part for part in (group, *group.parents))):
            quota = _text(folder / "cpu.max").split()
            if not quota:
                quota = [*_text(folder / "cpu.cfs_quota_us").split(), *_text(folder / "cpu.cfs_period_us").split()]
            if len(quota) == 2 and all(part.isdigit() for part in quota) and int(quota[1]):
                yield int(quota[0]) // int(quota[1])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
