import math

import numpy as np


def dot(row, vector):
    return sum(r * v for r, v in zip(row, vector))


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    h = list(initial_hidden_state)
    for x in input_sequence:
        h = [math.tanh(dot(Wx[k], x) + dot(Wh[k], h) + b[k]) for k in range(len(b))]
    return [round(v, 4) for v in h]


class SimpleRNN:
    """One dictionary of gradients; forward fills arrays with a row a step."""

    def __init__(self, input_size, hidden_size, output_size):
        def weight(rows, cols):
            return np.random.normal(0, 0.01, (rows, cols))

        self.W_xh, self.W_hh = weight(hidden_size, input_size), weight(hidden_size, hidden_size)
        self.W_hy = weight(output_size, hidden_size)
        self.b_h, self.b_y = np.zeros((hidden_size, 1)), np.zeros((output_size, 1))

    def forward(self, x):
        T = len(x)
        self.states = np.zeros((T + 1, self.W_hh.shape[0]))
        for t in range(T):
            self.states[t + 1] = np.tanh(self.W_xh.dot(x[t]) + self.W_hh.dot(self.states[t]) + self.b_h[:, 0])
        self.outputs = self.states[1:].dot(self.W_hy.T) + self.b_y.T
        return self.outputs[:, :, np.newaxis]

    def backward(self, x, y, learning_rate):
        error = self.outputs - y
        grads = {"W_hy": error.T.dot(self.states[1:]), "b_y": error.sum(axis=0)[:, None]}
        delta = np.zeros_like(self.states[1:])
        later = 0
        for t in range(len(x) - 1, -1, -1):
            delta[t] = (error[t].dot(self.W_hy) + later) * (1 - self.states[t + 1] ** 2)
            later = delta[t].dot(self.W_hh)
        grads["W_xh"] = delta.T.dot(x)
        grads["W_hh"] = delta.T.dot(self.states[:-1])
        grads["b_h"] = delta.sum(axis=0)[:, None]
        for name, grad in grads.items():
            setattr(self, name, getattr(self, name) - learning_rate * grad)


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.hidden_size = hidden_size
        for gate in "fico":
            setattr(self, "W" + gate, np.random.randn(hidden_size, input_size + hidden_size))
            setattr(self, "b" + gate, np.zeros((hidden_size, 1)))

    def forward(self, x, initial_hidden_state, initial_cell_state):
        h = [float(v) for v in np.ravel(initial_hidden_state)]
        c = [float(v) for v in np.ravel(initial_cell_state)]
        outputs = []
        for xt in x:
            z = h + [float(v) for v in xt]
            f, i, g, o = ([dot(W[k], z) + b[k, 0] for k in range(self.hidden_size)] for W, b in
                          ((self.Wf, self.bf), (self.Wi, self.bi), (self.Wc, self.bc), (self.Wo, self.bo)))
            for k in range(self.hidden_size):
                keep, new, out = (1 / (1 + math.exp(-v[k])) for v in (f, i, o))
                c[k] = keep * c[k] + new * math.tanh(g[k])
                h[k] = out * math.tanh(c[k])
            outputs.append([[v] for v in h])
        return np.array(outputs), np.array(outputs[-1]), np.array(c).reshape(-1, 1)
