"""What people hand in to random problems: answers with a planted mistake, and right ones, rounded at every step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

import rnncalc
from rnncalc.check import check
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
