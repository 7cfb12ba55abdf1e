"""Who is who: ids that differ in case, blanks or leading zeros are one person's, and those of a roster are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line
from rnncalc.common.suggest import nearest

LISTED = 5  # ids in a note


def folded(person: str) -> str:
    """An id without case, blanks, and what a spreadsheet drops or adds: 007 is 7 and 7.0."""
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", person).casefold())
    bare = re.sub(r"(?<=\d)\.0+$", "", bare)
    return bare.lstrip("0") or bare if bare.isdigit() else bare


@dataclass(frozen=True)
class Roster:
    """The ids of a class, and the names of those who have one."""

    ids: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.ids)

    @cached_property
    def _by_form(self) -> Mapping[str, str | None]:
        return _unique((folded(person), person) for person in self.ids)

    @cached_property
    def _by_local_part(self) -> Mapping[str, str | None]:
        return _unique((folded(person).partition("@")[0], person) for person in self.ids)

    @cached_property
    def _by_name(self) -> Mapping[str, str | None]:
        return _unique((form, person) for person, name in self.names.items() for form in set(_orders(name)))

    def named(self, name: str) -> str | None:
        """The id of the one person of that name, in whatever order its parts are, with blanks between them or none."""
        return next((known for form in _orders(name) if (known := self._by_name.get(form))), None)

    def find(self, person: str) -> str | None:
        """The id of the roster that is meant; an address may stand for its part before the @."""
        if person in self._exact:
            return person
        form = folded(person)
        known = self._by_form.get(form)
        if known is None and form not in self._by_form:
            local, at, _domain = form.partition("@")
            others = self._by_local_part if not at else self._by_form
            known = others.get(local)
            if known is not None and not at and "@" not in known:
                return None
        return known

    def unknown(self, person: str) -> str:
        """What is said of an id that nobody has, with the nearest one that somebody has."""
        text = _("nobody with this id was given a problem")
        close = nearest(folded(person), [form for form in self._by_form if form], 0.7) if len(person) <= 100 else None
        meant = self._by_form[close] if close else None
        return text + ": " + _("did you mean “{name}”?").format(name=one_line(meant, 60)) if meant else text


def _orders(name: str) -> Iterator[str]:
    """A name without accents, case and blanks, beginning with any of its parts."""
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(mark))
    words = re.findall(r"[^\W_]+", re.sub(r"['’`]", "", plain))
    yield from ("".join(words[at:] + words[:at]) for at in range(len(words)))


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """form → the one id of that form; None where several have it."""
    by_form: dict[str, str | None] = {}
    for form, person in pairs:
        by_form[form] = None if form in by_form else person
    return by_form


def same_people(people: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Another spelling of an id → the one that is kept, the longest; and notes. people: id and name.

    Two spellings are one person's unless their names differ.
    """
    spellings: dict[str, dict[str, set[str]]] = {}
    for person, name in people:
        names = spellings.setdefault(folded(person), {}).setdefault(person, set())
        names.add("".join(sorted(unicodedata.normalize("NFKC", name).casefold().replace(",", " ").split())))
    kept: dict[str, str] = {}
    joined, apart = [], []
    for forms in spellings.values():
        if len(forms) < 2:
            continue
        names = set().union(*forms.values()) - {""}
        if len(names) > 1:
            apart.append(_(", ").join(one_line(form, 60) for form in forms))
            continue
        best = max(forms, key=len)
        kept |= dict.fromkeys(forms, best)
        joined.append(" = ".join(one_line(form, 60) for form in forms))
    notes = [_("taken as one person: {ids}").format(ids=listed(joined))] if joined else []
    if apart:
        notes.append(_("alike, but of different names, so kept apart: {ids}").format(ids=listed(apart, "; ")))
    return kept, notes


def listed(texts: Sequence[str], separator: str | None = None) -> str:
    """The first few of them."""
    separator = separator or _(", ")
    text = separator.join(texts[:LISTED])
    rest = len(texts) - LISTED
    return text + separator + _("and {n} more").format(n=rest) if rest > 0 else text
