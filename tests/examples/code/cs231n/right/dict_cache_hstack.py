"""x and h side by side, the two weights one above the other; dictionaries as caches."""
import numpy as np


def glue(x, prev_h, Wx, Wh):
    return np.hstack([x, prev_h]), np.vstack([Wx, Wh])


def unglue(dxh, dW, D):
    return dxh[:, :D], dxh[:, D:], dW[:D], dW[D:]


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    xh, W = glue(x, prev_h, Wx, Wh)
    next_h = np.tanh(np.dot(xh, W) + b)
    return next_h, {"xh": xh, "W": W, "D": x.shape[1], "next_h": next_h}


def rnn_step_backward(dnext_h, cache):
    da = dnext_h - dnext_h * np.square(cache["next_h"])
    dx, dprev_h, dWx, dWh = unglue(da.dot(cache["W"].T), cache["xh"].T.dot(da), cache["D"])
    return dx, dprev_h, dWx, dWh, np.sum(da, 0)


def rnn_forward(x, h0, Wx, Wh, b):
    hs, cache = [h0], {}
    for t in range(x.shape[1]):
        h, cache[t] = rnn_step_forward(x[:, t], hs[-1], Wx, Wh, b)
        hs.append(h)
    return np.stack(hs[1:], axis=1), cache


def rnn_backward(dh, cache):
    T = dh.shape[1]
    dxs = [None] * T
    dnext, dWx, dWh, db = 0, 0, 0, 0
    for t in range(T)[::-1]:
        dxs[t], dnext, gx, gh, gb = rnn_step_backward(dh[:, t] + dnext, cache[t])
        dWx, dWh, db = dWx + gx, dWh + gh, db + gb
    return np.stack(dxs, axis=1), dnext, dWx, dWh, db


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    xh, W = glue(x, prev_h, Wx, Wh)
    ai, af, ao, ag = np.split(xh.dot(W) + b, 4, axis=1)
    c = {"xh": xh, "W": W, "D": x.shape[1], "prev_c": prev_c}
    c["i"], c["f"], c["o"], c["g"] = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = c["f"] * prev_c + c["i"] * c["g"]
    c["tc"] = np.tanh(next_c)
    return c["o"] * c["tc"], next_c, c


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, tc = (cache[k] for k in ("i", "f", "o", "g", "tc"))
    dc = dnext_c + o * dnext_h * (1 - tc * tc)
    da = np.concatenate(
        [
            dc * g * i * (1 - i),
            dc * cache["prev_c"] * f * (1 - f),
            dnext_h * tc * o * (1 - o),
            dc * i * (1 - g * g),
        ],
        axis=1,
    )
    dx, dprev_h, dWx, dWh = unglue(da.dot(cache["W"].T), cache["xh"].T.dot(da), cache["D"])
    return dx, dprev_h, dc * f, dWx, dWh, da.sum(0)


def lstm_forward(x, h0, Wx, Wh, b):
    h, c = h0, np.zeros_like(h0)
    hs, cache = [], {}
    for t in range(x.shape[1]):
        h, c, cache[t] = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
    return np.stack(hs, axis=1), cache


def lstm_backward(dh, cache):
    T = dh.shape[1]
    dxs = [None] * T
    dh_next, dc_next, dWx, dWh, db = 0, 0, 0, 0, 0
    for t in range(T)[::-1]:
        dxs[t], dh_next, dc_next, gx, gh, gb = lstm_step_backward(dh[:, t] + dh_next, dc_next, cache[t])
        dWx, dWh, db = dWx + gx, dWh + gh, db + gb
    return np.stack(dxs, axis=1), dh_next, dWx, dWh, db
