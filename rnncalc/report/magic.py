"""`%%rnncheck` in notebooks: a cell is run, and the functions that it defines are checked.

%load_ext rnncalc

%%rnncheck cs231n
def rnn_step_forward(x, prev_h, Wx, Wh, b): …
"""

from __future__ import annotations

import ast
import shlex
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import RnncalcError
from rnncalc.report.checked_code import CheckedCode

USAGE = "%%rnncheck [SIGNATURE] [--cell CELL]"


def register(shell: Any) -> None:
    """Add the magic to a running IPython."""
    shell.register_magic_function(lambda line, cell: rnncheck(shell, line, cell), "cell", "rnncheck")


def rnncheck(shell: Any, line: str, cell: str) -> CheckedCode | None:
    """Run a cell in the notebook's names, and check every function of it whose signature is known."""
    from IPython.core.error import UsageError

    from rnncalc.check.code.checking import check_cell

    signature, kind = _options(line, UsageError)
    text = "\n" + cell  # so that its lines have the numbers that the notebook shows
    ran = shell.run_cell(text, store_history=False)
    if not ran.success:
        return None  # IPython has shown the error
    names = shell.user_ns
    defined = [names.get(name) for name in _defined(shell.transform_cell(text))]
    if not defined:
        raise UsageError(_("%%rnncheck: this cell defines no function and no class"))
    members = [member for value in defined for member in (value, *getattr(value, "__dict__", {}).values())]
    files = [member.__code__.co_filename for member in members if hasattr(member, "__code__")]
    try:
        return CheckedCode(check_cell(names, files[0] if files else "", text, signature, cell=kind))
    except RnncalcError as error:
        raise UsageError(str(error)) from None


def _options(line: str, usage_error: type[Exception]) -> tuple[str | None, str | None]:
    """The signature and the cell that the magic's line names."""
    words = shlex.split(line)
    kind = None
    if "--cell" in words[:-1]:
        at = words.index("--cell")
        kind = words[at + 1]
        del words[at : at + 2]
    if len(words) > 1 or any(word.startswith("-") for word in words):
        raise usage_error(USAGE)
    return (words[0] if words else None), kind


def _defined(text: str) -> list[str]:
    """The functions and classes that a cell defines."""
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
