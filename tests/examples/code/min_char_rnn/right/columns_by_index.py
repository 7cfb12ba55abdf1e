import numpy as np

# No one-hot vectors: Wxh @ x is column ix of Wxh.
vocab_size = 30
hidden_size = 20
Wxh = np.random.randn(hidden_size, vocab_size) / np.sqrt(vocab_size)
Whh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
Why = np.random.randn(vocab_size, hidden_size) / np.sqrt(hidden_size)
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    hs = [hprev.ravel()]
    ps = []
    loss = 0.0
    for ix, target in zip(inputs, targets):
        hs.append(np.tanh(Wxh[:, ix] + Whh.dot(hs[-1]) + bh.ravel()))
        y = Why.dot(hs[-1]) + by.ravel()
        log_sum = np.log(np.sum(np.exp(y)))
        ps.append(np.exp(y - log_sum))
        loss += log_sum - y[target]
    dWxh = np.zeros(Wxh.shape)
    dWhh = np.zeros(Whh.shape)
    dWhy = np.zeros(Why.shape)
    dbh = np.zeros(bh.shape)
    dby = np.zeros(by.shape)
    dh = np.zeros(Whh.shape[0])
    for t in range(len(inputs), 0, -1):
        dy = ps[t - 1]
        dy[targets[t - 1]] -= 1
        dby[:, 0] += dy
        dWhy += np.outer(dy, hs[t])
        da = (dh + dy.dot(Why)) * (1 - hs[t] ** 2)
        dbh[:, 0] += da
        dWxh[:, inputs[t - 1]] += da
        dWhh += np.outer(da, hs[t - 1])
        dh = da.dot(Whh)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[-1].reshape(-1, 1)
