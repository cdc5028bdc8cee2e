"""LeNet, the small convolutional network for 32x32 images."""

from __future__ import annotations

from typing import Any

from rushlight import nn
from rushlight.nn import functional as F


class LeNet(nn.Module):
    """Two convolutions with max-pooling, then three linear layers.

    conv1 (in, 6, 5) - ReLU - pool1 2/2 - conv2 (6, 16, 5) - ReLU - pool2 2/2 - fc1 (400, 120) - ReLU - fc2 (120, 84)
    - ReLU - fc3 (84, classes). For 32x32 inputs the sides run 32, 28, 14, 10, 5. 62,006 parameters for 3 channels
    and 10 classes.

    Shapes: input (N, in_channels, 32, 32), output (N, num_classes), unnormalised scores.
    Source: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86(11), with ReLU and max-pooling.
    Example:
        >>> sum(p.numel() for p in LeNet().parameters())
        62006
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.pool1 = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, input: Any) -> Any:
        x = self.pool1(F.relu(self.conv1(input)))
        x = self.pool2(F.relu(self.conv2(x)))
        x = x.view(x.size(0), -1)  # (N, 400)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
