"""Checks somebody's code: every function of a file whose signature is known, or one function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike, fspath
from typing import Any

from rnncalc.check.code.calling import Caller
from rnncalc.check.code.function_check import FunctionCheck
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature, Reading, Signature
from rnncalc.check.code.signature_file import PYTORCH, guess
from rnncalc.check.code.signature_file import signature as signature_named
from rnncalc.check.code.verdict import RIGHT, CodeVerdict
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.functions import quiet


def check_file(
    path: str | PathLike[str],
    signature: str | PathLike[str] | Signature | None = None,
    *,
    function: str | None = None,
    cell: str | None = None,
) -> list[CodeVerdict]:
    """Check the functions of a file. This runs the file's code.

    Parameters
    ----------
    path : str or path-like
        A file of Python, or a notebook. Its definitions are run; its loops, prints and tests are not. Lines of a
        notebook are counted over all its cells of code.
    signature : str or path-like, optional
        A shipped signature (cs231n, deeplearning_ai, d2l, min_char_rnn, deep_ml, pytorch), or a JSON file. Without it,
        the signature is guessed from the names of functions and arguments.
    function : str, optional
        One function, or class; every one that the signature knows by default.
    cell : str, optional
        The cell that the code should be, where the signature leaves it open.

    Returns
    -------
    list of CodeVerdict
        One for each function, in the order of the file.

    Raises
    ------
    RnncalcError
        If the file is no Python, or no function in it has a known signature.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rnncalc.check.code import check_file
    >>> _ = Path("mine.py").write_text('''import numpy as np
    ... def rnn_step_forward(x, prev_h, Wx, Wh, b):
    ...     next_h = np.tanh(x @ Wx + prev_h @ Wh)
    ...     return next_h, None
    ... ''')
    >>> [(verdict.verdict, verdict.mistakes[0].id) for verdict in check_file("mine.py", "cs231n")]
    [('wrong', 'bias_omitted')]
    """
    return check_code(Code.of_file(fspath(path)), signature, function=function, cell=cell)


def check_function(
    function: Callable[..., Any],
    signature: str | PathLike[str] | Signature | None = None,
    *,
    cell: str | None = None,
) -> list[CodeVerdict]:
    """Check a function that is there already, or the methods of a class. Arguments and errors are as of `check_file`.

    A backward function is given the cache of the forward function that stands beside it. Global names that the function
    reads are set for the check, and put back.
    """
    code, name = Code.of_function(function), getattr(function, "__name__", "")
    names = code.names
    code.names = names if names.get(name) is function else {**names, name: function}
    with put_back(names):
        return check_code(code, signature, function=name, cell=cell)


def check_cell(
    names: dict[str, Any],
    file: str,
    text: str,
    signature: str | PathLike[str] | Signature | None = None,
    *,
    cell: str | None = None,
) -> list[CodeVerdict]:
    """Check every function that a cell of a notebook defined. Errors are those of `check_file`.

    names : the notebook's names, put back after the check. file : the cell's name in tracebacks. text : its source.
    """
    with put_back(names):
        return check_code(Code(names, file, text), signature, cell=cell)


@contextmanager
def put_back(names: dict[str, Any]) -> Iterator[None]:
    """Whatever happens inside, names have the values that they had."""
    before = dict(names)
    try:
        yield
    finally:
        for name in names.keys() - before.keys():
            del names[name]
        names.update(before)


@quiet
def check_code(
    code: Code,
    chosen: str | PathLike[str] | Signature | None,
    *,
    function: str | None = None,
    cell: str | None = None,
    caller: Caller | None = None,
) -> list[CodeVerdict]:
    """Check the functions of loaded code. Arguments and errors are those of `check_file`.

    caller: who calls them, where that is not done in this process.
    """
    if cell is not None and cell not in CELLS:
        raise ProblemError(_("cell {cell} is none of {known}"), cell=cell, known=", ".join(CELLS))
    verdicts, caller = [], caller or Caller(code)
    for known, readings, note in _subjects(caller, chosen, function, cell):
        first = [FunctionCheck(caller, known, reading[0]).verdict(pairs=False) for reading in readings]
        at = min(range(len(first)), key=lambda at: _doubt(first[at]))
        group = [first[at] if first[at].verdict == RIGHT else FunctionCheck(caller, known, readings[at][0]).verdict()]
        group += [FunctionCheck(caller, known, each).verdict() for each in readings[at][1:]]
        others = {verdict.cell: verdict for verdict in first if verdict.cell != group[0].cell}
        if others:
            text = _("courses define this cell in several ways; held against {cell} (--cell chooses), not {others}")
            group[0].notes.append(text.format(cell=group[0].cell, others=", ".join(others)))
        group[0].notes[:0] = [note] if note else []
        verdicts += group
    return verdicts


def _doubt(verdict: CodeVerdict) -> tuple[bool, bool, int]:
    """How unlikely a reading is: the one that makes the code right is meant, else the one that explains it best."""
    explained = sum(mistake.explains for mistake in verdict.mistakes)
    whole = bool(verdict.mistakes) and explained >= max(mistake.of for mistake in verdict.mistakes)
    return verdict.verdict != RIGHT, not whole, len(verdict.mistakes)


def _subjects(
    caller: Caller, chosen: str | PathLike[str] | Signature | None, function: str | None, cell: str | None
) -> Iterator[tuple[Signature, list[Reading], str]]:
    """Yield what is checked: its signature, the possible readings, and how it was recognised."""
    code = caller.code
    names = [function.partition(".")[0]] if function else code.functions()
    if function and names[0] not in code.names:
        raise _missing(code, function)
    known = None if chosen is None else signature_named(chosen)
    known = known if known and known.functions else None
    none, guessed = True, guess({name: code.arguments(name) for name in code.functions() or names}, cell)
    for name in names:
        note, course, matches = "", known, []
        if known is not None:
            matches = [
                each
                for each in known.functions.values()
                if name == _owner(each) and function in (None, name, each.name)
            ]
        elif (readings := caller.module_readings(name, cell)) is not None:
            if readings:
                none = False
                yield Signature(PYTORCH, {}), readings, ""
            continue
        elif name in guessed:
            course, functions = guessed[name]
            owner = _owner(functions[0])
            text = _("taken for {signature}'s code; --signature says otherwise")
            if owner != name:
                text = _("{name} is taken for {signature}'s {function}; --signature says otherwise")
            note = text.format(name=name, signature=course.name, function=owner)
            matches = [replace(each, name=each.name.replace(owner, name, 1)) for each in functions]
        for each in matches:
            none = False
            cells = [known for known in each.cells if cell in (None, known)] or [cell or each.cells[0]]
            assert course is not None
            yield course, [(replace(each, cells=(name,)),) for name in cells], note
    if none and not code.text.strip() and code.line == 1 and not names:
        raise ProblemError(_("{file} is empty"), file=code.file)
    if none:
        have = ", ".join(f"{name}({', '.join(code.arguments(name))})" for name in names) or "–"
        if known is not None:
            text = _("{file}: {have} is no function of {signature}, which has {known}")
            listed = ", ".join(known.functions)
            raise ProblemError(text, file=code.file, have=have, signature=known.name, known=listed)
        text = _("{file}: no function has a known signature: {have}; --signature names one, or a JSON file of your own")
        raise ProblemError(text, file=code.file, have=have)


def _owner(function: FunctionSignature) -> str:
    """The name of a function, or of a method's class."""
    return function.name.partition(".")[0]


def _missing(code: Code, name: str) -> ProblemError:
    """The error where a file has no such function, with what may be the reason."""
    reasons = [*code.broken, *(_("{m} is not here").format(m=module) for module in code.missing)]
    text = _("{file}: there is no function {name}{reason}; it has {names}")
    listed = ", ".join(code.functions()) or "–"
    return ProblemError(text, file=code.file, name=name, reason="".join(f"; {text}" for text in reasons), names=listed)
