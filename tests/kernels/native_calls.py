"""Valid calls of every method of rushlight._native: what the hostile, leak and thread tests start from."""

from __future__ import annotations

import numpy as np

import rushlight
from rushlight import _native
from rushlight.autograd.backward import HELPERS
from rushlight.dtypes import DType
from rushlight.engine.cpu import elementwise_numpy, linalg
from rushlight.nn.modules import module

FLOATS = (np.float32, np.float64)

UNARY = """neg abs sign square sqrt rsqrt reciprocal floor ceil trunc frac round clamp exp exp2 expm1 log log2 log10
log1p tanh sigmoid erf erfc sin cos tan asin acos atan sinh cosh asinh acosh atanh lgamma digamma erfinv logit
nan_to_num relu silu gelu gelu_tanh leaky_relu elu softplus log_sigmoid hardsigmoid hardswish mish threshold isnan
isinf isfinite""".split()
BINARY = """add sub mul div add_scaled maximum minimum fmax fmin floor_divide remainder fmod pow atan2 copysign hypot
logaddexp relu_grad sigmoid_grad tanh_grad silu_grad gelu_grad gelu_tanh_grad leaky_relu_grad elu_grad softplus_grad
log_sigmoid_grad clamp_grad hardtanh_grad hardsigmoid_grad hardswish_grad mish_grad threshold_grad eq ne lt le gt
ge""".split()
TERNARY = ["lerp", "addcmul", "addcdiv"]
REDUCTIONS = ["sum", "mean", "prod", "amax", "amin", "norm2"]
NOTHING = """get_isa available_isas get_num_threads default_num_threads available_cores memory_stats build_info next_seq
reset_peak_memory_stats empty_cache""".split()
# They change what later calls do; `reset` undoes that.
SETTINGS = """set_isa set_num_threads set_memory_cap set_autograd_helpers set_operators set_tensor_class
set_dtype_class set_module_class set_module_slots set_gemm_fallbacks set_elementwise_fallbacks set_reduce_fallbacks
set_bfloat16 set_size_class""".split()
SLOW = ["measure_peak", "measure_bandwidth"]


def methods() -> set[str]:
    """The functions of rushlight._native; what else it has are classes."""
    public = [name for name in dir(_native) if not name.startswith("_")]
    return {name for name in public if not isinstance(getattr(_native, name), type)}


def reset() -> None:
    """Puts every setting back to what importing rushlight made it."""
    from rushlight import operators

    _native.set_num_threads(_native.default_num_threads())
    _native.set_autograd_helpers(HELPERS)
    _native.set_operators(operators.NATIVE)
    _native.set_tensor_class(rushlight.Tensor)
    _native.set_dtype_class(DType)
    _native.set_module_class(rushlight.nn.Module, module._global_call_hooks)
    _native.set_gemm_fallbacks(linalg._matmul, linalg._linear)
    _native.set_elementwise_fallbacks(elementwise_numpy.FALLBACKS)
    _native.set_reduce_fallbacks(rushlight.engine.cpu.reduce.FALLBACKS)
    _native.set_bfloat16(elementwise_numpy.BFLOAT16)
    _native.set_size_class(rushlight.Size)


