"""What goes wrong, said so that it can be put right: what, where, and how to fix it, in one to three lines.

Everything that a person can cause is a `RnncalcError`; the command line prints it and exits with 2. Anything else that
escapes is a defect of rnncalc.
"""


class RnncalcError(ValueError):
    """The question cannot be answered as it was put. The message stands alone: it is all that the person sees."""


class ParseError(RnncalcError):
    """A text is not what it should be: no number, no matrix, no problem file, no equation."""


class ShapeError(RnncalcError):
    """An array has another shape than the rest of the problem needs."""


class ProblemError(RnncalcError):
    """The parts of a problem do not go together: an unknown key, a missing weight, an option that does not belong."""


class CellError(RnncalcError):
    """A cell's equations are refused, by line and place."""
