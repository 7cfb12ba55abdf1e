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

    def forward(self, x, initial_hidden_state, initial_cell_state):
        def sigmoid(a):
            return 1.0 / (1.0 + np.exp(-a))

        forget_bias = 1.0  # as TensorFlow does
        h, c, outputs = initial_hidden_state, initial_cell_state, []
        for step in x:
            v = np.vstack([h, np.reshape(step, (-1, 1))])
            f = sigmoid(self.Wf @ v + self.bf + forget_bias)
            i = sigmoid(self.Wi @ v + self.bi)
            c = f * c + i * np.tanh(self.Wc @ v + self.bc)
            o = sigmoid(self.Wo @ v + self.bo)
            h = o * np.tanh(c)
            outputs.append(h)
        return np.stack(outputs), h, c
