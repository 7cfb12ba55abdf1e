"""What people hand in to random problems: answers with a planted mistake, and right ones, rounded at every step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

import rnncalc
from rnncalc.check import CheckSession, check
from rnncalc.check.diagnosis.batch import SpecBatches
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.verdicts.records import CARRIED, WRONG, Diagnosis, Verdict
from support import planted

DECIMALS = (3, 4, 6)
SHOWN = {"forward": ("h", "y"), "gated": ("h", "c", "y"), "gradient": ("h", "y", "dU", "dW", "db", "dV", "dc")}
UPDATED = ("gradient_reported_for_parameter", "learning_rate_omitted", "update_sign")


def answered(mistake: str, solved: dict[str, np.ndarray], decimals: int) -> dict[str, Any]:
    """What a person would hand in."""
    names = list(
        SHOWN["gated" if mistake in planted.GATED else "gradient" if mistake in planted.GRADIENT else "forward"]
    )
    if mistake in UPDATED:
        names += ["U_new", "W_new", "b_new"]
    return {name: planted.texts(solved[name], decimals) for name in names if name in solved}


def names(verdict: Verdict) -> set[str]:
    """The first two mistakes that are named, and those that cannot be told from them."""
    first = verdict.mistakes[:2]
    return {mistake.id for mistake in first} | {name for mistake in first for name in mistake.alike}


def wrong(verdict: Verdict) -> list[tuple[str, int | None, tuple[int, ...]]]:
    """The places of wrong numbers."""
    return [(value.name, value.step, value.index) for value in verdict.values if value.verdict in (WRONG, CARRIED)]


def slipped(answers: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The answers with one digit changed in one number."""
    arrays = {name: np.array(rows, dtype=object) for name, rows in answers.items()}
    name = str(rng.choice(list(arrays)))
    index = tuple(int(rng.integers(size)) for size in arrays[name].shape)
    text = str(arrays[name][index])
    digits = [at for at, letter in enumerate(text) if letter.isdigit()]
    at = digits[int(rng.integers(min(3, len(digits))))]
    arrays[name][index] = text[:at] + str((int(text[at]) + int(rng.integers(2, 9))) % 10) + text[at + 1 :]
    return {name: rows.tolist() for name, rows in arrays.items()}


def beside(mistake: str, verdict: Verdict, slip: Verdict) -> tuple[bool, bool] | None:
    """Whether a mistake is named beside a slip, and whether it is said to explain the slip too.

    verdict, slip: without the slip, and with it. None where fewer than two other numbers show the mistake.
    """
    typed = {(value.name, value.step, value.index): value.answer for value in verdict.values}
    changed = {place for value in slip.values if typed[place := (value.name, value.step, value.index)] != value.answer}
    own = [value for value in slip.values if (value.name, value.step, value.index) in changed]
    if len({*wrong(verdict)} - changed) < 2:
        return None
    every = any(diagnosis.id == mistake and diagnosis.explains == diagnosis.of for diagnosis in slip.mistakes)
    return mistake in names(slip), every and all(value.verdict == WRONG for value in own)


def random_rows(count: int, decimals: int, seed: int, each: int = 20) -> dict[str, Any]:
    """Answers that have nothing to do with the problem: three numbers, uniform over the range of the computed ones.

    named: how often a mistake is named all the same. every: how often one is said to explain every wrong number though
    it does not give them.
    """
    rng, shown, named, every = np.random.default_rng(seed), 0, 0, 0
    while shown < count:
        cell = str(rng.choice(["elman", "lstm", "gru"]))
        gates = {"elman": 1, "lstm": 4, "gru": 3}[cell]
        keys: dict[str, Any] = {
            name: np.round(rng.uniform(-1, 1, shape), 2).tolist()
            for name, shape in {"U": (gates, 1), "W": (gates, 1), "b": (gates,), "h0": (1,), "x": (3, 1)}.items()
        }
        keys["cell"] = cell
        if cell == "elman":
            keys["activation"] = str(rng.choice(["tanh", "sigmoid", "relu", "identity"]))
        problem = rnncalc.problem(engine="equations", **keys)
        states, session = np.asarray(problem.forward().h), CheckSession(problem.given)
        for _row in range(min(each, count - shown)):
            answers = {
                "h": planted.texts(rng.uniform(float(states.min()), float(states.max()), states.shape), decimals)
            }
            verdict = session.check(answers)
            shown += 1
            named += bool(verdict.mistakes)
            every += any(claims_too_much(session, verdict, mistake) for mistake in verdict.mistakes)
    return {"shown": shown, "named": named / shown, "every": every}


def claims_too_much(session: CheckSession, verdict: Verdict, diagnosis: Diagnosis) -> bool:
    """Whether a mistake is said to explain every wrong number, and no variant of it gives or allows them all.

    A number is allowed within two units of what follows from exact values or from the typed numbers before it.
    """
    if diagnosis.explains < diagnosis.of or diagnosis.together:
        return False
    spec, values = session.quantities.spec, verdict.values
    spots = [(value.key, (0, value.index[-1] - 1)) for value in values]
    typed = np.array([float(value.answer or "nan") for value in values])
    units = np.array([10.0 ** -len((value.answer or "").partition(".")[2]) for value in values])
    bad = [at for at, value in enumerate(values) if value.verdict in (WRONG, CARRIED)]
    orders = {number: run.cell.gates for number, run in enumerate(spec.runs) if run.cell.gates}
    specs = [variant.spec for variant in MISTAKES[diagnosis.id].variants(spec, Context(orders))]
    batches = SpecBatches(specs)
    given = [batches.numbers(spots), batches.numbers(spots, typed)]
    apart = np.nanmin([np.abs(numbers - typed[:, None]) for numbers in given], axis=0)
    return not (apart <= 2 * units[:, None])[bad].all(axis=0).any()


