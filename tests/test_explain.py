"""Summaries, shape arithmetic, feature maps, gradient health."""

import doctest
import importlib
import math

import pytest
import torch

import rushlight
from rushlight import nn
from rushlight.explain import (
    conv_size,
    conv_transpose_size,
    feature_maps,
    gradient_health,
    pool_size,
    receptive_field,
    summary,
    to_unit,
    trace,
)
from rushlight.vision.models import LeNet


@pytest.mark.parametrize("name", ["explain.shapes", "explain.summary", "explain.features", "vision.models.lenet"])
def test_examples_in_docstrings(name):
    failed, tried = doctest.testmod(importlib.import_module(f"rushlight.{name}"))
    assert tried and not failed


@pytest.mark.parametrize("size", [5, 8, 13])
@pytest.mark.parametrize("kernel, stride, padding, dilation", [(1, 1, 0, 1), (3, 2, 1, 1), (2, 3, 1, 2), (3, 1, 2, 2)])
def test_sizes_are_those_of_torch(size, kernel, stride, padding, dilation):
    x = torch.zeros(1, 1, size)
    weight = torch.zeros(1, 1, kernel)
    F = torch.nn.functional
    conv = F.conv1d(x, weight, stride=stride, padding=padding, dilation=dilation)
    assert conv_size(size, kernel, stride, padding, dilation) == conv.shape[-1]
    back = F.conv_transpose1d(x, weight, stride=stride, padding=padding, dilation=dilation)
    assert conv_transpose_size(size, kernel, stride, padding, 0, dilation) == back.shape[-1]
    if padding <= kernel // 2:
        for ceil in (False, True):
            pool = F.max_pool1d(x, kernel, stride, padding, dilation, ceil_mode=ceil)
            assert pool_size(size, kernel, stride, padding, dilation, ceil) == pool.shape[-1]


def test_sizes_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="does not fit"):
        conv_size(3, 5)
    with pytest.raises(ValueError, match="stride"):
        conv_size(3, 1, 0)
    with pytest.raises(ValueError, match="padding"):
        pool_size(3, 2, padding=-1)


def test_receptive_field_is_what_gradients_see():
    """The inputs that get a gradient from one output in the middle span exactly the receptive field."""
    layers = [nn.Conv2d(1, 1, 5), nn.MaxPool2d(2, 2), nn.Conv2d(1, 1, 5), nn.MaxPool2d(2, 2)]
    assert receptive_field(layers) == 16
    assert receptive_field([nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)]) == 5
    assert receptive_field([nn.Conv1d(1, 1, 3, dilation=4)]) == 9
    smooth = nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), nn.AvgPool2d(2), nn.Conv2d(1, 1, 3, dilation=2))
    for parameter in smooth.parameters():
        parameter.data.fill_(1.0)
    x = rushlight.zeros(1, 1, 40, 40, requires_grad=True)
    smooth(x)[0, 0, 2, 2].backward()
    seen = [i for i, column in enumerate(x.grad[0, 0].sum(0).tolist()) if column != 0]
    assert seen[-1] - seen[0] + 1 == receptive_field(smooth) == 21


def test_trace_of_lenet():
    steps = trace(LeNet(), 32)
    assert [(s.name, s.size) for s in steps] == [
        ("input", 32),
        ("conv1", 28),
        ("pool1", 14),
        ("conv2", 10),
        ("pool2", 5),
    ]
    assert [s.receptive_field for s in steps] == [1, 5, 6, 14, 16]
    assert steps[1].formula == "floor((32 + 2*0 - 1*(5 - 1) - 1) / 1) + 1 = 28"
    assert trace([nn.Conv2d(1, 1, 3, padding="same")], 9)[-1].size == 9
    assert trace([nn.Conv2d(1, 1, (3, 5))], 9, axis=1)[-1].size == 5
    with pytest.raises(ValueError, match="parts of its own"):
        trace([LeNet()], 32)


