import math


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    h = initial_hidden_state
    for x in input_sequence:
        new = []
        for k in range(len(h)):
            s = b[k]
            s += sum(Wx[k][j] * x[j] for j in range(len(x)))
            s += sum(Wh[k][j] * h[j] for j in range(len(h)))
            new.append(math.tanh(s))
        for k in range(len(h)):
            h[k] = new[k]
    return [round(v, 4) for v in h]
