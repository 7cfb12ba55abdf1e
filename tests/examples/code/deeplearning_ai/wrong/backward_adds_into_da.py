import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"] @ xt + p["Waa"] @ a_prev + p["ba"])
    return a_next, softmax(p["Wya"] @ a_next + p["by"]), (a_next, a_prev, xt, p)


def rnn_forward(x, a0, parameters):
    a, y, caches, a_t = [], [], [], a0
    for t in range(x.shape[2]):
        a_t, y_t, cache = rnn_cell_forward(x[:, :, t], a_t, parameters)
        a.append(a_t)
        y.append(y_t)
        caches.append(cache)
    return np.dstack(a), np.dstack(y), (caches, x)


def rnn_backward(da, caches):
    (caches, x) = caches
    p = caches[0][3]
    dx, dWax, dWaa, dba = np.zeros_like(x), 0, 0, 0
    for t in reversed(range(x.shape[2])):
        (a_next, a_prev, xt, _) = caches[t]
        dz = (1 - a_next**2) * da[:, :, t]
        dx[:, :, t] = p["Wax"].T @ dz
        dWax = dWax + dz @ xt.T
        dWaa = dWaa + dz @ a_prev.T
        dba = dba + dz.sum(axis=1, keepdims=True)
        da_prev = p["Waa"].T @ dz
        if t > 0:
            da[:, :, t - 1] += da_prev
    return {"dx": dx, "da0": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}
