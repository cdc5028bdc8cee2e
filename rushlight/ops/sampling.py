"""Tensors of random numbers: rand, randn, randint, ... and the methods that refill a tensor: uniform_, normal_, ...

Numbers come from `generator=`, or from the default generator, in PyTorch's order: same seed, same numbers.
"""

from __future__ import annotations

import operator
import warnings
from typing import Any

from .. import devices, dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, OpType, cpu, public
from ..dtypes import dtype_title, dtype_word
from ..layouts import order_of
from ..random import handle_of
from ..tensor import Tensor
from .result import into
from .shape import expand_method

_xp: Any = cpu
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1


# -- refilling in place ------------------------------------------------------------------------------------------------


def _forward(xp, input, *, draw, out):
    if xp.overlaps_itself(out):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    draw(out)
    return out


def zeros_like_gradient(xp, g):
    """Zeros of g's shape, whatever g holds."""
    return xp.mul(g, 0.0) if xp.differentiable else xp.zeros(g.shape, g.dtype)


def _zero_gradient(xp, g, saved, need, *, draw):
    return (zeros_like_gradient(xp, g),)


def _refill(kind: str):
    """An op that overwrites its input with `draw(array)`; the old value gets a gradient of zeros."""
    body = {"save": (), "out": True, "grad_name": kind, "forward": _forward, "backward": _zero_gradient}
    return OpType(f"refill_{kind}", (Op,), body)


_UNIFORM, _NORMAL, _LOG_NORMAL = _refill("UniformBackward0"), _refill("NormalBackward0"), _refill("LogNormalBackward0")
_EXPONENTIAL, _GEOMETRIC = _refill("ExponentialBackward0"), _refill("GeometricBackward0")
_CAUCHY = _refill("CauchyBackward0")
_RANDOM_RANGE, _RANDOM_TO, _RANDOM = (_refill(f"RandomBackward{i}") for i in range(3))
_BERNOULLI_EACH, _BERNOULLI = _refill("BernoulliBackward1"), _refill("BernoulliBackward2")


def _not_implemented(kernel: str, dtype) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(dtype)}'")


def _require_floating(dtype, kernel: str, complex_too: bool = False) -> None:
    if not (dtype.is_floating_point or (complex_too and dtype.is_complex)):
        raise _not_implemented(kernel, dtype)


def _numbers(op: str, names: tuple[str, ...], defaults: tuple, args: tuple, kwargs: dict) -> list[float]:
    """The float arguments `names`, by position or keyword (`from` is no name that Python lets a function declare)."""
    if not kwargs and len(args) == len(names) and all([type(value) is float for value in args]):
        return list(args)
    if len(args) > len(names):
        raise TypeError(f"{op}() takes {len(names)} positional arguments but {len(args)} were given")
    values = [*args, *defaults[len(args) :]]
    for key, value in kwargs.items():
        if key not in names or names.index(key) < len(args):
            raise TypeError(f"{op}() got an unexpected or repeated keyword argument '{key}'")
        values[names.index(key)] = value
    return [_number(op, names[i], i, value) for i, value in enumerate(values)]


def _number(op: str, name: str, position: int, value) -> float:
    several = isinstance(value, Tensor) and value._array.size != 1
    if value is None or isinstance(value, (str, bytes)) or not hasattr(value, "__float__") or several:
        if several or not hasattr(value, "__index__"):
            raise TypeError(
                f"{op}(): argument '{name}' (position {position + 1}) must be float, not {type(value).__name__}"
            )
    return float(value)


def _text(value: float) -> str:
    return f"{value:g}"


def _check_uniform(tensor: Tensor, low: float, high: float) -> None:
    dtype = tensor.dtype
    if dtype.is_floating_point and -1e4 <= low <= high <= 1e4:  # fits every type
        return
    if dtype.is_complex:
        dtype = dtype.to_real()
    elif not dtype.is_floating_point:
        raise _not_implemented("check_uniform_bounds", dtype)
    limit = dtypes.FInfo(dtype).max
    for name, value in (("from", low), ("to", high)):
        if not -limit <= value <= limit:
            raise RuntimeError(f"uniform_: {name} is out of bounds for {dtype_word(dtype)}, got {_text(value)}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={_text(low)} > to={_text(high)}"
        )
    if high - low > limit:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype_title(dtype)}>::max(), but found to={_text(high)} "
            f"and from={_text(low)} which result in to-from to exceed the limit"
        )


