import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(np.dot(p["Waa"], a_prev) + np.dot(p["Wax"], xt) + p["ba"])
    cache = (a_next, a_prev, xt, p)
    return a_next, softmax(np.dot(p["Wya"], a_next) + p["by"]), cache


def rnn_forward(x, a0, parameters):
    caches, a, y, a_next = [], [], [], a0
    for t in range(x.shape[2]):
        a_next, yt, cache = rnn_cell_forward(x[:, :, t], a_next, parameters)
        caches.append(cache)
        a.append(a_next)
        y.append(yt)
    return np.stack(a, -1), np.stack(y, -1), (caches, x)


def rnn_cell_backward(da_next, cache):
    (a_next, a_prev, xt, p) = cache
    dtanh = (1 - a_next * a_next) * da_next
    return {"dxt": p["Wax"].T @ dtanh, "dWax": dtanh @ xt.T, "da_prev": p["Waa"].T @ dtanh,
            "dWaa": dtanh @ a_prev.T, "dba": np.sum(dtanh, axis=1, keepdims=True)}


def rnn_backward(da, caches):
    (caches, x) = caches
    n_a, m, T_x = da.shape
    cache = caches[-1]
    dx = np.zeros(x.shape)
    dWax, dWaa, dba = np.zeros((n_a, x.shape[0])), np.zeros((n_a, n_a)), np.zeros((n_a, 1))
    da_prevt = np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        gradients = rnn_cell_backward(da[:, :, t] + da_prevt, cache)
        da_prevt = gradients["da_prev"]
        dx[:, :, t] = gradients["dxt"]
        dWax += gradients["dWax"]
        dWaa += gradients["dWaa"]
        dba += gradients["dba"]
    return {"dx": dx, "da0": da_prevt, "dWax": dWax, "dWaa": dWaa, "dba": dba}
