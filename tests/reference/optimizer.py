"""Optimizer steps in plain NumPy: each returns the new (parameter, state...)."""

import numpy as np


def sgd(p, g, buffer, first, *, lr, momentum, dampening, weight_decay, nesterov, maximize):
    g = -g if maximize else g
    g = g + weight_decay * p
    if momentum:
        buffer = g if first else momentum * buffer + (1 - dampening) * g
        g = g + momentum * buffer if nesterov else buffer
    return p - lr * g, buffer


def adam(p, g, m, v, largest, t, *, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    g = -g if maximize else g
    if decoupled:
        p = p * (1 - lr * weight_decay)
    else:
        g = g + weight_decay * p
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    used = v
    if largest is not None:
        largest = used = np.maximum(largest, v)
    return p - lr * (m / (1 - beta1**t)) / (np.sqrt(used / (1 - beta2**t)) + eps), m, v, largest
