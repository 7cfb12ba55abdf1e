import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    T = len(inputs)
    hs = np.zeros((T + 1, hidden_size, 1))
    ps = np.zeros((T, vocab_size, 1))
    hs[0] = hprev
    loss = 0
    for t in range(T):
        hs[t + 1] = np.tanh(Wxh[:, [inputs[t]]] + Whh @ hs[t] + bh)
        y = Why @ hs[t + 1] + by
        ps[t] = np.exp(y) / np.exp(y).sum()
        loss -= np.log(ps[t, targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hprev)
    for t in reversed(range(T)):
        h = hs[t + 1]
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ h.T
        dby += dy
        draw = (Why.T @ dy + dhnext) * (1 - h * h)
        dbh += draw
        dWxh[:, [inputs[t]]] += draw
        dWhh += draw @ h.T
        dhnext = Whh.T @ draw
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[T]
