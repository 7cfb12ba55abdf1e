import numpy as np


def rnn_forward(input_sequence: list[list[float]], initial_hidden_state: list[float], Wx: list[list[float]],
                Wh: list[list[float]], b: list[float]) -> list[float]:
    x = np.einsum("td,hd->th", np.array(input_sequence), np.array(Wx)) + np.array(b)
    h = np.array(initial_hidden_state)
    for row in x:
        h = np.tanh(row + np.einsum("kh,h->k", np.array(Wh), h))
    return h.round(4).tolist()


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        g = np.random.default_rng(42)
        self.W_xh = g.standard_normal((hidden_size, input_size)) * 0.01
        self.W_hh = g.standard_normal((hidden_size, hidden_size)) * 0.01
        self.W_hy = g.standard_normal((output_size, hidden_size)) * 0.01
        self.b_h = np.zeros((hidden_size, 1))
        self.b_y = np.zeros((output_size, 1))

    def forward(self, x):
        inputs = np.einsum("hd,td->th", self.W_xh, x)[..., None] + self.b_h
        hidden = [np.zeros_like(self.b_h)]
        for a in inputs:
            hidden.append(np.tanh(a + self.W_hh @ hidden[-1]))
        self.hidden = np.stack(hidden)
        return np.einsum("oh,thk->tok", self.W_hy, self.hidden[1:]) + self.b_y

    def backward(self, x, y, learning_rate):
        h = self.hidden[1:]
        error = np.einsum("oh,thk->tok", self.W_hy, h) + self.b_y - np.reshape(y, (len(x), -1, 1))
        dh = np.einsum("oh,tok->thk", self.W_hy, error)
        da = np.zeros_like(h)
        for t in range(len(x) - 1, -1, -1):
            if t < len(x) - 1:
                dh[t] += self.W_hh.T @ da[t + 1]
            da[t] = dh[t] * (1 - h[t] ** 2)
        steps = (
            (self.W_hy, np.einsum("tok,thk->oh", error, h)),
            (self.b_y, error.sum(axis=0)),
            (self.W_xh, np.einsum("thk,td->hd", da, x)),
            (self.W_hh, np.einsum("thk,tjk->hj", da, self.hidden[:-1])),
            (self.b_h, da.sum(axis=0)),
        )
        for weight, gradient in steps:
            weight -= learning_rate * gradient


class LSTM:
    def __init__(self, input_size, hidden_size):
        self.hidden_size = hidden_size
        W = np.random.standard_normal((4, hidden_size, hidden_size + input_size))
        b = np.zeros((4, hidden_size, 1))
        self.Wf, self.Wi, self.Wc, self.Wo = W
        self.bf, self.bi, self.bc, self.bo = b

    def forward(self, x, initial_hidden_state, initial_cell_state):
        W = np.stack((self.Wf, self.Wi, self.Wc, self.Wo))
        b = np.stack((self.bf, self.bi, self.bc, self.bo))
        Wh, Wx = W[:, :, : self.hidden_size], W[:, :, self.hidden_size :]
        from_x = np.einsum("ghd,td->tgh", Wx, x)[..., None] + b
        h, c = initial_hidden_state, initial_cell_state
        outputs = np.empty((len(x), self.hidden_size, 1))
        for t, a in enumerate(from_x):
            z = a + np.einsum("ghj,jk->ghk", Wh, h)
            s = 0.5 + 0.5 * np.tanh(0.5 * z)
            c = s[0] * c + s[1] * np.tanh(z[2])
            h = s[3] * np.tanh(c)
            outputs[t] = h
        return outputs, h, c
