"""The data of the examples: sequences to learn from, unseen ones to be tested on, and the description of both.

Everything is drawn from fixed seeds, so that a run of an example is the same everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncalc.network.training.sequences import Sequences
from rnncalc.pipeline.data.rows import encoded, vocabulary
from rnncalc.pipeline.data_description import DataDescription

HERE = Path(__file__).parent
ExampleData = tuple[Sequences, Sequences, DataDescription]


def _numbers(x: np.ndarray, y: np.ndarray) -> Sequences:
    return Sequences.of(x, y, classes=False, inputs=x.shape[2])


def _description(**known: Any) -> DataDescription:
    return DataDescription(
        **{"kind": "arrays", "scale": "none", "classes": False, "at": "every", "targets": True, **known}
    )


def binary_addition() -> ExampleData:
    """Pairs of 8-bit numbers, the lowest bit first, and a ninth step for the last carry; no pair is in both sets."""
    pairs = np.random.default_rng(1).permutation(1 << 16)[:5000]
    a, b = pairs >> 8, pairs & 255
    bits = np.arange(9)
    x = np.stack([a[:, None] >> bits & 1, b[:, None] >> bits & 1], axis=2).astype(np.float32)
    y = ((a + b)[:, None] >> bits & 1)[..., None].astype(np.float32)
    return _numbers(x[1000:], y[1000:]), _numbers(x[:1000], y[:1000]), _description(inputs=2, outputs=1)


def sin_cos() -> ExampleData:
    """Stretches of a sine that begin anywhere, 60 steps of 2π/40."""
    rng = np.random.default_rng(2)
    angles = rng.uniform(0, 2 * np.pi, size=(600, 1)) + np.arange(60) * (2 * np.pi / 40)
    x, y = np.sin(angles)[..., None], np.cos(angles)[..., None]
    y[:, :5] = np.nan
    return _numbers(x[:500], y[:500]), _numbers(x[500:], y[500:]), _description(inputs=1, outputs=1)


def digits() -> ExampleData:
    """1,437 images to learn from, 360 to be tested on; a row of pixels a step."""
    with np.load(HERE / "digits.npz") as images:
        x, y = images["x"].astype(np.float32) / 16, images["y"].astype(np.int64)
    order = np.random.default_rng(3).permutation(len(x))
    train, test = (Sequences.of(x[i], y[i], classes=True, inputs=8) for i in (order[360:], order[:360]))
    labels = [str(n) for n in range(10)]
    return train, test, _description(inputs=8, outputs=10, classes=True, labels=labels, at="last")


def poems() -> list[tuple[str, str, str]]:
    """Read title, author and text of every quatrain."""
    lines = (HERE / "quatrains.tsv").read_text(encoding="utf-8").splitlines()
    return [(parts[0], parts[1], parts[2]) for parts in (line.split("\t") for line in lines)]


def quatrains() -> ExampleData:
    """Every poem a sequence, the end of the line its last target; a tenth of the poems is kept back.

    The vocabulary is the alphabet of the whole corpus: a character that only a poem kept back has is asked for too.
    """
    texts = [text + "\n" for _title, _author, text in poems()]
    words = vocabulary(Counter("".join(texts)))
    order = np.random.default_rng(7).permutation(len(texts))
    cut = len(texts) // 10
    train, test = (_texts([texts[i] for i in which], words) for which in (order[cut:], order[:cut]))
    about = _description(
        kind="text", by="line", tokens="chars", classes=True, vocabulary=words, labels=words, inputs=len(words),
        outputs=len(words),
    )  # fmt: skip
    return train, test, about


def _texts(texts: Sequence[str], words: Sequence[str]) -> Sequences:
    """Make a sequence of each text, in which each character foretells the next."""
    numbers = {token: n for n, token in enumerate(words)}
    rows = [encoded(text, numbers) for text in texts]
    targets = [np.append(row[1:], -1) for row in rows]
    return Sequences.of(rows, targets, classes=True, inputs=len(words))


def cnn_features() -> ExampleData:
    """Films of 12 × 12 pixels and 10 frames: a spot moves in one of four directions. x are features of convolutions."""
    rng = np.random.default_rng(4)
    count, T, side = 600, 10, 12
    y = rng.integers(0, 4, size=count)
    step = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])[y] * rng.uniform(0.3, 0.9, size=(count, 1))
    place = rng.uniform(2, side - 3, size=(count, 1, 2)) + np.arange(T)[:, None] * step[:, None]
    grid = np.arange(side)
    apart = [(grid - place[..., axis, None]) % side for axis in (0, 1)]
    near = [np.exp(-(np.minimum(distance, side - distance) ** 2) / 2) for distance in apart]
    films = near[0][..., :, None] * near[1][..., None, :] + rng.normal(size=(count, T, side, side)) * 0.1
    x = features(films.reshape(-1, side, side)).reshape(count, T, -1).astype(np.float32)
    train, test = (Sequences.of(x[i], y[i], classes=True, inputs=x.shape[2]) for i in (slice(500), slice(500, None)))
    labels = ["right", "left", "down", "up"]
    return train, test, _description(inputs=x.shape[2], outputs=4, classes=True, labels=labels, at="last")


def features(images: np.ndarray) -> np.ndarray:
    """A small convolutional network: 6 fixed random filters of 3 × 3, ReLU, means over 2 × 2, flattened."""
    filters = np.random.default_rng(5).normal(size=(6, 3, 3)) / 3
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
    maps = np.maximum(np.einsum("nijkl,fkl->nfij", windows, filters), 0)
    pooled = maps.reshape(len(images), 6, maps.shape[2] // 2, 2, maps.shape[3] // 2, 2).mean(axis=(3, 5))
    return pooled.reshape(len(images), -1)


LANGUAGES = {  # beginnings, middles and endings of the names of six invented languages
    "Arlic": ("bel cor dan fer gal mar pel ros tor val", "a e i o an en in on", "dor mir nor ric ven las tis"),
    "Boku": ("ba ka mo na ro sa ta yo ki hi", "ka mi no ra shi to ru ne", "ko ki ro mi ta su no"),
    "Cymen": ("gw ll rh br dd ang cad mer ow pen", "yn wy ae edd eir ig", "wen wyn dyr eth ys fan"),
    "Drakh": ("gr kr zg dr vor mog urk thr bal skar", "a o u ag ok uz", "gash mok dur zug rak gul"),
    "Elvai": ("ae ela lia nai ly sae thi fae iri cel", "la li ri na the sa ve", "riel nor wen thil las iel"),
    "Ferro": ("gio mar al vin san lo fran bru car pao", "va lo ri ci ne ti ro", "etti ini one ella ucci ano"),
}


def names() -> ExampleData:
    """Names put together from syllables; 150 of each language to learn from, 50 unseen ones."""
    rng, made = np.random.default_rng(6), dict[str, int]()
    for number, parts in enumerate(LANGUAGES.values()):
        begin, middle, end = (part.split() for part in parts)
        own: set[str] = set()
        while len(own) < 200:
            inside = "".join(rng.choice(middle, size=rng.integers(1, 3)))
            name = f"{rng.choice(begin)}{inside}{rng.choice(end)}"
            if name not in made:
                own.add(name)
        made.update(dict.fromkeys(sorted(own), number))
    letters = vocabulary(Counter("".join(made)))
    numbers = {letter: n for n, letter in enumerate(letters)}
    order = rng.permutation(len(made))
    rows, y = [encoded(name, numbers) for name in made], list(made.values())

    def some(which: np.ndarray) -> Sequences:
        return Sequences.of([rows[i] for i in which], [y[i] for i in which], classes=True, inputs=len(letters))

    about = _description(
        kind="lines", tokens="chars", classes=True, vocabulary=letters, labels=list(LANGUAGES), at="last",
        inputs=len(letters), outputs=len(LANGUAGES), input=["x"], target=["y"],
    )  # fmt: skip
    return some(order[300:]), some(order[:300]), about


MAKERS: dict[str, Callable[[], ExampleData]] = {
    "binary-addition": binary_addition,
    "sin-cos": sin_cos,
    "digits": digits,
    "quatrains": quatrains,
    "cnn-features": cnn_features,
    "names": names,
}
