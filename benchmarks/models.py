"""Whole training steps: forward, loss, backward, optimizer."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []


def training_step(name, build, inputs, targets, optimizer_name="SGD"):
    """One step with cross-entropy on random data. build(nn) -> module; inputs(lib), targets(lib) -> tensors."""

    def prepare(lib):
        lib.manual_seed(0)
        net = build(lib.nn)
        x, y = inputs(lib), targets(lib)
        optimizer = getattr(lib.optim, optimizer_name)(net.parameters(), lr=0.01)
        loss_of = lib.nn.CrossEntropyLoss()

        def step():
            optimizer.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step

    ROWS.append(Row(name, prepare))


def mlp(nn, *sizes):
    """Linear layers with ReLU between them."""
    layers = []
    for i, o in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet(nn):
    """LeNet-5 with ReLU and max-pooling."""
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


def classes(count, n):
    """n labels below count."""
    return lambda lib: lib.arange(n) % count


training_step(
    "MLP 16-48-4 (1012 parameters), batch 8, Adam",
    lambda nn: mlp(nn, 16, 48, 4),
    lambda lib: lib.randn(8, 16),
    classes(4, 8),
    "Adam",
)
training_step(
    "MLP 784-512-10, batch 128", lambda nn: mlp(nn, 784, 512, 10), lambda lib: lib.randn(128, 784), classes(10, 128)
)
training_step("LeNet, batch 64", lenet, lambda lib: lib.randn(64, 1, 28, 28), classes(10, 64))
