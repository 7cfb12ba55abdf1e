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

    def sigmoid(self, x):
        return 1 / (1 + np.exp(x))

    def forward(self, x, initial_hidden_state, initial_cell_state):
        h, c = initial_hidden_state, initial_cell_state
        outputs = []
        for t in range(len(x)):
            z = np.concatenate((h, x[t].reshape(-1, 1)), axis=0)
            f = self.sigmoid(self.Wf @ z + self.bf)
            i = self.sigmoid(self.Wi @ z + self.bi)
            o = self.sigmoid(self.Wo @ z + self.bo)
            c = f * c + i * np.tanh(self.Wc @ z + self.bc)
            h = o * np.tanh(c)
            outputs.append(h)
        return np.array(outputs), h, c
