"""Checks of code in Python and in notebooks: verdicts that show themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from rnncalc.model.equations.functions import quiet
from rnncalc.report.document import Document
from rnncalc.report.notebook import Shown

if TYPE_CHECKING:
    from rnncalc.check.code import CodeMistake, CodeVerdict, Finding
    from rnncalc.check.code.verdict import OutputPlace


def check_function(
    function: Callable[..., Any], signature: str | PathLike[str] | None = None, *, cell: str | None = None
) -> CheckedCode:
    """Hold what a function returns against the engine, and name its mistake.

    Parameters
    ----------
    function : callable
        A function, or a class such as a PyTorch module. A backward function is given the cache of the forward function
        that stands beside it.
    signature : str or path-like, optional
        How it is called: cs231n, deeplearning_ai, d2l, min_char_rnn, deep_ml, pytorch, or a JSON file of your own. By
        default it is guessed from the names of the function and its arguments.
    cell : str, optional
        The cell that it should be, such as gru, where the signature leaves it open.

    Returns
    -------
    CheckedCode
        `verdict` (right, wrong or failed), `mistakes`, `first` (the first wrong number), `findings`, `notes`; it shows
        itself in a notebook, and `print` shows what `rnncalc check --code` does.

    Raises
    ------
    RnncalcError
        If its signature is unknown.

    Examples
    --------
    >>> import numpy as np, rnncalc
    >>> def rnn_step_forward(x, prev_h, Wx, Wh, b):
    ...     return np.tanh(x @ Wx + prev_h @ Wh), None
    >>> rnncalc.check_function(rnn_step_forward, "cs231n")
    CheckedCode(rnn_step_forward wrong: bias_omitted)
    """
    from rnncalc.check.code import check_function as verdicts

    return CheckedCode(verdicts(function, signature, cell=cell))


class CheckedCode(Shown):
    """What a check of code says: `verdict`, `mistakes`, `first`, `findings`, `notes`; `verdicts`, one a function."""

    def __init__(self, verdicts: Sequence[CodeVerdict]):
        self.verdicts = list(verdicts)

    @property
    def verdict(self) -> str:
        """The worst of all: right, wrong, or failed."""
        return str(self.to_json()["verdict"])

    @property
    def mistakes(self) -> list[CodeMistake]:
        return [mistake for verdict in self.verdicts for mistake in verdict.mistakes]

    @property
    def findings(self) -> list[Finding]:
        return [finding for verdict in self.verdicts for finding in verdict.findings]

    @property
    def notes(self) -> list[str]:
        return list(dict.fromkeys(note for verdict in self.verdicts for note in verdict.notes))

    @property
    def first(self) -> OutputPlace | None:
        """The first number that is wrong."""
        return next((verdict.first for verdict in self.verdicts if verdict.first), None)

    def to_json(self) -> dict[str, Any]:
        """For programs, as `--format json`."""
        from rnncalc.report import check_code

        return check_code.data(self.verdicts)

    @quiet
    def document(self, **choice: Any) -> Document:
        from rnncalc.report import check_code

        return check_code.document(self.verdicts)

    def __repr__(self) -> str:
        said = []
        for verdict in self.verdicts:
            names = ", ".join(mistake.id for mistake in verdict.mistakes)
            said.append(f"{verdict.function} {verdict.verdict}" + (f": {names}" if names else ""))
        return f"CheckedCode({'; '.join(said)})"

    def __str__(self) -> str:
        return self.text().rstrip()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows in a terminal."""
        printer.text("…" if cycle else str(self))
