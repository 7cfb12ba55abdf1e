"""A name with what hangs on it: h_{t-1}, W^{(hx)}, x_1, h̃_t, a^{<t>}, h[t], h_prev.

Which index is the step and which is a label (a gate, a layer) only the whole sheet tells, so a Symbol keeps its indices
apart until `System` reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

LETTERS = r"(?:[A-Za-zͰ-ϿℓÀ-ÖØ-öø-ɏḀ-ỿ][\u0300-\u036f]*)"
NAME = re.compile(rf"{LETTERS}+'?")
_INDEX = re.compile(
    r"\s{0,2}([_^])\s{0,2}(?:\{\s*([^{}\n]{0,40}?)\s*\}|(\([^()\n]{1,12}\)|<[^<>\n]{1,12}>)|([^\W_](?:[^\W_]|[\u0302\u0303]){0,39}(?:-1(?![\d.]))?))"
    r"|<\s*([tnk](?:\s*[-+]\s*\d)?|\d{1,4})\s*>|\[\s*([a-z](?:\s*[-+]\s*\d)?|\d{1,6}|-1)\s*\]|\(\s*([tnk](?:\s*[-+]\s*\d)?|\d{1,4})\s*\)|(\d{1,6})(?![\d.])"
)
_RELATIVE = re.compile(r"([tnkτ])(?:([+-])(\d))?")
_PART = r"(?:\w[+-]\d|[\w\u0302\u0303]+)"  # of an index: t-1, xh, of the candidate h̃
_LAYER = re.compile(r"\d+|[lℓ](?:[-+]\d)?|L")
_NAMED = re.compile(r"_|\s*:?=(?!=)")  # behind a 2 that is no power: h^2_t, W^2 = …
UPDATED = ("new", "neu", "updated", "nouveau", "nuevo", "nuovo")
EARLIER = ("prev", "old", "previous", "last")


@dataclass(frozen=True)
class Symbol:
    """base: the letters; indices: what hangs on them, outermost brackets off; text: as it was written."""

    base: str
    indices: tuple[str, ...]
    text: str
    steps: str = "tnkτ"  # the letters that may stand for the step

    @property
    def offset(self) -> int | None:
        """How many steps after the present one, where an index says so: h_t 0, h_{t-1} −1."""
        for index in self.indices:
            matched = _RELATIVE.fullmatch(index)
            if matched and matched[1] in self.steps:
                return int(f"{matched[2]}{matched[3]}") if matched[3] else 0
            if index in EARLIER:
                return -1
        return None

    @property
    def labels(self) -> tuple[str, ...]:
        """The indices that are no step, numbers among them."""
        return tuple(index for index in self.indices if not self._is_step(index) and index not in EARLIER)

    def _is_step(self, index: str) -> bool:
        matched = _RELATIVE.fullmatch(index)
        return matched is not None and matched[1] in self.steps

    @property
    def number(self) -> int | None:
        """The last index that is a number: a step, or a label."""
        numbers = [int(index) for index in self.indices if re.fullmatch(r"-?\d{1,6}", index)]
        return numbers[-1] if numbers else None

    @property
    def words(self) -> tuple[str, ...]:
        """The labels that are no numbers."""
        return tuple(label for label in self.labels if not re.fullmatch(r"-?\d{1,6}", label))

    @property
    def key(self) -> str:
        """The name as a key: W_{hx} and W^{(hx)} are W_hx, h_{0} is h_0."""
        return "_".join([self.base, *[re.sub(r"[^\w\u0302\u0303]+", "_", label).strip("_") for label in self.labels]])

    @property
    def of_last_step(self) -> str:
        """The key of the signal whose last step this is: h of h_T, h_2 of h_T^{(2)}; empty where it is none."""
        bare = replace(self, indices=tuple(index for index in self.indices if index != "T"))
        return bare.key if self.words == ("T",) else ""

    @property
    def before_update(self) -> str:
        """The key of the parameter whose value after a step of descent this is: U of U_new; empty where it is none."""
        bare = replace(self, indices=tuple(index for index in self.indices if index not in UPDATED))
        return bare.key if {*UPDATED} & {*self.words} else ""

    def without(self, number: int) -> str:
        """The key without a number among its indices: the name of what has a value a step."""
        kept = list(self.labels)
        place = max(at for at, label in enumerate(kept) if re.fullmatch(r"-?\d{1,6}", label) and int(label) == number)
        return replace(self, indices=(*kept[:place], *kept[place + 1 :])).key


def read(text: str, at: int) -> tuple[Symbol, int] | None:
    """The symbol that begins at a place, and the place behind it."""
    matched = NAME.match(text, at)
    return indexed(text, matched[0], matched.start(), matched.end()) if matched else None


def indexed(text: str, base: str, begin: int, at: int) -> tuple[Symbol, int]:
    """The symbol of a base and of the indices that follow."""
    indices: list[tuple[int, str]] = []
    while matched := _INDEX.match(text, at):
        mark, digits = matched[1], matched[8]
        content = next(part for part in matched.groups()[1:] if part is not None)
        content = re.sub(r"\s+", "", content)
        power = content == "2" and base not in _raised_to_one(text) and not _NAMED.match(text, matched.end())
        if mark == "^" and (power or content in ("T", "-1", "")):
            break
        step = content[:1] == "<"
        content = re.sub(r"[][()<>,]+", ",", content).strip(",")  # of [l]<t> two
        if not re.fullmatch(rf"(?:{_PART}|-1)(?:,{_PART})*", content):
            break
        if digits is not None and (indices or len(base) > 3):
            break
        raised = mark == "^" and not step and not raised_steps(text)
        indices += [(_rank(part, raised and not number), part) for number, part in enumerate(content.split(","))]
        at = matched.end()
    ordered = tuple(part for _rank, part in sorted(indices, key=lambda index: index[0]))
    return Symbol(base, ordered, text[begin:at], step_letters(text)), at


def _rank(index: str, raised: bool) -> int:
    """Where an index stands: words and steps first, then the number of a layer, h_0^{(1)}, then another number."""
    layer = _LAYER.fullmatch(index) if raised else None
    return 1 if layer else 2 if re.fullmatch(r"-?\d+", index) else 0


@lru_cache(maxsize=64)
def step_letters(text: str) -> str:
    """The letters that stand for the step in a text: t, and others where there is no t."""
    step = r"[_^\[(]\s{0,9}[{(<]{0,3}\s{0,9}t\s{0,9}(?:[-+]\s{0,9}1)?\s{0,9}[})>\])]|_t\b"
    return "tτ" if re.search(step, text) else "tnkτ"


@lru_cache(maxsize=64)
def _raised_to_one(text: str) -> frozenset[str]:
    """The names with a raised 1 in a text, W^{1}, which is the number of a layer: so is their raised 2."""
    return frozenset(re.findall(rf"({LETTERS}+)\s?\^\s?(?:\{{\s?1\s?\}}|1(?![\d.]))", text))


@lru_cache(maxsize=64)
def raised_steps(text: str) -> bool:
    """Whether the step is a superscript in a text, h^{(t)}: then no superscript is the number of a layer."""
    return bool(re.search(r"\^\s{0,9}\{?\s{0,9}[(<]\s{0,9}t\b", text))
