import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    h = hprev
    xs, hs, ps = [], [h.copy()], []
    loss = 0
    for ix, target in zip(inputs, targets):
        x = np.zeros((vocab_size, 1))
        x[ix] = 1
        h[:] = np.tanh(Wxh @ x + Whh @ h + bh)
        e = np.exp(Why @ h + by)
        xs.append(x)
        hs.append(h.copy())
        ps.append(e / e.sum())
        loss += -np.log(ps[-1][target, 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(h)
    for t in reversed(range(len(inputs))):
        dy = ps[t]
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t + 1].T
        dby += dy
        da = (1 - hs[t + 1] ** 2) * (Why.T @ dy + dhnext)
        dbh += da
        dWxh += da @ xs[t].T
        dWhh += da @ hs[t].T
        dhnext = Whh.T @ da
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[-1]
