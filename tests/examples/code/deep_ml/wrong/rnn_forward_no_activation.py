import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    h = np.array(initial_hidden_state)
    Wx = np.array(Wx)
    Wh = np.array(Wh)
    b = np.array(b)
    for x in input_sequence:
        h = np.dot(Wx, np.array(x)) + np.dot(Wh, h) + b
    return np.round(h, 4).tolist()
