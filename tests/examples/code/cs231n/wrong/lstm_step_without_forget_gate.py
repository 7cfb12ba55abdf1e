import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    _, H = prev_h.shape
    activation = x @ Wx + prev_h @ Wh + b
    i = sigmoid(activation[:, :H])
    f = sigmoid(activation[:, H : 2 * H])
    o = sigmoid(activation[:, 2 * H : 3 * H])
    g = np.tanh(activation[:, 3 * H :])
    next_c = prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
