import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    xs, hs, ps = [], [np.copy(hprev)], []
    loss = 0.0
    for t in range(len(inputs)):
        x = np.zeros((vocab_size, 1))
        x[inputs[t]] = 1
        xs.append(x)
        hs.append(np.tanh(np.dot(Wxh, x) + np.dot(Whh, hs[t]) + bh))
        y = np.dot(Why, hs[t + 1]) + by
        ps.append(np.exp(y) / np.sum(np.exp(y)))
        loss -= float(np.log(ps[t][targets[t], 0]))
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t + 1].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dbh += dh
        dWxh += np.dot(dh, xs[t].T)
        dWhh += np.dot(dh, hs[t].T)
        dhnext = np.dot(Whh.T, dh)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[-1]
