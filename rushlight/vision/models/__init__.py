"""Networks under torchvision's names."""

from rushlight.vision.models.lenet import LeNet as LeNet
