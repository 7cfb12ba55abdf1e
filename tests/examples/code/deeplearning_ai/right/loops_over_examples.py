# every example of the mini-batch is worked out alone
from math import exp, tanh

import numpy as np


def sigmoid(v):
    return 1 / (1 + exp(-v)) if v > 0 else exp(v) / (1 + exp(v))


def affine(W, v, b):
    return [sum(W[r, k] * v[k] for k in range(len(v))) + b[r, 0] for r in range(W.shape[0])]


def softmax(z):
    e = [exp(v - max(z)) for v in z]
    return [v / sum(e) for v in e]


def rnn_cell_forward(xt, a_prev, parameters):
    W = np.hstack((parameters["Wax"], parameters["Waa"]))
    a_next = np.zeros(a_prev.shape)
    yt_pred = np.zeros((parameters["Wya"].shape[0], xt.shape[1]))
    for k in range(xt.shape[1]):
        z = affine(W, np.append(xt[:, k], a_prev[:, k]), parameters["ba"])
        a_next[:, k] = [tanh(v) for v in z]
        yt_pred[:, k] = softmax(affine(parameters["Wya"], a_next[:, k], parameters["by"]))
    return a_next, yt_pred, (a_next, a_prev, xt, W)


def rnn_forward(x, a0, parameters):
    results = []
    a = a0
    for t in range(x.shape[2]):
        results.append(rnn_cell_forward(x[:, :, t], a, parameters))
        a = results[-1][0]
    a_all, y_all, caches = zip(*results)
    return np.dstack(a_all), np.dstack(y_all), caches


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, W = cache
    n_x = xt.shape[0]
    dW, db = np.zeros(W.shape), np.zeros((W.shape[0], 1))
    dxt, da_prev = np.zeros(xt.shape), np.zeros(a_prev.shape)
    for k in range(xt.shape[1]):
        v = np.append(xt[:, k], a_prev[:, k])
        for r in range(W.shape[0]):
            dz = da_next[r, k] * (1 - a_next[r, k] ** 2)
            dW[r] += dz * v
            db[r] += dz
            dxt[:, k] += dz * W[r, :n_x]
            da_prev[:, k] += dz * W[r, n_x:]
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dW[:, :n_x], "dWaa": dW[:, n_x:], "dba": db}


def rnn_backward(da, caches):
    g = {"da0": np.zeros(da.shape[:2])}
    dx = []
    for t in range(da.shape[2] - 1, -1, -1):
        step = rnn_cell_backward(da[:, :, t] + g["da0"], caches[t])
        g["da0"] = step["da_prev"]
        dx = [step["dxt"]] + dx
        for name in "dWax", "dWaa", "dba":
            g[name] = step[name] if name not in g else g[name] + step[name]
    g["dx"] = np.dstack(dx)
    return g


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    n_a, m = a_prev.shape
    a_next, c_next = np.zeros((n_a, m)), np.zeros((n_a, m))
    yt = np.zeros((parameters["Wy"].shape[0], m))
    gates = {name: np.zeros((n_a, m)) for name in "fico"}
    for k in range(m):
        v = np.append(a_prev[:, k], xt[:, k])
        for name in "fico":
            squash = tanh if name == "c" else sigmoid
            gates[name][:, k] = [squash(z) for z in affine(parameters["W" + name], v, parameters["b" + name])]
        for r in range(n_a):
            c_next[r, k] = gates["f"][r, k] * c_prev[r, k] + gates["i"][r, k] * gates["c"][r, k]
            a_next[r, k] = gates["o"][r, k] * tanh(c_next[r, k])
        yt[:, k] = softmax(affine(parameters["Wy"], a_next[:, k], parameters["by"]))
    return a_next, c_next, yt, (gates, c_next, a_prev, c_prev, xt, parameters)


def lstm_forward(x, a0, parameters):
    a, c, results = a0, np.zeros(a0.shape), []
    for t in range(x.shape[2]):
        results.append(lstm_cell_forward(x[:, :, t], a, c, parameters))
        a, c = results[-1][:2]
    a_all, c_all, y_all, caches = zip(*results)
    return np.dstack(a_all), np.dstack(y_all), np.dstack(c_all), list(caches)


def lstm_cell_backward(da_next, dc_next, cache):
    gates, c_next, a_prev, c_prev, xt, parameters = cache
    n_a, m = a_prev.shape
    out = {"dxt": np.zeros(xt.shape), "da_prev": np.zeros((n_a, m)), "dc_prev": np.zeros((n_a, m))}
    for name in "fico":
        out["dW" + name] = np.zeros((n_a, n_a + xt.shape[0]))
        out["db" + name] = np.zeros((n_a, 1))
    for k in range(m):
        v = np.append(a_prev[:, k], xt[:, k])
        for r in range(n_a):
            f, i, cc, o = (gates[name][r, k] for name in "fico")
            tc = tanh(c_next[r, k])
            dc = dc_next[r, k] + da_next[r, k] * o * (1 - tc * tc)
            out["dc_prev"][r, k] = dc * f
            slopes = {
                "f": dc * c_prev[r, k] * f * (1 - f),
                "i": dc * cc * i * (1 - i),
                "c": dc * i * (1 - cc * cc),
                "o": da_next[r, k] * tc * o * (1 - o),
            }
            for name, dz in slopes.items():
                out["dW" + name][r] += dz * v
                out["db" + name][r] += dz
                out["da_prev"][:, k] += dz * parameters["W" + name][r, :n_a]
                out["dxt"][:, k] += dz * parameters["W" + name][r, n_a:]
    return out


def lstm_backward(da, caches):
    da_prev, dc_prev = np.zeros(da.shape[:2]), np.zeros(da.shape[:2])
    g, dx = {}, []
    for t in range(da.shape[2] - 1, -1, -1):
        step = lstm_cell_backward(da[:, :, t] + da_prev, dc_prev, caches[t])
        da_prev, dc_prev = step["da_prev"], step["dc_prev"]
        dx = [step["dxt"]] + dx
        for name in "fico":
            for d in ("dW", "db"):
                g[d + name] = g.get(d + name, 0) + step[d + name]
    g["dx"], g["da0"] = np.dstack(dx), da_prev
    return g
