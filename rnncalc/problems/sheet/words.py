"""Words of a sheet in place of numbers: inputs as one-hot vectors or as their codes, targets as numbers of classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.model.losses import takes_classes
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.sheet import prose, values, vocabulary
from rnncalc.problems.sheet.contents import Contents
from rnncalc.problems.sheet.pieces import Assigned
from rnncalc.problems.sheet.roles import Roles

_QUOTED = re.compile(r"[\"“”「『'‘’]([^\"“”「」『』'‘’\n]{1,300})[\"“”」』'‘’]")
_BETWEEN = re.compile(  # of “h”、“e”、“l”, or “h”“e”
    r"(?<=[^\W\d_])[\"”」』'’][ \t]*[,、，][ \t]*[\"“「『'‘](?=[^\W\d_])|"
    r"(?<=[^\W\d_])[”」』][ \t]*[“「『](?=[^\W\d_]|[。.!?])"
)
_FED = re.compile(r"input|\bfeed|\bfed\b|eingabe|entrée|输入", re.IGNORECASE)
_MEANT = re.compile(r"predict|target|label|next|correct|should|目标|标签|预测|下一个|应为", re.IGNORECASE)


class Words:
    """codes: word → its vector, of a sheet that says “a = (0, 1, 0)”; letters: the words of the steps."""

    def __init__(self, roles: Roles, given: dict[str, RawValue]):
        self.roles, self.given = roles, given
        self.prose = roles.sheet.prose
        self.codes: dict[str, Numbers] = {}
        self.letters: list[str] = []
        self.embedded = ""  # where a table has the codes

    def take_codes(self, items: Sequence[Assigned], contents: Contents) -> list[Assigned]:
        """The values without the codes of words: those of a table, or 0s with one 1 under words no equation knows."""
        self.codes = {item.symbol.indices[0]: Numbers(np.ravel(contents.numbers(item).values)) for item in items
                      if item.symbol.base == "@code"}  # fmt: skip
        if self.codes:
            self.embedded = next(
                _("line {line}").format(line=item.line + 1) for item in items if item.symbol.base == "@code"
            )
            return [item for item in items if item.symbol.base != "@code"]
        made = self.roles.made
        known = self.roles.params | (made.system.signals if made else set())
        vectors: dict[int, Numbers] = {}
        for at, item in enumerate(items):
            named = made and not item.key and not item.answer and not item.symbol.indices
            numbers = values.numbers(item.value) if named else None
            if numbers is not None and numbers.values.size > 1 and _is_one_hot(numbers.values):
                vectors[at] = numbers
        places = {at: int(numbers.values.argmax()) for at, numbers in vectors.items()}
        sizes = {numbers.values.size for numbers in vectors.values()}
        if sorted(places.values()) != [*range(max(sizes, default=0))]:  # not a code for every word: h may be the state
            vectors = {at: numbers for at, numbers in vectors.items() if items[at].symbol.key not in known}
            sizes = {numbers.values.size for numbers in vectors.values()}
        if len(vectors) < 2 or len(sizes) > 1:
            return list(items)
        self.codes = {items[at].symbol.key: numbers for at, numbers in vectors.items()}
        return [item for at, item in enumerate(items) if at not in vectors]

    def place_inputs(self, letters: list[str], inputs: set[str]) -> None:
        """Inputs that are words, as numbers."""
        self.letters = letters
        known = self._vocabulary()
        stated = self.given.get("x")
        if stated is not None and isinstance(stated.value, str) and {*vocabulary.items(stated.value)} <= {*known}:
            self.letters = vocabulary.items(self.given.pop("x").value)
        self._in_sentences(known)  # the inputs may be numbers, and the targets words
        if not any(name in self.given for name in ("x", *inputs)):
            self._in_quotes(known)
            if self.embedded and not self.letters:
                self.letters = list(self.codes)
                note = _("{where}: the inputs are the words of the table, from the top: nothing says another order")
                self.roles.sheet.notes.append(note.format(where=self.embedded))
            self._one_hot(known)
        self._named_class()

    def place_targets(self) -> None:
        """Targets that are words, or classes from 1, as classes from 0."""
        self._classes()
        self._from_one()
        self.given.pop("vocabulary", None)

    def _named_class(self) -> None:
        """The one class that a sentence or the loss names, L = −log p_{low}. Raises ParseError where they differ."""
        names = vocabulary.classes(self.prose) if "targets" not in self.given else []
        if not names:
            return
        named = vocabulary.correct(self.prose, names)
        named |= {name for name in names for text in self.roles.sheet.losses
                  if re.search(rf"_\{{?\s?{re.escape(name)}(?!\w)", text)}  # fmt: skip
        if len(named) > 1:
            message = _("the correct class is said to be {first} and {second}")
            raise ParseError(message, first=min(named), second=max(named))
        if named:
            self.given["targets"] = RawValue([str(names.index(named.pop()))], "targets")

    def _in_sentences(self, known: list[str]) -> None:
        """Words in a row that a sentence says: the first are the inputs, those to be predicted the targets."""
        if not known:
            return
        word = "|".join(re.escape(word) for word in known)
        rows = re.compile(rf"(?<!\w)(?:{word})(?:\s*[,、，;→]\s*(?:and\s+)?(?:{word})){{1,200}}(?![\w<])")
        end = 0
        for row in rows.finditer(self.prose):
            words = vocabulary.items(row[0].replace("and ", "").replace("→", ","))
            meant = _MEANT.search(self.prose[end : row.start()])
            if meant and "targets" not in self.given:
                self.given["targets"] = RawValue(words, "targets")
            elif not meant and not self.letters and words != known:
                self.letters = words
            end = row.end()

    def _in_quotes(self, known: list[str]) -> None:
        """Words, or the letters of one, between quotation marks: “the cat sat”, "hel"."""
        last, shown = 0, list[str]()
        text = _BETWEEN.sub(" ", self.prose)
        for quoted in _QUOTED.finditer(text):
            words = _words_in(quoted[1], known)
            before, last = text[last : quoted.start()], quoted.end()
            if not words or (sorted(words) == sorted(known) and vocabulary.announced(before)):
                continue
            meant, fed = (_last(pattern, before[-60:]) for pattern in (_MEANT, _FED))
            if meant > fed and "targets" not in self.given:
                self.given["targets"] = RawValue(words, "targets")
            elif fed > meant and not self.letters:
                self.letters = words
            elif meant == fed and not shown:
                shown = words  # an example, unless a sentence says the inputs
        spelled = vocabulary.spelled(self.prose, known) if known and all(len(word) == 1 for word in known) else ""
        self.letters = self.letters or list(spelled) or shown

    def _classes(self) -> None:
        """Targets that are words, as numbers of classes in the vocabulary."""
        targets = self.given.get("targets")
        if targets is None or isinstance(targets.value, Numbers):
            return
        words = targets.value if isinstance(targets.value, list) else vocabulary.items(targets.value)
        if not words or not all(word is None or (isinstance(word, str) and _is_word(word)) for word in words):
            return
        known = self._vocabulary()
        if not known:
            raise ParseError(_("{where}: targets are words, and nothing says the vocabulary"), where=targets.where)
        odd = [word for word in words if word is not None and word not in known]
        if odd:
            message = _("{where}: “{word}” is not in the vocabulary {known}")
            raise ParseError(message, where=targets.where, word=odd[0], known=", ".join(known))
        numbers = [None if word is None else str(known.index(word)) for word in words]
        self.given["targets"] = RawValue(numbers, targets.where)

    def _from_one(self) -> None:
        """Targets whose classes count from 1, as classes from 0. Raises ParseError if one is 0."""
        targets, loss = self.given.get("targets"), self.given.get("loss")
        if targets is None or targets.where == "targets" or loss is None or not takes_classes(str(loss.value)):
            return
        if "vocabulary" in self.given or not prose.counts_from_one(self.prose):
            return
        numbers = targets.numbers()
        if numbers.values.size == 0 or (numbers.values.ndim > 1 and numbers.values.shape[-1] > 1):
            return
        if np.nanmin(numbers.values) < 1:
            raise ParseError(_("{where}: class 0, where the sheet counts classes from 1"), where=targets.where)
        self.given["targets"] = RawValue(Numbers(numbers.values - 1), targets.where)
        self.roles.sheet.notes.append(_("classes count from 1, as the sheet says: class 1 is the first entry of y"))

    def _one_hot(self, known: list[str]) -> None:
        """Words of the steps as one-hot vectors."""
        if known and self.letters and all(letter in known for letter in self.letters):
            one_hot = {letter: ["1" if word == letter else "0" for word in known] for letter in self.letters}
            rows = [self.codes[letter].nested() if self.embedded else one_hot[letter] for letter in self.letters]
            self.given["x"] = RawValue(rows, "x")

    def _vocabulary(self) -> list[str]:
        if "vocabulary" in self.given:
            value = self.given["vocabulary"].value
            return [str(word) for word in value] if isinstance(value, list) else vocabulary.items(str(value))
        if self.embedded:
            return list(self.codes)
        if self.codes:
            return sorted(self.codes, key=lambda word: int(self.codes[word].values.reshape(-1).argmax()))
        return [*vocabulary.said(self.prose)] or self._from_one_hot()

    def _from_one_hot(self) -> list[str]:
        """The letters of the steps, in the order of their one-hot vectors."""
        x = self.given["x"].numbers() if "x" in self.given else None
        if x is None or len(x.shape) != 2 or len(self.letters) != x.shape[0]:
            return []
        words: dict[int, str] = {int(row.argmax()): letter for row, letter in zip(x.values, self.letters)}
        return [words.get(at, "") for at in range(x.shape[1])]


def _is_one_hot(vector: np.ndarray) -> bool:
    return bool(vector.max() == 1 and np.count_nonzero(vector) == 1)


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where a text matches last; -1 where it does not."""
    return max((place.start() for place in pattern.finditer(text)), default=-1)


def _words_in(text: str, known: list[str]) -> list[str]:
    """The words of a sentence, or the letters of a word, where all of them are known; else empty."""
    ours = {word.lower(): word for word in known}
    marks = "|".join(re.escape(word) for word in known if not word.isalnum())  # a full stop, <eos>
    pieces = re.findall(rf"{marks}|[^\W\d_]+" if marks else r"[^\W\d_]+", text)
    words = [ours.get(word) or ours.get(word.lower()) or "" for word in pieces]
    if words and not all(words) and all(len(word) == 1 for word in known):
        words = [letter if letter in known else "" for letter in text.strip() if letter.strip()]
    return words if len(words) > 1 and all(words) else []


def _is_word(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]+|[。.!?！？＄#]|<\w{1,8}>", text)) and text.lower() not in (
        "null",
        "none",
        "nan",
        "inf",
        "infinity",
    )
