import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def forward(inputs, hprev):
    hs, ps = [hprev], []
    for ix in inputs:
        hs.append(np.tanh(Wxh[:, ix : ix + 1] + np.dot(Whh, hs[-1]) + bh))
        y = np.dot(Why, hs[-1]) + by
        ps.append(np.exp(y - y.max()) / np.exp(y - y.max()).sum())
    return hs, ps


def lossFun(inputs, targets, hprev):
    hs, ps = forward(inputs, hprev)
    loss = -sum(np.log(p[k, 0]) for p, k in zip(ps, targets))
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hprev)
    for t in range(len(inputs) - 1, -1, -1):
        error = np.zeros((vocab_size, 1))
        error[targets[t]] = 1
        error = error - ps[t]
        dWhy += np.dot(error, hs[t + 1].T)
        dby += error
        delta = (np.dot(Why.T, error) + dhnext) * (1 - hs[t + 1] * hs[t + 1])
        dbh += delta
        dWxh[:, inputs[t]] += delta[:, 0]
        dWhh += np.dot(delta, hs[t].T)
        dhnext = np.dot(Whh.T, delta)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[-1]
