"""Convolutions and padding beyond the generic checks of test_ops.py: dtypes, layers, fixed values, fold."""

import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from cases import conv as cases

import rushlight
import rushlight.nn.functional as F
from rushlight import nn


def both(shape, dtype=np.float64, grad=True, seed=0):
    """The same values as our tensor and PyTorch's; None for None."""
    if shape is None:
        return None, None
    values = np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape), dtype)
    return rushlight.tensor(values, requires_grad=grad), torch.tensor(values, requires_grad=grad)


def same(ours, theirs, terms=1000):
    """Equal up to the rounding of sums of `terms` products of normal values."""
    ours, theirs = ours.detach(), theirs.detach()
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype)
    eps = torch.finfo(theirs.dtype).eps if theirs.dtype.is_floating_point else 0
    wide = torch.float64 if eps else theirs.dtype
    scale = 1 + float(theirs.to(wide).abs().max()) if theirs.numel() else 1
    error = np.abs(np.asarray(ours.to(rushlight.float64) if eps else ours) - theirs.to(wide).numpy())
    assert (error <= eps * terms**0.5 * 4 * scale).all(), error.max()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8", "uint8", "int16", "int32", "int64", "complex64"])
@pytest.mark.parametrize("case", [cases.CONV[2], cases.CONV[4], cases.CONV[9], cases.CONV_TRANSPOSE[3]])
def test_dtypes(case, dtype):
    name, input, weight, _, keywords = case
    x, w = (np.random.default_rng(i).integers(-4, 5, shape) for i, shape in enumerate((input, weight)))
    tx, tw = (torch.tensor(a).to(getattr(torch, dtype)) for a in (x, w))
    ox, ow = (rushlight.tensor(a).to(getattr(rushlight, dtype)) for a in (x, w))
    try:
        theirs = getattr(TF, name)(tx, tw, **keywords)
    except NotImplementedError:
        with pytest.raises(NotImplementedError, match="not implemented for"):
            getattr(F, name)(ox, ow, **keywords)
        return
    ours = getattr(F, name)(ox, ow, **keywords)
    assert str(ours.dtype) == str(theirs.dtype) and ours.tolist() == theirs.tolist()  # small integers: exact


def test_bool_and_mixed_types_are_refused():
    x, w = rushlight.ones(1, 1, 3, 3), rushlight.ones(1, 1, 2, 2)
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        F.conv2d(x.bool(), w.bool())
    with pytest.raises(RuntimeError, match=r"Input type \(torch.FloatTensor\) and weight type \(torch.DoubleTensor\)"):
        F.conv2d(x, w.double())
    with pytest.raises(RuntimeError, match=r"Input type \(float\) and bias type \(double\)"):
        F.conv2d(x, w, rushlight.ones(1).double())
    for args in [([[1.0]], w), (x, None), (x, w, 3)]:
        with pytest.raises(TypeError):
            F.conv2d(*args)


def test_checklist_values():
    def t(*values):
        return rushlight.tensor(values, dtype=rushlight.float32)

    assert F.conv1d(t(1, 2, 3, 4).view(1, 1, 4), t(1, 10).view(1, 1, 2)).tolist() == [[[21, 32, 43]]]
    image = rushlight.arange(9.0).view(1, 1, 3, 3)
    assert F.conv2d(image, rushlight.ones(1, 1, 2, 2)).tolist() == [[[[8, 12], [20, 24]]]]
    up = F.conv_transpose1d(t(1, 2, 3).view(1, 1, 3), t(1, 10).view(1, 1, 2), stride=2)
    assert up.tolist() == [[[1, 10, 2, 20, 3, 30]]]
    up = F.conv_transpose1d(t(1, 2).view(1, 1, 2), t(1, 10).view(1, 1, 2), dilation=2)
    assert up.tolist() == [[[1, 2, 10, 20]]]
    up = F.conv_transpose1d(t(1, 2).view(1, 1, 2), t(1, 10).view(1, 1, 2), stride=2, output_padding=1)
    assert up.tolist() == [[[1, 10, 2, 20, 0]]]
    kernel = rushlight.arange(1.0, 10.0).view(1, 1, 3, 3)
    up = F.conv_transpose2d(t(1, 2, 3, 4).view(1, 1, 2, 2), kernel)
    assert up[0, 0].tolist() == [[1, 4, 7, 6], [7, 23, 33, 24], [19, 53, 63, 42], [21, 52, 59, 36]]
    for mode, expected in {
        "zeros": [10, 17, 8],
        "reflect": [12, 17, 16],
        "replicate": [11, 17, 20],
        "circular": [13, 17, 12],
    }.items():
        layer = nn.Conv1d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
        layer.weight.data.copy_(t(1, 2, 4).view(1, 1, 3))
        assert layer(t(1, 2, 3).view(1, 1, 3)).tolist() == [[expected]]


@pytest.mark.filterwarnings("ignore:Using padding=.same")  # PyTorch's remark on its speed
def test_same_with_an_odd_cell():
    """The cell that does not fit both ends goes to the right, batched or not."""
    for name, input, weight, dilation in [
        ("conv1d", (2, 3, 9), (4, 3, 4), 3),
        ("conv2d", (2, 3, 7, 8), (4, 3, 2, 3), 1),
        ("conv2d", (3, 7, 8), (4, 3, 2, 4), (1, 3)),
        ("conv3d", (2, 3, 4, 5, 4), (4, 3, 2, 3, 2), 1),
    ]:
        (x, tx), (w, tw) = both(input), both(weight, seed=1)
        ours = getattr(F, name)(x, w, padding="same", dilation=dilation)
        theirs = getattr(TF, name)(tx, tw, padding="same", dilation=dilation)
        same(ours, theirs)
        assert type(ours.grad_fn).__name__ == type(theirs.grad_fn).__name__
        ours.pow(2).sum().backward()
        theirs.pow(2).sum().backward()
        same(x.grad, tx.grad)
        same(w.grad, tw.grad)


