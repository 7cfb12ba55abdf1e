"""Wf is cut into its part for a_prev and its part for xt; caches are dictionaries."""
import numpy as np

GATES = ("f", "i", "c", "o")


def softmax(z):
    p = np.exp(z)
    return p / np.sum(p, axis=0, keepdims=True)


def stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    z = p["Wax"] @ xt
    z += p["Waa"] @ a_prev
    z += p["ba"]
    a_next = np.tanh(z)
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), {"a": a_next, "a_prev": a_prev, "xt": xt, "p": p}


def rnn_forward(x, a0, parameters):
    a, y, caches, state = [], [], {}, a0
    for t in range(x.shape[2]):
        state, yt, caches[t] = rnn_cell_forward(x[..., t], state, parameters)
        a.append(state)
        y.append(yt)
    return np.stack(a, axis=-1), np.stack(y, axis=-1), caches


def rnn_cell_backward(da_next, cache):
    dz = da_next * (1 - cache["a"] * cache["a"])
    return {
        "dxt": cache["p"]["Wax"].T @ dz,
        "da_prev": cache["p"]["Waa"].T @ dz,
        "dWax": dz @ cache["xt"].T,
        "dWaa": dz @ cache["a_prev"].T,
        "dba": dz.sum(axis=1)[:, np.newaxis],
    }


def rnn_backward(da, caches):
    T_x = da.shape[2]
    steps = {}
    carried = 0
    for t in reversed(range(T_x)):
        steps[t] = rnn_cell_backward(da[..., t] + carried, caches[t])
        carried = steps[t]["da_prev"]
    gradients = {k: sum(steps[t][k] for t in range(T_x)) for k in ("dWax", "dWaa", "dba")}
    gradients["dx"] = np.stack([steps[t]["dxt"] for t in range(T_x)], axis=-1)
    gradients["da0"] = carried
    return gradients


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    n_a = a_prev.shape[0]
    g = {}
    for k in GATES:
        W = parameters["W" + k]
        z = W[:, :n_a] @ a_prev + W[:, n_a:] @ xt + parameters["b" + k]
        g[k] = np.tanh(z) if k == "c" else stable_sigmoid(z)
    c_next = g["f"] * c_prev + g["i"] * g["c"]
    a_next = g["o"] * np.tanh(c_next)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"])
    cache = {"gates": g, "c": c_next, "c_prev": c_prev, "a_prev": a_prev, "xt": xt, "p": parameters}
    return a_next, c_next, yt_pred, cache


def lstm_forward(x, a0, parameters):
    a_next, c_next = a0, np.zeros(a0.shape)
    a, c, y, caches = [], [], [], []
    for xt in np.moveaxis(x, 2, 0):
        a_next, c_next, yt, cache = lstm_cell_forward(xt, a_next, c_next, parameters)
        a += [a_next]
        c += [c_next]
        y += [yt]
        caches += [cache]
    return np.stack(a, 2), np.stack(y, 2), np.stack(c, 2), caches


def lstm_cell_backward(da_next, dc_next, cache):
    g, p = cache["gates"], cache["p"]
    n_a = da_next.shape[0]
    tc = np.tanh(cache["c"])
    dc = dc_next + da_next * g["o"] * (1 - tc**2)
    dz = {
        "f": dc * cache["c_prev"] * g["f"] * (1 - g["f"]),
        "i": dc * g["c"] * g["i"] * (1 - g["i"]),
        "c": dc * g["i"] * (1 - g["c"] ** 2),
        "o": da_next * tc * g["o"] * (1 - g["o"]),
    }
    out = {"dc_prev": dc * g["f"]}
    out["da_prev"] = sum(p["W" + k][:, :n_a].T @ dz[k] for k in GATES)
    out["dxt"] = sum(p["W" + k][:, n_a:].T @ dz[k] for k in GATES)
    for k in GATES:
        out["dW" + k] = np.hstack((dz[k] @ cache["a_prev"].T, dz[k] @ cache["xt"].T))
        out["db" + k] = dz[k].sum(axis=1, keepdims=True)
    return out


def lstm_backward(da, caches):
    n_a, m, T_x = da.shape
    da_next, dc_next = np.zeros((n_a, m)), np.zeros((n_a, m))
    out, dx = {}, []
    for t in range(T_x - 1, -1, -1):
        step = lstm_cell_backward(da[:, :, t] + da_next, dc_next, caches[t])
        da_next, dc_next = step.pop("da_prev"), step.pop("dc_prev")
        dx.append(step.pop("dxt"))
        out = {k: out.get(k, 0) + v for k, v in step.items()}
    out["dx"] = np.stack(dx[::-1], axis=2)
    out["da0"] = da_next
    return out
