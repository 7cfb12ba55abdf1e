"""Problems solved with a mistake in them, in plain NumPy: nothing here knows how rnncalc rewrites equations.

`elman`, `lstm`, `gru` solve one problem as a person with a program would, with a slip named by `mistake`; `problem`
draws a random one in which the slip can be made.

Longer than other files: three cells are written out forward and back, with a place for each slip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Problem = dict[str, Any]
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.maximum(a, 0),
    "identity": lambda a: a,
}
ORDER = "ifgo"

FORWARD = """bias_omitted bias_subtracted output_bias_omitted second_bias_omitted bias_outside_activation U_transposed
W_transposed V_transposed U_W_swapped recurrence_omitted initial_state_ignored stale_state state_lag
preactivation_fed_back activation_omitted activation_tanh activation_sigmoid activation_relu
output_activation_omitted softmax_over_steps
inputs_reversed inputs_shifted output_from_previous_state softmax_over_batch weights_ignored
backward_realigned""".split()
GATED = """gate_order update_complement reset_position memory_activation_omitted forget_bias_added
candidate_sigmoid sign_of_preactivation""".split()
GRADIENT = """not_through_time last_step_only longest_path_only recurrent_derivative_omitted derivative_omitted
derivative_of_preactivation derivative_twice W_not_transposed upstream_omitted sign_flipped loss_factor
loss_reported_for_gradient gradient_reported_for_parameter learning_rate_omitted update_sign""".split()
SQUARE_U = ("U_transposed", "U_W_swapped")


def softmax(s: np.ndarray, axis: int = -1) -> np.ndarray:
    """e^s / Σ e^s."""
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def problem(mistake: str, rng: np.random.Generator) -> Problem:
    """A random problem of random sizes; square where the slip needs it, gated where it is about gates."""
    H, D, O, T = (int(rng.integers(1, 5)) for _size in range(4))
    T = max(T, 2)
    if mistake in ("W_transposed", "W_not_transposed", *SQUARE_U):
        H = max(H, 2)
    if mistake in SQUARE_U:
        D = H
    if mistake == "V_transposed":
        H = O = max(O, 2)
    if "softmax" in mistake:
        O = max(O, 2)

    def draw(*shape: int) -> np.ndarray:
        return np.round(rng.uniform(-1, 1, shape), 2)

    cell = "elman"
    if mistake in GATED:
        cell = {"gate_order": "lstm", "memory_activation_omitted": "lstm", "forget_bias_added": "lstm"}.get(
            mistake, "gru"
        )
        if mistake in ("candidate_sigmoid", "sign_of_preactivation") and rng.random() < 0.5:
            cell = "lstm"
        if mistake == "reset_position":
            H = max(H, 2)
    gates = {"elman": 1, "lstm": 4, "gru": 3}[cell]
    drawn: Problem = {
        "cell": cell,
        "U": draw(gates * H, D),
        "W": draw(gates * H, H),
        "b": draw(gates * H),
        "V": draw(O, H),
        "c": draw(O),
        "h0": draw(H),
        "x": draw(T, D),
        "targets": draw(T, O),
        "loss": str(rng.choice(["half_squared_error", "squared_error"])),
        "lr": float(np.round(rng.uniform(0.05, 0.5), 2)),
    }
    if mistake.startswith("activation_"):
        other = {"activation_tanh": "sigmoid", "activation_sigmoid": "tanh", "activation_relu": "tanh"}
        drawn["activation"] = other.get(mistake, "tanh")
    if "softmax" in mistake or mistake == "output_activation_omitted":
        drawn["output"] = "softmax"
        del drawn["targets"], drawn["loss"]
    if mistake == "softmax_over_batch":
        drawn["x"] = draw(3, T, D)
    if mistake == "second_bias_omitted":
        drawn |= {"b_ih": draw(H), "b_hh": draw(H)}
    if mistake == "backward_realigned":
        drawn |= {"back": {"U": draw(H, D), "W": draw(H, H), "b": draw(H)}, "V": draw(O, 2 * H)}
    return drawn


def keys(p: Problem) -> dict[str, Any]:
    """The problem as rnncalc takes it."""
    named = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in p.items()}
    if "b_ih" in named:
        renamed = {"U": "weight_ih", "W": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
        named = {renamed.get(name, name): value for name, value in named.items() if name != "b"}
    if "back" in named:
        named |= {"direction": "both", "backward": {k: v.tolist() for k, v in named.pop("back").items()}}
    return named


def solve(p: Problem, mistake: str = "", rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Every quantity that is answered, with the slip."""
    rng = rng or np.random.default_rng(0)
    if np.ndim(p["x"]) == 3:
        rows = [solve({**p, "x": x}, "" if "batch" in mistake else mistake, rng) for x in p["x"]]
        quantities = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        if mistake == "softmax_over_batch":
            quantities["y"] = softmax(quantities["s"], axis=0)
        return quantities
    p = _parameters(p, mistake)
    if p["cell"] != "elman":
        return gated(p, mistake, rng)
    if "back" in p:
        return both_ways(p, mistake)
    return elman(p, mistake)


