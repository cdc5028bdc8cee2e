"""Plain NumPy pooling over the trailing axes: the oracle of native/kernels/pool."""

import itertools

import numpy as np


def _rows(a, count):
    return a.reshape(count, a.size // count if count else 0)


def _planes(a, nd):
    return a.reshape(int(np.prod(a.shape[: a.ndim - nd])), *a.shape[a.ndim - nd :])


def windows(size, out, kernel, stride, padding, dilation):
    """For every window along one axis, the list of (tap, position) that lie inside."""
    for j in range(out):
        cells = [(t, j * stride - padding + t * dilation) for t in range(kernel)]
        yield [(t, i) for t, i in cells if 0 <= i < size]


def _grid(shape, out, *params):
    axes = [list(windows(*p)) for p in zip(shape, out, *params, strict=True)]
    return zip(itertools.product(*[range(o) for o in out]), itertools.product(*axes), strict=True)


def max_pool(x, kernel, stride, padding, dilation, out):
    """(y, taps): the first maximum in tap order, the last NaN if any; tap -1 where no cell lies inside."""
    nd = len(kernel)
    planes, shape = _planes(x, nd), x.shape[x.ndim - nd :]
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    y = np.full((len(planes), *out), lowest, x.dtype)
    taps = np.full(y.shape, -1, np.int64)
    for o, axes in _grid(shape, out, kernel, stride, padding, dilation):
        cells = list(itertools.product(*axes))
        for p in range(len(planes)):
            for n, cell in enumerate(cells):
                v = planes[p][tuple(i for _, i in cell)]
                if n == 0:
                    taps[p][o] = np.ravel_multi_index([t for t, _ in cell], kernel)
                if v > y[p][o] or v != v:
                    y[p][o] = v
                    taps[p][o] = np.ravel_multi_index([t for t, _ in cell], kernel)
    lead = x.shape[: x.ndim - nd]
    return y.reshape(*lead, *out), taps.reshape(*lead, *out)


def max_pool_indices(taps, kernel, stride, padding, dilation, size):
    """Flat position of every winner inside its plane, -1 for tap -1."""
    out = taps.shape[taps.ndim - len(kernel) :]
    result = np.full(taps.shape, -1, np.int64)
    for index in np.ndindex(*taps.shape):
        if taps[index] < 0:
            continue
        steps = np.unravel_index(taps[index], kernel)
        o = index[taps.ndim - len(out) :]
        cell = [j * s - p + t * d for j, s, p, t, d in zip(o, stride, padding, steps, dilation, strict=True)]
        result[index] = np.ravel_multi_index(cell, size)
    return result


def scatter_planes(grad, positions, size):
    """grad summed onto `positions` of zero planes of shape `size`; positions outside are skipped."""
    nd = len(size)
    lead = grad.shape[: grad.ndim - nd]
    result = np.zeros((*lead, int(np.prod(size))), grad.dtype)
    count = int(np.prod(lead))
    flat, g, at = _rows(result, count), _rows(grad, count), _rows(positions, count)
    for p in range(count):
        inside = (at[p] >= 0) & (at[p] < flat.shape[1])
        np.add.at(flat[p], at[p][inside], g[p][inside])
    return result.reshape(*lead, *size)


def gather_planes(x, positions, nd):
    """x at `positions` of each plane, 0 for positions outside."""
    count = int(np.prod(x.shape[: x.ndim - nd]))
    flat, at = _rows(x, count), _rows(positions, count)
    inside = (at >= 0) & (at < flat.shape[1])
    values = np.take_along_axis(flat, np.where(inside, at, 0), axis=1)
    return np.where(inside, values, 0).astype(x.dtype).reshape(positions.shape)


def _avg_size(o, axes, shape, kernel, stride, padding, include, divisor):
    if divisor:
        return divisor
    if not include:
        return int(np.prod([len(a) for a in axes]))
    starts = [j * s - p for j, s, p in zip(o, stride, padding, strict=True)]
    rows = zip(starts, kernel, shape, padding, strict=True)
    return int(np.prod([min(start + k, size + p) - start for start, k, size, p in rows]))


def avg_pool(x, kernel, stride, padding, out, include, divisor):
    """Mean of every window: over the whole window cut at the padded input's end, or (not include) over cells inside."""
    nd = len(kernel)
    planes, shape = _planes(x, nd), x.shape[x.ndim - nd :]
    y = np.zeros((len(planes), *out), np.float64)
    for o, axes in _grid(shape, out, kernel, stride, padding, (1,) * nd):
        block = (slice(None), *(slice(a[0][1], a[-1][1] + 1) for a in axes))
        size = _avg_size(o, axes, shape, kernel, stride, padding, include, divisor)
        y[(slice(None), *o)] = _rows(planes[block], len(planes)).sum(1, dtype=np.float64) / size
    return y.astype(x.dtype).reshape(*x.shape[: x.ndim - nd], *out)


def avg_pool_grad(grad, kernel, stride, padding, shape, include, divisor):
    """The transpose of avg_pool."""
    nd = len(kernel)
    out = grad.shape[grad.ndim - nd :]
    planes = _planes(grad, nd)
    result = np.zeros((len(planes), *shape), np.float64)
    for o, axes in _grid(shape, out, kernel, stride, padding, (1,) * nd):
        block = (slice(None), *(slice(a[0][1], a[-1][1] + 1) for a in axes))
        size = _avg_size(o, axes, shape, kernel, stride, padding, include, divisor)
        result[block] += (planes[(slice(None), *o)] / size).reshape(-1, *(1,) * nd)
    return result.astype(grad.dtype).reshape(*grad.shape[: grad.ndim - nd], *shape)


def _adaptive(shape, out):
    axes = [[(j * i // o, -((-(j + 1) * i) // o)) for j in range(o)] for i, o in zip(shape, out, strict=True)]
    return zip(itertools.product(*[range(o) for o in out]), itertools.product(*axes), strict=True)


def adaptive_avg_pool(x, out):
    """Mean over windows floor(j in / out) .. ceil((j + 1) in / out)."""
    nd = len(out)
    planes, shape = _planes(x, nd), x.shape[x.ndim - nd :]
    y = np.zeros((len(planes), *out), np.float64)
    for o, axes in _adaptive(shape, out):
        block = planes[(slice(None), *(slice(*a) for a in axes))]
        y[(slice(None), *o)] = _rows(block, len(planes)).mean(1, dtype=np.float64)
    return y.astype(x.dtype).reshape(*x.shape[: x.ndim - nd], *out)


def adaptive_avg_pool_grad(grad, shape):
    """The transpose of adaptive_avg_pool."""
    nd = len(shape)
    out = grad.shape[grad.ndim - nd :]
    planes = _planes(grad, nd)
    result = np.zeros((len(planes), *shape), np.float64)
    for o, axes in _adaptive(shape, out):
        size = int(np.prod([b - a for a, b in axes]))
        result[(slice(None), *(slice(*a) for a in axes))] += (planes[(slice(None), *o)] / size).reshape(-1, *(1,) * nd)
    return result.astype(grad.dtype).reshape(*grad.shape[: grad.ndim - nd], *shape)


def adaptive_max_pool(x, out):
    """(y, flat positions) over the adaptive windows: first maximum, last NaN."""
    nd = len(out)
    planes, shape = _planes(x, nd), x.shape[x.ndim - nd :]
    y = np.zeros((len(planes), *out), x.dtype)
    at = np.zeros(y.shape, np.int64)
    for o, axes in _adaptive(shape, out):
        for p in range(len(planes)):
            best = None
            for cell in itertools.product(*[range(*a) for a in axes]):
                v = planes[p][cell]
                if best is None or v > planes[p][best] or v != v:
                    best = cell
            y[p][o], at[p][o] = planes[p][best], np.ravel_multi_index(best, shape)
    lead = x.shape[: x.ndim - nd]
    return y.reshape(*lead, *out), at.reshape(*lead, *out)
