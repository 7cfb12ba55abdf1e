import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    Wx, Wh, b = np.array(Wx), np.array(Wh), np.array(b)
    h = np.array(initial_hidden_state)
    for x in np.array(input_sequence):
        h = np.tanh(np.dot(Wx, x) + np.dot(h, Wh) + b)
    return [round(float(v), 4) for v in h]
