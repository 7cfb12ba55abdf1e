import numpy as np


def rnn_forward(input_sequence, initial_hidden_state, Wx, Wh, b):
    Wx, Wh, b, h = (np.array(v, dtype=np.float32) for v in (Wx, Wh, b, initial_hidden_state))
    for x in input_sequence:
        a = np.dot(Wx, np.array(x, dtype=np.float32))
        a += np.dot(Wh, h)
        a += b
        h = np.tanh(a)
    return [round(float(v), 4) for v in h]


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.W_xh = np.random.randn(hidden_size, input_size).astype(np.float32) * 0.01
        self.W_hh = np.random.randn(hidden_size, hidden_size).astype(np.float32) * 0.01
        self.W_hy = np.random.randn(output_size, hidden_size).astype(np.float32) * 0.01
        self.b_h = np.zeros((hidden_size, 1), dtype=np.float32)
        self.b_y = np.zeros((output_size, 1), dtype=np.float32)

    def forward(self, x):
        W_xh, W_hh, W_hy = (w.astype(np.float32) for w in (self.W_xh, self.W_hh, self.W_hy))
        h = np.zeros(self.b_h.shape, dtype=np.float32)
        self.inputs, self.states, self.outputs = [], [h], []
        for row in x:
            v = np.array(row, dtype=np.float32).reshape(-1, 1)
            h = np.tanh(W_xh @ v + W_hh @ h + self.b_h.astype(np.float32))
            self.inputs.append(v)
            self.states.append(h)
            self.outputs.append(W_hy @ h + self.b_y.astype(np.float32))
        return np.array(self.outputs)

    def backward(self, x, y, learning_rate):
        sums = [np.zeros(w.shape, dtype=np.float32) for w in (self.W_xh, self.W_hh, self.W_hy, self.b_h, self.b_y)]
        dh_next = np.zeros(self.b_h.shape, dtype=np.float32)
        for t in range(len(x))[::-1]:
            dy = self.outputs[t] - np.array(y[t], dtype=np.float32).reshape(-1, 1)
            h = self.states[t + 1]
            da = (np.dot(self.W_hy.T, dy) + dh_next) * (1 - h * h)
            sums[0] += da @ self.inputs[t].T
            sums[1] += da @ self.states[t].T
            sums[2] += dy @ h.T
            sums[3] += da
            sums[4] += dy
            dh_next = self.W_hh.T @ da
        names = ("W_xh", "W_hh", "W_hy", "b_h", "b_y")
        for name, total in zip(names, sums):
            setattr(self, name, getattr(self, name) - np.float32(learning_rate) * total)


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.n = hidden_size
        shape = (hidden_size, hidden_size + input_size)
        self.Wf = np.random.randn(*shape).astype(np.float32)
        self.Wi = np.random.randn(*shape).astype(np.float32)
        self.Wc = np.random.randn(*shape).astype(np.float32)
        self.Wo = np.random.randn(*shape).astype(np.float32)
        self.bf = self.bi = self.bc = self.bo = np.zeros((hidden_size, 1), dtype=np.float32)

    def gate(self, W, b, v):
        return W[:, : self.n].astype(np.float32) @ v[0] + W[:, self.n :].astype(np.float32) @ v[1] + b.astype(np.float32)

    def forward(self, x, initial_hidden_state, initial_cell_state):
        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        h = np.array(initial_hidden_state, dtype=np.float32)
        c = np.array(initial_cell_state, dtype=np.float32)
        outputs = []
        for row in x:
            v = (h, np.array(row, dtype=np.float32).reshape(-1, 1))
            c *= sigmoid(self.gate(self.Wf, self.bf, v))
            c += sigmoid(self.gate(self.Wi, self.bi, v)) * np.tanh(self.gate(self.Wc, self.bc, v))
            h = sigmoid(self.gate(self.Wo, self.bo, v)) * np.tanh(c)
            outputs.append(h)
        return np.array(outputs), h, c
