import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    delta = dnext_h * (1.0 - np.power(next_h, 2))
    db = np.mean(delta, axis=0)
    dWh = prev_h.T @ delta
    dWx = x.T @ delta
    return delta @ Wx.T, delta @ Wh.T, dWx, dWh, db
