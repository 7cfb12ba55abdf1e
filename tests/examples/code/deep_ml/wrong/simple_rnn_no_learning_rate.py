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
        update = {"W_xh": 0, "W_hh": 0, "W_hy": 0, "b_h": 0, "b_y": 0}
        carried = np.zeros((self.hidden_size, 1))
        for t in reversed(range(len(x))):
            dy = self.ys[t] - np.reshape(y[t], (-1, 1))
            h, h_prev = self.hs[t + 1], self.hs[t]
            da = (1 - h**2) * (self.W_hy.T.dot(dy) + carried)
            terms = {"W_xh": da.dot(self.xs[t].T), "W_hh": da.dot(h_prev.T), "W_hy": dy.dot(h.T), "b_h": da, "b_y": dy}
            for name in update:
                update[name] = update[name] + terms[name]
            carried = self.W_hh.T.dot(da)
        for name in update:
            setattr(self, name, getattr(self, name) - update[name])
