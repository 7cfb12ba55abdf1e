import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gate(x, prev_h, Wx, Wh, b, k, H):
    cols = slice(k * H, (k + 1) * H)
    return sigmoid(x @ Wx[:, cols] + prev_h @ Wh[:, cols] + b[cols])


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    i = gate(x, prev_h, Wx, Wh, b, 0, H)
    f = gate(x, prev_h, Wx, Wh, b, 1, H)
    o = gate(x, prev_h, Wx, Wh, b, 2, H)
    g = np.tanh(x @ Wx[:, 3 * H :] + prev_h @ Wh[:, 3 * H :] + b[3 * H :])
    i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, i, f, o, g, next_c)
