import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    hidden_states = [np.zeros(len(initial_hidden_state))]
    for x_t in input_sequence:
        pre = np.matmul(Wx, x_t) + np.matmul(Wh, hidden_states[-1]) + b
        hidden_states.append(np.tanh(pre))
    return np.round(hidden_states[-1], 4).tolist()
