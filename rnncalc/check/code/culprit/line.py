"""The line of the code that looks like the culprit: a hint, found by what the line uses, not by what it means."""

from __future__ import annotations

from collections.abc import Collection

from rnncalc.check.code.culprit.reading import Reading
from rnncalc.check.code.culprit.rules import RULES, Predicates
from rnncalc.check.code.loading import Code
from rnncalc.check.code.signature import FunctionSignature
from rnncalc.check.code.verdict import Line


def culprit(
    code: Code,
    function: FunctionSignature,
    mistake: str,
    gates: str,
    outputs: Collection[str] = (),
    detail: str = "",
) -> Line | None:
    """The line of a function, or of the functions of the file that it calls, that looks like the culprit.

    outputs: our names of those that are wrong. detail: what the mistake says of itself, da_f without f.
    """
    if mistake not in RULES or not code.tree.body:
        return None
    try:
        reading = Reading(code, function, gates)
        node = Predicates(reading, frozenset(outputs), detail).best(mistake)
    except Exception:  # whatever somebody's code looks like: no hint must end a check
        return None
    if node is None:
        return None
    lines = code.text.splitlines()
    return Line(node.lineno, lines[node.lineno - code.line].strip())
