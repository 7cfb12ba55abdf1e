import numpy as np

hidden_size = 32
vocab_size = 27
seq_length = 25
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    """inputs and targets are lists of integers, hprev is (hidden_size, 1)."""
    x, h, p = {}, {-1: np.copy(hprev)}, {}
    loss = 0
    for t, ix in enumerate(inputs):
        x[t] = np.zeros((vocab_size, 1))
        x[t][ix] = 1
        h[t] = np.tanh(Wxh @ x[t] + Whh @ h[t - 1] + bh)
        score = Why @ h[t] + by
        p[t] = np.exp(score) / np.sum(np.exp(score))
        loss -= np.log(p[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hprev)
    for t in range(len(inputs) - 1, -1, -1):
        dscore = p[t].copy()
        dscore[targets[t]] -= 1
        dWhy += dscore @ h[t].T
        dby += dscore
        dh = Why.T @ dscore + dhnext
        dhraw = (1 - h[t] ** 2) * dh
        dbh += dhraw
        dWxh += dhraw @ x[t].T
        dWhh += dhraw @ h[t - 1].T
        dhnext = Whh.T @ dhraw
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -5, 5, out=dparam)
    return loss, dWxh, dWhh, dWhy, dbh, dby, h[len(inputs) - 1]
