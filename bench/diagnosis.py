"""How often a planted mistake is named, and whether anything right is ever called wrong.

    python bench/diagnosis.py
    python bench/diagnosis.py --problems 50 --right 1000 --only W_transposed --json out.json

For each mistake, random problems of random sizes are solved with that mistake by `planted`, answered at 3, 4 and 6
decimals in turn; counted are those with a wrong number. Then random problems are solved rightly, rounded at every step.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from typing import Any

import numpy as np
import planted
from measure import keep

import rnncalc
from rnncalc.check import check

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


def named(mistake: str, count: int) -> dict[str, Any]:
    """How often the mistake is among the first two that are named."""
    rng = np.random.default_rng(sum(map(ord, mistake)))
    shown = hit = 0
    missed: list[dict[str, Any]] = []
    others: Counter[str] = Counter()
    seconds = []
    for number in range(count):
        asked = planted.problem(mistake, rng)
        solved = planted.solve(asked, mistake, rng)
        given = planted.keys(asked)
        answers = answered(mistake, solved, DECIMALS[number % 3])
        began = time.perf_counter()
        found = check(rnncalc.problem(**given).given, answers)
        seconds.append(time.perf_counter() - began)
        if found.first_wrong is None:
            continue
        shown += 1
        first = found.mistakes[:2]
        if mistake in {one.id for one in first} | {name for one in first for name in one.alike}:
            hit += 1
        else:
            others.update([one.id for one in first] or ["nothing"])
            missed.append({**given, "answers": answers})
    share = hit / shown if shown else float("nan")
    return {
        "shown": shown,
        "share": share,
        "seconds": float(np.median(seconds)),
        "slowest": max(seconds),
        "instead": dict(others.most_common(3)),
        "missed": missed[:2],
    }


def right(count: int) -> dict[str, int]:
    """Verdicts on problems that were solved rightly, every named quantity rounded before it is used again."""
    verdicts: Counter[str] = Counter()
    rng = np.random.default_rng(7)
    for number in range(count):
        asked = planted.problem(str(rng.choice(["bias_omitted", "not_through_time", "forget_bias_added"])), rng)
        kind = number % 2
        solved = rounded(asked, lambda a, kind=kind: round_to(a, kind))
        names = [name for name in solved if rng.random() < 0.7] or list(solved)
        answers = {name: as_typed(solved[name], kind) for name in names}
        verdicts.update(value.verdict for value in check(rnncalc.problem(**planted.keys(asked)).given, answers).values)
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
    H, found = len(p["h0"]), {}
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
    found = {"a": np.array(a), "h": states[1:], "y": y}
    k = 1.0 if p["loss"] == "half_squared_error" else 2.0
    ds = to(k * (y - p["targets"]))
    later, T = np.zeros(H), len(a)
    da, dh = np.zeros((T, H)), np.zeros((T, H))
    for t in reversed(range(T)):
        dh[t] = to(p["V"].T @ ds[t] + later)
        da[t] = to(dh[t] * to(1 - states[t + 1] ** 2))
        later = p["W"].T @ da[t]
    found |= {
        "ds": ds,
        "dh": dh,
        "da": da,
        "dU": to(da.T @ p["x"]),
        "dW": to(da.T @ states[:-1]),
        "db": to(da.sum(axis=0)),
    }
    found |= {"dV": to(ds.T @ states[1:]), "dc": to(ds.sum(axis=0))}
    found["losses"] = to(k / 2 * ((y - p["targets"]) ** 2).sum(axis=1))
    return {**found, "U_new": to(p["U"] - p["lr"] * found["dU"]), "W_new": to(p["W"] - p["lr"] * found["dW"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200, help="for each mistake")
    parser.add_argument("--right", type=int, default=10_000, help="problems that are solved rightly")
    parser.add_argument("--only", default="", help="one mistake")
    parser.add_argument("--missed", action="store_true", help="print problems in which it was not named")
    parser.add_argument("--json", help="write the figures to a file")
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    print(f"{'mistake':34} shown  named  ms a problem (slowest)")
    for mistake in [asked.only] if asked.only else [*planted.FORWARD, *planted.GATED, *planted.GRADIENT]:
        found = results[mistake] = named(mistake, asked.problems)
        times = f"{1e3 * found['seconds']:.0f} ({1e3 * found['slowest']:.0f})"
        print(f"{mistake:34} {found['shown']:5}  {found['share']:6.1%}  {times}", found["instead"] or "", flush=True)
        missed = found.pop("missed")
        if asked.missed:
            print("\n".join(json.dumps(one) for one in missed))
    if asked.right and not asked.only:
        results["right"] = right(asked.right)
        print("right answers, rounded at every step:", results["right"])
    keep(results, asked.json)


if __name__ == "__main__":
    main()
