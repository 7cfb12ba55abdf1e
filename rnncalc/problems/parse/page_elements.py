"""An element of a page, whatever program saved it, and how much of one is read."""

from __future__ import annotations

from dataclasses import dataclass, field

LARGEST = 3_000_000  # bytes of a page's text once it is unpacked
DEEPEST = 100  # elements within each other


@dataclass
class Element:
    """Its name as HTML or MathML calls it, what is in it, and its class."""

    name: str
    parts: list[Element | str] = field(default_factory=list)
    kind: str = ""
