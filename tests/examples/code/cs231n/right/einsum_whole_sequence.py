import numpy as np

# All inputs are multiplied at once before the loop; the step functions are sequences of length 1.


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    a = np.einsum("ntd,dh->nth", x, Wx) + b
    h = np.empty((N, T + 1, h0.shape[1]))
    h[:, 0] = h0
    for t in range(T):
        h[:, t + 1] = np.tanh(a[:, t] + np.einsum("nk,kh->nh", h[:, t], Wh))
    return h[:, 1:].copy(), (x, h, Wx, Wh)


def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    T = x.shape[1]
    da = np.zeros_like(dh)
    carried = np.zeros_like(dh[:, 0])
    for t in range(T - 1, -1, -1):
        da[:, t] = (dh[:, t] + carried) * (1 - h[:, t + 1] ** 2)
        carried = np.einsum("nh,kh->nk", da[:, t], Wh)
    dx = np.einsum("nth,dh->ntd", da, Wx)
    dWx = np.einsum("ntd,nth->dh", x, da)
    dWh = np.einsum("ntk,nth->kh", h[:, :-1], da)
    db = np.einsum("nth->h", da)
    return dx, carried, dWx, dWh, db


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h, cache = rnn_forward(x[:, None], prev_h, Wx, Wh, b)
    return h[:, 0], cache


def rnn_step_backward(dnext_h, cache):
    dx, dprev_h, dWx, dWh, db = rnn_backward(dnext_h[:, None], cache)
    return dx[:, 0], dprev_h, dWx, dWh, db


def lstm_run(x, h0, c0, Wx, Wh, b):
    N, T, _ = x.shape
    H = h0.shape[1]
    A = (np.einsum("ntd,dk->ntk", x, Wx) + b).reshape(N, T, 4, H)
    R = Wh.reshape(H, 4, H)
    h = np.empty((N, T + 1, H))
    c = np.empty((N, T + 1, H))
    gates = np.empty((N, T, 4, H))
    h[:, 0], c[:, 0] = h0, c0
    for t in range(T):
        z = A[:, t] + np.einsum("nk,kgh->ngh", h[:, t], R)
        gates[:, t, :3] = 1 / (1 + np.exp(-z[:, :3]))
        gates[:, t, 3] = np.tanh(z[:, 3])
        i, f, o, g = np.moveaxis(gates[:, t], 1, 0)
        c[:, t + 1] = f * c[:, t] + i * g
        h[:, t + 1] = o * np.tanh(c[:, t + 1])
    return h, c, (x, h, c, gates, Wx, Wh)


def lstm_run_back(dh, dc, cache):
    x, h, c, gates, Wx, Wh = cache
    N, T, H = dh.shape
    dA = np.empty((N, T, 4, H))
    dprev = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        i, f, o, g = np.moveaxis(gates[:, t], 1, 0)
        tc = np.tanh(c[:, t + 1])
        up = dh[:, t] + dprev
        dc = dc + up * o * (1 - tc**2)
        dA[:, t, 0] = dc * g * i * (1 - i)
        dA[:, t, 1] = dc * c[:, t] * f * (1 - f)
        dA[:, t, 2] = up * tc * o * (1 - o)
        dA[:, t, 3] = dc * i * (1 - g**2)
        dprev = np.einsum("ngh,kgh->nk", dA[:, t], Wh.reshape(H, 4, H))
        dc = dc * f
    D4 = dA.reshape(N, T, 4 * H)
    dWx = np.einsum("ntd,ntk->dk", x, D4)
    dWh = np.einsum("nth,ntk->hk", h[:, :T], D4)
    return np.einsum("ntk,dk->ntd", D4, Wx), dprev, dc, dWx, dWh, D4.sum((0, 1))


def lstm_forward(x, h0, Wx, Wh, b):
    h, _, cache = lstm_run(x, h0, 0, Wx, Wh, b)
    return h[:, 1:].copy(), cache


def lstm_backward(dh, cache):
    dx, dh0, _, dWx, dWh, db = lstm_run_back(dh, 0, cache)
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    h, c, cache = lstm_run(x[:, None], prev_h, prev_c, Wx, Wh, b)
    return h[:, 1], c[:, 1], cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    dx, *rest = lstm_run_back(dnext_h[:, None], dnext_c, cache)
    return (dx[:, 0], *rest)
