r"""Names of what is derived: letters for the gradient at a signal, parameters after the update.

δ_t = \frac{∂E}{∂net_t} makes δ_2 = … an answer to ∂E/∂net_2; U', U_{updated} and U^{更新后} are U_new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.nodes import symbols_of
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet
from rnncalc.problems.sheet.roles import UNIT

FAR = 60  # characters of the letter with its indices
_LOSS = r"(?:[LJEℒ]|[Ll]oss|Cost)"  # of all steps: ∂E_t/∂h_t leaves out what comes from the steps behind
_DEFINED = re.compile(
    rf"(?::=|=|≡|\\equiv|\\triangleq|定义为|表示|为)[ \t$&{BREAK}]*"
    rf"(?:\\frac\s?\{{\s?[∂d]\s?{_LOSS}\s?\}}\s?\{{\s?[∂d]\s?|[∂d]\s?{_LOSS}\s?/\s?[∂d]\s?)(?=[^\W\d_])"
)
_UPDATED = re.compile(
    r"updated?|upd|after|neu\w?|nuev[oa]|nouveau|nouvelle|nov[oa]|nuov[oa]|нов\w{1,3}|新|更新|更新[后後]"
)
_UPDATES = re.compile(r"\blr\b|[ηαγ]|learning|updat|descent|lern|apprenti|aprend|обучен|学习率|更新|下降|学習|학습")


def renamed(sheet: ScannedSheet) -> list[Assigned]:
    """The values, those of letters that are defined so under what they are the gradient at, the updated ones as new."""
    terms = dict(_defined(sheet.text))
    given = {item.symbol.key for item in sheet.assigned if not item.answer}
    read = {name.base for equation in sheet.equations for name in (equation.defined, *symbols_of(equation.node))}
    primed = {f"{name}'" for name in given} - read if _UPDATES.search(sheet.text) else set()
    return [_as_new(_as_gradient(item, terms), primed) for item in sheet.assigned]


def _as_new(item: Assigned, primed: set[str]) -> Assigned:
    name = item.symbol
    if item.key or item.gradient:
        return item
    if name.base in primed:
        name = replace(name, base=name.base.rstrip("'"), indices=(*name.indices, "new"))
    indices = tuple("new" if _UPDATED.fullmatch(index) else index for index in name.indices)
    return item if indices == item.symbol.indices else replace(item, symbol=replace(name, indices=indices))


def _defined(text: str) -> Iterator[tuple[str, Symbol]]:
    """The key of every letter that a line defines, and the signal at which it is the gradient."""
    for sign in _DEFINED.finditer(text):
        before = text[max(text.rfind("\n", 0, sign.start()) + 1, sign.start() - FAR) : sign.start()]
        before = before.rstrip(f" \t$&{BREAK}")
        at = symbols.read(text, sign.end())
        for word in symbols.NAME.finditer(before):
            name = symbols.read(before, word.start())
            if name and at and name[1] == len(before) and name[0].offset == at[0].offset == 0:
                yield name[0].key, at[0]
                break


def _as_gradient(item: Assigned, terms: dict[str, Symbol]) -> Assigned:
    unit = None if item.key else UNIT.search(item.symbol.text)  # δ_2[1]
    name = replace(item.symbol, indices=item.symbol.indices[:-1]) if unit else item.symbol
    number = name.number
    signal = None if item.key or item.gradient or number is None else terms.get(name.without(number))
    if signal is None:
        return item
    entry = (unit[1],) if unit else ()
    text = f"{signal.key}_{number}" + (f"[{unit[1]}]" if unit else "")
    at = replace(signal, indices=(*signal.labels, str(number), *entry), text=text)
    return replace(item, symbol=at, gradient=True)
