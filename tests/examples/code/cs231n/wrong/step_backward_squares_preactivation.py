import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    next_h = np.tanh(a)
    cache = x, prev_h, Wx, Wh, a
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, a = cache
    da = dnext_h * (1 - a * a)
    db = da.sum(axis=0)
    dWx = np.dot(x.T, da)
    dx = np.dot(da, Wx.T)
    dWh = np.dot(prev_h.T, da)
    dprev_h = np.dot(da, Wh.T)
    return dx, dprev_h, dWx, dWh, db
