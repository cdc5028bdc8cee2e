"""In-place forms of functions made of several ops; in-place methods that are functions too: exp_(x) is x.exp_()."""

from __future__ import annotations

from ..autograd.op import METHODS, PUBLIC, primitives
from ..dtypes import can_cast, dtype_title
from .index import renamed


def _inplace(name, grad_name):
    function = METHODS[name]

    def method(self, *args, **kwargs):
        result = function(primitives.clone(self), *args, **kwargs)
        if not can_cast(result.dtype, self.dtype):
            raise RuntimeError(
                f"result type {dtype_title(result.dtype)} can't be cast to the desired output type "
                f"{dtype_title(self.dtype)}"
            )
        return renamed(self.copy_(result), grad_name)

    method.__wrapped__ = function  # its signature
    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"In-place {name}."
    METHODS[name + "_"] = method


_inplace("heaviside", "NotImplemented")
_inplace("ldexp", "LdexpBackward0")
_inplace("mvlgamma", "MvlgammaBackward0")

for _name in """addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ clamp_ clamp_max_ clamp_min_ clip_ fill_ fix_
    index_put_ ldexp_ negative_ round_ zero_""".split():
    if _name in METHODS:
        PUBLIC[_name] = METHODS[_name]
