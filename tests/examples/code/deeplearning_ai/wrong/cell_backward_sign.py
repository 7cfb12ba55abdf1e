import numpy as np


def softmax(x):
    e_x = np.exp(x - np.max(x, axis=0))
    return e_x / e_x.sum(axis=0)


def rnn_cell_forward(xt, a_prev, parameters):
    p = parameters
    a_next = np.tanh(p["Wax"].dot(xt) + p["Waa"].dot(a_prev) + p["ba"])
    return a_next, softmax(p["Wya"].dot(a_next) + p["by"]), (a_next, a_prev, xt, p)


def rnn_cell_backward(da_next, cache):
    (a_next, a_prev, xt, parameters) = cache
    dtanh = (np.square(a_next) - 1) * da_next
    gradients = {}
    gradients["dxt"] = parameters["Wax"].T.dot(dtanh)
    gradients["dWax"] = dtanh.dot(xt.T)
    gradients["da_prev"] = parameters["Waa"].T.dot(dtanh)
    gradients["dWaa"] = dtanh.dot(a_prev.T)
    gradients["dba"] = dtanh.sum(axis=1, keepdims=True)
    return gradients