def valid_calls(seed: int = 0) -> dict[str, list[list]]:
    """{method: argument lists}, on arrays that no other call of this function shares."""
    from rushlight import operators

    rng = np.random.default_rng(seed)
    calls: dict[str, list[list]] = {}

    def add(name, *args):
        calls.setdefault(name, []).append(list(args))

    def draw(*shape, dtype=np.float32):
        # not rng.uniform, which keeps a reference to its dtype at every call
        return np.asarray(rng.random(shape) * 0.8 + 0.1).astype(dtype)

    def indices(high, *shape):
        return rng.integers(0, high, shape)

    for name in NOTHING:
        add(name)
    for dtype in FLOATS:
        x, y, z = (draw(3, 5, dtype=dtype) for _ in range(3))
        large = draw(3, 5000, dtype=dtype)
        for name in UNARY:
            add(name, x)
            add(name, x.T)
            add(name, large)
        for name in BINARY:
            add(name, x, y)
            add(name, x, y[0])
            add(name, x.T, 2)
        for name in TERNARY:
            add(name, x, y, z)
            add(name, x, y[0], z[:, :1])
        add("where", x > 0.5, y, z)
        add("where", x > 0.5, y, 1.0)
        for name in REDUCTIONS:
            for axes in ((0,), (1,), (0, 1), None, ()):
                add(name, x, axes, True)
                add(name, x.T, axes, False)
            add(name, large, (1,), False)
            add(name, draw(40, 3, 70, dtype=dtype), (0, 2), False)
        add("argmax_last", x)
        add("argmin_last", large)
        add("cast", x, np.dtype(np.int64))
        add("cast", x.T, np.dtype(np.float16))
        add("cast", x.astype(elementwise_numpy.BFLOAT16), np.dtype(np.int8))
        add("mul", x.astype(np.float16), y.astype(np.float16)[0])
        orders(add, draw, indices, dtype)
        matrices(add, draw, dtype)
        convolutions(add, draw, dtype)
        pools(add, draw, indices, dtype)
        norms(add, draw, dtype)
        losses(add, draw, indices, dtype)
        random_numbers(add, draw, dtype)
        steps(add, draw, dtype)
    movement(add, draw)
    autograd_calls(add, draw)
    add("set_isa", "baseline")
    add("set_num_threads", 2)
    add("set_memory_cap", 1 << 34)
    add("set_autograd_helpers", HELPERS)
    add("set_operators", operators.NATIVE)
    add("set_tensor_class", rushlight.Tensor)
    add("set_dtype_class", DType)
    add("set_module_class", rushlight.nn.Module, module._global_call_hooks)
    add("set_module_slots", rushlight.nn.Linear)
    add("set_gemm_fallbacks", linalg._matmul, linalg._linear)
    add("set_elementwise_fallbacks", elementwise_numpy.FALLBACKS)
    add("set_reduce_fallbacks", rushlight.engine.cpu.reduce.FALLBACKS)
    add("set_bfloat16", elementwise_numpy.BFLOAT16)
    add("set_size_class", rushlight.Size)
    add("empty", (2, 3), np.dtype(np.float32).num)
    add("zeros", (2, 3), np.dtype(np.float32).num)
    add("shape_of", rushlight.ones(2, 3))
    add("task_counts", 5)
    add("cpu_quota", "/nowhere")
    return calls


def orders(add, draw, indices, dtype):
    for shape in ((7,), (3, 100)):
        x = draw(*shape, dtype=dtype)
        add("sort_last", x, False)
        add("sort_last", (x * 100).astype(np.int64), True)
        add("topk_last", x, 5, True)
        add("cumsum", x, 0)
        add("cumprod", (x * 100).astype(np.int32), -1)
        add("concat", [x, x], 0)
        add("gather", x, indices(shape[0], *shape), 0)
    add("concat", (draw(2, 3, dtype=dtype), draw(2, 4, dtype=dtype)), 1)
    add("gather", draw(5, 4, dtype=dtype).T, indices(5, 3, 6), 1)
    add("first_outside", indices(5, 9), 0, 5)
    add("first_outside", indices(9, 9), -5, 5)


def matrices(add, draw, dtype):
    a, b = draw(4, 6, dtype=dtype), draw(6, 5, dtype=dtype)
    add("matmul", a, b)
    add("matmul", draw(6, 4, dtype=dtype).T, b, np.empty((4, 5), dtype))
    add("matmul", draw(6, dtype=dtype), b)
    add("matmul", a, draw(12, dtype=dtype)[::2])
    add("matmul", draw(3, 1, 4, 6, dtype=dtype), draw(2, 6, 5, dtype=dtype))
    add("matmul", draw(7, 4, 6, dtype=dtype), b)
    add("matmul", draw(65, 130, dtype=dtype), draw(130, 70, dtype=dtype))
    add("linear", a, draw(5, 6, dtype=dtype), draw(5, dtype=dtype), 1)
    add("linear", draw(2, 3, 6, dtype=dtype), draw(5, 6, dtype=dtype), None, 0)
    add("addmm", draw(5, dtype=dtype), a, b, 0.5)
    add("addmm", draw(4, 1, dtype=dtype), a, b, 1.0)


