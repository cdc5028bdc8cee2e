"""Data types: `float32`, `int64`, ... and the rules by which operands of different types are combined."""

from __future__ import annotations

from typing import Any


class DType:
    """A tensor's element type. There is one object per type; compare with `is` or `==`."""

    __slots__ = ("name", "itemsize", "is_floating_point", "is_complex", "is_signed", "_rank", "legacy_name", "kind")

    def __init__(self, name: str, itemsize: int, kind: str, rank: int, legacy_name: str):
        self.name = name
        self.itemsize = itemsize
        self.is_floating_point = kind == "float"
        self.is_complex = kind == "complex"
        self.is_signed = kind not in ("bool", "uint")
        self._rank = rank  # category * 10 + width within it
        self.legacy_name = legacy_name  # as in FloatTensor
        self.kind = kind[0]  # b, u, i, f or c

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self):
        return (_by_name, (self.name,))

    def __copy__(self) -> DType:
        return self

    def __deepcopy__(self, memo) -> DType:
        return self

    @property
    def category(self) -> int:
        """0 bool, 1 integer, 2 floating point, 3 complex."""
        return self._rank // 10

    def to_real(self) -> DType:
        """The type of a complex type's parts; other types stay."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self) -> DType:
        """The complex type that holds this type's values."""
        if self.is_complex:
            return self
        return complex128 if self is float64 else complex64


DType.__name__ = DType.__qualname__ = "dtype"  # as it prints: <class 'torch.dtype'>
DType.__module__ = "torch"


def _by_name(name: str) -> DType:
    return ALL[name]


bool_ = DType("bool", 1, "bool", 0, "Bool")
uint8 = DType("uint8", 1, "uint", 10, "Byte")
int8 = DType("int8", 1, "int", 11, "Char")
int16 = DType("int16", 2, "int", 12, "Short")
uint16 = DType("uint16", 2, "uint", 13, "UInt16")
int32 = DType("int32", 4, "int", 14, "Int")
uint32 = DType("uint32", 4, "uint", 15, "UInt32")
int64 = DType("int64", 8, "int", 16, "Long")
uint64 = DType("uint64", 8, "uint", 17, "UInt64")
float16 = DType("float16", 2, "float", 20, "Half")
bfloat16 = DType("bfloat16", 2, "float", 21, "BFloat16")
float32 = DType("float32", 4, "float", 22, "Float")
float64 = DType("float64", 8, "float", 23, "Double")
complex64 = DType("complex64", 8, "complex", 30, "ComplexFloat")
complex128 = DType("complex128", 16, "complex", 31, "ComplexDouble")

ALL = {
    t.name: t
    for t in (bool_, uint8, int8, int16, uint16, int32, uint32, int64, uint64, float16, bfloat16, float32, float64)
    + (complex64, complex128)
}
ALIASES = {
    "float": float32,
    "double": float64,
    "half": float16,
    "long": int64,
    "int": int32,
    "short": int16,
    "cfloat": complex64,
    "cdouble": complex128,
}

_default = float32


def get_default_dtype() -> DType:
    """The floating-point type that creation functions and Python floats take; float32 at start."""
    return _default


def set_default_dtype(d: DType) -> None:
    """Set the type of `get_default_dtype`; TypeError unless it is a floating-point type."""
    global _default
    if not isinstance(d, DType):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def of_scalar(value: Any) -> DType:
    """The type a Python number becomes: bool, int64, the default float or its complex type."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return _default
    if isinstance(value, complex):
        return _default.to_complex()
    raise TypeError(f"expected a number, got {type(value).__name__}")


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest type that holds the values of both, as PyTorch defines it (float16 with bfloat16 gives float32)."""
    if type1 is type2:
        return type1
    low, high = (type1, type2) if type1._rank <= type2._rank else (type2, type1)
    if high.is_complex:
        return complex128 if float64 in (low, high) or complex128 in (low, high) else high
    if high.is_floating_point:
        return float32 if (low is float16 and high is bfloat16) else high
    if low is bool_ or low.is_signed == high.is_signed:
        return high
    signed, unsigned = (low, high) if low.is_signed else (high, low)
    if unsigned is not uint8:
        raise RuntimeError(
            f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{type1.legacy_name} and {type2.legacy_name}"
        )
    return int16 if signed is int8 else signed


def _combine(higher: DType | None, lower: DType | None) -> DType | None:
    """Operands of lower priority decide only when they are of a higher category."""
    if higher is None or lower is None:
        return higher or lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if higher is bool_ or lower.category >= 2:
        return promote_types(higher, lower)
    return higher


def result_type_of(dimensioned: DType | None, zero_dim: DType | None, number: DType | None) -> DType:
    """Result type from the promoted types of tensors with dimensions, tensors without, and Python numbers."""
    result = _combine(dimensioned, _combine(zero_dim, number))
    assert result is not None
    return result


def can_cast(from_: DType, to: DType) -> bool:
    """Whether a result of type `from_` may be written into a tensor of type `to`."""
    if from_.category > to.category:
        return False
    return not (from_.category == 1 and to is bool_)


def dtype_title(dtype: DType) -> str:
    """'Float', 'Long', ...: how PyTorch's messages name a type."""
    return dtype.legacy_name


def dtype_word(dtype: DType) -> str:
    """'float', 'long int', ...: the C name, as some of PyTorch's messages have it."""
    return _WORDS[dtype.name]


_WORDS = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "uint16": "unsigned short",
    "uint32": "unsigned int",
    "uint64": "unsigned long",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


class FInfo:
    """Numeric limits of a floating-point type: `finfo(float32).eps`."""

    _TABLE = {
        "float16": (16, 2.0**-10, 65504.0, 2.0**-14, 2.0**-24, 0.001),
        "bfloat16": (16, 2.0**-7, 3.3895313892515355e38, 2.0**-126, 2.0**-133, 0.01),
        "float32": (32, 2.0**-23, 3.4028234663852886e38, 2.0**-126, 2.0**-149, 1e-06),
        "float64": (64, 2.0**-52, 1.7976931348623157e308, 2.0**-1022, 5e-324, 1e-15),
    }

    def __init__(self, dtype: DType | None = None):
        dtype = (dtype or _default).to_real()
        if not dtype.is_floating_point:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{dtype}'")
        self.dtype = dtype.name
        self.bits, self.eps, self.max, self.tiny, self.smallest_subnormal, self.resolution = self._TABLE[dtype.name]
        self.min = -self.max
        self.smallest_normal = self.tiny

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class IInfo:
    """Numeric limits of an integer type: `iinfo(int64).max`."""

    def __init__(self, dtype: DType):
        if dtype.category != 1:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{dtype}'")
        self.dtype = dtype.name
        self.bits = dtype.itemsize * 8
        self.min = -(1 << (self.bits - 1)) if dtype.is_signed else 0
        self.max = (1 << (self.bits - dtype.is_signed)) - 1

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
