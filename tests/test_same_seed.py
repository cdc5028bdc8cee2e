"""The same seed, the same script: whole training runs in step with PyTorch."""

import numpy as np
import pytest
import torch

import rushlight
from tests.test_random import states_equal

STEPS = 20


def lenet(nn):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def with_noise(nn):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout2d(0.2),
        nn.Flatten(),
        nn.Linear(8 * 13 * 13, 32),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.Linear(32, 10),
    )


OPTIMIZERS = {
    "sgd": lambda optim, parameters: optim.SGD(parameters, lr=0.05, momentum=0.9),
    "adam": lambda optim, parameters: optim.Adam(parameters, lr=1e-3),
}


def losses(lib, build, optimizer):
    """A training script as users write it: data, loader and network all drawn from one seed."""
    from importlib import import_module

    data = import_module(f"{lib.__name__}.utils.data")
    lib.manual_seed(0)
    images, labels = lib.randn(160, 1, 28, 28), lib.randint(0, 10, (160,))
    model = build(lib.nn)
    step = OPTIMIZERS[optimizer](import_module(f"{lib.__name__}.optim"), model.parameters())
    criterion = lib.nn.CrossEntropyLoss()
    loader = data.DataLoader(data.TensorDataset(images, labels), batch_size=16, shuffle=True)
    curve = []
    while len(curve) < STEPS:
        for x, y in loader:
            step.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            step.step()
            curve.append(loss.item())
    return np.array(curve)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("build", [lenet, with_noise])
def test_twenty_steps(build, optimizer):
    theirs, ours = losses(torch, build, optimizer), losses(rushlight, build, optimizer)
    assert ours[0] == pytest.approx(theirs[0], abs=1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert states_equal()
