import numpy as np

hidden_size = 100
vocab_size = 60
Wxh = np.random.randn(hidden_size, vocab_size) * 0.01
Whh = np.random.randn(hidden_size, hidden_size) * 0.01
Why = np.random.randn(vocab_size, hidden_size) * 0.01
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    n = len(inputs)
    x = np.zeros((n, vocab_size, 1))
    h = np.zeros((n + 1, hidden_size, 1))
    p = np.zeros((n, vocab_size, 1))
    h[0] = hprev
    loss = 0
    for t in range(n):
        x[t, inputs[t]] = 1
        h[t + 1] = np.tanh(np.dot(Wxh, x[t]) + np.dot(Whh, h[t]) + bh)
        y = np.dot(Why, h[t + 1])
        p[t] = np.exp(y) / np.exp(y).sum()
        loss += -np.log(p[t, targets[t], 0])
    grads = {k: 0 for k in ("Wxh", "Whh", "Why", "bh", "by")}
    dhnext = np.zeros((hidden_size, 1))
    for t in range(n - 1, -1, -1):
        dy = p[t].copy()
        dy[targets[t]] -= 1
        draw = (1 - h[t + 1] * h[t + 1]) * (np.dot(Why.T, dy) + dhnext)
        grads["Why"] = grads["Why"] + np.dot(dy, h[t + 1].T)
        grads["by"] = grads["by"] + dy
        grads["Wxh"] = grads["Wxh"] + np.dot(draw, x[t].T)
        grads["Whh"] = grads["Whh"] + np.dot(draw, h[t].T)
        grads["bh"] = grads["bh"] + draw
        dhnext = np.dot(Whh.T, draw)
    return loss, grads["Wxh"], grads["Whh"], grads["Why"], grads["bh"], grads["by"], h[n]
