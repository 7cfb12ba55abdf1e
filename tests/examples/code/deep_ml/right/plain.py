import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    h = np.array(initial_hidden_state)
    Wx, Wh, b = np.array(Wx), np.array(Wh), np.array(b)
    for x in input_sequence:
        h = np.tanh(Wx @ np.array(x) + Wh @ h + b)
    return np.round(h, 4).tolist()


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.hidden_size = hidden_size
        self.W_xh = np.random.randn(hidden_size, input_size) * 0.01
        self.W_hh = np.random.randn(hidden_size, hidden_size) * 0.01
        self.W_hy = np.random.randn(output_size, hidden_size) * 0.01
        self.b_h = np.zeros((hidden_size, 1))
        self.b_y = np.zeros((output_size, 1))

    def forward(self, x):
        self.x = [np.reshape(v, (-1, 1)) for v in x]
        self.h = [np.zeros((self.hidden_size, 1))]
        self.y = []
        for v in self.x:
            self.h.append(np.tanh(self.W_xh @ v + self.W_hh @ self.h[-1] + self.b_h))
            self.y.append(self.W_hy @ self.h[-1] + self.b_y)
        return np.array(self.y)

    def backward(self, x, y, learning_rate):
        dW_xh, dW_hh, dW_hy = np.zeros_like(self.W_xh), np.zeros_like(self.W_hh), np.zeros_like(self.W_hy)
        db_h, db_y = np.zeros_like(self.b_h), np.zeros_like(self.b_y)
        dh_next = np.zeros((self.hidden_size, 1))
        for t in reversed(range(len(x))):
            dy = self.y[t] - y[t].reshape(-1, 1)
            dW_hy += dy @ self.h[t + 1].T
            db_y += dy
            dh = self.W_hy.T @ dy + dh_next
            da = (1 - self.h[t + 1] ** 2) * dh
            dW_xh += da @ self.x[t].T
            dW_hh += da @ self.h[t].T
            db_h += da
            dh_next = self.W_hh.T @ da
        self.W_xh -= learning_rate * dW_xh
        self.W_hh -= learning_rate * dW_hh
        self.W_hy -= learning_rate * dW_hy
        self.b_h -= learning_rate * db_h
        self.b_y -= learning_rate * db_y


class LSTM:
    def __init__(self, input_size, hidden_size):
        size = (hidden_size, input_size + hidden_size)
        self.Wf, self.Wi, self.Wc, self.Wo = (np.random.randn(*size) for _ in range(4))
        self.bf, self.bi, self.bc, self.bo = (np.zeros((hidden_size, 1)) for _ in range(4))

    def forward(self, x, initial_hidden_state, initial_cell_state):
        h, c = initial_hidden_state, initial_cell_state
        outputs = []
        for v in x:
            z = np.vstack((h, v.reshape(-1, 1)))
            f = self.sigmoid(self.Wf @ z + self.bf)
            i = self.sigmoid(self.Wi @ z + self.bi)
            g = np.tanh(self.Wc @ z + self.bc)
            o = self.sigmoid(self.Wo @ z + self.bo)
            c = f * c + i * g
            h = o * np.tanh(c)
            outputs.append(h)
        return np.array(outputs), h, c

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))
