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
        dW_xh, dW_hh, dW_hy = np.zeros_like(self.W_xh), np.zeros_like(self.W_hh), np.zeros_like(self.W_hy)
        db_h, db_y = np.zeros_like(self.b_h), np.zeros_like(self.b_y)
        dh_next = np.zeros_like(self.b_h)
        for t in reversed(range(len(x))):
            dy = self.ys[t] - y[t].reshape(-1, 1)
            dW_hy += np.dot(dy, self.hs[t + 1].T)
            db_y += dy
            dh = np.dot(self.W_hy.T, dy) + dh_next
            draw = dh * (1 - self.hs[t + 1] * self.hs[t + 1])
            db_h += draw
            dW_xh += np.dot(draw, self.xs[t].T)
            dW_hh += np.dot(draw, self.hs[t].T)
            dh_next = np.dot(self.W_hh.T, draw)
        self.W_xh += learning_rate * dW_xh
        self.W_hh += learning_rate * dW_hh
        self.W_hy += learning_rate * dW_hy
        self.b_h += learning_rate * db_h
        self.b_y += learning_rate * db_y
