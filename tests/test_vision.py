"""Digits, LeNet, transforms, grids and pictures."""

import io
import subprocess
import sys
import zlib

import pytest
import torch
from PIL import Image

import rushlight
from rushlight import nn
from rushlight.utils import png
from rushlight.vision import datasets, models, transforms, utils
from rushlight.vision.datasets.digits import read_asset


def test_digits_are_the_uci_digits():
    pixels, labels = read_asset()
    assert len(labels) == 1797 and len(pixels) == 1797 * 64 and max(pixels) == 16
    # counts per class and the first image, as in the data set's description
    assert [labels.count(d) for d in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert list(pixels[:16]) == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0] and labels[0] == 0
    assert zlib.crc32(pixels + labels) == 0xB89DAEA8


def test_digits_split_and_items():
    train, test = datasets.Digits(train=True), datasets.Digits(train=False)
    assert (len(train), len(test)) == (1498, 299)
    assert train.data.dtype == rushlight.uint8 and tuple(train.data.shape) == (1498, 8, 8)
    assert train.targets.dtype == rushlight.int64
    _, labels = read_asset()
    assert test.targets.tolist() == [labels[i] for i in range(1797) if i % 6 == 5]
    image, label = train[0]
    assert isinstance(image, Image.Image) and image.size == (8, 8) and image.mode == "L" and label == 0
    assert image.getpixel((3, 0)) == round(13 * 255 / 16)
    with_tensor = datasets.Digits(train=True, transform=transforms.ToTensor(), target_transform=lambda y: -y)
    image, label = with_tensor[-1]
    assert tuple(image.shape) == (1, 8, 8) and image.max().item() <= 1 and label == -int(train.targets[-1])
    with pytest.raises(IndexError):
        train[1498]
    assert "1498" in repr(train)


def test_digits_without_pillow():
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from rushlight.vision.datasets import Digits\n"
        "image, label = Digits()[0]\n"
        "print(tuple(image.shape), image.dtype, image[0].tolist(), label)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "(8, 8) torch.uint8 [0, 0, 80, 207, 143, 16, 0, 0] 0"


