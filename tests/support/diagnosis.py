"""What people hand in to random problems: answers with a planted mistake, and right ones, rounded at every step."""

from __future__ import annotations

from collections import Counter
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


def right(count: int) -> dict[str, int]:
    """Verdicts on problems that were solved rightly, every named quantity rounded before it is used again."""
    verdicts: Counter[str] = Counter()
    rng = np.random.default_rng(7)
    for number in range(count):
        problem = planted.problem(str(rng.choice(["bias_omitted", "not_through_time", "forget_bias_added"])), rng)
        kind = number % 2
        solved = rounded(problem, lambda a, kind=kind: round_to(a, kind))
        names = [name for name in solved if rng.random() < 0.7] or list(solved)
        answers = {name: as_typed(solved[name], kind) for name in names}
        verdicts.update(
            value.verdict for value in check(rnncalc.problem(**planted.keys(problem)).given, answers).values
        )
    return dict(verdicts)


def round_to(array: Any, kind: int) -> Any:
    """To three decimals, or to three significant digits."""
    if kind == 0:
        return np.round(array, 3)
    return np.vectorize(lambda value: float(f"{value:.3g}"), otypes=[float])(array)


def as_typed(array: Any, kind: int) -> Any:
    if np.ndim(array):
        return [as_typed(part, kind) for part in array]
    if kind == 0:
        return planted.texts(np.asarray(array), 3)
    text = f"{array:#.3g}"
    return text.rstrip(".") if "e" not in text else text


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
