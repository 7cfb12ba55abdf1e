"""What the token before alone says of the next: the baseline that a model of text has to beat.

Interpolated Kneser–Ney of order two, the best of the classic ways to smooth pairs. c counts in the text learnt from:

    p(b | a) = max(c(a b) − d, 0) / c(a) + d n(a ·) / c(a) · q(b)        n(a ·): how many tokens follow a
    q(b)     = max(n(· b) − e, 0) / n + e m / n · 1 / V                  n(· b): after how many tokens b comes

n is the number of different pairs, m that of the tokens that come second, V that of the vocabulary. d and e are
Ney's estimate of the best discount, n₁ / (n₁ + 2 n₂), from how many counts are one and two. After a token that was
never seen p is q. Sources: Ney, Essen, Kneser (1994); Chen, Goodman (1999).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from rnncalc.network.training.sequences import Sequences

BLOCK = 1 << 20  # rows that are counted at once


class Bigram:
    """A model of pairs of tokens, counted in texts. tokens: the size of the vocabulary, seen or not."""

    def __init__(self, texts: Iterable[Sequences], tokens: int):
        self.tokens = tokens
        self.pairs: Counter[tuple[int, int]] = Counter()
        for text in texts:
            for pairs in _pairs(text):
                self.pairs.update(pairs)
        self.firsts: Counter[int] = Counter()
        for (first, _second), count in self.pairs.items():
            self.firsts[first] += count
        self.followers = Counter(first for first, _second in self.pairs)
        self.leaders = Counter(second for _first, second in self.pairs)
        self.discounts = _discount(self.pairs.values()), _discount(self.leaders.values())

    def probability(self, first: int, second: int) -> float:
        """Return p(second | first)."""
        d, e = self.discounts
        seen = max(len(self.pairs), 1)
        spread = e * len(self.leaders) / seen if self.pairs else 1.0
        q = max(self.leaders[second] - e, 0) / seen + spread / self.tokens
        count = self.firsts[first]
        if not count:
            return q
        return max(self.pairs[first, second] - d, 0) / count + d * self.followers[first] / count * q

    def loss(self, text: Sequences) -> float:
        """Return the mean of −log p over the targets of another text."""
        targets: Counter[tuple[int, int]] = Counter()
        for pairs in _pairs(text):
            targets.update(pairs)
        total = sum(count * math.log(self.probability(*pair)) for pair, count in targets.items())
        return -total / max(sum(targets.values()), 1)


def _pairs(text: Sequences) -> Iterable[Iterable[tuple[int, int]]]:
    """Yield each token with its target, block by block."""
    for begin in range(0, len(text.y), BLOCK):
        x, y = text.x[begin : begin + BLOCK], text.y[begin : begin + BLOCK]
        kept = y >= 0
        yield zip(x[kept].tolist(), y[kept].tolist())


def _discount(counts: Iterable[int]) -> float:
    """Ney's n₁ / (n₁ + 2 n₂), kept between what leaves the counts alone and what takes them all away."""
    many = Counter(count for count in counts if count <= 2)
    whole = many[1] + 2 * many[2]
    return min(max(many[1] / whole if whole else 0.5, 0.01), 0.99)