def test_no_input_channels():
    theirs = TF.conv2d(torch.ones(2, 0, 5, 5), torch.ones(4, 0, 3, 3))
    assert tuple(F.conv2d(rushlight.ones(2, 0, 5, 5), rushlight.ones(4, 0, 3, 3)).shape) == tuple(theirs.shape)


def test_complex():
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s) + 1j * rng.standard_normal(s) for s in ((2, 4, 6), (6, 2, 3)))
    geometry = {"groups": 2, "padding": 1, "stride": 2}
    y, ty = (m.nn.functional.conv1d(m.tensor(x), m.tensor(w), **geometry) for m in (rushlight, torch))
    np.testing.assert_allclose(y.numpy(), ty.numpy(), rtol=1e-10)
    z, tz = (m.nn.functional.conv_transpose1d(a, m.tensor(w), **geometry) for m, a in ((rushlight, y), (torch, ty)))
    np.testing.assert_allclose(z.numpy(), tz.numpy(), rtol=1e-10)


@pytest.mark.parametrize("name, args, keywords, input", cases.LAYERS)
def test_layers(name, args, keywords, input):
    rushlight.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = getattr(nn, name)(*args, **keywords), getattr(torch.nn, name)(*args, **keywords)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert np.array_equal(a.detach().numpy(), b.detach().numpy())  # the same draws in the same order
    x, tx = both(input, np.float32)
    y, ty = ours(x), theirs(tx)
    same(y, ty)
    assert type(y.grad_fn).__name__ == type(ty.grad_fn).__name__
    y.sum().backward()
    ty.sum().backward()
    same(x.grad, tx.grad)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        same(a.grad, b.grad)


@pytest.mark.parametrize("name, args, keywords", cases.LAYER_ERRORS)
def test_layer_errors(name, args, keywords):
    with pytest.raises(ValueError):
        getattr(torch.nn, name)(*args, **keywords)
    with pytest.raises(ValueError):
        getattr(nn, name)(*args, **keywords)


def test_output_size():
    up, theirs = nn.ConvTranspose2d(2, 2, 3, 2, 1), torch.nn.ConvTranspose2d(2, 2, 3, 2, 1)
    x, tx = rushlight.ones(1, 2, 6, 6), torch.ones(1, 2, 6, 6)
    for size in [None, (12, 12), (1, 2, 12, 11), rushlight.Size([11, 12])]:
        assert tuple(up(x, size).shape) == tuple(theirs(tx, None if size is None else list(size)).shape)
    assert tuple(up(x[0], output_size=(12, 12)).shape) == (2, 12, 12)
    with pytest.raises(ValueError, match=r"valid sizes range from \[11, 11\] to \[12, 12\]"):
        up(x, output_size=(14, 14))
    with pytest.raises(ValueError, match="output_size must have 2 or 4 elements"):
        up(x, output_size=(12,))


@pytest.mark.parametrize(
    "name", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
)
def test_lazy_layers(name):
    rank = int(name[-2])
    rushlight.manual_seed(5)
    torch.manual_seed(5)
    ours, theirs = (getattr(library, "Lazy" + name)(4, 3, groups=2) for library in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    ours(rushlight.ones(1, 2, *(5,) * rank))
    theirs(torch.ones(1, 2, *(5,) * rank))
    assert repr(ours) == repr(theirs) and type(ours) is getattr(nn, name)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert np.array_equal(a.detach().numpy(), b.detach().numpy())


def test_pad_integers():
    x = rushlight.tensor([[0, 1, 2, 3]])
    assert F.pad(x, (2, 2), "reflect").tolist() == [[2, 1, 0, 1, 2, 3, 2, 1]]
    assert F.pad(x, (1, 0), value=2.7).tolist() == [[2, 0, 1, 2, 3]]
    assert F.pad(x.bool(), (1, 1), "circular").tolist() == [[True, False, True, True, True, False]]
    with pytest.raises(NotImplementedError, match="'Bool'"):
        F.pad(x.bool(), (1, 1), "replicate")


def test_fold_errors():
    for shape, size, kernel in [
        ((1, 5, 4), 4, 2),
        ((1, 4, 5), 4, 2),
        ((4,), 4, 2),
        ((1, 4, 4), 4, 0),
        ((1, 4, 4), 1, 2),
    ]:
        x, tx = both(shape)
        with pytest.raises(RuntimeError):
            TF.fold(tx, size, kernel)
        with pytest.raises(RuntimeError):
            F.fold(x, size, kernel)
    for shape, kernel in [((1, 1, 4, 4), 5), ((1, 1, 4, 4), 0), ((1, 0, 4, 4), 2)]:
        x, tx = both(shape)
        with pytest.raises(RuntimeError):
            TF.unfold(tx, kernel)
        with pytest.raises(RuntimeError):
            F.unfold(x, kernel)


def test_conv_tbc():
    (x, tx), (w, tw), (b, tb) = both((7, 2, 3)), both((3, 3, 4), seed=1), both((4,), seed=2)
    same(F.conv_tbc(x, w, b, 1), TF.conv_tbc(tx, tw, tb, 1))
