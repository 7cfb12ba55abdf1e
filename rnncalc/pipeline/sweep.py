"""Many runs over a grid of options, or drawn from ranges, on any executor of `concurrent.futures`; resumable.

A space is option → values. A grid takes every combination; a random search draws: from a list any of its values, from
{"low", "high"} a number, on a logarithmic scale with "log": true, whole where the option is. What is done is kept in a
file of JSON lines, one run a line, and not done again.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from typing import Any

import numpy as np

from rnncalc.common.files import WriteError
from rnncalc.common.i18n import _
from rnncalc.common.journal import Journal
from rnncalc.errors import ProblemError, RnncalcError, shown
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import recipe
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.options import KINDS

Options = dict[str, Any]
FARTHEST = 1e100  # of the ends of a range
MOST = 100_000  # trials of a grid


def grid(space: Mapping[str, Any]) -> list[Options]:
    """Return every combination, in the order of the options. Raises ProblemError."""
    for name, values in space.items():
        if not isinstance(values, list) or not values:
            raise ProblemError(_("a grid needs a list of values for {name}"), name=name)
    if (count := math.prod(map(len, space.values()))) > MOST:
        message = _("a grid of {n} trials, more than {most}: draw some of them with --random")
        raise ProblemError(message, n=count, most=MOST)
    return [dict(zip(space, values)) for values in itertools.product(*space.values())]


def drawn(space: Mapping[str, Any], count: int, seed: int) -> list[Options]:
    """Draw random combinations; a seed gives the same ones, and a greater count more of them."""
    return [
        {name: _draw(name, values, np.random.default_rng([seed, 4, number, at])) for at, (name, values) in
         enumerate(space.items())}
        for number in range(count)
    ]  # fmt: skip


def _draw(name: str, values: Any, rng: np.random.Generator) -> Any:
    if isinstance(values, list) and values:
        return values[int(rng.integers(len(values)))]
    if not isinstance(values, dict) or not {"low", "high"} <= set(values) <= {"low", "high", "log"}:
        raise ProblemError(_("{name}: a list of values, or low and high (and log), were expected"), name=name)
    low, high, log = values["low"], values["high"], values.get("log", False)
    if not all(type(end) in (int, float) and abs(end) <= FARTHEST for end in (low, high)):
        raise ProblemError(_("{name}: low and high are numbers, none beyond {most}"), name=name, most=FARTHEST)
    if not low <= high or (log and low <= 0):
        raise ProblemError(_("{name}: low must be at most high, and above 0 with log"), name=name)
    value = math.exp(rng.uniform(math.log(low), math.log(high))) if log else rng.uniform(low, high)
    return round(value) if KINDS[name] is int else float(value)


def carry_out(options: Options) -> dict[str, Any]:
    """Carry out one run, as workers do: return its options with its best validation loss, or with why it failed.

    The model goes with it, as what a file of it holds.
    """
    try:
        run = recipe.prepare(recipe.checked(options, _("sweep")))
        history = run.trainer.run()
        if not history:
            raise ProblemError(_("{name} cannot be less than {least}"), name="epochs", least=1)
        best = min(history, key=lambda entry: entry.get("val_loss", entry["loss"]))
        result = {"val_loss": best.get("val_loss", best["loss"]), "epoch": best["epoch"]}
        for part, data in (("val", run.trainer.validation), ("test", run.test)):
            judged = runs.judged(run, data) if data is not None else {}
            result |= {f"{part}_{name}": value for name, value in judged.items()}
        model = models.Model(run.network, run.about.known(), run.options, history)
        return {"options": options, **result, "model": models.in_bytes(model)}
    except RnncalcError as error:
        said = str(error)
    except MemoryError:
        said = _("not enough memory")
    except Exception as error:  # a fault of rnncalc, which is not to cost the other trials
        said = _("a fault of rnncalc itself: {what}").format(what=shown(f"{type(error).__name__}: {error}"))
    return {"options": options, "val_loss": math.inf, "error": said}


class Results(Journal[dict[str, Any]]):
    """The file of results, each under its options."""

    begins = b'{"options": {'

    def entry(self, key: str, result: dict[str, Any]) -> dict[str, Any]:
        return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in result.items()}

    def understood(self, entry: Any) -> tuple[str, dict[str, Any]]:
        float(entry["val_loss"])
        return _key(entry["options"]), entry


def sweep(
    trials: Iterable[Options],
    executor: Executor | Any,
    kept: str | os.PathLike[str] | Results | None = None,
    watch: Callable[[dict[str, Any], int, int], None] = lambda result, done, all_: None,
    keep: Callable[[bytes], None] = lambda model: None,
) -> list[dict[str, Any]]:
    """Return the results of all trials, the best validation loss first.

    executor: whatever has `submit` and gives futures: a thread or process pool, Dask's `client.get_executor()`.
    kept: the file of results; those in it are taken as they are. watch: called after each; keep: with
    the model of one that is better than all before. Raises ProblemError where a trial puts nothing aside for
    validation, RnncalcError for a file that is no file of results, WriteError where not all of them could be kept.
    """
    if not isinstance(kept, Results):
        with Results(kept) as journal:
            results = sweep(trials, executor, journal, watch, keep)
        if journal.trouble:
            raise WriteError(journal.trouble)
        return results
    wanted = list({_key(trial): trial for trial in trials}.values())
    if not all(trial.get("val") for trial in wanted):
        raise ProblemError(_("a sweep compares validation losses: --val 0.2 puts a share of the sequences aside"))
    done = dict(kept.results)
    results = [done[_key(trial)] for trial in wanted if _key(trial) in done]
    best = min((_number(result["val_loss"]) for result in results), default=math.inf)
    futures = [executor.submit(carry_out, trial) for trial in wanted if _key(trial) not in done]
    try:
        for future in _completed(futures):
            result = future.result()
            model, reached = result.pop("model", None), _number(result["val_loss"])
            if model is not None and reached < best:
                best = reached
                keep(model)
            results.append(result)
            kept.add({_key(result["options"]): result})
            watch(result, len(results), len(wanted))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return sorted(results, key=lambda result: (_number(result["val_loss"]), _key(result["options"])))


def _completed(futures: list[Any]) -> Iterable[Any]:
    """Yield futures as they finish; those of another library one after the other."""
    try:
        return as_completed(futures)
    except (AttributeError, TypeError):
        return futures


def _key(options: Options) -> str:
    return json.dumps(options, sort_keys=True)


def _number(value: Any) -> float:
    number = float(value)
    return math.inf if math.isnan(number) else number
