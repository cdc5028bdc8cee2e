"""What the commonest calls cost when the arrays hardly matter: 4x4 tensors, without and with a history."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []

# name: call(lib, F, x, y, i), x and y 4x4 floats, i four ints; those in RECORDED also with x requiring a gradient
CALLS = {
    "add": lambda lib, F, x, y, i: x + y,
    "add number": lambda lib, F, x, y, i: x + 1.0,
    "mul": lambda lib, F, x, y, i: x * y,
    "sub from number": lambda lib, F, x, y, i: 1.0 - x,
    "div": lambda lib, F, x, y, i: x / y,
    "neg": lambda lib, F, x, y, i: -x,
    "pow 2": lambda lib, F, x, y, i: x**2,
    "sqrt": lambda lib, F, x, y, i: x.sqrt(),
    "exp": lambda lib, F, x, y, i: x.exp(),
    "log": lambda lib, F, x, y, i: x.log(),
    "abs": lambda lib, F, x, y, i: x.abs(),
    "clamp": lambda lib, F, x, y, i: x.clamp(0.2, 0.8),
    "tanh": lambda lib, F, x, y, i: lib.tanh(x),
    "sigmoid": lambda lib, F, x, y, i: lib.sigmoid(x),
    "x < y": lambda lib, F, x, y, i: x < y,
    "x == y": lambda lib, F, x, y, i: x == y,
    "where": lambda lib, F, x, y, i: lib.where(y > 0.5, x, y),
    "masked_fill": lambda lib, F, x, y, i: x.masked_fill(y > 0.5, 0.0),
    "maximum": lambda lib, F, x, y, i: lib.maximum(x, y),
    "sum": lambda lib, F, x, y, i: x.sum(),
    "sum dim": lambda lib, F, x, y, i: x.sum(1),
    "sum dim keepdim": lambda lib, F, x, y, i: x.sum(dim=-1, keepdim=True),
    "mean": lambda lib, F, x, y, i: x.mean(),
    "mean dim": lambda lib, F, x, y, i: x.mean(dim=0),
    "max": lambda lib, F, x, y, i: x.max(),
    "max dim": lambda lib, F, x, y, i: x.max(1),
    "argmax": lambda lib, F, x, y, i: x.argmax(1),
    "norm": lambda lib, F, x, y, i: x.norm(),
    "var": lambda lib, F, x, y, i: x.var(),
    "all": lambda lib, F, x, y, i: (x > 0).all(),
    "cumsum": lambda lib, F, x, y, i: x.cumsum(0),
    "view": lambda lib, F, x, y, i: x.view(-1),
    "reshape": lambda lib, F, x, y, i: x.reshape(2, 8),
    "squeeze": lambda lib, F, x, y, i: x.squeeze(0),
    "unsqueeze": lambda lib, F, x, y, i: x.unsqueeze(0),
    "expand": lambda lib, F, x, y, i: x.expand(2, 4, 4),
    ".T": lambda lib, F, x, y, i: x.T,
    "t()": lambda lib, F, x, y, i: x.t(),
    "transpose": lambda lib, F, x, y, i: x.transpose(0, 1),
    "permute": lambda lib, F, x, y, i: x.permute(1, 0),
    "flatten": lambda lib, F, x, y, i: x.flatten(),
    "contiguous": lambda lib, F, x, y, i: x.contiguous(),
    "chunk": lambda lib, F, x, y, i: x.chunk(2),
    "split": lambda lib, F, x, y, i: x.split(2),
    "unbind": lambda lib, F, x, y, i: x.unbind(),
    "cat": lambda lib, F, x, y, i: lib.cat([x, y]),
    "stack": lambda lib, F, x, y, i: lib.stack([x, y]),
    "x[0]": lambda lib, F, x, y, i: x[0],
    "x[:, 1]": lambda lib, F, x, y, i: x[:, 1],
    "x[1:3]": lambda lib, F, x, y, i: x[1:3],
    "x[index]": lambda lib, F, x, y, i: x[i],
    "x[mask]": lambda lib, F, x, y, i: x[y > 0.5],
    "gather": lambda lib, F, x, y, i: x.gather(0, i.unsqueeze(0)),
    "index_select": lambda lib, F, x, y, i: x.index_select(0, i),
    "repeat": lambda lib, F, x, y, i: x.repeat(2, 1),
    "matmul": lambda lib, F, x, y, i: x @ y,
    "mm": lambda lib, F, x, y, i: x.mm(y),
    "bmm": lambda lib, F, x, y, i: lib.bmm(x.view(1, 4, 4), y.view(1, 4, 4)),
    "mv": lambda lib, F, x, y, i: x @ y[0],
    "einsum": lambda lib, F, x, y, i: lib.einsum("ij,jk->ik", x, y),
    "clone": lambda lib, F, x, y, i: x.clone(),
    "detach": lambda lib, F, x, y, i: x.detach(),
    "to float64": lambda lib, F, x, y, i: x.to(lib.float64),
    "float": lambda lib, F, x, y, i: x.float(),
    "relu": lambda lib, F, x, y, i: F.relu(x),
    "gelu": lambda lib, F, x, y, i: F.gelu(x),
    "softmax": lambda lib, F, x, y, i: F.softmax(x, dim=1),
    "log_softmax": lambda lib, F, x, y, i: F.log_softmax(x, dim=-1),
    "cross_entropy": lambda lib, F, x, y, i: F.cross_entropy(x, i),
    "nll_loss": lambda lib, F, x, y, i: F.nll_loss(x, i),
    "mse_loss": lambda lib, F, x, y, i: F.mse_loss(x, y),
    "bce with logits": lambda lib, F, x, y, i: F.binary_cross_entropy_with_logits(x, y),
    "linear": lambda lib, F, x, y, i: F.linear(x, y, y[0]),
    "layer_norm": lambda lib, F, x, y, i: F.layer_norm(x, (4,)),
    "dropout": lambda lib, F, x, y, i: F.dropout(x, 0.5),
    "max_pool2d": lambda lib, F, x, y, i: F.max_pool2d(x.view(1, 1, 4, 4), 2),
    "backward of sum": lambda lib, F, x, y, i: (x * y).sum().backward() if x.requires_grad else None,
    "zeros_like": lambda lib, F, x, y, i: lib.zeros_like(x),
    "item": lambda lib, F, x, y, i: x[0, 0].item(),
    "tolist": lambda lib, F, x, y, i: x.tolist(),
    "x.shape[0], x.size(1)": lambda lib, F, x, y, i: (x.shape[0], x.size(1)),
    "x.dim(), x.dtype, x.device": lambda lib, F, x, y, i: (x.dim(), x.dtype, x.device),
}
WITHOUT_HISTORY = {
    "add_": lambda lib, F, x, y, i: x.add_(y),
    "+= number": lambda lib, F, x, y, i: x.__iadd__(0.0),
    "add_ with alpha": lambda lib, F, x, y, i: x.add_(y, alpha=1e-9),
    "mul_": lambda lib, F, x, y, i: x.mul_(1.0),
    "addcmul_": lambda lib, F, x, y, i: x.addcmul_(y, y, value=1e-9),
    "lerp_": lambda lib, F, x, y, i: x.lerp_(y, 0.5),
    "copy_": lambda lib, F, x, y, i: x.copy_(y),
    "zero_": lambda lib, F, x, y, i: y.zero_(),
    "fill_": lambda lib, F, x, y, i: y.fill_(0.5),
    "clamp_": lambda lib, F, x, y, i: x.clamp_(0.1, 0.9),
    "x[0] = y[0]": lambda lib, F, x, y, i: x.__setitem__(0, y[0]),
    "x[0, 1] = number": lambda lib, F, x, y, i: x.__setitem__((0, 1), 0.5),
    "x[mask] = number": lambda lib, F, x, y, i: x.__setitem__(y > 2, 0.5),
    "normal_": lambda lib, F, x, y, i: x.normal_(),
    "arange": lambda lib, F, x, y, i: lib.arange(4),
    "zeros": lambda lib, F, x, y, i: lib.zeros(4, 4),
    "ones": lambda lib, F, x, y, i: lib.ones(4, 4),
    "full": lambda lib, F, x, y, i: lib.full((4, 4), 0.5),
    "empty": lambda lib, F, x, y, i: lib.empty(4, 4),
    "rand": lambda lib, F, x, y, i: lib.rand(4, 4),
    "randn": lambda lib, F, x, y, i: lib.randn(4, 4),
    "randint": lambda lib, F, x, y, i: lib.randint(0, 4, (4,)),
    "tensor of floats": lambda lib, F, x, y, i: lib.tensor([1.0, 2.0, 3.0, 4.0]),
    "tensor of a float": lambda lib, F, x, y, i: lib.tensor(1.0),
    "int i + 1": lambda lib, F, x, y, i: i + 1,
    "bool()": lambda lib, F, x, y, i: bool(i[0] < 0),
    "accuracy": lambda lib, F, x, y, i: (x.argmax(1) == i).float().mean().item(),
}


def row(name, call, recorded=False):
    """One line."""

    def prepare(lib):
        x, y, i = lib.rand(4, 4), lib.rand(4, 4), lib.tensor([0, 2, 1, 3])
        x.requires_grad_(recorded)
        F = lib.nn.functional
        return lambda: call(lib, F, x, y, i)

    ROWS.append(Row(f"{name}, recorded" if recorded else name, prepare))


def program(name):
    """prepare(lib) -> call."""

    def register(prepare):
        ROWS.append(Row(name, prepare))
        return prepare

    return register


for _name, _call in CALLS.items():
    if not _name.startswith("backward"):
        row(_name, _call)
    row(_name, _call, recorded=True)
for _name, _call in WITHOUT_HISTORY.items():
    row(_name, _call)


@program("no_grad")
def _no_grad(lib):
    def call():
        with lib.no_grad():
            pass

    return call


@program("conv2d 1x1x8x8")
def _conv(lib):
    conv, x, w = lib.nn.functional.conv2d, lib.rand(1, 1, 8, 8), lib.rand(1, 1, 3, 3)
    return lambda: conv(x, w)


@program("conv2d 1x1x8x8 and backward")
def _conv_backward(lib):
    conv, x, w = lib.nn.functional.conv2d, lib.rand(1, 1, 8, 8), lib.rand(1, 1, 3, 3, requires_grad=True)
    return lambda: conv(x, w).sum().backward()


def _mlp(lib):
    nn = lib.nn
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4)), lib.rand(4, 4), lib.tensor([0, 2, 1, 3])


@program("Sequential")
def _sequential(lib):
    net, x, _ = _mlp(lib)
    return lambda: net(x)


@program("Sequential, cross_entropy, backward")
def _training(lib):
    net, x, target = _mlp(lib)

    def call():
        net.zero_grad()
        lib.nn.functional.cross_entropy(net(x), target).backward()

    return call


for _kind, _options in (("SGD", {"lr": 1e-9, "momentum": 0.9}), ("Adam", {}), ("AdamW", {})):

    @program(f"{_kind}.step")
    def _step(lib, kind=_kind, options=_options):
        net, _, _ = _mlp(lib)
        optimizer = getattr(lib.optim, kind)(net.parameters(), **options)
        for p in net.parameters():
            p.grad = lib.rand(*p.shape)
        return optimizer.step


@program("zero_grad")
def _zero_grad(lib):
    net, _, _ = _mlp(lib)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.1)
    return lambda: optimizer.zero_grad()


@program("clip_grad_norm_")
def _clip(lib):
    net, _, _ = _mlp(lib)
    for p in net.parameters():
        p.grad = lib.rand(*p.shape)
    return lambda: lib.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