@public(method="uniform_", function=False)
def uniform_(self: Tensor, *args, generator=None, **kwargs) -> Tensor:
    """`uniform_(from=0, to=1)`: overwrite with numbers uniform in [from, to).

    Errors: RuntimeError for from > to, limits beyond the dtype's; NotImplementedError for integer dtypes.
    """
    low, high = _numbers("uniform_", ("from", "to"), (0.0, 1.0), args, kwargs)
    _check_uniform(self, low, high)
    handle = handle_of(generator, "uniform_")
    return apply_inplace(_UNIFORM, self, draw=lambda a: _xp.fill_uniform(a, low=low, high=high, generator=handle))


def _check_std(std: float) -> None:
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {_text(std)}")


@public(method="normal_", function=False)
def normal_(self: Tensor, mean=0.0, std=1.0, *, generator=None) -> Tensor:
    """Overwrite with normal numbers. Errors: RuntimeError for std < 0; NotImplementedError for integer dtypes."""
    mean, std = _number("normal_", "mean", 0, mean), _number("normal_", "std", 1, std)
    _check_std(std)
    if self._array.size:
        _require_floating(self.dtype, "normal_kernel_cpu", complex_too=True)
    handle = handle_of(generator, "normal_")
    return apply_inplace(_NORMAL, self, draw=lambda a: _xp.fill_normal(a, mean=mean, std=std, generator=handle))


@public(method="log_normal_", function=False)
def log_normal_(self: Tensor, mean=1.0, std=2.0, *, generator=None) -> Tensor:
    """Overwrite with exp of normal numbers. Errors: RuntimeError for std <= 0; NotImplementedError for integers."""
    mean, std = _number("log_normal_", "mean", 0, mean), _number("log_normal_", "std", 1, std)
    if not std > 0.0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={_text(std)}")
    _require_floating(self.dtype, "log_normal_cpu")
    handle = handle_of(generator, "log_normal_")
    return apply_inplace(_LOG_NORMAL, self, draw=lambda a: _xp.fill_log_normal(a, mean=mean, std=std, generator=handle))


@public(method="exponential_", function=False)
def exponential_(self: Tensor, lambd=1.0, *, generator=None) -> Tensor:
    """Overwrite with exponential numbers of rate `lambd`. Errors: RuntimeError for lambd <= 0 and integer dtypes."""
    rate = _number("exponential_", "lambd", 0, lambd)
    if not rate > 0.0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={_text(rate)}")
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {dtype_title(self.dtype)}"
        )
    handle = handle_of(generator, "exponential_")
    return apply_inplace(_EXPONENTIAL, self, draw=lambda a: _xp.fill_exponential(a, rate=rate, generator=handle))


@public(method="geometric_", function=False)
def geometric_(self: Tensor, p, *, generator=None) -> Tensor:
    """Overwrite with the number of trials up to the first success of probability p.

    Errors: RuntimeError unless 0 < p < 1; NotImplementedError for bool and complex dtypes.
    """
    p = _number("geometric_", "p", 0, p)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={_text(p)}")
    if self.dtype.is_complex or self.dtype is dtypes.bool_:
        raise _not_implemented("geometric_cpu", self.dtype)
    handle = handle_of(generator, "geometric_")
    return apply_inplace(_GEOMETRIC, self, draw=lambda a: _xp.fill_geometric(a, p=p, generator=handle))


@public(method="cauchy_", function=False)
def cauchy_(self: Tensor, median=0.0, sigma=1.0, *, generator=None) -> Tensor:
    """Overwrite with Cauchy numbers. Errors: RuntimeError for sigma <= 0 and for integer dtypes."""
    median, sigma = _number("cauchy_", "median", 0, median), _number("cauchy_", "sigma", 1, sigma)
    if not sigma > 0.0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={_text(sigma)}")
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {dtype_word(self.dtype)}"
        )
    handle = handle_of(generator, "cauchy_")
    return apply_inplace(_CAUCHY, self, draw=lambda a: _xp.fill_cauchy(a, median=median, sigma=sigma, generator=handle))


@public(method="bernoulli_", function=False)
def bernoulli_(self: Tensor, p=0.5, *, generator=None) -> Tensor:
    """Overwrite with 1 with probability p (a number, or a tensor that expands to this one's shape), else 0.

    Errors: RuntimeError for p outside [0, 1]; NotImplementedError for complex tensors and integer p tensors.
    """
    handle = handle_of(generator, "bernoulli_")
    if isinstance(p, Tensor):
        expand_method(p.detach(), *self.shape)
        probabilities = check_probabilities(p)
        if self.dtype.is_complex:
            raise _not_implemented("bernoulli_tensor_cpu_self_", self.dtype)
        return apply_inplace(
            _BERNOULLI_EACH, self, draw=lambda a: _xp.fill_bernoulli_each(a, probabilities, generator=handle)
        )
    p = _number("bernoulli_", "p", 0, p)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={_text(p)}")
    if self.dtype.is_complex:
        raise _not_implemented("bernoulli_scalar_cpu_", self.dtype)
    return apply_inplace(_BERNOULLI, self, draw=lambda a: _xp.fill_bernoulli(a, p=p, generator=handle))