def test_lenet_shapes_and_names():
    net = models.LeNet()
    assert [name for name, _ in net.named_children()] == ["conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "fc3"]
    assert [p.numel() for p in net.parameters()] == [450, 6, 2400, 16, 48000, 120, 10080, 84, 840, 10]
    assert sum(p.numel() for p in net.parameters()) == 62006
    x = rushlight.zeros(2, 3, 32, 32)
    sizes = []
    for layer in (net.conv1, net.pool1, net.conv2, net.pool2):
        x = layer(x)
        sizes.append(x.shape[-1])
    assert sizes == [28, 14, 10, 5] and x[0].numel() == 400
    assert tuple(models.LeNet(num_classes=7, in_channels=1)(rushlight.zeros(3, 1, 32, 32)).shape) == (3, 7)


def test_lenet_matches_torch():
    """The same weights give PyTorch's scores."""
    rushlight.manual_seed(0)
    net = models.LeNet(in_channels=1)
    state = {key: torch.from_numpy(value.numpy()) for key, value in net.state_dict().items()}
    x = torch.randn(4, 1, 32, 32)
    F = torch.nn.functional
    y = F.max_pool2d(F.relu(F.conv2d(x, state["conv1.weight"], state["conv1.bias"])), 2)
    y = F.max_pool2d(F.relu(F.conv2d(y, state["conv2.weight"], state["conv2.bias"])), 2).flatten(1)
    for name in ("fc1", "fc2"):
        y = F.relu(F.linear(y, state[f"{name}.weight"], state[f"{name}.bias"]))
    y = F.linear(y, state["fc3.weight"], state["fc3.bias"])
    ours = net(rushlight.from_numpy(x.numpy())).detach().numpy()
    # the longest sum has 400 products of magnitude below 1
    assert abs(torch.from_numpy(ours) - y).max() < 2 * 400 * torch.finfo(torch.float32).eps


def pixels_of(path_or_stream):
    image = Image.open(path_or_stream)
    return image.size, image.mode, image.tobytes()


@pytest.mark.parametrize("channels, mode", [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_png_is_read_by_pillow(channels, mode):
    data = bytes(i * 7 % 256 for i in range(5 * 3 * channels))
    assert pixels_of(io.BytesIO(png.encode(data, 5, 3, channels))) == ((3, 5), mode, data)


@pytest.mark.parametrize("size", [(0, 3, 1), (2, 2, 5), (2, 2, 3)])
def test_png_errors(size):
    with pytest.raises(ValueError):
        png.encode(bytes(4), *size)


def test_make_grid():
    images = rushlight.stack([rushlight.full((1, 2, 3), float(i)) for i in range(1, 6)])
    grid = utils.make_grid(images, nrow=3, padding=1, pad_value=-1)
    assert tuple(grid.shape) == (3, 2 * 3 + 1, 3 * 4 + 1)
    assert grid[0, 1].tolist() == [-1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, 3, -1]
    assert grid[2, 4].tolist() == [-1, 4, 4, 4, -1, 5, 5, 5, -1, -1, -1, -1, -1]
    assert tuple(utils.make_grid(images[:1]).shape) == (3, 2, 3)  # one picture gets no border
    assert tuple(utils.make_grid(images[0, 0]).shape) == (3, 2, 3)
    unit = utils.make_grid(images, normalize=True)
    assert unit.max().item() == 1 and unit.min().item() == 0
    each = utils.make_grid(images * rushlight.arange(6.0).reshape(2, 3), normalize=True, scale_each=True, padding=0)
    assert each[0, :2, 3:6].reshape(-1).tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    ranged = utils.make_grid(images, normalize=True, value_range=(1, 3), padding=0)
    assert ranged[0, 0, ::3].tolist() == [0, 0.5, 1, 1, 1]
    assert utils.make_grid([images[0], images[1]]).shape[0] == 3
    for bad in (3, [], rushlight.zeros(3)):
        with pytest.raises(TypeError):
            utils.make_grid(bad)


def test_save_image(tmp_path):
    picture = rushlight.tensor([[[0.0, 1.0, 2.0]], [[0.5, -1.0, 0.25]], [[0.1, 0.2, 0.3]]])
    expected = bytes([0, 128, 26, 255, 0, 51, 255, 64, 77])  # floor(255 v + 1/2), clipped
    utils.save_image(picture, tmp_path / "x.png")
    assert pixels_of(tmp_path / "x.png") == ((3, 1), "RGB", expected)
    stream = io.BytesIO()
    utils.save_image(picture, stream)
    assert pixels_of(stream)[2] == expected
    utils.save_image(picture, tmp_path / "x.bmp")
    assert pixels_of(tmp_path / "x.bmp")[2] == expected


def test_transforms():
    image = Image.frombytes("RGB", (2, 1), bytes([255, 0, 51, 0, 255, 102]))
    tensor = transforms.ToTensor()(image)
    assert tuple(tensor.shape) == (3, 1, 2) and tensor[:, 0, 0].tolist() == pytest.approx([1, 0, 0.2])
    array = torch.arange(6.0).reshape(1, 2, 3).numpy()
    assert transforms.ToTensor()(array)[:, 0, 1].tolist() == [3, 4, 5]  # floats are not scaled
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])
    assert steps(image)[:, 0, 0].tolist() == pytest.approx([1, -1, -0.6])
    assert transforms.Lambda(lambda x: x + 1)(1) == 2
    assert "Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])" in repr(steps)
    with pytest.raises(TypeError):
        transforms.ToTensor()("x")
    with pytest.raises(ValueError, match="zero"):
        transforms.Normalize([0], [0])(tensor)
    with pytest.raises(TypeError, match="floating"):
        transforms.Normalize([0], [1])(tensor.to(rushlight.int64))


def test_every_piece_trains():
    """One step of LeNet on digits through the data loader lowers the loss of that batch."""
    from rushlight.optim import SGD
    from rushlight.utils.data import DataLoader

    rushlight.manual_seed(0)
    enlarge = transforms.Lambda(lambda x: x[:, :, None, :, None].expand(1, 8, 4, 8, 4).reshape(1, 32, 32))
    steps = transforms.Compose([transforms.ToTensor(), enlarge])
    loader = DataLoader(datasets.Digits(transform=steps), batch_size=16)
    images, labels = next(iter(loader))
    net = models.LeNet(in_channels=1)
    optimizer = SGD(net.parameters(), lr=0.05)
    losses = []
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]
