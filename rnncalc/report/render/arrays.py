"""Arrays in the digits in which they were given, as text."""

from __future__ import annotations

from rnncalc.report.document import Array


def line(block: Array) -> str:
    """U = [[0.1, 0.2], [0.3, 0.4]]: one line, which can be copied into a command or a program."""
    return f"{block.name} = {_bracketed(block.entries)}"


def _bracketed(entries: object) -> str:
    return f"[{', '.join(map(_bracketed, entries))}]" if isinstance(entries, tuple) else str(entries)
