"""Elements of HTML and SVG as text."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """One element; a trailing underscore of an attribute is dropped, others become hyphens; None is left out."""
    written = "".join(
        f" {key.removesuffix('_').replace('_', '-')}={quoteattr(shown(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def shown(value: object) -> str:
    """An attribute as text, coordinates to a tenth."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
