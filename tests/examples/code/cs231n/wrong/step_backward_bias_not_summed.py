import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = [x, prev_h, Wx, Wh, next_h]
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dout = dnext_h * (1 - next_h * next_h)
    dx = np.matmul(dout, Wx.T)
    dWx = np.matmul(x.T, dout)
    dprev_h = np.matmul(dout, Wh.T)
    dWh = np.matmul(prev_h.T, dout)
    db = dout
    return dx, dprev_h, dWx, dWh, db
