"""Plain NumPy matrix product: the oracle of native/kernels/gemm."""

import numpy as np


def matmul(a, b):
    """a @ b in float64 whatever the inputs."""
    return np.matmul(a.astype(np.float64), b.astype(np.float64))


def linear(input, weight, bias, activation):
    """input (..., in) @ weight (out, in).T + bias, then relu for activation 1, in float64."""
    out = matmul(input, weight.T)
    if bias is not None:
        out = out + bias.astype(np.float64)
    return np.where(out < 0, 0, out) if activation else out


def addmm(input, a, b, alpha):
    """input + alpha * a @ b in float64."""
    return input.astype(np.float64) + alpha * matmul(a, b)


def bound(a, b, dtype):
    """Largest error of each dot product: depth * eps * sum |a| |b| (any order), doubled for the epilogue."""
    depth = a.shape[-1] + 2
    return 2 * depth * np.finfo(dtype).eps * np.matmul(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64))
