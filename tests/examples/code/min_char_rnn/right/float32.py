import numpy as np

hidden_size, vocab_size = 64, 50
Wxh, Whh, Why = (np.random.randn(*s).astype("f") * 0.01 for s in
                 ((hidden_size, vocab_size), (hidden_size, hidden_size), (vocab_size, hidden_size)))
bh, by = np.zeros((hidden_size, 1), "f"), np.zeros((vocab_size, 1), "f")


def lossFun(inputs, targets, hprev):
    U, W, V, b, c = (p.astype("f") for p in (Wxh, Whh, Why, bh, by))
    xs, hs, ps = [], [hprev.astype("f")], []
    loss = np.float32(0)
    for t in range(len(inputs)):
        xs.append(np.zeros((vocab_size, 1), "f"))
        xs[t][inputs[t]] = 1
        hs.append(np.tanh(U @ xs[t] + W @ hs[t] + b))
        e = np.exp(V @ hs[t + 1] + c)
        ps.append(e / e.sum())
        loss += -np.log(ps[t][targets[t], 0])
    dU, dW, dV, db, dc = (np.zeros_like(p) for p in (U, W, V, b, c))
    dh = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dV += dy @ hs[t + 1].T
        dc += dy
        da = (V.T @ dy + dh) * (1 - hs[t + 1] * hs[t + 1])
        dU += da @ xs[t].T
        dW += da @ hs[t].T
        db += da
        dh = W.T @ da
    for g in (dU, dW, dV, db, dc):
        np.clip(g, -5, 5, out=g)
    return loss, dU, dW, dV, db, dc, hs[-1]