def check_probabilities(p: Tensor):
    """The array of `p`; errors unless it is of a floating-point type with values in [0, 1]."""
    if not p.dtype.is_floating_point:
        raise _not_implemented("bernoulli_tensor_cpu_p_", p.dtype)
    if not _xp.all_between(p._array, low=0.0, high=1.0):
        raise RuntimeError(
            "bernoulli: Expected p_in >= 0 && p_in <= 1 to be true, but got a probability outside [0, 1]"
        )
    return p._array


@public(method="random_", function=False)
def random_(self: Tensor, *args, generator=None, **kwargs) -> Tensor:
    """`random_()`, `random_(to)`, `random_(from, to=None)`: overwrite with integers of [from, to).

    Without limits: of [0, largest value] for integer dtypes, [0, 2**digits] for floating-point ones.
    Errors: RuntimeError for from >= to and for limits beyond the dtype's.
    """
    handle = handle_of(generator, "random_")
    if self.dtype.is_complex:
        raise _not_implemented("random_kernel_cpu", self.dtype)
    values = dict(zip(("to",) if len(args) == 1 else ("from", "to"), args), **kwargs)
    if len(args) == 1 and "to" in kwargs:
        values = {"from": args[0], "to": kwargs["to"]}
    if len(args) > 2 or values.keys() - {"from", "to"}:
        raise TypeError(f"random_(): expected (), (to) or (from, to), got {args} and {kwargs}")
    if not values:
        if self.dtype.category == 1 and not self.dtype.is_signed and self.dtype is not dtypes.uint8:
            raise _not_implemented("random_kernel_cpu", self.dtype)
        return apply_inplace(_RANDOM, self, draw=lambda a: _xp.fill_bits(a, generator=handle))
    one_sided = "from" not in values
    low = 0 if one_sided else _limit("from", values["from"])
    high = values.get("to")
    if high is not None:
        high = _limit("to", high)
    low, high = integer_range(self.dtype, low, high)
    op = _RANDOM_TO if one_sided else _RANDOM_RANGE
    return apply_inplace(op, self, draw=lambda a: _xp.fill_integers(a, low=low, high=high, generator=handle))


def _limit(name: str, value) -> int:
    """A limit of random_."""
    if isinstance(value, bool):
        raise TypeError(f"random_(): argument '{name}' must be int, not bool")
    value = _integer("random_", name, value)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"random_(): Overflow when unpacking long long: {name}={value}")
    return value


def _integer(op: str, name: str, value) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op}(): argument '{name}' must be int, not {type(value).__name__}") from None


def integer_range(dtype, low: int, high: int | None) -> tuple[int, int]:
    """[low, high) as PyTorch draws it in `dtype`: checked, and moved to values a floating-point type can hold."""
    floating = dtype.is_floating_point
    if high is None:
        if low == _INT64_MIN:
            if not (dtype is dtypes.int64 or (floating and dtype is not dtypes.float16)):
                raise RuntimeError(
                    "random_: all 64 bits can be drawn only for int64, double, float and bfloat16, "
                    f"got {dtype_word(dtype)}"
                )
            return low, low + (1 << 64)
        last = _largest(dtype)
        if floating:
            low = _inside_low(low, dtype)
            if low >= last:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but "
                    f"got from={low} > to_inc={last}"
                )
        _check_limits(dtype, low, last)
        return low, last + 1
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if floating:
        low, high = _inside_low(low, dtype), _inside_high(high, dtype)
        if low >= high:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                f"from={low} >= to={high}"
            )
    _check_limits(dtype, low, high - 1)
    return low, high


def _largest(dtype) -> int:
    if dtype is dtypes.bool_:
        return 1
    return min(dtypes.IInfo(dtype).max, _INT64_MAX) if dtype.category == 1 else 1 << _DIGITS[dtype.name]


