"""See what a convolution sees: template matching by hand, then the feature maps of LeNet.

    python examples/feature_maps.py [CHECKPOINT]

CHECKPOINT is a lenet.pt that `rushlight demo` left (default rushlight-demo/lenet.pt). Writes feature-maps-conv1.png and
feature-maps-conv2.png into the current folder.
"""

import os
import sys

import rushlight as torch
from rushlight.explain import feature_maps, to_unit, trace
from rushlight.nn import functional as F
from rushlight.vision.datasets import Digits
from rushlight.vision.models import LeNet
from rushlight.vision.utils import save_image


def template_matching():
    """Where a 9x9 picture of an X looks like a short diagonal: 1 is a perfect match, -1 its inverse."""
    picture = torch.full((1, 1, 9, 9), -1.0)
    for i in range(1, 8):
        picture[0, 0, i, i] = picture[0, 0, i, 8 - i] = 1
    diagonal = torch.full((1, 1, 3, 3), -1.0)
    for i in range(3):
        diagonal[0, 0, i, i] = 1
    print("a diagonal stroke in an X:")
    for row in (F.conv2d(picture, diagonal) / 9)[0, 0].tolist():
        print("  ".join(f"{value:5.2f}" for value in row))


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "rushlight-demo/lenet.pt"
    template_matching()

    model = LeNet(in_channels=1)
    if os.path.exists(path):
        model.load_state_dict(torch.load(path))
    else:
        print(f"\nno {path} (run `rushlight demo` first): the maps are those of an untrained network")
    print("\nsizes along one axis:")
    for step in trace(model, 32):
        print(f"  {step.name:<6} {step.size:>3}   sees {step.receptive_field:>2} input pixels   {step.formula}")

    digit = Digits(train=False).data[:1].float() / 16
    image = digit[:, None, :, None, :, None].expand(1, 1, 8, 4, 8, 4).reshape(1, 1, 32, 32)
    for name, maps in feature_maps(model, image, ["conv1", "conv2"]).items():
        file = f"feature-maps-{name}.png"
        save_image(to_unit(maps).transpose(0, 1), file, nrow=4, padding=1, pad_value=1.0)
        print(f"wrote {file}: {maps.size(1)} maps of {maps.size(2)} x {maps.size(3)}")


if __name__ == "__main__":
    main()
