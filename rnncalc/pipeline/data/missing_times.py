"""Times that are missing from a regular column: found by the distances between neighbours, said once a file.

A network takes rows for steps, whatever time lies between them. Where most rows are one distance apart and all others
so many times it, somebody should know of the days that have no row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import blocks, on_disk_if_large

MOST = 1000  # distances; what has more is not regular
CLOSE = 1e-5  # of a distance, within which another is so many times it
DAY = np.timedelta64(1, "D")
MIDNIGHT = np.dtype("M8[D]")


def missing_times(keys: np.ndarray, offsets: np.ndarray) -> tuple[str, str, int] | None:
    """Return how many times are missing, the first of them, and its row's predecessor; None where none is known to be.

    keys: numbers, or instants as `Times.keys` has them, sequence by sequence; offsets: where these begin.
    """
    numbers = keys.dtype.kind == "f"
    times = keys if numbers else _instants(keys)
    for unit, clock in _CLOCKS.items():
        if numbers != (unit == "number"):
            continue
        distances = _distances(times, offsets, clock)
        usual = max(distances, key=lambda distance: distances[distance][0], default=0)
        total = sum(count for count, _row in distances.values())
        if usual <= 0 or 2 * distances[usual][0] <= total or (unit in ("weekday", "month") and usual != 1):
            continue
        steps = {distance: round(distance / usual) for distance in distances}
        if any(n < 1 or abs(distance / usual - n) > CLOSE * n for distance, n in steps.items()):
            continue
        count = sum((n - 1) * distances[distance][0] for distance, n in steps.items())
        if not count:
            return None
        before, n = min((distances[distance][1], n) for distance, n in steps.items() if n > 1)
        return (
            _amount(unit, usual, count),
            _following(times[before], (times[before + 1] - times[before]) / n, unit),
            before,
        )
    return None


def _instants(keys: np.ndarray) -> np.ndarray:
    instants = on_disk_if_large((len(keys),), np.dtype("M8[us]"))
    for made, some in blocks(instants, keys):
        made[:] = some.astype("S26").astype("M8[us]")
    return instants


def _distances(
    times: np.ndarray, offsets: np.ndarray, clock: Callable[[np.ndarray], np.ndarray | None]
) -> dict[Any, list[int]]:
    """Return the distances between neighbours: how many have it, and the first row that has it to the next one.

    Nothing where the clock does not tell these times, or they have too many distances to be regular.
    """
    distances: dict[Any, list[int]] = {}
    inside = np.ones(len(times) + 1, bool)
    inside[offsets] = False
    begin, last = 0, None
    for (some,) in blocks(times):
        ticks = clock(some)
        if ticks is None:
            return {}
        steps = np.diff(ticks, prepend=ticks[:1] if last is None else last)
        rows = np.flatnonzero(inside[begin : begin + len(some)])
        rounded = steps.astype(np.float32) if steps.dtype.kind == "f" else steps
        values, first, counts = np.unique(rounded[rows], return_index=True, return_counts=True)
        if len(distances) + len(values) > MOST:
            return {}
        for value, at, count in zip(values.tolist(), first.tolist(), counts.tolist()):
            distances.setdefault(value, [0, begin + int(rows[at]) - 1])[0] += count
        begin, last = begin + len(some), ticks[-1:]
    return distances


def _weekdays(instants: np.ndarray) -> np.ndarray | None:
    """Count days from Monday to Friday, if there are no others."""
    days = instants.astype(MIDNIGHT)
    if (days != instants).any() or not np.is_busday(days).all():
        return None
    return np.busday_count(np.datetime64("1970-01-01"), days)


def _months(instants: np.ndarray) -> np.ndarray | None:
    """Count months, if all days are the first of one, or all the last."""
    for days in (instants, instants + DAY):
        if (days == days.astype("M8[M]")).all():
            return days.astype("M8[M]").astype(np.int64)
    return None


_CLOCKS: dict[str, Callable[[np.ndarray], np.ndarray | None]] = {
    "number": lambda times: times,  # their distances are rounded: 0.3 - 0.2 is another number than 0.2 - 0.1
    "weekday": _weekdays,
    "month": _months,
    "time": lambda instants: instants.astype(np.int64),  # microseconds
}


def _following(time: Any, distance: Any, unit: str) -> str:
    """Return the time that should follow, as people write it. distance: from one to the next, around there."""
    if unit == "number":
        return f"{time + distance:.10g}"
    if unit == "weekday":
        return str(np.busday_offset(time.astype(MIDNIGHT), 1))
    if unit == "month":
        first = (time + DAY).astype("M8[M]")  # of the last day of a month, that of the next one
        return str((first + 1).astype(MIDNIGHT) - (DAY if time != first else 0))
    missing = time + distance
    midnight = time == time.astype(MIDNIGHT) and missing == missing.astype(MIDNIGHT)
    return str(missing.astype(MIDNIGHT) if midnight and distance >= DAY else missing.astype("M8[s]"))


def _amount(unit: str, usual: Any, count: int) -> str:
    """Return how many of what are missing."""
    words = {
        ("weekday", 1): _("{n} weekday(s)"),
        ("month", 1): _("{n} month(s)"),
        ("time", 86_400_000_000): _("{n} day(s)"),
        ("time", 3_600_000_000): _("{n} hour(s)"),
        ("time", 60_000_000): _("{n} minute(s)"),
    }
    return words.get((unit, usual), _("{n} time(s)")).format(n=count)
