"""Rows as readers find them, and what they say of classes and vocabularies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import blocks
from rnncalc.model.losses import LOSSES, SIGN, takes_classes
from rnncalc.pipeline.data_description import DataDescription

UNSEEN = -2  # the number of the first class that training had not seen, as long as rows are arranged


@dataclass(frozen=True)
class DataRows:
    """Inputs and targets of all sequences below each other, where each begins, and where targets usually lie."""

    x: np.ndarray
    y: np.ndarray
    offsets: np.ndarray
    at: str = "every"
    ids: list[str] = field(default_factory=list)  # of the sequences, in their order
    times: np.ndarray | None = None  # of the rows, as they were written
    form: list[str] = field(default_factory=list)  # what is unusual in how the file was read
    weights: np.ndarray | None = None  # what the target of each row counts
    order: np.ndarray | None = None  # which row of the file each is, unless they are in its order
    unseen: Sequence[str] = ()  # classes that training had not seen; in y they are UNSEEN, UNSEEN − 1, …
    source: str = ""  # what messages call the file


def said_to_be_classes(about: DataDescription, loss: str | None) -> bool | None:
    """Tell whether targets are classes as far as the description or the loss says; None where what they are decides.

    That is one rule for every kind of file: texts, true and false are classes, numbers are numbers. Whole numbers are
    no exception: they may be counts, and a single gap makes fractions of them in NumPy and pandas.
    """
    if about.classes is not None:
        return about.classes
    two_values = loss in LOSSES and LOSSES[loss].right == SIGN  # may be two names or two numbers
    if loss is None:
        return True if about.class_weight else None
    return None if two_values else takes_classes(loss)


class Labels:
    """Names ↔ numbers of classes, in sorted order; once they are known, an unknown name has a number below 0."""

    def __init__(self, known: Sequence[str]):
        self.fixed, self.unseen = bool(known), list[str]()
        self.numbers = {name: number for number, name in enumerate(known)}

    def number(self, name: str) -> int:
        """Return the number of a class; -1 for an empty name, no target; UNSEEN and below for an unseen one."""
        if not name:
            return -1
        if name not in self.numbers:
            if self.fixed:
                self.unseen.append(name)
                self.numbers[name] = UNSEEN + 1 - len(self.unseen)
                return self.numbers[name]
            self.numbers[name] = len(self.numbers)
        return self.numbers[name]

    def sorted(self, y: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Number the classes in the order of their names (numbers by value), and return y and the names."""
        names = [name for name, number in self.numbers.items() if number >= 0]
        if self.fixed:
            return y, names
        order = sorted(range(len(names)), key=lambda i: _by_value(names[i]))
        places = np.empty(len(names) + 1, np.int64)
        places[order] = np.arange(len(names))
        places[-1] = -1
        for (some,) in blocks(y):  # in place: y is ours, and may lie on disk
            some[:] = places[some]
        return y, [names[i] for i in order]


def without_unseen(y: np.ndarray, unseen: Sequence[str], source: str) -> list[str]:
    """Make classes that training had not seen no targets, in place. Returns a note on how many there were."""
    counted = Counter[str]()
    for (some,) in blocks(y) if unseen else ():
        numbers, counts = np.unique(some[some <= UNSEEN], return_counts=True)
        counted.update({unseen[UNSEEN - number]: count for number, count in zip(numbers.tolist(), counts.tolist())})
        some[some <= UNSEEN] = -1
    if not counted:
        return []
    message = _("{name}: {n} targets are of classes that training had not seen ({classes}): they are not judged")
    names = [name for name, _count in counted.most_common(5)]
    return [message.format(name=source, n=counted.total(), classes=", ".join(names))]


def _by_value(name: str) -> tuple[int, float, str]:
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def encoded(tokens: Sequence[str], vocabulary: Mapping[str, int]) -> np.ndarray:
    """Return tokens as numbers, -1 for one that the vocabulary lacks."""
    return np.fromiter((vocabulary.get(token, -1) for token in tokens), np.int32, len(tokens))


def vocabulary(counts: Mapping[str, int]) -> list[str]:
    """Return all tokens, the frequent ones first."""
    return sorted(counts, key=lambda token: (-counts[token], token))
