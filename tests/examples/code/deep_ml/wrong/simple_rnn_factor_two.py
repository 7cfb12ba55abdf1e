import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.hidden_size = hidden_size
        self.W_xh = np.random.randn(hidden_size, input_size) * 0.01
        self.W_hh = np.random.randn(hidden_size, hidden_size) * 0.01
        self.W_hy = np.random.randn(output_size, hidden_size) * 0.01
        self.b_h = np.zeros((hidden_size, 1))
        self.b_y = np.zeros((output_size, 1))

    def forward(self, x):
        h = np.zeros((self.hidden_size, 1))
        self.xs, self.hs, self.ys = [], [h], []
        for t in range(len(x)):
            self.xs.append(x[t].reshape(-1, 1))
            h = np.tanh(self.W_xh @ self.xs[t] + self.W_hh @ h + self.b_h)
            self.hs.append(h)
            self.ys.append(self.W_hy @ h + self.b_y)
        return np.array(self.ys)

    def backward(self, x, y, learning_rate):
        grads = [np.zeros_like(p) for p in (self.W_xh, self.W_hh, self.W_hy, self.b_h, self.b_y)]
        dh_next = np.zeros((self.hidden_size, 1))
        for t in range(len(x) - 1, -1, -1):
            dy = 2 * (self.ys[t] - y[t].reshape(-1, 1))
            grads[2] += dy @ self.hs[t + 1].T
            grads[4] += dy
            da = (self.W_hy.T @ dy + dh_next) * (1 - self.hs[t + 1] ** 2)
            grads[0] += da @ self.xs[t].T
            grads[1] += da @ self.hs[t].T
            grads[3] += da
            dh_next = self.W_hh.T @ da
        for p, g in zip((self.W_xh, self.W_hh, self.W_hy, self.b_h, self.b_y), grads):
            p -= learning_rate * g
