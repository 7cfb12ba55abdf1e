"""The whole sequence in matrices with a column a step."""
import numpy as np

hidden_size, vocab_size = 50, 40
rng = np.random.default_rng(0)
Wxh = rng.normal(0, 0.01, (hidden_size, vocab_size))
Whh = rng.normal(0, 0.01, (hidden_size, hidden_size))
Why = rng.normal(0, 0.01, (vocab_size, hidden_size))
bh, by = np.zeros((hidden_size, 1)), np.zeros((vocab_size, 1))


def lossFun(inputs, targets, hprev):
    T = len(inputs)
    X = np.eye(Wxh.shape[1])[:, inputs]
    Y = np.eye(Why.shape[0])[:, targets]
    H = np.zeros((Whh.shape[0], T + 1))
    H[:, :1] = hprev
    A = Wxh @ X + bh
    for t in range(T):
        H[:, t + 1] = np.tanh(A[:, t] + Whh @ H[:, t])
    S = Why @ H[:, 1:] + by
    S -= S.max(axis=0)
    logP = S - np.log(np.exp(S).sum(axis=0))
    loss = -np.sum(Y * logP)
    dS = np.exp(logP) - Y
    dH = Why.T @ dS
    dA = np.zeros_like(A)
    back = np.zeros(len(H))
    for t in reversed(range(T)):
        dA[:, t] = (dH[:, t] + back) * (1 - H[:, t + 1] ** 2)
        back = dA[:, t] @ Whh
    return (loss, dA @ X.T, dA @ H[:, :-1].T, dS @ H[:, 1:].T, dA.sum(axis=1, keepdims=True),
            dS.sum(axis=1, keepdims=True), H[:, -1:])
