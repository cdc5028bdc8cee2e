"""How far two correct results may lie apart: rounding of each dtype times the length of the sums, nothing tuned."""

from __future__ import annotations

import numpy as np

EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def bound(dtype: str, length: int, magnitude: float, steps: float = 2.0) -> float:
    """eps * (sqrt of the sum's length, the random walk of roundings, capped below by 1) * magnitude * steps."""
    return EPS.get(dtype, 0.0) * max(1.0, float(np.sqrt(length))) * max(magnitude, 1e-30) * steps


def assert_close(ours: np.ndarray, theirs: np.ndarray, *, length: int = 1, steps: float = 4.0, what: str = "") -> None:
    """Same shape and dtype, equal NaN and inf, and within `bound` of the largest magnitude."""
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, expected {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, expected {theirs.dtype}"
    if ours.dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, theirs, err_msg=what)
        return
    wide = np.complex128 if ours.dtype.kind == "c" else np.float64
    a, b = ours.astype(wide), theirs.astype(wide)
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=f"{what}: NaN")
    special = ~np.isfinite(b)
    np.testing.assert_array_equal(a[special & ~np.isnan(b)], b[special & ~np.isnan(b)], err_msg=f"{what}: inf")
    a, b = a[~special], b[~special]
    if not a.size:
        return
    name = {"c8": "float32", "c16": "float64"}.get(ours.dtype.str[1:], ours.dtype.name)
    limit = bound(name, length, float(np.abs(b).max()), steps) + np.finfo(name).tiny
    worst = float(np.abs(a - b).max())
    assert worst <= limit, f"{what}: differs by {worst:.3g}, at most {limit:.3g} is rounding"
