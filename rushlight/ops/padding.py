"""Padding ops: a constant border, and borders that continue the values (reflect, replicate, circular)."""

from __future__ import annotations

from ..autograd.op import Op, OpType


class pad_constant(Op):
    """A border of `value`; negative widths crop. Its gradient is the same op with the widths negated."""

    inputs, save, grad_name = 1, (), "ConstantPadNdBackward0"

    def forward(xp, a, *, padding, value):
        return xp.pad_constant(a, padding=padding, value=value)

    def backward(xp, g, saved, need, *, padding, value):
        return (xp.pad_constant(g, padding=tuple([(-l, -r) for l, r in padding]), value=0),)


class pad_edges(Op):
    """A border that continues the values. mode: 'reflect', 'replicate' or 'circular'."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "PadBackward0"

    def forward(xp, a, *, padding, mode):
        return xp.pad_edges(a, padding=padding, mode=mode)

    def backward(xp, g, saved, need, *, padding, mode):
        return (xp.pad_edges_grad(g, input_shape=tuple(saved[0]), padding=padding, mode=mode),)


class pad_edges_grad(Op):
    """The transpose of `pad_edges`."""

    inputs, save, grad_name = 1, (), "PadBackwardBackward0"

    def forward(xp, g, *, input_shape, padding, mode):
        return xp.pad_edges_grad(g, input_shape=input_shape, padding=padding, mode=mode)

    def backward(xp, gg, saved, need, *, input_shape, padding, mode):
        return (xp.pad_edges(gg, padding=padding, mode=mode),)


def _named(mode, rank, grad_name):
    """pad_edges under the name that PyTorch's grad_fn has."""
    body = {
        "name": f"pad_{mode}{rank}d",
        "inputs": 1,
        "save": (),
        "save_shape": (0,),
        "grad_name": grad_name,
        "forward": lambda xp, a, *, padding: xp.pad_edges(a, padding=padding, mode=mode),
        "backward": lambda xp, g, saved, need, *, padding: (
            xp.pad_edges_grad(g, input_shape=tuple(saved[0]), padding=padding, mode=mode),
        ),
    }
    return OpType(body["name"], (Op,), body)


EDGES = {
    (mode, rank): _named(mode, rank, name.format(rank))
    for mode, name in (
        ("reflect", "ReflectionPad{}DBackward0"),
        ("replicate", "ReplicationPad{}DBackward0"),
        ("circular", "CopySlices"),
    )
    for rank in (1, 2, 3)
}
