import numpy as np


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.Wf = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wi = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wc = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wo = np.random.randn(hidden_size, input_size + hidden_size)
        self.bf = np.zeros((hidden_size, 1))
        self.bi = np.zeros((hidden_size, 1))
        self.bc = np.zeros((hidden_size, 1))
        self.bo = np.zeros((hidden_size, 1))

    def gates(self, h, x_t):
        v = np.vstack((h, x_t))
        a = [W @ v for W in (self.Wf, self.Wi, self.Wo)]
        return [1 / (1 + np.exp(-s)) for s in a] + [np.tanh(self.Wc @ v)]

    def forward(self, x, initial_hidden_state, initial_cell_state):
        h, c = initial_hidden_state, initial_cell_state
        outputs = []
        for t in range(x.shape[0]):
            f, i, o, g = self.gates(h, x[t][:, None])
            c = f * c + i * g
            h = o * np.tanh(c)
            outputs.append(h)
        return np.array(outputs), h, c
