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
            return 1 / (1 + np.exp(-a))

        h_t = initial_hidden_state
        c_t = initial_cell_state
        outputs = []
        for x_t in x:
            concat = np.vstack((h_t, x_t.reshape(-1, 1)))
            f_t = sigmoid(np.dot(self.Wf, concat) + self.bf)
            i_t = sigmoid(np.dot(self.Wi, concat) + self.bi)
            g_t = np.tanh(np.dot(self.Wc, concat) + self.bc)
            c_t = f_t * c_t + i_t * g_t
            h_t = sigmoid(np.dot(self.Wo, concat) + self.bo) * np.tanh(c_t)
            outputs.append(h_t)
        return np.array(outputs), c_t, h_t