def _check_limits(dtype, first: int, last: int) -> None:
    if dtype.is_floating_point:
        least, most = -dtypes.FInfo(dtype).max, dtypes.FInfo(dtype).max
    elif dtype is dtypes.bool_:
        least, most = 0, 1
    else:
        least, most = dtypes.IInfo(dtype).min, dtypes.IInfo(dtype).max
    for name, value in (("from", first), ("to - 1", last)):
        if not least <= value <= most:
            raise RuntimeError(f"random_: {name} is out of bounds for {dtype_word(dtype)}, got {value}")
        if dtype.is_floating_point and abs(value) > 1 << _DIGITS[dtype.name]:
            digits = _DIGITS[dtype.name]
            warnings.warn(
                f"random_: {name} is out of bounds [-(2^{digits}), 2^{digits}]: {dtype_word(dtype)} cannot hold every "
                f"integer of a wider range, got {value}",
                stacklevel=4,
            )


def _rounded(value: int, dtype) -> int:
    """`value` after a cast to `dtype` (float32 first for the narrower ones) and back."""
    for digits in (24, _DIGITS[dtype.name]) if dtype.itemsize == 2 else (_DIGITS[dtype.name],):
        excess = max(abs(value).bit_length() - digits, 0)
        half, sign = (1 << excess) >> 1, -1 if value < 0 else 1
        quotient, rest = divmod(abs(value), 1 << excess)
        if excess and (rest > half or (rest == half and quotient & 1)):
            quotient += 1
        value = sign * (quotient << excess)
    if dtype is dtypes.float16 and abs(value) >= 1 << 16:
        return _INT64_MIN  # infinity
    return value


def _inside_low(low: int, dtype) -> int:
    """The least value >= low whose successors stay >= low in `dtype`."""
    after = _rounded(low + 1, dtype)
    if after < low:
        return after + (1 << max(abs(low + 1).bit_length() - _DIGITS[dtype.name], 0))
    return low


def _inside_high(high: int, dtype) -> int:
    """The excluded end moved down so that no cast reaches it."""
    before = _rounded(high - 1, dtype)
    if before >= high:
        return before - (1 << max(abs(high - 1).bit_length() - _DIGITS[dtype.name], 0))
    return high


# -- new tensors -------------------------------------------------------------------------------------------------------


def _shape(op: str, size: tuple) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence; RuntimeError for a negative one."""
    if len(size) == 1 and not isinstance(size[0], int) and not hasattr(size[0], "__index__"):
        size = tuple(size[0])
    try:
        shape = tuple([operator.index(n) for n in size])
    except TypeError:
        raise TypeError(f"{op}(): argument 'size' must be tuple of ints, got {size!r}") from None
    for n in shape:
        if n < 0:
            raise RuntimeError(f"{op}: Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def _sized(op: str, args: tuple, kwargs: dict) -> tuple[int, ...]:
    if not kwargs and args:
        return _shape(op, args)
    if "size" in kwargs:
        args = (*args, kwargs.pop("size"))
    if kwargs:
        raise TypeError(f"{op}() got an unexpected keyword argument '{next(iter(kwargs))}'")
    if not args:
        raise TypeError(f"{op}() received an invalid combination of arguments: expected sizes, got none")
    return _shape(op, args)


def _filled(shape, dtype, device, requires_grad, out, fill) -> Tensor:
    """A new tensor that `fill(array)` has filled, or `out` with those numbers."""
    if device is not None:
        devices.check(device)
    if out is not None and out._array.shape == shape and not out.requires_grad:
        return apply_inplace(_NORMAL, out, draw=fill)
    array = _xp.empty(shape, _xp.to_engine_dtype(dtype))
    fill(array)
    tensor = Tensor._wrap(array)
    if out is not None:
        return into(out, tensor)
    return tensor.requires_grad_() if requires_grad else tensor


def _dtype(dtype, out, default=None) -> dtypes.DType:
    """The dtype to draw in: that of `out`, the one asked for (Python's types too), or the default."""
    if out is not None:
        return out.dtype
    if dtype is None:
        return default or dtypes.get_default_dtype()
    return {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool_, complex: dtypes.complex128}.get(dtype, dtype)


def _unit_uniforms(dtype, generator, op: str):
    _require_floating(dtype, "check_uniform_bounds", complex_too=True)
    handle = handle_of(generator, op)
    return lambda array: _xp.fill_uniform(array, low=0.0, high=1.0, generator=handle)


def normals(dtype, generator, op: str, mean: float = 0.0, std: float = 1.0):
    """A function that fills an array of `dtype` with normal numbers."""
    _require_floating(dtype, "normal_kernel_cpu", complex_too=True)
    handle = handle_of(generator, op)
    return lambda array: _xp.fill_normal(array, mean=mean, std=std, generator=handle)


def _integers(dtype, generator, op: str, low: int, high: int):
    if dtype.is_complex:
        raise _not_implemented("random_kernel_cpu", dtype)
    low, high = integer_range(dtype, low, high)
    handle = handle_of(generator, op)
    return lambda array: _xp.fill_integers(array, low=low, high=high, generator=handle)


@public()
def rand(
    *size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **kw
):
    """Uniform in [0, 1), of a floating-point or complex dtype (the default one if not given)."""
    shape = _sized("rand", size, kw)
    dtype = _dtype(dtype, out)
    return _filled(shape, dtype, device, requires_grad, out, _unit_uniforms(dtype, generator, "rand"))


@public()
def randn(
    *size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **kw
):
    """Standard normal, of a floating-point or complex dtype (the default one if not given)."""
    shape = _sized("randn", size, kw)
    dtype = _dtype(dtype, out)
    return _filled(shape, dtype, device, requires_grad, out, normals(dtype, generator, "randn"))


@public()
def randint(
    *args, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **kw
):
    """`randint(low=0, high, size)`: integers of [low, high), int64 unless `dtype` says otherwise."""
    names = ("low", "high", "size") if "low" in kw or len(args) + ("size" in kw) == 3 else ("high", "size")
    given = dict(zip(names, args), **kw)
    if len(args) > 3 or given.keys() - {"low", "high", "size"} or not {"high", "size"} <= given.keys():
        raise TypeError(f"randint(): expected (high, size) or (low, high, size), got {args} and {kw}")
    low, high = _integer("randint", "low", given.get("low", 0)), _integer("randint", "high", given["high"])
    if hasattr(given["size"], "__index__") or isinstance(given["size"], (str, bytes, dict)):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(given['size']).__name__}")
    shape = _shape("randint", (given["size"],))
    dtype = _dtype(dtype, out, dtypes.int64)
    return _filled(shape, dtype, device, requires_grad, out, _integers(dtype, generator, "randint", low, high))


