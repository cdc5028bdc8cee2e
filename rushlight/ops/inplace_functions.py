"""In-place methods that are functions too: rushlight.exp_(x) is x.exp_()."""

from __future__ import annotations

from ..autograd.op import METHODS, PUBLIC

for _name in """addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ clamp_ clamp_max_ clamp_min_ clip_ fill_ fix_
    index_put_ ldexp_ negative_ round_ zero_""".split():
    if _name in METHODS:
        PUBLIC[_name] = METHODS[_name]
