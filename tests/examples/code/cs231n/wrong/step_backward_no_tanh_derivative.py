import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h_raw = x @ Wx + prev_h @ Wh + b
    next_h = np.tanh(h_raw)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx = dnext_h @ Wx.T
    dprev_h = dnext_h @ Wh.T
    dWx = x.T @ dnext_h
    dWh = prev_h.T @ dnext_h
    db = np.sum(dnext_h, axis=0)
    return dx, dprev_h, dWx, dWh, db
