"""Tests of students' code, and a plugin of pytest: a function that is not right fails with its mistake named.

import rnncalc

def test_step():
    rnncalc.testing.assert_rnn_forward(rnn_step_forward, "cs231n")

`--rnncalc-signature cs231n`, or `rnncalc_signature = cs231n` in pytest's settings, says it for all tests. pytest loads
this file in every run, so what is heavy is imported when a function is checked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from os import PathLike
from typing import Any

sys.modules.setdefault("rnncalc.testing", sys.modules[__name__])  # in tests also: from rnncalc.testing import …
BACKWARD = "backward"
_default: list[str] = []  # the signature that pytest's settings name


def assert_rnn_forward(
    function: Callable[..., Any], signature: str | PathLike[str] | None = None, cell: str | None = None
) -> None:
    """Fail if a function, or the forward pass of a class, is not right. Arguments are those of `check_function`.

    Raises
    ------
    AssertionError
        What `rnncalc check --code` says: the first wrong number, the mistake, the rule, and the line that looks like
        the culprit.

    Examples
    --------
    >>> import numpy as np
    >>> import rnncalc
    >>> def rnn_step_forward(x, prev_h, Wx, Wh, b):
    ...     next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    ...     return next_h, (x, prev_h, Wx, Wh, b, next_h)
    >>> rnncalc.testing.assert_rnn_forward(rnn_step_forward, "cs231n")
    """
    __tracebackhide__ = True
    _assert_right(function, signature, cell, backward=False)


def assert_rnn_backward(
    function: Callable[..., Any], signature: str | PathLike[str] | None = None, cell: str | None = None
) -> None:
    """Fail if a backward function, or the backward pass of a class, is not right. As `assert_rnn_forward`.

    The forward function stands beside it: its cache is what the backward function takes.

    Examples
    --------
    >>> import numpy as np
    >>> import rnncalc
    >>> def rnn_step_forward(x, prev_h, Wx, Wh, b):
    ...     next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    ...     return next_h, (x, prev_h, Wx, Wh, b, next_h)
    >>> def rnn_step_backward(dnext_h, cache):
    ...     x, prev_h, Wx, Wh, b, next_h = cache
    ...     da = dnext_h * (1 - next_h**2)
    ...     return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
    >>> rnncalc.testing.assert_rnn_backward(rnn_step_backward, "cs231n")
    """
    __tracebackhide__ = True
    _assert_right(function, signature, cell, backward=True)


def _assert_right(
    function: Callable[..., Any], signature: str | PathLike[str] | None, cell: str | None, backward: bool
) -> None:
    __tracebackhide__ = True
    from rnncalc.check.code import check_function
    from rnncalc.errors import RnncalcError
    from rnncalc.report.checked_code import CheckedCode

    chosen = signature if signature is not None else _default[-1] if _default else None
    try:
        verdicts = check_function(function, chosen, cell=cell)
    except RnncalcError as error:
        raise AssertionError(str(error)) from None
    if len(verdicts) > 1:  # of a class
        verdicts = [each for each in verdicts if (BACKWARD in each.function.rpartition(".")[2]) is backward] or verdicts
    checked = CheckedCode(verdicts)
    if checked.verdict != "right":
        raise AssertionError(str(checked))


def pytest_addoption(parser: Any) -> None:
    """Add the option and the setting."""
    text = "the signature of functions in assert_rnn_forward and assert_rnn_backward: a course, or a JSON file"
    parser.getgroup("rnncalc").addoption("--rnncalc-signature", metavar="COURSE|FILE", help=text)
    parser.addini("rnncalc_signature", text)


def pytest_configure(config: Any) -> None:
    """Take the signature from the option, else from the setting."""
    chosen = config.getoption("rnncalc_signature") or config.getini("rnncalc_signature")
    if chosen:
        _default.append(chosen)


def pytest_unconfigure(config: Any) -> None:
    """Forget it."""
    _default.clear()
