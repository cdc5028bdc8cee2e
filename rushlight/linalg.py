"""Linear algebra under the names of torch.linalg. The functions stand in rushlight/ops: factor, lu, solve,
matrix_functions, linalg (products) and statistics (vector_norm)."""

from .arguments import checked
from .errors import LinAlgError
from .ops.factor import cholesky, cholesky_ex, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from .ops.linalg import matmul
from .ops.lu import lu, lu_factor, lu_factor_ex, lu_solve
from .ops.matrix_functions import (
    cond,
    cross,
    diagonal,
    householder_product,
    matrix_exp,
    matrix_norm,
    matrix_power,
    multi_dot,
    norm,
    tensorinv,
    tensorsolve,
    vander,
    vecdot,
)
from .ops.solve import det, inv, inv_ex, lstsq, matrix_rank, pinv, slogdet, solve, solve_ex, solve_triangular
from .ops.statistics import vector_norm

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

for _name in __all__:
    if _name != "LinAlgError":
        globals()[_name] = checked(globals()[_name], _name, module=__name__, known_as="linalg_" + _name)
