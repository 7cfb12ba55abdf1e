import numpy as np

F = np.float32


def f32(*arrays):
    return [np.asarray(a, dtype=F) for a in arrays]


def sigmoid(x):
    return (1 / (1 + np.exp(-x))).astype(F)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    x, prev_h, Wx, Wh, b = f32(x, prev_h, Wx, Wh, b)
    a = x @ Wx
    a += prev_h @ Wh
    a += b
    np.tanh(a, out=a)
    return a, (x, prev_h, Wx, Wh, a)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    (da,) = f32(dnext_h)
    da = da * (1 - h * h)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=F)
    cache = []
    for t in range(T):
        h[:, t], c = rnn_step_forward(x[:, t], h[:, t - 1] if t > 0 else h0, Wx, Wh, b)
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh, _ = cache[0]
    dx = np.zeros((N, T, x.shape[1]), dtype=F)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H, dtype=F)
    dprev = np.zeros((N, H), dtype=F)
    for t in reversed(range(T)):
        dx[:, t], dprev, wx, wh, bb = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx += wx
        dWh += wh
        db += bb
    return dx, dprev, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    x, prev_h, prev_c, Wx, Wh, b = f32(x, prev_h, prev_c, Wx, Wh, b)
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ifo = sigmoid(a[:, : 3 * H])
    i, f, o = ifo[:, :H], ifo[:, H : 2 * H], ifo[:, 2 * H :]
    g = np.tanh(a[:, 3 * H :])
    c = f * prev_c
    c += i * g
    return o * np.tanh(c), c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    dnext_h, dnext_c = f32(dnext_h, dnext_c)
    t = np.tanh(c)
    dc = dnext_c + dnext_h * o * (1 - t * t)
    H = g.shape[1]
    da = np.empty((g.shape[0], 4 * H), dtype=F)
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H : 3 * H] = dnext_h * t * o * (1 - o)
    da[:, 3 * H :] = dc * i * (1 - g * g)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    hs, cache = [], []
    h, c = h0, np.zeros(h0.shape, dtype=F)
    for t in range(x.shape[1]):
        h, c, step = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        cache.append(step)
    return np.array(hs).transpose(1, 0, 2), cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db = [], 0, 0, 0
    dprev_h = dprev_c = np.zeros((N, H), dtype=F)
    for t in range(T - 1, -1, -1):
        d, dprev_h, dprev_c, wx, wh, bb = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx.insert(0, d)
        dWx, dWh, db = dWx + wx, dWh + wh, db + bb
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db
