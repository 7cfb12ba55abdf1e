import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    """[Wx Wh] times [x; h]"""
    W = np.hstack([Wx, Wh])
    h = np.asarray(initial_hidden_state, dtype=float)
    for x in np.asarray(input_sequence, dtype=float):
        h = np.tanh(W.dot(np.concatenate([x, h])) + b)
    return [float(np.round(v, 4)) for v in h]


def softsigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.W_xh = 0.01 * np.random.randn(hidden_size, input_size)
        self.W_hh = 0.01 * np.random.randn(hidden_size, hidden_size)
        self.W_hy = 0.01 * np.random.randn(output_size, hidden_size)
        self.b_h = np.zeros((hidden_size, 1))
        self.b_y = np.zeros((output_size, 1))
        self.tape = []

    def forward(self, x):
        h = np.zeros_like(self.b_h)
        self.tape = []
        for row in x:
            v = np.array(row, dtype=float).reshape(-1, 1)
            h_prev, h = h, np.tanh(self.W_xh @ v + self.W_hh @ h + self.b_h)
            self.tape.append((v, h_prev, h, self.W_hy @ h + self.b_y))
        return np.stack([step[3] for step in self.tape])

    def backward(self, x, y, learning_rate):
        W = np.hstack((self.W_xh, self.W_hh, self.b_h))
        dW, dV = np.zeros_like(W), np.zeros((len(self.b_y), len(self.b_h) + 1))
        dh = np.zeros_like(self.b_h)
        n = self.W_xh.shape[1]
        for (v, h_prev, h, out), target in zip(self.tape[::-1], y[::-1]):
            error = out - np.reshape(target, (-1, 1))
            dV += error @ np.vstack((h, [[1.0]])).T
            dh += self.W_hy.T @ error
            dz = dh * (1 - h**2)
            dW += dz @ np.vstack((v, h_prev, [[1.0]])).T
            dh = self.W_hh.T @ dz
        dW *= learning_rate
        dV *= learning_rate
        self.W_xh = self.W_xh - dW[:, :n]
        self.W_hh = self.W_hh - dW[:, n:-1]
        self.b_h = self.b_h - dW[:, -1:]
        self.W_hy = self.W_hy - dV[:, :-1]
        self.b_y = self.b_y - dV[:, -1:]


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.Wf = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wi = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wc = np.random.randn(hidden_size, input_size + hidden_size)
        self.Wo = np.random.randn(hidden_size, input_size + hidden_size)
        self.bf = np.zeros((hidden_size, 1))
        self.bi = np.zeros((hidden_size, 1))
        self.bc = np.zeros((hidden_size, 1))
        self.bo = np.zeros((hidden_size, 1))

    def forward(self, x, initial_hidden_state, initial_cell_state):
        W = np.vstack([self.Wf, self.Wi, self.Wo, self.Wc])
        b = np.vstack([self.bf, self.bi, self.bo, self.bc])
        H = self.bf.shape[0]
        T = len(x)
        hs = np.zeros((T + 1, H, 1))
        cs = np.zeros((T + 1, H, 1))
        hs[0], cs[0] = initial_hidden_state, initial_cell_state
        for t in range(T):
            z = W @ np.vstack([hs[t], x[t].reshape(-1, 1)]) + b
            f, i, o = softsigmoid(z[: 3 * H]).reshape(3, H, 1)
            cs[t + 1] = f * cs[t] + i * np.tanh(z[3 * H :])
            hs[t + 1] = o * np.tanh(cs[t + 1])
        return hs[1:], hs[-1], cs[-1]