def last(a):
    """The array in channels-last order."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)


def convolutions(add, draw, dtype):
    x, w, bias = draw(2, 4, 7, 6, dtype=dtype), draw(6, 2, 3, 2, dtype=dtype), draw(6, dtype=dtype)
    geometry = ((2, 1), (1, 0), (1, 2), 2)
    add("conv", x, w, bias, *geometry, False)
    g = _native.conv(x, w, bias, *geometry, False)
    add("conv_grad_input", g, w, None, x.shape, *geometry)
    add("conv_grad_weight", g, x, w.shape, *geometry)
    for rank, size, kernel in (
        (1, (9,), (3,)),
        (2, (10, 11), (1, 1)),
        (3, (4, 5, 4), (2, 2, 2)),
        (2, (16, 16), (3, 3)),
    ):
        x, w = draw(3, 8, *size, dtype=dtype), draw(5, 8, *kernel, dtype=dtype)
        geometry = ((1,) * rank, (0,) * rank, (1,) * rank, 1)
        add("conv", x, w, None, *geometry, True)
        g = _native.conv(x, w, None, *geometry, False)
        add("conv_grad_input", g, w, draw(8, dtype=dtype), x.shape, *geometry)
        add("conv_grad_weight", g, x, w.shape, *geometry)
        add("conv", last(x), w, draw(5, dtype=dtype), *geometry, True)
        add("conv_grad_input", last(g), w, draw(8, dtype=dtype), x.shape, *geometry)
        add("conv_grad_weight", last(g), last(x), w.shape, *geometry)
    x, w = draw(2, 6, 8, 8, dtype=dtype), draw(6, 1, 3, 3, dtype=dtype)
    geometry = ((1, 1), (1, 1), (1, 1), 6)
    add("conv", x, w, None, *geometry, False)
    add("conv_grad_input", x, w, None, x.shape, *geometry)
    add("conv_grad_weight", x, x, w.shape, *geometry)


def pools(add, draw, indices, dtype):
    for x, kernel, stride, padding, dilation, out in (
        (draw(2, 3, 7, 6, dtype=dtype), (3, 2), (2, 2), (1, 0), (1, 2), (4, 2)),
        (draw(3, 9, dtype=dtype), (2,), (2,), (0,), (1,), (4,)),
        (draw(2, 4, 5, 4, dtype=dtype), (2, 2, 2), (1, 2, 2), (1, 1, 1), (1, 1, 1), (5, 3, 3)),
        (draw(2, 2, 8, 8, dtype=dtype), (2, 2), (2, 2), (0, 0), (1, 1), (4, 4)),
        (draw(1, 1, 40, 40, dtype=dtype), (20, 20), (5, 5), (0, 0), (1, 1), (5, 5)),  # taps of 32 bits
    ):
        size = x.shape[-len(kernel) :]
        window = (kernel, stride, padding, dilation)
        add("max_pool", x, *window, out)
        y, taps = _native.max_pool(x, *window, out)
        add("max_pool_grad", y, taps, *window, size)
        add("max_pool_take", x, taps, *window)
        add("max_pool_indices", taps, *window, size)
        if max(dilation) == 1:
            add("avg_pool", x, kernel, stride, padding, out, True, 0)
            add("avg_pool_grad", y, kernel, stride, padding, size, False, 3)
        for a, b, t in ((x, y, taps), (last(x), last(y), last(taps))):
            add("max_pool", a, *window, out)
            add("max_pool_grad", b, t, *window, size)
            add("max_pool_indices", t, *window, size)
            if max(dilation) == 1:
                add("avg_pool", a, kernel, stride, padding, out, False, 0)
                add("avg_pool_grad", b, kernel, stride, padding, size, True, 0)
            add("adaptive_avg_pool", a, out)
            add("adaptive_avg_pool_grad", b, size)
            add("adaptive_max_pool", a, out)
        add("adaptive_max_pool", x, out)
        flat = _native.max_pool_indices(taps, *window, size)
        add("gather_planes", x, flat, len(kernel))
        add("scatter_planes", y, flat, size)


def norms(add, draw, dtype):
    for shape in ((4, 3, 5, 7), (6, 5), (2, 3, 129)):
        x, grad, C = draw(*shape, dtype=dtype), draw(*shape, dtype=dtype), shape[1]
        weight, bias, mean, var = (draw(C, dtype=dtype) for _ in range(4))
        add("batch_stats", x)
        add("batch_norm_train", x, weight, bias, 1e-5, mean, var, 0.1)
        add("batch_norm_train", x, None, None, 1e-5, None, None, 0.1)
        add("batch_norm_apply", x, mean, var, weight, bias)
        add("batch_norm_grad", grad, x, mean, var, weight, True, True, True, True)
        add("batch_norm_grad", grad, x, mean, var, None, False, True, False, False)
        if len(shape) == 4:
            add("batch_stats", last(x))
            add("batch_norm_train", last(x), weight, bias, 1e-5, mean, var, 0.1)
            add("batch_norm_apply", last(x), mean, var, weight, bias)
            add("batch_norm_grad", grad, last(x), mean, var, weight, True, True, True, True)
        for axes in (1, len(shape)):
            D = int(np.prod(shape[-axes:]))
            weight, bias = draw(D, dtype=dtype), draw(D, dtype=dtype)
            add("layer_norm", x, weight, bias, axes, 1e-5)
            _, mean_rows, rstd = _native.layer_norm(x, None, None, axes, 1e-5)
            add("layer_norm_grad", grad, x, mean_rows, rstd, weight, axes, True, True, True)


def losses(add, draw, indices, dtype):
    for shape in ((6, 5), (2, 4, 3, 2), (40, 300)):
        x, target = draw(*shape, dtype=dtype), indices(shape[1], shape[0], *shape[2:])
        weight, samples = draw(shape[1], dtype=dtype), target.size
        total = np.array(samples, dtype)
        one, each = np.array(1, dtype), draw(*target.shape, dtype=dtype)
        for axis in range(len(shape)):
            for name in ("softmax", "log_softmax"):
                add(name, x, axis)
                add(f"{name}_grad", x, x, axis)
        for reduction in (0, 1, 2):
            add("cross_entropy", x, target, weight, -100, 0.1, reduction)
            add("nll_loss", x, target, None, 1, reduction)
        add("cross_entropy_grad", one, x, target, weight, each, total, -100, 0.1)
        add("cross_entropy_grad", each, x, target, None, each, None, 1, 0.0)
        add("nll_loss_grad", one, x, target, weight, total, -100)
        add("nll_loss_grad", each, x, target, None, None, 1)
    for kind in range(4):
        x, y = draw(3, 5, dtype=dtype), draw(3, 5, dtype=dtype)
        for reduction in (0, 1, 2):
            add("pair_loss", x, y, kind, 0.5, reduction)
        add("pair_loss_grad", np.array(1, dtype), x, y, kind, 0.5, 0.25)
        add("pair_loss_grad", x, x, y, kind, 0.5, 1.0)


def random_numbers(add, draw, dtype):
    generator = _native.random_new(7)
    add("random_new", 3)
    add("random_seed", generator, 5)
    add("random_initial_seed", generator)
    add("random_get_state", generator)
    add("random_set_state", generator, _native.random_get_state(generator))
    for n in (5, 17, 700):
        out, wide, whole = np.empty(n, dtype), np.empty(n), np.empty(n, np.int64)
        add("random_uniform", generator, out, 0.0, 1.0)
        if n >= 16:
            add("random_normal_blocks", generator, out, 0.0, 1.0)
        for name in ("random_normal_pairs", "random_log_normal", "random_cauchy"):
            add(name, generator, wide, 0.0, 1.0)
        for name in ("random_exponential", "random_geometric"):
            add(name, generator, wide, 0.5)
        for target in (out, np.empty(n, np.uint8)):
            add("random_bernoulli", generator, target, 0.5, 1.0)
        add("random_bernoulli_each", generator, np.empty(n, np.uint8), draw(n, dtype=dtype))
        add("random_integers", generator, whole, 10, -3)
        add("random_integers", generator, whole, 0, 0)
        add("random_bits", generator, whole, 1 << 24, n == 17)
        add("random_permutation", generator, whole)
        add("random_poisson", generator, wide, draw(n, dtype=np.float64) * 30)
    add("random_categorical", generator, np.empty((2, 3), np.int64), np.cumsum(np.full((2, 4), 0.25), 1))


def steps(add, draw, dtype):
    def arrays():
        return [draw(*shape, dtype=dtype) for shape in ((3, 4), (5,), (), (0, 2), (40, 1000))]

    n = len(arrays())
    add("sgd_step", arrays(), arrays(), arrays(), [True, False] * (n // 2) + [True], 0.1, 0.9, 0.1, 0.01, False, False)
    add("sgd_step", arrays(), arrays(), None, None, 0.1, 0.0, 0.0, 0.0, False, True)
    counts = [np.array(1, dtype) for _ in range(n)]
    rates = (1e-3, 0.9, 0.999, 1e-8, 0.01)
    add("adam_step", arrays(), arrays(), arrays(), arrays(), arrays(), counts, *rates, True, False)
    add("adam_step", arrays(), arrays(), arrays(), arrays(), None, counts, *rates, False, True)


def movement(add, draw):
    x = draw(3, 4, 5)
    for a in (x, x.T, x[:, ::2], x[::-1], np.array(1.5), np.zeros((0, 3, 2)), x > 0.5, x.astype("c16")):
        add("as_strided", a, a.shape, tuple(abs(s) // a.itemsize for s in a.strides), 0)
        add("storage_offset", a)
        add("expand", a, (2, *a.shape))
        add("permute", a, tuple(range(a.ndim))[::-1])
        add("view_or_none", a, (a.size,))
        add("unsqueeze", a, a.ndim)
        add("copy", np.empty(a.shape, a.dtype), a)
        add("copy", np.empty(a.shape, np.float64), a.real)
        for name in ("is_dense", "is_channels_last", "suggests_channels_last"):
            add(name, a)
        add("empty_as_laid_out", a, a.dtype)
        add("laid_out", a, a, a.T if a.ndim < 2 else a[:1])
        if a.ndim > 1 and a.size:
            add("view", np.ascontiguousarray(a), (1, a.size))
            add("t", a[0])
            add("unsqueeze", a, 1)
            add("select", a, 1, -1)
            add("slice", a, 0, 2, 0, -1)
            add("slice", a, 1, 0, 4, 2)
            add("expand", a[:1], a.shape)
            add("copy", np.empty(a.shape[::-1], a.dtype).T, a)

    for a in (
        draw(2, 3, 4, 5),
        last(draw(2, 3, 4, 5)),
        draw(2, 3, 4, 5)[:, ::2],
        draw(2, 3, 2, 4, 5),
        draw(2, 0, 1, 3),
    ):
        add("channels_last", a)
        add("is_channels_last", a)
        add("suggests_channels_last", a)
        add("empty_channels_last", a.shape, a.dtype)


def autograd_calls(add, draw):
    def leaf(*shape):
        return rushlight.tensor(draw(*shape).tolist(), requires_grad=True)

    x, y = leaf(3, 4), leaf(4)
    single, several = ((x * y) @ leaf(4, 2)).exp(), rushlight.max(x * 2, 1)[0]
    loss = (single.sum() + several.sum()) * 2
    for tensor in (x, single, several, loss):
        add("edge_of", tensor)
        add("wrap", tensor._array)
    add("one_like", loss._array)
    add("one_like", np.ones((1, 1)))
    add("one_like", np.ones(3, np.int32))
    add("accumulate_grad", leaf(3, 4), draw(3, 4), False)
    add("accumulate_grad", leaf(3, 4), rushlight.ones(3, 4), True)
    add("differentiate", single._node.op, single._node, draw(3, 2), False)
    add("differentiate", single._node.op, single._node, rushlight.ones(3, 2), True)
    add("run_backward", (loss._node,), [np.array(1, np.float32)], True, False, None, True)
    add("run_backward", (loss._node,), [np.array(1, np.float32)], True, False, (x, y), False)
    add("run_backward", (loss._node,), [rushlight.ones(())], True, True, (x,), False)
    add("run_backward", (single._node, x, None), [draw(3, 2), draw(3, 4), None], True, False, None, True)
