import numpy as np


def softmax(s):
    s = s - s.max(axis=0)
    return np.exp(s) / np.exp(s).sum(axis=0)


def stack(parameters):
    W = np.stack([parameters[k] for k in ("Wf", "Wi", "Wc", "Wo")])  # (4, n_a, n_a + n_x)
    b = np.stack([parameters[k] for k in ("bf", "bi", "bc", "bo")])
    return W, b


def rnn_cell_forward(xt, a_prev, parameters):
    z = np.einsum("ij,jm->im", parameters["Waa"], a_prev) + np.einsum("ij,jm->im", parameters["Wax"], xt)
    a_next = np.tanh(z + parameters["ba"])
    yt_pred = softmax(np.einsum("ki,im->km", parameters["Wya"], a_next) + parameters["by"])
    return a_next, yt_pred, (a_next, a_prev, xt, parameters["Wax"], parameters["Waa"])


def rnn_forward(x, a0, parameters):
    n_a, m = a0.shape
    T_x = x.shape[-1]
    a = np.empty((n_a, m, T_x))
    y_pred = np.empty((parameters["Wya"].shape[0], m, T_x))
    caches = []
    for t in range(T_x):
        previous = a0 if t == 0 else a[:, :, t - 1]
        a[:, :, t], y_pred[:, :, t], cache = rnn_cell_forward(x[:, :, t], previous, parameters)
        caches.append(cache)
    return a, y_pred, caches


def rnn_cell_backward(da_next, cache):
    a_next, a_prev, xt, Wax, Waa = cache
    dz = da_next * (1 - a_next**2)
    return dict(
        dxt=np.einsum("ij,im->jm", Wax, dz),
        da_prev=np.einsum("ij,im->jm", Waa, dz),
        dWax=np.einsum("im,jm->ij", dz, xt),
        dWaa=np.einsum("im,jm->ij", dz, a_prev),
        dba=np.einsum("im->i", dz).reshape(-1, 1),
    )


def rnn_backward(da, caches):
    n_a, m, T_x = da.shape
    _, _, xt, Wax, Waa = caches[0]
    grads = dict(dx=np.zeros((xt.shape[0], m, T_x)), da0=np.zeros((n_a, m)),
                 dWax=np.zeros(Wax.shape), dWaa=np.zeros(Waa.shape), dba=np.zeros((n_a, 1)))
    for t in reversed(range(T_x)):
        g = rnn_cell_backward(grads["da0"] + da[:, :, t], caches[t])
        grads["dx"][:, :, t] = g["dxt"]
        grads["da0"] = g["da_prev"]
        for name in ("dWax", "dWaa", "dba"):
            grads[name] += g[name]
    return grads


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    W, b = stack(parameters)
    v = np.vstack((a_prev, xt))
    z = np.einsum("gij,jm->gim", W, v) + b
    f, i, o = 1 / (1 + np.exp(-z[[0, 1, 3]]))
    cc = np.tanh(z[2])
    c_next = f * c_prev + i * cc
    a_next = o * np.tanh(c_next)
    yt_pred = softmax(parameters["Wy"] @ a_next + parameters["by"])
    return a_next, c_next, yt_pred, (v, c_prev, c_next, f, i, cc, o, W)


def lstm_forward(x, a0, parameters):
    n_a, m = a0.shape
    T_x = x.shape[-1]
    a, c = np.empty((2, n_a, m, T_x))
    y = np.empty((parameters["Wy"].shape[0], m, T_x))
    caches = []
    at, ct = a0, 0.0 * a0
    for t in range(T_x):
        at, ct, y[:, :, t], cache = lstm_cell_forward(x[:, :, t], at, ct, parameters)
        a[:, :, t], c[:, :, t] = at, ct
        caches.append(cache)
    return a, y, c, caches


def lstm_cell_backward(da_next, dc_next, cache):
    v, c_prev, c_next, f, i, cc, o, W = cache
    n_a = len(c_prev)
    t = np.tanh(c_next)
    dc = dc_next + da_next * o * (1 - t * t)
    dz = np.stack([dc * c_prev * f * (1 - f), dc * cc * i * (1 - i), dc * i * (1 - cc * cc), da_next * t * o * (1 - o)])
    dW = np.einsum("gim,jm->gij", dz, v)
    db = dz.sum(axis=2, keepdims=True)
    dv = np.einsum("gij,gim->jm", W, dz)
    grads = {"da_prev": dv[:n_a], "dxt": dv[n_a:], "dc_prev": dc * f}
    for k, name in enumerate("fico"):
        grads["dW" + name], grads["db" + name] = dW[k], db[k]
    return grads


def lstm_backward(da, caches):
    n_a, m, T_x = da.shape
    n_x = caches[0][0].shape[0] - n_a
    dx = np.zeros((n_x, m, T_x))
    da_prev = np.zeros((n_a, m))
    dc_prev = np.zeros((n_a, m))
    names = [d + k for k in "fico" for d in ("dW", "db")]
    grads = {name: 0.0 for name in names}
    for t in range(T_x)[::-1]:
        g = lstm_cell_backward(da[:, :, t] + da_prev, dc_prev, caches[t])
        dx[:, :, t], da_prev, dc_prev = g["dxt"], g["da_prev"], g["dc_prev"]
        for name in names:
            grads[name] = grads[name] + g[name]
    grads.update(dx=dx, da0=da_prev)
    return grads
