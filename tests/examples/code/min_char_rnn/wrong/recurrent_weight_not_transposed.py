import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def step(ix, h):
    h = np.tanh(Wxh[:, [ix]] + Whh.dot(h) + bh)
    e = np.exp(Why.dot(h) + by)
    return h, e / e.sum()


def lossFun(inputs, targets, hprev):
    hs, ps = [hprev], []
    for ix in inputs:
        h, p = step(ix, hs[-1])
        hs.append(h)
        ps.append(p)
    loss = sum(-np.log(ps[t][targets[t], 0]) for t in range(len(inputs)))
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy.dot(hs[t + 1].T)
        dby += dy
        dh = Why.T.dot(dy) + dhnext
        dhraw = (1 - hs[t + 1] * hs[t + 1]) * dh
        dbh += dhraw
        dWxh[:, [inputs[t]]] += dhraw
        dWhh += dhraw.dot(hs[t].T)
        dhnext = Whh.dot(dhraw)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[-1]