@dataclass(frozen=True)
class Writer:
    """How somebody rounds at every step and writes: to decimals or significant digits, perhaps through a spreadsheet
    that drops zeros at the end. stated: whether the problem asks for that precision.
    """

    kind: str
    count: int
    dropped: bool
    stated: bool

    def round(self, array: Any) -> Any:
        if self.kind == "decimals":
            return np.round(array, self.count)
        return np.vectorize(lambda value: float(f"{value:.{self.count}g}"), otypes=[float])(array)

    def typed(self, array: Any) -> Any:
        """Every number as text."""
        if np.ndim(array):
            return [self.typed(part) for part in array]
        text = f"{array:.{self.count}f}" if self.kind == "decimals" else f"{array:#.{self.count}g}"
        digits, e, exponent = text.partition("e")
        if self.dropped and "." in digits:
            digits = digits.rstrip("0")
        digits = digits.rstrip(".")
        return ("0" if digits == "-0" and self.dropped else digits) + e + exponent


def writer(rng: np.random.Generator) -> Writer:
    """Two to six significant digits, asked for or not; or as many decimals as are asked for, none to four."""
    dropped = bool(rng.random() < 0.5)
    if rng.random() < 0.5:
        return Writer("decimals", int(rng.integers(0, 5)), dropped, True)
    return Writer("digits", int(rng.integers(2, 7)), dropped, bool(rng.random() < 0.5))


def right(count: int, failures: list[dict[str, Any]] | None = None) -> dict[str, int]:
    """Verdicts on problems that were solved rightly, every named quantity rounded before it is used again.

    coarse, lost: numbers with too few digits, problems without the full score; both should be none.
    """
    verdicts: Counter[str] = Counter(coarse=0, lost=0)
    rng = np.random.default_rng(7)
    for _number in range(count):
        problem = planted.problem(str(rng.choice(["bias_omitted", "not_through_time", "forget_bias_added"])), rng)
        hand = writer(rng)
        solved = rounded(problem, hand.round)
        names = [name for name in solved if rng.random() < 0.7] or list(solved)
        answers = {name: hand.typed(solved[name]) for name in names}
        given = planted.keys(problem) | ({"precision": {hand.kind: hand.count}} if hand.stated else {})
        verdict = check(rnncalc.problem(**given).given, answers)
        verdicts.update(value.verdict for value in verdict.values)
        verdicts["coarse"] += sum(value.coarse for value in verdict.values)
        verdicts["lost"] += verdict.score < 1
        if verdict.score < 1 and failures is not None:
            failures.append({**given, "answers": answers})
    return dict(verdicts)


def rounded(p: planted.Problem, to: Any) -> dict[str, np.ndarray]:
    """An Elman network or an LSTM by hand: each line rounded, and the next made from the rounded one."""
    H = len(p["h0"])
    if p["cell"] == "lstm":
        sigmoid, h, c = planted.FUNCTIONS["sigmoid"], p["h0"], np.zeros(H)
        rows: dict[str, list[Any]] = {name: [] for name in (*planted.ORDER, "c", "h", "y")}
        for x in p["x"]:
            a = p["W"] @ h + p["U"] @ x + p["b"]
            values = {
                g: to((np.tanh if g == "g" else sigmoid)(a[k * H : (k + 1) * H])) for k, g in enumerate(planted.ORDER)
            }
            c = to(values["f"] * c + values["i"] * values["g"])
            h = to(values["o"] * to(np.tanh(c)))
            for name, value in {**values, "c": c, "h": h, "y": to(p["V"] @ h + p["c"])}.items():
                rows[name].append(value)
        return {name: np.array(value) for name, value in rows.items()}
    h = [p["h0"]]
    a = []
    for x in p["x"]:
        a.append(to(p["W"] @ h[-1] + p["U"] @ x + p["b"]))
        h.append(to(np.tanh(a[-1])))
    states = np.array(h)
    y = to(states[1:] @ p["V"].T + p["c"])
    quantities = {"a": np.array(a), "h": states[1:], "y": y}
    k = 1.0 if p["loss"] == "half_squared_error" else 2.0
    ds = to(k * (y - p["targets"]))
    later, T = np.zeros(H), len(a)
    da, dh = np.zeros((T, H)), np.zeros((T, H))
    for t in reversed(range(T)):
        dh[t] = to(p["V"].T @ ds[t] + later)
        da[t] = to(dh[t] * to(1 - states[t + 1] ** 2))
        later = p["W"].T @ da[t]
    quantities |= {
        "ds": ds,
        "dh": dh,
        "da": da,
        "dU": to(da.T @ p["x"]),
        "dW": to(da.T @ states[:-1]),
        "db": to(da.sum(axis=0)),
    }
    quantities |= {"dV": to(ds.T @ states[1:]), "dc": to(ds.sum(axis=0))}
    quantities["losses"] = to(k / 2 * ((y - p["targets"]) ** 2).sum(axis=1))
    return {
        **quantities,
        "U_new": to(p["U"] - p["lr"] * quantities["dU"]),
        "W_new": to(p["W"] - p["lr"] * quantities["dW"]),
    }
