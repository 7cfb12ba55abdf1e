"""Code of a student with a mistake in it: Elman, LSTM and GRU over a batch, forward and back, in plain NumPy.

Nothing here knows how rnncalc rewrites equations. `run` gives what a function would return: every state and every
gradient, for gradients dh at every step and, in an LSTM, dc at the last.

Longer than other files: three cells are written out forward and back, with a place for each slip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
GATES = {"elman": "a", "lstm": "ifgo", "gru": "rzn"}
CELLS = tuple(GATES)

# what is wrong → the cells that can have it, the id's ties with it
FORWARD: dict[str, tuple[str, ...]] = {
    "state_not_carried: the first": CELLS,
    "state_not_carried: zero": CELLS,
    "state_not_carried: h": ("lstm",),
    "state_not_carried: c": ("lstm",),
    "state_not_carried: c zero": ("lstm",),
    "gates_activated_twice: all": ("lstm", "gru"),
    "gates_activated_twice: gates": ("lstm", "gru"),
    "gates_activated_twice: one": CELLS,
    "gates_activated_twice: candidate": ("lstm", "gru"),
    "h_c_exchanged: taken": ("lstm",),
    "h_c_exchanged: returned": ("lstm",),
    "h_c_exchanged: both": ("lstm",),
    "h_c_exchanged: at the start": ("lstm",),
    "forget_gate_omitted: kept": ("lstm",),
    "forget_gate_omitted: forgotten": ("lstm",),
    "gate_omitted: i": ("lstm",),
    "gate_omitted: o": ("lstm",),
    "gate_omitted: r": ("gru",),
    "output_gate_inside_tanh": ("lstm",),
    "memory_activation_omitted": ("lstm",),
    "candidate_sigmoid": ("lstm", "gru"),
    "W_transposed: one": ("lstm", "gru"),
    "U_transposed: one": ("lstm", "gru"),
    "U_W_swapped: one": ("lstm", "gru"),
    "bias_omitted: one": ("lstm", "gru"),
    "activation_tanh: one": ("lstm", "gru"),
    "activation_omitted: one": ("lstm",),
    "activation_relu: one": ("lstm",),
    "activation_sigmoid: memory": ("lstm",),
    "gates_interleaved": ("lstm", "gru"),
    "wrong_quantity: memory before": ("lstm",),
    "wrong_quantity: state": ("lstm",),
    "wrong_quantity: gate": ("lstm", "gru"),
    "bias_subtracted: all": CELLS,
    "bias_subtracted: one": ("lstm", "gru"),
}
BACKWARD: dict[str, tuple[str, ...]] = {
    "arriving_gradient_omitted: outside": CELLS,
    "arriving_gradient_omitted: altogether": CELLS,
    "next_gradient_omitted: all": CELLS,
    "next_gradient_omitted: h": ("lstm",),
    "next_gradient_omitted: c": ("lstm",),
    "next_gradient_omitted: arriving c": ("lstm",),
    "next_gradient_omitted: c and arriving c": ("lstm",),
    "next_gradient_omitted: through h": ("lstm",),
    "next_gradient_omitted: direct": ("gru",),
    "gradient_overwritten: all": CELLS,
    "gradient_overwritten: U": CELLS,
    "gradient_overwritten: W": CELLS,
    "gradient_overwritten: b": CELLS,
    "gradient_overwritten: batch": CELLS,
    "gradient_overwritten: both loops": CELLS,
    "bias_gradient_not_summed: first": CELLS,
    "bias_gradient_not_summed: last": CELLS,
    "mean_for_sum: b": CELLS,
    "mean_for_sum: all": CELLS,
    "mean_for_sum: T": CELLS,
    "cache_of_wrong_step: last": CELLS,
    "cache_of_wrong_step: first": CELLS,
    "cache_of_wrong_step: forward": CELLS,
    "cache_of_wrong_step: before": CELLS,
    "cache_of_wrong_step: before, the first kept": CELLS,
    "cache_of_wrong_step: after": CELLS,
    "cache_of_wrong_step: x forward": CELLS,
    "cache_of_wrong_step: h": CELLS,
    "cache_of_wrong_step: c": ("lstm",),
    "sign_flipped: U": CELLS,
    "sign_flipped: z": ("gru",),
    "sign_flipped: arriving": CELLS,
    "loss_factor: N": CELLS,
    "part_through_h_omitted: before": ("lstm",),
    "part_through_h_omitted: df": ("lstm",),
    "wrong_factor: none": ("lstm", "gru"),
    "wrong_factor: exchanged": ("lstm", "gru"),
    "wrong_factor: one": ("lstm", "gru"),
    "wrong_factor: slope": ("lstm", "gru"),
    "wrong_factor: square": ("lstm", "gru"),
    "wrong_factor: itself": ("lstm", "gru"),
    "wrong_factor: complement": ("lstm", "gru"),
    "wrong_factor: again": ("lstm", "gru"),
    "wrong_factor: again of the candidate": CELLS,
    "wrong_factor: slope of the candidate": ("lstm", "gru"),
    "wrong_factor: complement of the candidate": ("lstm", "gru"),
    "wrong_factor: sum of the candidate": ("lstm", "gru"),
    "wrong_factor: square of the candidate": ("lstm", "gru"),
    "derivative_omitted: one": ("lstm", "gru"),
    "derivative_of_preactivation: one": ("lstm", "gru"),
    "W_not_transposed: one": ("lstm", "gru"),
    "memory_activation_omitted: do": ("lstm",),
    "memory_activation_omitted: all": ("lstm",),
    "last_step_only": CELLS,
    "h_c_exchanged: arriving": ("lstm",),
    "h_c_exchanged: dh0": ("lstm",),
}


ONE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "activation_tanh: one": np.tanh,
    "activation_omitted: one": lambda a: a,
    "activation_relu: one": lambda a: np.maximum(a, 0),
}
CUT = ("next_gradient_omitted: all", "next_gradient_omitted: h", "arriving_gradient_omitted: altogether")


def problem(cell: str, seed: int, square: bool = False, T: int = 4) -> Arrays:
    """Random arrays, all sizes different, nothing zero; square: as many inputs as units."""
    rng = np.random.default_rng(seed)
    N, D, H, G = 2 + seed % 2, 3 if square else 2, 3, len(GATES[cell])
    p = {"U": rng.normal(size=(G * H, D)), "W": rng.normal(size=(G * H, H)), "b": rng.normal(size=G * H)}
    p |= {"x": rng.normal(size=(N, T, D)), "h0": rng.normal(size=(N, H)), "dh": rng.normal(size=(N, T, H))}
    return p | ({"c0": rng.normal(size=(N, H)), "dc": rng.normal(size=(N, H))} if cell == "lstm" else {})


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def run(cell: str, p: Arrays, mistake: str = "", back: str = "") -> Arrays:
    """h and c of all steps (N, T, H), dx, dh0, dc0, dU, dW, db. back: a second mistake, in the backward pass."""
    p, right = dict(p), dict(p)
    H = p["h0"].shape[1]
    second = slice(H, 2 * H)  # the second gate
    if mistake == "W_transposed: one":
        p["W"] = np.concatenate([p["W"][:H], p["W"][second].T, p["W"][2 * H :]])
    if mistake == "U_transposed: one":
        p["U"] = np.concatenate([p["U"][:H], p["U"][second].T, p["U"][2 * H :]])
    if mistake == "U_W_swapped: one":
        U, W = p["U"].copy(), p["W"].copy()
        U[second], W[second] = p["W"][second], p["U"][second]
        p |= {"U": U, "W": W}
    if mistake == "bias_omitted: one":
        p["b"] = np.concatenate([p["b"][:H], 0 * p["b"][second], p["b"][2 * H :]])
    if mistake.startswith("bias_subtracted"):
        turned = np.arange(len(p["b"])) // H == 1 if mistake.endswith("one") else np.full(len(p["b"]), True)
        p["b"] = np.where(turned, -p["b"], p["b"])
    states, caches = forward(cell, p, mistake)
    return {**states, **backward(cell, right, caches, back or mistake)}


def forward(cell: str, p: Arrays, mistake: str) -> tuple[Arrays, list[Arrays]]:
    T = p["x"].shape[1]
    h, c = p["h0"], p.get("c0", 0 * p["h0"])
    if mistake == "h_c_exchanged: at the start":
        h, c = c, h
    caches: list[Arrays] = []
    shown: dict[str, list[np.ndarray]] = {"h": [], "c": []}
    for t in range(T):
        if mistake in ("state_not_carried: the first", "state_not_carried: h"):
            h = p["h0"]
        if mistake in ("state_not_carried: the first", "state_not_carried: c"):
            c = p.get("c0", c)
        if mistake == "state_not_carried: zero":
            h, c = 0 * h, 0 * c
        if mistake == "state_not_carried: c zero":
            c = 0 * c
        if mistake == "h_c_exchanged: taken":
            h, c = c, h
        h, c, cache = step(cell, p, p["x"][:, t], h, c, mistake)
        if mistake == "h_c_exchanged: both":
            h, c = c, h
        caches.append(cache)
        shown["h"].append(c if mistake == "h_c_exchanged: returned" else h)
        shown["c"].append(h if mistake == "h_c_exchanged: returned" else c)
    made = {name: np.stack(rows, 1) for name, rows in shown.items()}
    return (made if cell == "lstm" else {"h": made["h"]}), caches


def step(cell: str, p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, mistake: str) -> Any:
    """One step; the cache has what the backward pass needs."""
    H = h.shape[1]
    twice = mistake.removeprefix("gates_activated_twice: ") if mistake.startswith("gates") else ""

    def gate(a: np.ndarray, first: bool = False) -> np.ndarray:
        repeated = twice in ("all", "gates") or (twice == "one" and first)
        return sigmoid(sigmoid(a)) if repeated else sigmoid(a)

    def candidate(a: np.ndarray) -> np.ndarray:
        if mistake == "candidate_sigmoid":
            return sigmoid(a)
        return np.tanh(np.tanh(a)) if twice in ("all", "candidate") or (twice and cell == "elman") else np.tanh(a)

    if cell == "elman":
        new = candidate(x @ p["U"].T + h @ p["W"].T + p["b"])
        return new, c, {"x": x, "hp": h, "h": new}
    a = x @ p["U"].T + h @ p["W"].T + p["b"]
    count = len(GATES[cell])
    cuts = [slice(k, None, count) if mistake == "gates_interleaved" else slice(k * H, k * H + H) for k in range(count)]
    parts, second = [a[:, cut] for cut in cuts], ONE.get(mistake, gate)
    if cell == "gru":
        r, z, last = gate(parts[0], first=True), second(parts[1]), cuts[2]
        r = 1 + 0 * r if mistake == "gate_omitted: r" else r
        reset = z if mistake == "wrong_quantity: gate" else r
        inner = x @ p["U"][last].T + (reset * h) @ p["W"][last].T + p["b"][last]
        n = candidate(inner)
        return (1 - z) * n + z * h, c, {"x": x, "hp": h, "r": r, "z": z, "n": n, "h": (1 - z) * n + z * h,
                                        "az": parts[1]}  # fmt: skip
    i, f, g, o = gate(parts[0], first=True), second(parts[1]), candidate(parts[2]), gate(parts[3])
    i = 1 + 0 * i if mistake == "gate_omitted: i" else i
    o = 1 + 0 * o if mistake == "gate_omitted: o" else o
    memory = f * c + i * g
    if mistake == "wrong_quantity: state":
        memory = f * h + i * g
    if mistake == "wrong_quantity: gate":
        memory = o * c + i * g
    if mistake == "forget_gate_omitted: kept":
        memory = c + i * g
    if mistake == "forget_gate_omitted: forgotten":
        memory = i * g
    new = np.tanh(o * memory) if mistake == "output_gate_inside_tanh" else o * np.tanh(memory)
    if mistake == "memory_activation_omitted":
        new = o * memory
    if mistake == "wrong_quantity: memory before":
        new = o * np.tanh(c)
    if mistake == "activation_sigmoid: memory":
        new = o * sigmoid(memory)
    cache = {"x": x, "hp": h, "cp": c, "i": i, "f": f, "g": g, "o": o, "c": memory, "tc": np.tanh(memory), "h": new}
    return new, memory, cache | {"af": parts[1]}


def taken(mistake: str, t: int, T: int) -> int:
    """The step whose cache is read at step t, from 0."""
    where = mistake.removeprefix("cache_of_wrong_step: ")
    places = {"last": T - 1, "first": 0, "forward": T - 1 - t, "before": t - 1, "after": min(t + 1, T - 1),
              "before, the first kept": max(t - 1, 0)}  # fmt: skip
    return places.get(where, t) % T


def backward(cell: str, p: Arrays, caches: list[Arrays], mistake: str) -> Arrays:
    N, T, _D = p["x"].shape
    d = {name: np.zeros_like(p[name]) for name in ("U", "W", "b")}
    dx, later, memory = np.zeros_like(p["x"]), 0 * p["h0"], p.get("dc", 0 * p["h0"])
    if mistake == "h_c_exchanged: arriving":
        p["dh"], memory = np.concatenate([p["dh"][:, :-1], memory[:, None]], 1), p["dh"][:, -1]
    if "arriving c" in mistake:
        memory = 0 * memory
    arriving = np.ones_like(p["dh"]) if mistake.startswith("arriving_gradient_omitted") else p["dh"].copy()
    if mistake == "last_step_only":
        arriving[:, :-1] = 0
    if mistake in ("sign_flipped: arriving", "loss_factor: N"):
        factor = -1 if mistake.startswith("sign") else 1 / N
        arriving, memory = factor * arriving, factor * memory
    for t in reversed(range(T)):
        cache = dict(caches[taken(mistake, t, T)])
        if mistake == "cache_of_wrong_step: x forward":
            cache["x"] = p["x"][:, T - 1 - t]
        if mistake == "cache_of_wrong_step: h":
            cache["hp"] = cache["h"]
        if mistake == "cache_of_wrong_step: c":
            cache["cp"] = cache["c"]
        dh = arriving[:, t] + (0 if mistake in CUT else later)
        if t < T - 1 and mistake in ("next_gradient_omitted: all", "next_gradient_omitted: c",
                                     "next_gradient_omitted: c and arriving c"):  # fmt: skip
            memory = 0 * memory
        da, source, later, memory = step_back(cell, p, cache, dh, memory, mistake)
        dx[:, t] = da @ p["U"]
        for n in range(N):
            terms = {"U": np.outer(da[n], cache["x"][n]), "W": np.einsum("k,kj->kj", da[n], source[:, n]), "b": da[n]}
            for name, term in terms.items():
                overwritten = {
                    f"gradient_overwritten: {name}": n == 0, "gradient_overwritten: all": n == 0,
                    "gradient_overwritten: both loops": True,
                }.get(mistake, False)  # fmt: skip
                skipped = (
                    (mistake == "gradient_overwritten: batch" and n < N - 1)
                    or (mistake == "bias_gradient_not_summed: first" and name == "b" and n > 0)
                    or (mistake == "bias_gradient_not_summed: last" and name == "b" and n < N - 1)
                )
                d[name] = term if overwritten else d[name] + (0 if skipped else term)
    if mistake == "mean_for_sum: b":
        d["b"] = d["b"] / N
    if mistake in ("mean_for_sum: all", "mean_for_sum: T"):
        d = {name: array / (N if mistake.endswith("all") else T) for name, array in d.items()}
    if mistake == "sign_flipped: U":
        d["U"] = -d["U"]
    made = {"dx": dx, "dh0": later, "dU": d["U"], "dW": d["W"], "db": d["b"]}
    if mistake == "h_c_exchanged: dh0":
        made["dh0"], memory = memory, made["dh0"]
    return made | ({"dc0": memory} if cell == "lstm" else {})


def step_back(cell: str, p: Arrays, k: Arrays, dh: np.ndarray, dc: np.ndarray, mistake: str) -> Any:
    """The gradients of the preactivations, what their rows of W multiply, and dh, dc of the step before."""
    H = dh.shape[1]
    W = p["W"].copy()
    if mistake == "W_not_transposed: one":
        W[H : 2 * H] = W[H : 2 * H].T
    hp = np.broadcast_to(k["hp"], (len(GATES[cell]) * H, *k["hp"].shape))  # (rows of W, N, H)

    def slope(y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """The slope of the second gate."""
        if mistake == "derivative_omitted: one":
            return np.ones_like(y)
        others = {"slope": 1 - y**2, "square": y * y, "itself": y, "complement": 1 - y}
        others["again"] = sigmoid(y) * (1 - sigmoid(y))
        if mistake.startswith("wrong_factor: ") and mistake[14:] in others:
            return others[mistake[14:]]
        return a * (1 - a) if mistake == "derivative_of_preactivation: one" else y * (1 - y)

    def bent(y: np.ndarray) -> np.ndarray:
        """The slope of the candidate."""
        others = {"slope": y * (1 - y), "complement": 1 - y, "sum": 1 + y**2, "square": y**2}
        others["again"] = 1 - np.tanh(y) ** 2
        kind = mistake.removeprefix("wrong_factor: ").removesuffix(" of the candidate")
        return others[kind] if mistake.endswith(" of the candidate") else 1 - y**2

    if cell == "elman":
        da = dh * bent(k["h"])
        return da, hp, da @ W, dc
    if cell == "gru":
        r, z, n = k["r"], k["z"], k["n"]
        dan = dh * (z if mistake == "wrong_factor: exchanged" else 1 - z) * bent(n)
        through = dan @ W[2 * H :]  # to r ∘ h
        dz = dh * (k["hp"] - n) * (-1 if mistake == "sign_flipped: z" else 1)
        if mistake == "wrong_factor: none":
            dz = dh * k["hp"]
        daz = dz * slope(z, k["az"])
        dar = through * (r if mistake == "wrong_factor: one" else k["hp"]) * r * (1 - r)
        da = np.concatenate([dar, daz, dan], 1)
        before = dar @ W[:H] + daz @ W[H : 2 * H] + through * r
        before += 0 if mistake == "next_gradient_omitted: direct" else dh * z
        rows = hp.copy()
        rows[2 * H :] = r * k["hp"]
        return da, rows, before, dc
    i, f, g, o, tc = k["i"], k["f"], k["g"], k["o"], k["tc"]
    do = dh * tc
    if mistake.startswith("memory_activation_omitted: "):
        do = dh * k["c"]
    inner = 1 - tc**2
    if mistake == "memory_activation_omitted: all":
        inner = 1 - k["c"] ** 2
    outside = dc
    dc = dc + (0 if mistake == "next_gradient_omitted: through h" else dh * o * inner)
    di, dg, before = dc * g, dc * i, dc * f
    if mistake == "wrong_factor: none":
        before = dc
    if mistake in ("wrong_factor: exchanged", "wrong_factor: one"):
        di, dg = dc * i, dc * (g if mistake == "wrong_factor: exchanged" else i)
    if mistake == "part_through_h_omitted: before":
        before = outside * f
    df = (outside if mistake.endswith(": df") else dc) * k["cp"] * slope(f, k["af"])
    da = np.concatenate([di * i * (1 - i), df, dg * bent(g), do * o * (1 - o)], 1)
    return da, hp, da @ W, before


CHARACTERS = ("gradient_overwritten: all", "gradient_overwritten: V", "cache_of_wrong_step: h", "mean_for_sum: T",
              "next_gradient_omitted: all", "target_not_subtracted", "sign_flipped: U")  # fmt: skip


def characters(seed: int) -> Arrays:
    """A network that predicts the next of some characters: x and targets are class numbers."""
    rng = np.random.default_rng(seed)
    D, H, T = 5, 3, 4
    p: dict[str, Any] = {"U": rng.normal(size=(H, D)), "W": rng.normal(size=(H, H)), "b": rng.normal(size=H)}
    p |= {"h0": rng.normal(size=H), "V": rng.normal(size=(D, H))}
    p |= {"c": rng.normal(size=D), "targets": rng.integers(0, D, T)}
    return p | {"x": np.eye(D)[rng.integers(0, D, T)]}


def loss_function(p: Arrays, mistake: str = "") -> Arrays:
    """The gradients of the sum of cross-entropies, as the known 112 lines compute them."""
    T = len(p["x"])
    hs, ps = {-1: p["h0"]}, {}
    for t in range(T):
        hs[t] = np.tanh(p["U"] @ p["x"][t] + p["W"] @ hs[t - 1] + p["b"])
        e = np.exp(p["V"] @ hs[t] + p["c"])
        ps[t] = e / e.sum()
    d = {name: np.zeros_like(p[name]) for name in ("U", "W", "b", "V", "c")}
    later = np.zeros_like(p["h0"])
    for t in reversed(range(T)):
        dy = ps[t].copy()
        dy[p["targets"][t]] -= mistake != "target_not_subtracted"
        da = (1 - hs[t] ** 2) * (p["V"].T @ dy + (0 if mistake == "next_gradient_omitted: all" else later))
        before = hs[t] if mistake == "cache_of_wrong_step: h" else hs[t - 1]
        terms = {"U": np.outer(da, p["x"][t]), "W": np.outer(da, before), "b": da, "V": np.outer(dy, hs[t]), "c": dy}
        for name, term in terms.items():
            kept = mistake in ("gradient_overwritten: all", f"gradient_overwritten: {name}")
            d[name] = term if kept else d[name] + term
        later = p["W"].T @ da
    if mistake == "mean_for_sum: T":
        d = {name: array / T for name, array in d.items()}
    if mistake == "sign_flipped: U":
        d["U"] = -d["U"]
    return {f"d{name}": array for name, array in d.items()}
