"""Special functions under the names of torch.special.

Those that torch has too stand in rushlight/ops/special.py and its neighbours, the others in special_functions.py.
"""

from .arguments import checked
from .autograd.op import PUBLIC
from .ops import special_functions

_SHARED = {
    **{
        name: name
        for name in """digamma erf erfc erfinv exp2 expm1 i0 log1p log_softmax logit logsumexp polygamma round
        sinc softmax xlogy""".split()
    },
    "expit": "sigmoid",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "gammaln": "lgamma",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}
_OWN = """bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v
chebyshev_polynomial_w entr erfcx hermite_polynomial_h hermite_polynomial_he i0e i1 i1e laguerre_polynomial_l
legendre_polynomial_p log_ndtr modified_bessel_i0 modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 ndtr ndtri
scaled_modified_bessel_k0 scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u
shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w spherical_bessel_j0 xlog1py zeta""".split()

__all__ = sorted([*_SHARED, *_OWN])

globals().update(
    {name: checked(PUBLIC[source], f"special_{name}", module="rushlight.special") for name, source in _SHARED.items()}
)
globals().update(
    {name: checked(getattr(special_functions, name), f"special_{name}", module="rushlight.special") for name in _OWN}
)
