import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    # (N, D) @ (D, H) -> (N, H);   (H, H) @ (H, N) -> (H, N), transpose back
    temp = x.dot(Wx) + Wh.dot(prev_h.T).T + b
    next_h = np.tanh(temp)
    return next_h, (x, prev_h, Wx, Wh, next_h)
