import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    xs, hs, ps = {}, {-1: np.copy(hprev)}, {}
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.matmul(Wxh, xs[t]) + np.matmul(Whh, hs[t - 1]) + bh)
        y = np.matmul(Why, hs[t]) + by
        ps[t] = np.exp(y) / np.exp(y).sum()
        loss -= np.log(ps[t][targets[t]].item())
    dWxh, dWhh, dWhy = np.zeros(Wxh.shape), np.zeros(Whh.shape), np.zeros(Why.shape)
    dbh, dby, dhnext = np.zeros(bh.shape), np.zeros(by.shape), np.zeros(hprev.shape)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.matmul(dy, hs[t].T)
        dby += dy
        dh = np.matmul(Why.T, dy) + dhnext
        dhnext = np.matmul(Whh.T, dh)
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.matmul(dhraw, xs[t].T)
        dWhh += np.matmul(dhraw, hs[t - 1].T)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]
