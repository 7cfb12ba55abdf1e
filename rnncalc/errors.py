"""What goes wrong, said so that it can be put right: what, where, and how to fix it, in one to three lines.

Everything that a person can cause is a `RnncalcError`; the command line prints it and exits with 2, with 3 where
a number overflowed. Anything else that escapes is a defect of rnncalc.
"""

from __future__ import annotations

LONGEST = 200  # characters of a value in a message


class RnncalcError(ValueError):
    """The question cannot be answered as it was put: the kind of every error that a person can cause.

    Its kinds are `ParseError`, `ShapeError`, `ProblemError`, `OverflowedError`, `CellError` and `DivergedError`. The
    message stands alone: it is all that the person sees.

    Parameters
    ----------
    message : str
        The text, with names in braces.
    **values
        What the names stand for. It may come from strangers, so it is shown in one line, shortened, without control
        characters.

    Examples
    --------
    >>> from rnncalc import Elman, RnncalcError
    >>> try:
    ...     Elman(U=[[1, 2]], W=[[1, 2]])
    ... except RnncalcError as error:
    ...     print(error)
    W is (1, 2), so H = 2; U says H = 1
    """

    def __init__(self, message: str, **values: object):
        super().__init__(
            message.format(**{name: shown(value) for name, value in values.items()}) if values else message
        )


class ParseError(RnncalcError):
    """A text is not what it should be: no number, no matrix, no problem file, no equation."""


class ShapeError(RnncalcError):
    """An array has another shape than the rest of the problem needs."""


class ProblemError(RnncalcError):
    """The parts of a problem do not go together: an unknown key, a missing weight, an option that does not belong."""


class MissingError(ProblemError):
    """Something that a problem or a cell needs is not given: the inputs, a weight."""


class OverflowedError(RnncalcError):
    """A computed number is infinite or none at all, and nothing can be made of it. The command line exits with 3."""


class CellError(RnncalcError):
    """A cell's equations are refused, by line and place."""


def shown(value: object, most: int = LONGEST) -> str:
    """A value as a message may show it."""
    text = str(value)
    text = " ".join("".join(character if character.isprintable() else " " for character in text[: 4 * most]).split())
    return text if len(text) <= most else text[: most - 1] + "…"
