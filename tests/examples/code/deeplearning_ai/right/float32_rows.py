# works on rows inside (m, n) and in single precision; turned back at the end
import numpy as np


def r(a):
    return np.ascontiguousarray(np.asarray(a, dtype="float32").T)


def softmax(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    z /= z.sum(axis=1, keepdims=True)
    return z


def sigmoid(z):
    return np.float32(0.5) * (np.tanh(np.float32(0.5) * z) + np.float32(1))


def rnn_cell_forward(xt, a_prev, parameters):
    p = {name: r(value) for name, value in parameters.items()}
    x, h = r(xt), r(a_prev)
    a = np.tanh(x @ p["Wax"] + h @ p["Waa"] + p["ba"])
    y = softmax(a @ p["Wya"] + p["by"])
    return a.T, y.T, (x, h, a, p)


def rnn_forward(x, a0, parameters):
    a, y, caches = [], [], []
    for t in range(x.shape[2]):
        at, yt, cache = rnn_cell_forward(x[:, :, t], a[-1] if a else a0, parameters)
        a.append(at)
        y.append(yt)
        caches.append(cache)
    return np.stack(a, 2), np.stack(y, 2), caches


def rnn_cell_backward(da_next, cache):
    x, h, a, p = cache
    dz = r(da_next) * (1 - a * a)
    grads = {"dxt": dz @ p["Wax"].T, "da_prev": dz @ p["Waa"].T, "dWax": x.T @ dz, "dWaa": h.T @ dz,
             "dba": dz.sum(axis=0, keepdims=True)}
    return {name: grad.T for name, grad in grads.items()}


def rnn_backward(da, caches):
    n_a, m, T = da.shape
    dx = np.zeros((caches[0][0].shape[1], m, T), dtype="float32")
    back = np.zeros((n_a, m), dtype="float32")
    sums = {"dWax": 0, "dWaa": 0, "dba": 0}
    for t in range(T - 1, -1, -1):
        g = rnn_cell_backward(da[:, :, t] + back, caches[t])
        dx[:, :, t] = g["dxt"]
        back = g["da_prev"]
        sums = {name: sums[name] + g[name] for name in sums}
    return {"dx": dx, "da0": back, **sums}


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = {name: r(value) for name, value in parameters.items()}
    v = np.concatenate([r(a_prev), r(xt)], axis=1)
    f = sigmoid(v @ p["Wf"] + p["bf"])
    i = sigmoid(v @ p["Wi"] + p["bi"])
    g = np.tanh(v @ p["Wc"] + p["bc"])
    o = sigmoid(v @ p["Wo"] + p["bo"])
    c = f * r(c_prev) + i * g
    a = o * np.tanh(c)
    return a.T, c.T, softmax(a @ p["Wy"] + p["by"]).T, (v, r(c_prev), f, i, g, o, c, p)


def lstm_forward(x, a0, parameters):
    a, c = a0, np.zeros(a0.shape, dtype="float32")
    rows = []
    for t in range(x.shape[2]):
        a, c, y, cache = lstm_cell_forward(x[:, :, t], a, c, parameters)
        rows.append((a, y, c, cache))
    return (*(np.stack([row[k] for row in rows], axis=2) for k in range(3)), [row[3] for row in rows])


def lstm_cell_backward(da_next, dc_next, cache):
    v, c_prev, f, i, g, o, c, p = cache
    dh, dc = r(da_next), r(dc_next)
    t = np.tanh(c)
    dc = dc + dh * o * (1 - t * t)
    dz = {"f": dc * c_prev * f * (1 - f), "i": dc * g * i * (1 - i), "c": dc * i * (1 - g * g),
          "o": dh * t * o * (1 - o)}
    dv = np.zeros_like(v)
    grads = {"dc_prev": (dc * f).T}
    for name in dz:
        dv += dz[name] @ p["W" + name].T
        grads["dW" + name] = dz[name].T @ v
        grads["db" + name] = dz[name].sum(axis=0)[:, None]
    n_a = dh.shape[1]
    grads["da_prev"], grads["dxt"] = dv[:, :n_a].T, dv[:, n_a:].T
    return grads


def lstm_backward(da, caches):
    back = np.zeros(da.shape[:2], dtype="float32")
    back_c = np.zeros(da.shape[:2], dtype="float32")
    dx, sums = [], {}
    for t in range(da.shape[2] - 1, -1, -1):
        g = lstm_cell_backward(da[:, :, t] + back, back_c, caches[t])
        back, back_c = g.pop("da_prev"), g.pop("dc_prev")
        dx.append(g.pop("dxt"))
        for name, grad in g.items():
            sums[name] = sums[name] + grad if name in sums else grad
    return {"dx": np.stack(dx[::-1], axis=2), "da0": back, **sums}
