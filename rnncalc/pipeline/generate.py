"""Text from a model: token after token, each drawn from what the network says after the ones before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import OverflowedError, ProblemError
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline.data.text import END, split
from rnncalc.pipeline.data_description import DataDescription

STOPS = frozenset("，。；！？、,.;!?\n")  # after one of these a new line of verse begins


def generate(
    model: Model, length: int = 200, *, start: str = "", temperature: float = 1.0, top_k: int | None = None,
    seed: int = 0, acrostic: str = "", note: Callable[[str], None] = lambda text: None,
) -> str:  # fmt: skip
    """Write a text of at most `length` tokens; a model that was trained line by line ends it with its line.

    start: what it begins with. temperature: below 1 bolder towards the likely, 0 always the likeliest. top_k: only
    among so many. acrostic: the first character of each line of verse; the text ends with the line of the last one.
    Same seed, same text. Raises ProblemError.
    """
    about = DataDescription.of(model.data)
    if not about.vocabulary or about.at == "last":
        raise ProblemError(_("this model was not trained on text: it cannot write"))
    if length < 1 or seed < 0 or not 0 <= temperature < math.inf or (top_k is not None and top_k < 1):
        raise ProblemError(_("generate needs length ≥ 1, seed ≥ 0, temperature ≥ 0 and top_k ≥ 1"))
    words = about.vocabulary
    numbers = {token: n for n, token in enumerate(words)}
    rng, stepper = np.random.default_rng([seed, 3]), model.network.stepper()
    by_line, forced = about.by == "line", list(acrostic)
    wanted = split(start, about.tokens)

    def feed(token: str) -> np.ndarray:
        """Return the scores of what comes next; a token that training never saw is all zeros."""
        if token not in numbers:
            note(_("“{token}” did not occur in training").format(token=token))
        number = np.array(numbers.get(token, -1))
        if model.network.embeds:
            return stepper.step(number)
        return stepper.step((np.arange(len(words)) == number).astype(model.network.dtype))

    made: list[str] = []
    following: np.ndarray | None = None
    for token in wanted:
        following = feed(token)
        made.append(token)
    while len(made) < length:
        if forced and (not made or made[-1] in STOPS):
            token = forced.pop(0)
        elif following is None:  # nothing to go on: begin as texts do, after the end of a line, or with any token
            following = feed(END) if not by_line and END in numbers else None
            token = _first(rng, words) if following is None else _draw(rng, following, words, temperature, top_k)
        else:
            token = _draw(rng, following, words, temperature, top_k, _banned(forced, words))
        if by_line and token == END and not forced:
            break
        made.append(token)
        if acrostic and not forced and token in STOPS and _lines(made) >= len(acrostic):
            break
        following = feed(token)
    return ("" if about.tokens == "chars" else " ").join(made)


def _lines(made: Sequence[str]) -> int:
    """Count the complete lines of verse."""
    return sum(token in STOPS and (i == 0 or made[i - 1] not in STOPS) for i, token in enumerate(made))


def _banned(forced: Sequence[str], words: Sequence[str]) -> list[int]:
    """List the tokens that must not come yet: with lines still to come, the text does not end."""
    return [words.index(END)] if forced and END in words else []


def _first(rng: np.random.Generator, words: Sequence[str]) -> str:
    """Draw a token to begin with where nothing else gives one: among those that are no stops."""
    return str(rng.choice([word for word in words if word not in STOPS and word.strip()] or list(words)))


def _draw(
    rng: np.random.Generator, y: np.ndarray, words: Sequence[str], temperature: float, top_k: int | None,
    banned: Sequence[int] = (),
) -> str:  # fmt: skip
    """Draw one token by the network's probabilities. Raises OverflowedError."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(y, np.float64)) if y.min() >= 0 else np.asarray(y, np.float64)
    logs[list(banned)] = -math.inf
    if not math.isfinite(logs.max()):
        raise OverflowedError(_("the network gives no probabilities but {y}: no token can be drawn"), y=y)
    if temperature == 0:
        return words[int(logs.argmax())]
    if top_k is not None and top_k < len(logs):
        logs[logs < np.sort(logs)[-top_k]] = -math.inf
    odds = np.exp((logs - logs.max()) / temperature)
    return words[int(np.searchsorted(np.cumsum(odds), rng.random() * odds.sum(), side="right"))]