@public()
def randperm(
    n, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):
    """0 .. n-1 in random order, int64 unless `dtype` says otherwise.

    Errors: RuntimeError for n < 0 and for an n whose last value the dtype cannot hold.
    """
    n = _integer("randperm", "n", n)
    dtype = _dtype(dtype, out, dtypes.int64)
    _shape("randperm", (n,))
    if dtype is dtypes.bool_ or dtype.is_complex:
        raise _not_implemented("randperm", dtype)
    if n > 0 and n > (_largest(dtype) if dtype.category == 1 else _largest(dtype) + 1):
        raise RuntimeError(f"randperm: n cannot be greater than the largest {dtype_title(dtype)} value, got n={n}")
    handle = handle_of(generator, "randperm")
    return _filled((n,), dtype, device, requires_grad, out, lambda array: _xp.fill_permutation(array, generator=handle))


def require_tensor(op: str, input) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def _like(op: str, input: Tensor, dtype, device, requires_grad, memory_format, fill) -> Tensor:
    if device is not None:
        devices.check(device)
    kind = _xp.to_engine_dtype(dtype)
    order = order_of(memory_format, input._array.ndim, op)
    array = _xp.empty_like(input._array, dtype=kind, order=order)
    fill(array)
    tensor = input._like(Tensor._wrap(array))
    return tensor.requires_grad_() if requires_grad else tensor


@public()
def rand_like(
    input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None
) -> Tensor:
    """`rand` of the input's shape, dtype and memory order."""
    require_tensor("rand_like", input)
    dtype = _dtype(dtype, None, input.dtype)
    fill = _unit_uniforms(dtype, generator, "rand_like")
    return _like("rand_like", input, dtype, device, requires_grad, memory_format, fill)


@public()
def randn_like(
    input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None
) -> Tensor:
    """`randn` of the input's shape, dtype and memory order."""
    require_tensor("randn_like", input)
    dtype = _dtype(dtype, None, input.dtype)
    fill = normals(dtype, generator, "randn_like")
    return _like("randn_like", input, dtype, device, requires_grad, memory_format, fill)


@public()
def randint_like(
    input, *args, generator=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, **kw
) -> Tensor:
    """`randint_like(input, low=0, high)`: `randint` of the input's shape, dtype and memory order."""
    require_tensor("randint_like", input)
    given = dict(zip(("low", "high") if len(args) == 2 or "low" in kw else ("high",), args), **kw)
    if len(args) > 2 or given.keys() - {"low", "high"} or "high" not in given:
        raise TypeError(f"randint_like(): expected (input, high) or (input, low, high), got {args} and {kw}")
    low, high = (_integer("randint_like", name, given.get(name, 0)) for name in ("low", "high"))
    dtype = _dtype(dtype, None, input.dtype)
    fill = _integers(dtype, generator, "randint_like", low, high)
    return _like("randint_like", input, dtype, device, requires_grad, memory_format, fill)
