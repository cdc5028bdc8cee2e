"""Train LeNet on handwritten digits: an ordinary PyTorch script.

    rushlight run examples/lenet_digits.py        # on rushlight
    python examples/lenet_digits.py               # on PyTorch, if it is installed

Both print the same losses up to rounding, since the same seed gives the same numbers. The digits come with rushlight
either way.
"""

import argparse

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from rushlight.vision.datasets import Digits


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def digits(train):
    """(images (N, 1, 32, 32) in 0..1, labels): each pixel of the 8x8 originals becomes a block of 4x4."""
    source = Digits(train=train)
    images = torch.tensor(source.data.tolist(), dtype=torch.float32) / 16
    count = images.size(0)
    images = images[:, None, :, None, :, None].expand(count, 1, 8, 4, 8, 4).reshape(count, 1, 32, 32)
    return images, torch.tensor(source.targets.tolist())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--save", metavar="PATH", help="write the trained weights here")
    args = parser.parse_args()

    torch.manual_seed(0)
    model = LeNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = DataLoader(TensorDataset(*digits(train=True)), batch_size=32, shuffle=True)
    test_images, test_labels = digits(train=False)

    for epoch in range(1, args.epochs + 1):
        model.train()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            right = (model(test_images).argmax(dim=1) == test_labels).sum().item()
        print(f"epoch {epoch}  loss {total / len(loader):.4f}  test accuracy {100 * right / len(test_labels):.1f}%")

    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