def test_summary_counts():
    net = LeNet()
    net.fc3.bias.requires_grad_(False)
    net.train()
    table = summary(net, (2, 3, 32, 32))
    assert table.parameters == 62006 and table.trainable == 61996 and not table.uncounted
    by_name = {row.name: row for row in table.rows}
    assert by_name["conv1"].output == "(2, 6, 28, 28)" and by_name["fc1"].parameters == 48120
    conv = 28 * 28 * 6 * 75 + 10 * 10 * 16 * 150
    linear = 400 * 120 + 120 * 84 + 84 * 10
    assert table.multiply_adds == 2 * (conv + linear)
    assert net.training and not net.conv1._forward_hooks
    text = str(table)
    assert "conv1 (Conv2d)" in text and "62,006" in text and all(len(line) <= 120 for line in text.splitlines())
    with pytest.raises(ValueError, match="input_size"):
        summary(net)


def test_summary_shares_and_nests():
    layer = nn.Linear(3, 3)
    table = summary(nn.Sequential(nn.Sequential(layer), layer), input_data=rushlight.ones(1, 3))
    assert [row.depth for row in table.rows] == [0, 1, 2, 1]
    assert table.parameters == 12 == sum(row.parameters for row in table.rows) and table.multiply_adds == 18


def test_hooks_go_away_after_an_error():
    net = LeNet()
    for call in (
        lambda: summary(net, (1, 1, 32, 32)),
        lambda: feature_maps(net, rushlight.zeros(1, 1, 8, 8), ["conv1"]),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    assert net.training


def test_feature_maps():
    net = LeNet(in_channels=1)
    x = rushlight.rand(2, 1, 32, 32)
    maps = feature_maps(net, x, ["conv2", "conv1"])
    assert list(maps) == ["conv2", "conv1"] and tuple(maps["conv2"].shape) == (2, 16, 10, 10)
    assert maps["conv1"].tolist() == net.conv1(x).tolist() and not maps["conv1"].requires_grad
    unit = to_unit(maps["conv1"])
    assert unit.amin(dim=(-2, -1)).tolist() == [[0.0] * 6] * 2
    assert unit.amax(dim=(-2, -1)).tolist() == [[1.0] * 6] * 2
    assert to_unit(rushlight.ones(1, 2, 2)).tolist() == [[[0, 0], [0, 0]]]
    with pytest.raises(ValueError, match="no submodule 'conv9'"):
        feature_maps(net, x, ["conv9"])
    net.unused = nn.ReLU()
    with pytest.raises(ValueError, match="not called"):
        feature_maps(net, x, ["unused"])


def test_gradient_health():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    net[2].weight.requires_grad_(False)
    assert {row.verdict for row in gradient_health(net)} == {"no gradient"}
    grads = [1.0, 0.0, float("nan"), 1e-12, None]
    for parameter, grad in zip([p for p in net.parameters() if p.requires_grad], grads):
        parameter.data.fill_(1.0)
        if grad is not None:
            parameter.grad = rushlight.full(parameter.shape, grad)
    rows = gradient_health(net)
    assert [row.verdict for row in rows] == ["ok", "zero", "not finite", "vanishing", "no gradient"]
    assert rows[0].gradient_norm == 2 and rows[0].value_norm == 2 and math.isnan(rows[4].gradient_norm)
    net[0].weight.grad.fill_(1e9)
    assert gradient_health(net)[0].verdict == "exploding"


def test_sigmoids_vanish_and_relus_do_not():
    """Thirty sigmoids scale the gradient by at most 0.25 ** 30; thirty ReLUs with identity weights keep it."""
    for activation, verdict in ((nn.Sigmoid, "vanishing"), (nn.ReLU, "ok")):
        layers = []
        for _ in range(30):
            linear = nn.Linear(1, 1, bias=False)
            linear.weight.data.fill_(1.0)
            layers += [linear, activation()]
        net = nn.Sequential(*layers)
        net(rushlight.ones(1, 1)).sum().backward()
        first = gradient_health(net)[0]
        assert first.verdict == verdict
        if verdict == "vanishing":
            assert first.gradient_norm <= 0.25**30
        else:
            assert first.gradient_norm == 1