def _parameters(p: Problem, mistake: str) -> Problem:
    p = dict(p)
    if "b_ih" in p:
        p["b"] = p["b_ih"] if mistake == "second_bias_omitted" else p["b_ih"] + p["b_hh"]
    if mistake == "bias_omitted":
        p["b"] = 0 * p["b"]
    elif mistake == "bias_subtracted":
        p["b"] = -p["b"]
    elif mistake == "output_bias_omitted":
        p["c"] = 0 * p["c"]
    elif mistake.endswith("_transposed") and mistake[0] in "UWV" and mistake[1] == "_" and "not" not in mistake:
        p[mistake[0]] = p[mistake[0]].T
    elif mistake == "U_W_swapped":
        p["U"], p["W"] = p["W"], p["U"]
    elif mistake == "recurrence_omitted":
        p["W"] = 0 * p["W"]
    elif mistake == "initial_state_ignored":
        p["h0"] = 0 * p["h0"]
    elif mistake == "stale_state":
        p["h0"] = elman(p, "")["h"][-1]
    elif mistake == "inputs_reversed":
        p["x"] = p["x"][::-1]
    elif mistake == "inputs_shifted":
        p["x"] = np.vstack([0 * p["x"][:1], p["x"][:-1]])
    elif mistake == "weights_ignored":
        p |= {name: np.ones_like(p[name]) for name in "UWV"}
    elif mistake.startswith("activation_"):
        p["activation"] = mistake.removeprefix("activation_").replace("omitted", "identity")
    return p


def elman(p: Problem, mistake: str) -> dict[str, np.ndarray]:
    """Forward, loss, BPTT, update."""
    f = FUNCTIONS[p.get("activation", "tanh")]
    T, H = len(p["x"]), len(p["h0"])
    a, h = np.zeros((T, H)), np.zeros((T + 1, H))
    h[0] = p["h0"]
    for t in range(T):
        before = h[t]
        if mistake == "state_lag":
            before = h[t - 1] if t else 0 * h[0]
        if mistake == "preactivation_fed_back" and t:
            before = a[t - 1]
        a[t] = p["W"] @ before + p["U"] @ p["x"][t]
        if mistake == "bias_outside_activation":
            h[t + 1] = f(a[t]) + p["b"]
        else:
            a[t] += p["b"]
            h[t + 1] = f(a[t])
    read = h[:-1] if mistake == "output_from_previous_state" else h[1:]
    s = read @ p["V"].T + p["c"]
    y = softmax(s, 0 if mistake == "softmax_over_steps" else -1) if p.get("output") == "softmax" else s
    if mistake == "output_activation_omitted":
        y = s
    quantities = {"h": h[1:], "s": s, "y": y}
    return {**quantities, **back(p, mistake, a, h, y)} if "targets" in p else quantities


