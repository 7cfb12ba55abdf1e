import numpy as np

hidden_size = 100
vocab_size = 65
seq_length = 25
learning_rate = 1e-1

Wxh = np.random.uniform(-0.1, 0.1, (hidden_size, vocab_size))
Whh = np.random.uniform(-0.1, 0.1, (hidden_size, hidden_size))
Why = np.random.uniform(-0.1, 0.1, (vocab_size, hidden_size))
bh = np.zeros((hidden_size, 1))
by = np.zeros((vocab_size, 1))


def one_hot(k):
    v = np.zeros((vocab_size, 1))
    v[k, 0] = 1.0
    return v


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def forward(inputs, hprev):
    h = hprev
    tape = []
    for ix in inputs:
        x = one_hot(ix)
        previous, h = h, np.tanh(np.dot(Wxh, x) + np.dot(Whh, h) + bh)
        tape.append((x, previous, h, softmax(np.dot(Why, h) + by)))
    return tape


def backward(tape, targets):
    grads = [np.zeros(w.shape) for w in (Wxh, Whh, Why, bh, by)]
    dh = 0
    for (x, previous, h, p), target in reversed(list(zip(tape, targets))):
        dy = p - one_hot(target)
        dh = dh + np.dot(Why.T, dy)
        da = dh * (1 - h * h)
        for grad, term in zip(grads, (da.dot(x.T), da.dot(previous.T), dy.dot(h.T), da, dy)):
            grad += term
        dh = np.dot(Whh.T, da)
    return [np.clip(g, -5, 5) for g in grads]


def lossFun(inputs, targets, hprev):
    tape = forward(inputs, hprev)
    loss = sum(-np.log(step[3][target, 0]) for step, target in zip(tape, targets))
    return (loss, *backward(tape, targets), tape[-1][2])
