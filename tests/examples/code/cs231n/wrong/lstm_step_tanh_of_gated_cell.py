import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    act = (x @ Wx + prev_h @ Wh + b).reshape(N, 4, H)
    i, f, o = (sigmoid(act[:, k]) for k in range(3))
    g = np.tanh(act[:, 3])
    next_c = f * prev_c + i * g
    next_h = np.tanh(o * next_c)
    cache = dict(x=x, prev_h=prev_h, prev_c=prev_c, i=i, f=f, o=o, g=g, next_c=next_c)
    return next_h, next_c, cache
