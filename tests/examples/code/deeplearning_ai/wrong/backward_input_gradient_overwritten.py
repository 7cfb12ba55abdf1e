import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), {"a": a_next, "prev": a_prev, "x": xt, "p": p}


def rnn_forward(x, a0, parameters):
    a, y, caches = [a0], [], []
    for t in range(x.shape[2]):
        a_next, yt, cache = rnn_cell_forward(x[:, :, t], a[-1], parameters)
        a.append(a_next)
        y.append(yt)
        caches.append(cache)
    return np.stack(a[1:], axis=2), np.stack(y, axis=2), caches


def rnn_backward(da, caches):
    p = caches[0]["p"]
    n_a, m, T_x = da.shape
    dx = np.zeros((p["Wax"].shape[1], m, T_x))
    dWaa, dba, da_prev = np.zeros((n_a, n_a)), np.zeros((n_a, 1)), np.zeros((n_a, m))
    for t in range(T_x - 1, -1, -1):
        c = caches[t]
        dz = (da[:, :, t] + da_prev) * (1 - c["a"] ** 2)
        da_prev = p["Waa"].T @ dz
        dx[:, :, t] = p["Wax"].T @ dz
        dWax = dz @ c["x"].T
        dWaa += dz @ c["prev"].T
        dba += dz.sum(axis=1, keepdims=True)
    return {"dx": dx, "da0": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}
