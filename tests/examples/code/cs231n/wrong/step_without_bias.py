import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """Run the forward pass for a single timestep of a vanilla RNN."""
    input_part = np.dot(x, Wx)
    hidden_part = np.dot(prev_h, Wh)
    next_h = np.tanh(input_part + hidden_part)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    return next_h, cache
