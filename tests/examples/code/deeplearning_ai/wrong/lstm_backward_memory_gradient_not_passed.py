import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    concat = np.vstack([a_prev, xt])
    g = {k: p["W" + k] @ concat + p["b" + k] for k in "fico"}
    g = {k: np.tanh(v) if k == "c" else sigmoid(v) for k, v in g.items()}
    c_next = g["f"] * c_prev + g["i"] * g["c"]
    a_next = g["o"] * np.tanh(c_next)
    return a_next, c_next, softmax(p["Wy"] @ a_next + p["by"]), (g, c_next, c_prev, concat, p)


def lstm_forward(x, a0, parameters):
    a, y, c, caches = [], [], [], []
    a_t, c_t = a0, np.zeros(a0.shape)
    for t in range(x.shape[2]):
        a_t, c_t, y_t, cache = lstm_cell_forward(x[:, :, t], a_t, c_t, parameters)
        a.append(a_t)
        y.append(y_t)
        c.append(c_t)
        caches.append(cache)
    return np.dstack(a), np.dstack(y), np.dstack(c), (caches, x)


def lstm_cell_backward(da_next, dc_next, cache):
    g, c_next, c_prev, concat, p = cache
    n_a = da_next.shape[0]
    dc = dc_next + da_next * g["o"] * (1 - np.tanh(c_next) ** 2)
    d = {"f": dc * c_prev * g["f"] * (1 - g["f"]), "i": dc * g["c"] * g["i"] * (1 - g["i"]),
         "c": dc * g["i"] * (1 - g["c"] ** 2), "o": da_next * np.tanh(c_next) * g["o"] * (1 - g["o"])}
    dconcat = sum(p["W" + k].T @ d[k] for k in "fico")
    gradients = {"da_prev": dconcat[:n_a], "dxt": dconcat[n_a:], "dc_prev": dc * g["f"]}
    for k in "fico":
        gradients["dW" + k] = d[k] @ concat.T
        gradients["db" + k] = d[k].sum(axis=1, keepdims=True)
    return gradients


def lstm_backward(da, caches):
    (caches, x) = caches
    n_a, m, T_x = da.shape
    dx = np.zeros(x.shape)
    da_prevt = np.zeros((n_a, m))
    dc_prevt = np.zeros((n_a, m))
    sums = {}
    for t in reversed(range(T_x)):
        gradients = lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])
        da_prevt = gradients["da_prev"]
        dx[:, :, t] = gradients["dxt"]
        for k in "fico":
            sums["dW" + k] = sums.get("dW" + k, 0) + gradients["dW" + k]
            sums["db" + k] = sums.get("db" + k, 0) + gradients["db" + k]
    return {"dx": dx, "da0": da_prevt, **sums}
