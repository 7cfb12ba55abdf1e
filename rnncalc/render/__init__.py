"""How a document is shown: one format, one file, each with `render(document, look) -> str`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from rnncalc.document import Document
from rnncalc.render.numbers import Rounding

FORMATS = ("table", "plain", "json", "csv", "latex", "markdown")
ENDINGS = {".json": "json", ".csv": "csv", ".tex": "latex", ".md": "markdown", ".txt": "plain"}


@dataclass(frozen=True)
class Look:
    """How a text is to look: its rounding, the columns that a line may have (None: any), colours, pure ASCII."""

    rounding: Rounding = Rounding()
    width: int | None = None
    color: bool = False
    ascii: bool = False


def render(document: Document, format: str, look: Look = Look()) -> str:
    """The document as text in one of FORMATS, ending with a line break."""
    text: str = import_module(f"rnncalc.render.{format}").render(document, look)
    return text if text.endswith("\n") else text + "\n"