def back(p: Problem, mistake: str, a: np.ndarray, h: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """The gradients of ½ Σ (y − t)² or Σ (y − t)², and the update."""
    T, H = a.shape
    k = 1.0 if p["loss"] == "half_squared_error" else 2.0
    losses = k / 2 * ((y - p["targets"]) ** 2).sum(axis=1)
    dy = k * (y - p["targets"])
    if mistake == "loss_factor":
        losses, dy = losses / T, dy / T
    if mistake == "upstream_omitted":
        dy = np.ones_like(dy)
    if mistake in ("last_step_only", "longest_path_only"):
        dy[:-1] = 0
    if mistake == "sign_flipped":
        dy = -dy
    slope = 1 - h[1:] ** 2
    if mistake == "derivative_omitted":
        slope = np.ones_like(slope)
    elif mistake == "derivative_of_preactivation":
        slope = 1 - a**2
    elif mistake == "derivative_twice":
        slope = slope**2
    da, dh = np.zeros((T, H)), np.zeros((T, H))
    later = np.zeros(H)
    for t in reversed(range(T)):
        dh[t] = p["V"].T @ dy[t] + later
        da[t] = dh[t] * slope[t]
        sent = dh[t] if mistake == "recurrent_derivative_omitted" else da[t]
        later = (p["W"] if mistake == "W_not_transposed" else p["W"].T) @ sent
        if mistake == "not_through_time":
            later = 0 * later
    some = slice(0, 1) if mistake == "longest_path_only" else slice(None)
    d = {
        "U": da[some].T @ p["x"][some],
        "W": da[some].T @ h[:-1][some],
        "b": da[some].sum(axis=0),
        "V": dy[some].T @ h[1:][some],
        "c": dy[some].sum(axis=0),
    }
    lr = 1.0 if mistake == "learning_rate_omitted" else -p["lr"] if mistake == "update_sign" else p["lr"]
    new = {f"{name}_new": p[name] - lr * gradient for name, gradient in d.items()}
    if mistake == "gradient_reported_for_parameter":
        new = {f"{name}_new": gradient for name, gradient in d.items()}
    if mistake == "loss_reported_for_gradient":
        d = {name: np.full_like(gradient, losses.sum()) for name, gradient in d.items()}
    return {"losses": losses, "dh": dh, "da": da, **{f"d{name}": g for name, g in d.items()}, **new}


def both_ways(p: Problem, mistake: str) -> dict[str, np.ndarray]:
    """Two directions side by side."""
    ahead = elman({k: v for k, v in p.items() if k != "targets"} | {"V": p["V"][:, : len(p["h0"])]}, "")["h"]
    other = {**p, **p["back"], "h0": 0 * p["h0"], "x": p["x"][::-1], "V": p["V"][:, : len(p["h0"])]}
    behind = elman({k: v for k, v in other.items() if k != "targets"}, "")["h"]
    h = np.hstack([ahead, behind if mistake == "backward_realigned" else behind[::-1]])
    return {"h": h, "y": h @ p["V"].T + p["c"]}


def gated(p: Problem, mistake: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """LSTM and GRU, forward."""
    H, sigmoid = len(p["h0"]), FUNCTIONS["sigmoid"]
    letters = ORDER if p["cell"] == "lstm" else "rzn"
    order = letters
    while mistake == "gate_order" and order == letters:
        order = "".join(rng.permutation(list(letters)))
    part = {g: slice(order.index(g) * H, (order.index(g) + 1) * H) for g in letters}
    h, c = p["h0"], np.zeros(H)
    hidden: list[np.ndarray] = []
    memory: list[np.ndarray] = []
    candidate = sigmoid if mistake == "candidate_sigmoid" else np.tanh
    gate = (lambda a: sigmoid(-a)) if mistake == "sign_of_preactivation" else sigmoid
    for x in p["x"]:
        u, w = p["U"] @ x + p["b"], p["W"] @ h
        at = {g: u[part[g]] + w[part[g]] for g in letters}
        if p["cell"] == "lstm":
            forget = at["f"] + (1 if mistake == "forget_bias_added" else 0)
            c = gate(forget) * c + gate(at["i"]) * candidate(at["g"])
            h = gate(at["o"]) * (c if mistake == "memory_activation_omitted" else np.tanh(c))
        else:
            r, z = gate(at["r"]), gate(at["z"])
            inner = r * w[part["n"]] if mistake == "reset_position" else p["W"][part["n"]] @ (r * h)
            n = candidate(u[part["n"]] + inner)
            z = 1 - z if mistake == "update_complement" else z
            h = (1 - z) * n + z * h
        hidden.append(h)
        memory.append(c)
    states = np.array(hidden)
    also = {"c": np.array(memory)} if p["cell"] == "lstm" else {}
    return {"h": states, "y": states @ p["V"].T + p["c"], **also}


def texts(array: np.ndarray, decimals: int) -> Any:
    """Nested lists of texts with so many decimals."""
    if np.ndim(array):
        return [texts(part, decimals) for part in array]
    text = f"{array:.{decimals}f}"
    return text[1:] if float(text) == 0 and text.startswith("-") else text
