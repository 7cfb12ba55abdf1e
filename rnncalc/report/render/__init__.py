"""How a document is shown: one format, one file, each with `render(document, options)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from typing import Any

from rnncalc.common.i18n import _, full_width
from rnncalc.common.safe_text import printable
from rnncalc.errors import RnncalcError
from rnncalc.report import document as blocks
from rnncalc.report.document import Block, Document
from rnncalc.report.render.numbers import Rounding


@dataclass(frozen=True)
class RenderOptions:
    """How a text is laid out: its rounding, the columns that a line may have (None: any), colours, the encoding
    whose letters it may have.

    whole: a document of its own, not a part of one.
    """

    rounding: Rounding = Rounding()
    width: int | None = None
    color: bool = False
    encoding: str = "utf-8"
    whole: bool = False


def render(document: Document, format: str, options: RenderOptions = RenderOptions()) -> str:
    """The document as text in one of the formats of `report/document_formats.py`, ending with a line break.

    Raises RnncalcError for a format that is no text.
    """
    text = contents(document, format, options)
    if isinstance(text, bytes):
        raise RnncalcError(_("{format} is no text: write it to a file, -o FILE.{format}"), format=format)
    return text


def contents(document: Document, format: str, options: RenderOptions = RenderOptions()) -> str | bytes:
    """What a file in that format holds."""
    document = replace(document, blocks=mapped(document.blocks, _harmless), sheet=mapped(document.sheet, _harmless))
    content: str | bytes = import_module(f"rnncalc.report.render.{format}").render(document, options)
    return content if isinstance(content, bytes) or content.endswith("\n") else content + "\n"


class Renderer(ABC):
    """A format for people: how each kind of block is written. Parts stand below each other, a blank line between."""

    def __init__(self, options: RenderOptions):
        self.options = options

    def text(self, document: Document) -> str:
        """All blocks; what a format has no place for leaves nothing."""
        return "\n\n".join(part for block in document.blocks if (part := self.block(block)))

    def block(self, block: Block) -> str:
        """One block, by the method that is called as its kind is."""
        write: Callable[[Block], str] = getattr(self, type(block).__name__.lower())
        return write(block)

    @abstractmethod
    def heading(self, block: blocks.Heading) -> str: ...

    @abstractmethod
    def paragraph(self, block: blocks.Paragraph) -> str: ...

    @abstractmethod
    def items(self, block: blocks.Items) -> str: ...

    @abstractmethod
    def formulas(self, block: blocks.Formulas) -> str: ...

    @abstractmethod
    def table(self, block: blocks.Table) -> str: ...

    @abstractmethod
    def matrices(self, block: blocks.Matrices) -> str: ...

    @abstractmethod
    def grid(self, block: blocks.Grid) -> str: ...

    @abstractmethod
    def arrays(self, block: blocks.Arrays) -> str: ...

    def unrolled(self, block: blocks.Unrolled) -> str:
        """The picture of the network, where a format can draw."""
        return ""

    def curve(self, block: blocks.Curve) -> str:
        """Numbers as a line, where a format can draw."""
        return ""


def _harmless(text: str) -> str:
    """The text with nothing in it but characters that are seen: titles and names may come from strangers; what was
    joined from pieces has the reader's punctuation."""
    return full_width(printable(text))


def mapped(part: Any, change: Callable[[str], str]) -> Any:
    """Blocks with every text changed. Formulas stay: their letters are identifiers. So do numbers."""
    if isinstance(part, str):
        return change(part)
    if isinstance(part, list | tuple):
        return type(part)(mapped(item, change) for item in part)
    if is_dataclass(part) and not isinstance(part, blocks.Formulas):
        values = {field.name: getattr(part, field.name) for field in fields(part)}
        return replace(part, **{name: mapped(value, change) for name, value in values.items()})  # type: ignore[type-var]
    return part
