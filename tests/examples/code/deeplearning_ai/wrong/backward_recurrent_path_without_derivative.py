import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_forward(x, a0, parameters):
    p = parameters
    a, y, a_t = [], [], a0
    for t in range(x.shape[2]):
        a_t = np.tanh(p["Wax"] @ x[:, :, t] + p["Waa"] @ a_t + p["ba"])
        a.append(a_t)
        y.append(softmax(p["Wya"] @ a_t + p["by"]))
    return np.stack(a, axis=2), np.stack(y, axis=2), ([a0] + a, x, p)


def rnn_backward(da, caches):
    a, x, parameters = caches
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dx = np.zeros(x.shape)
    dWax, dWaa, dba = np.zeros(Wax.shape), np.zeros(Waa.shape), np.zeros((Waa.shape[0], 1))
    da_prev = np.zeros(a[0].shape)
    for t in reversed(range(x.shape[2])):
        da_total = da[:, :, t] + da_prev
        dz = (1 - a[t + 1] ** 2) * da_total
        dx[:, :, t] = np.dot(Wax.T, dz)
        dWax += np.dot(dz, x[:, :, t].T)
        dWaa += np.dot(dz, a[t].T)
        dba += np.sum(dz, axis=1, keepdims=True)
        da_prev = np.dot(Waa.T, da_total)
    return {"dx": dx, "da0": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}
