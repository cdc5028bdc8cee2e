"""Optimizer steps of the CPU engine: in place, over whole lists of arrays, one native call per step.

Every list has one array per parameter. Parameters, gradients and state agree in shape; float32 and float64 (and complex
numbers as pairs of them) run in place, other dtypes through float32 copies.
"""

from rushlight import _native

__all__ = ["adam_step", "sgd_step"]

# sgd_step(params, grads, buffers | None, first, lr, momentum, dampening, weight_decay, nesterov, maximize)
sgd_step = _native.sgd_step
# adam_step(params, grads, m, v, largest | None, steps, lr, beta1, beta2, eps, weight_decay, decoupled, maximize)
adam_step = _native.adam_step
