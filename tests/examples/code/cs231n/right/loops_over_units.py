# I did not trust broadcasting, so everything is a loop. Slow but it passes.
import math

import numpy as np


def sig(v):
    if v >= 0:
        return 1.0 / (1.0 + math.exp(-v))
    e = math.exp(v)
    return e / (1.0 + e)


def affine(x, prev_h, Wx, Wh, b, n, k):
    total = b[k]
    for d in range(len(x[n])):
        total += x[n][d] * Wx[d][k]
    for j in range(len(prev_h[n])):
        total += prev_h[n][j] * Wh[j][k]
    return total


def affine_back(x, prev_h, Wx, Wh, da):
    N, K = da.shape
    dx, dprev_h = np.zeros(x.shape), np.zeros(prev_h.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(K)
    for n in range(N):
        for k in range(K):
            db[k] += da[n, k]
            for d in range(x.shape[1]):
                dx[n, d] += da[n, k] * Wx[d, k]
                dWx[d, k] += da[n, k] * x[n, d]
            for j in range(prev_h.shape[1]):
                dprev_h[n, j] += da[n, k] * Wh[j, k]
                dWh[j, k] += da[n, k] * prev_h[n, j]
    return dx, dprev_h, dWx, dWh, db


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    N, H = prev_h.shape
    next_h = np.zeros((N, H))
    for n in range(N):
        for k in range(H):
            next_h[n, k] = math.tanh(affine(x, prev_h, Wx, Wh, b, n, k))
    return next_h, [x, prev_h, Wx, Wh, next_h]


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = np.zeros(dnext_h.shape)
    for n in range(da.shape[0]):
        for k in range(da.shape[1]):
            da[n, k] = dnext_h[n, k] * (1 - next_h[n, k] * next_h[n, k])
    return affine_back(x, prev_h, Wx, Wh, da)


def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    caches = []
    for t in range(x.shape[1]):
        if t == 0:
            h[:, t], cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        else:
            h[:, t], cache = rnn_step_forward(x[:, t], h[:, t - 1], Wx, Wh, b)
        caches.append(cache)
    return h, caches


def rnn_backward(dh, cache):
    T = dh.shape[1]
    last = T - 1
    dx = np.zeros((dh.shape[0], T, cache[0][0].shape[1]))
    dx[:, last], dh0, dWx, dWh, db = rnn_step_backward(dh[:, last], cache[last])
    t = last - 1
    while t >= 0:
        dx[:, t], dh0, a, b, c = rnn_step_backward(dh[:, t] + dh0, cache[t])
        dWx += a
        dWh += b
        db += c
        t -= 1
    return dx, dh0, dWx, dWh, db


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    next_h, next_c = np.zeros((N, H)), np.zeros((N, H))
    gates = np.zeros((N, 4 * H))
    for n in range(N):
        for k in range(4 * H):
            a = affine(x, prev_h, Wx, Wh, b, n, k)
            gates[n, k] = math.tanh(a) if k >= 3 * H else sig(a)
        for k in range(H):
            next_c[n, k] = gates[n, H + k] * prev_c[n, k] + gates[n, k] * gates[n, 3 * H + k]
            next_h[n, k] = gates[n, 2 * H + k] * math.tanh(next_c[n, k])
    return next_h, next_c, [x, prev_h, prev_c, Wx, Wh, gates, next_c]


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, gates, next_c = cache
    N, H = dnext_h.shape
    da, dprev_c = np.zeros((N, 4 * H)), np.zeros((N, H))
    for n in range(N):
        for k in range(H):
            i, f, o, g = gates[n, k], gates[n, H + k], gates[n, 2 * H + k], gates[n, 3 * H + k]
            tc = math.tanh(next_c[n, k])
            dc = dnext_c[n, k] + dnext_h[n, k] * o * (1 - tc * tc)
            dprev_c[n, k] = dc * f
            da[n, k] = dc * g * i * (1 - i)
            da[n, H + k] = dc * prev_c[n, k] * f * (1 - f)
            da[n, 2 * H + k] = dnext_h[n, k] * tc * o * (1 - o)
            da[n, 3 * H + k] = dc * i * (1 - g * g)
    dx, dprev_h, dWx, dWh, db = affine_back(x, prev_h, Wx, Wh, da)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    c = np.zeros(h0.shape)
    prev = h0
    caches = []
    for t in range(x.shape[1]):
        prev, c, cache = lstm_step_forward(x[:, t], prev, c, Wx, Wh, b)
        h[:, t] = prev
        caches.append(cache)
    return h, caches


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx = np.zeros((N, T, cache[0][0].shape[1]))
    dh0, dc = np.zeros((N, H)), np.zeros((N, H))
    sums = None
    for t in range(T - 1, -1, -1):
        dx[:, t], dh0, dc, *grads = lstm_step_backward(dh[:, t] + dh0, dc, cache[t])
        if sums is None:
            sums = grads
        else:
            for total, grad in zip(sums, grads):
                total += grad
    return (dx, dh0, *sums)
