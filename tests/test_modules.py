"""Module, Parameter and Buffer beside PyTorch's: the same little program is run with both libraries."""

import collections
import copy
import importlib
import pickle

import pytest
import torch
from module_programs import make_net, plain, same

import rushlight


def before_init(lib, value):
    class Early(lib.nn.Module):
        def __init__(self):
            self.x = value(lib)

    return Early()


def assign(lib, name, value):
    net = make_net(lib)
    setattr(net, name, value)
    return [name for name, _ in net.named_parameters()], list(net.state_dict()), list(net._modules), net._buffers.keys()


PROGRAMS = {
    # 1.1 registration and attributes
    "parameter_before_init": lambda lib: before_init(lib, lambda lib: lib.nn.Parameter(lib.zeros(1))),
    "module_before_init": lambda lib: before_init(lib, lambda lib: lib.nn.Identity()),
    "buffer_before_init": lambda lib: before_init(lib, lambda lib: lib.nn.Buffer(lib.zeros(1))),
    "missing": lambda lib: lib.nn.Linear(2, 2).foo,
    "delete_missing": lambda lib: lib.nn.Linear(2, 2).__delattr__("foo"),
    "no_forward": lambda lib: lib.nn.Module()(1),
    "module_arguments": lambda lib: lib.nn.Module(1),
    "module_keywords": lambda lib: lib.nn.Module(a=1),
    "replace_parameter": lambda lib: assign(lib, "gain", lib.nn.Parameter(lib.zeros(3))),
    "parameter_to_none": lambda lib: assign(lib, "gain", None),
    "parameter_to_tensor": lambda lib: assign(lib, "gain", lib.zeros(1)),
    "parameter_to_int": lambda lib: assign(lib, "gain", 3),
    "parameter_to_module": lambda lib: assign(lib, "gain", lib.nn.Identity()),
    "fill_slot": lambda lib: assign(lib, "none", lib.nn.Parameter(lib.zeros(3))),
    "buffer_to_tensor": lambda lib: assign(lib, "mean", lib.ones(3)),
    "buffer_to_none": lambda lib: assign(lib, "mean", None),
    "buffer_to_int": lambda lib: assign(lib, "mean", 3),
    "buffer_to_parameter": lambda lib: assign(lib, "mean", lib.nn.Parameter(lib.zeros(3))),
    "buffer_object": lambda lib: assign(lib, "fresh", lib.nn.Buffer(lib.zeros(3))),
    "buffer_object_transient": lambda lib: assign(lib, "fresh", lib.nn.Buffer(lib.zeros(3), persistent=False)),
    "buffer_object_over_buffer": lambda lib: assign(lib, "mean", lib.nn.Buffer(lib.zeros(3), persistent=False)),
    "module_to_none": lambda lib: assign(lib, "first", None),
    "module_to_int": lambda lib: assign(lib, "first", 3),
    "module_to_parameter": lambda lib: assign(lib, "first", lib.nn.Parameter(lib.zeros(3))),
    "plain_tensor": lambda lib: assign(lib, "temporary", lib.zeros(3)),
    "add_module_dot": lambda lib: make_net(lib).add_module("a.b", lib.nn.Identity()),
    "add_module_empty": lambda lib: make_net(lib).add_module("", lib.nn.Identity()),
    "add_module_taken": lambda lib: make_net(lib).add_module("gain", lib.nn.Identity()),
    "add_module_int_name": lambda lib: make_net(lib).add_module(3, lib.nn.Identity()),
    "add_module_int": lambda lib: make_net(lib).add_module("x", 3),
    "register_parameter_dot": lambda lib: make_net(lib).register_parameter("a.b", None),
    "register_parameter_empty": lambda lib: make_net(lib).register_parameter("", None),
    "register_parameter_taken": lambda lib: make_net(lib).register_parameter("first", None),
    "register_parameter_again": lambda lib: make_net(lib).register_parameter("gain", None),
    "register_parameter_tensor": lambda lib: make_net(lib).register_parameter("x", lib.zeros(2)),
    "register_parameter_int": lambda lib: make_net(lib).register_parameter("x", 3),
    "register_buffer_dot": lambda lib: make_net(lib).register_buffer("a.b", None),
    "register_buffer_taken": lambda lib: make_net(lib).register_buffer("gain", None),
    "register_buffer_int": lambda lib: make_net(lib).register_buffer("x", 3),
    "register_buffer_name": lambda lib: make_net(lib).register_buffer(3, None),
    "dir": lambda lib: [name for name in dir(make_net(lib)) if name in ("gain", "first", "mean", "none", "0")],
    "parameter_repr": lambda lib: repr(lib.nn.Parameter(lib.zeros(2))),
    "parameter_default": lambda lib: lib.nn.Parameter(),
    "parameter_frozen": lambda lib: lib.nn.Parameter(lib.zeros(2), requires_grad=False),
    "parameter_of_list": lambda lib: lib.nn.Parameter([1.0]),
    "buffer": lambda lib: [lib.nn.Buffer(lib.zeros(2)), type(lib.nn.Buffer()) is lib.Tensor],
    "buffer_instance": lambda lib: [
        isinstance(lib.nn.Buffer(), lib.nn.Buffer),
        isinstance(lib.zeros(1), lib.nn.Buffer),
    ],
    # 1.2 traversal
    "children": lambda lib: list(make_net(lib).children()),
    "named_children": lambda lib: list(make_net(lib).named_children()),
    "modules": lambda lib: list(make_net(lib).modules()),
    "named_modules": lambda lib: list(make_net(lib).named_modules()),
    "named_modules_prefix": lambda lib: [n for n, _ in make_net(lib).named_modules(prefix="p")],
    "named_modules_all": lambda lib: [n for n, _ in make_net(lib).named_modules(remove_duplicate=False)],
    "parameters": lambda lib: list(make_net(lib).parameters()),
    "parameters_own": lambda lib: list(make_net(lib).parameters(recurse=False)),
    "named_parameters": lambda lib: list(make_net(lib).named_parameters()),
    "named_parameters_all": lambda lib: [n for n, _ in make_net(lib).named_parameters(remove_duplicate=False)],
    "named_parameters_prefix": lambda lib: [n for n, _ in make_net(lib).named_parameters("p", False)],
    "named_buffers": lambda lib: list(make_net(lib).named_buffers()),
    "buffers": lambda lib: list(make_net(lib).buffers()),
    "get_submodule": lambda lib: [make_net(lib).get_submodule(path) for path in ("", "body", "body.0")],
    "get_submodule_missing": lambda lib: make_net(lib).get_submodule("body.7"),
    "get_submodule_kind": lambda lib: make_net(lib).get_submodule("gain"),
    "get_parameter": lambda lib: make_net(lib).get_parameter("first.weight"),
    "get_parameter_missing": lambda lib: make_net(lib).get_parameter("first.foo"),
    "get_parameter_kind": lambda lib: make_net(lib).get_parameter("mean"),
    "get_buffer": lambda lib: make_net(lib).get_buffer("mean"),
    "get_buffer_kind": lambda lib: make_net(lib).get_buffer("gain"),
    "get_buffer_missing": lambda lib: make_net(lib).get_buffer("first.foo"),
    "set_submodule_empty": lambda lib: make_net(lib).set_submodule("", lib.nn.Identity()),
    "set_submodule_kind": lambda lib: make_net(lib).set_submodule("x", 3),
    "set_submodule_path": lambda lib: make_net(lib).set_submodule("x.y", lib.nn.Identity()),
    "set_submodule_strict": lambda lib: make_net(lib).set_submodule("x", lib.nn.Identity(), strict=True),
    "set_submodule_over_parameter": lambda lib: make_net(lib).set_submodule("gain", lib.nn.Identity()),
    # 1.3 modes, types, devices
    "train_kind": lambda lib: make_net(lib).train(3),
    "to_int": lambda lib: make_net(lib).to(lib.int64),
    "to_unknown": lambda lib: make_net(lib).to("foo"),
    "double": lambda lib: make_net(lib).double().state_dict(),
    "half": lambda lib: make_net(lib).half().state_dict(),
    "bfloat16": lambda lib: make_net(lib).bfloat16().state_dict(),
    "float": lambda lib: make_net(lib).double().float().state_dict(),
    "type": lambda lib: make_net(lib).requires_grad_(False).type(lib.float64).state_dict(),
    "to_dtype": lambda lib: make_net(lib).to(lib.float64).state_dict(keep_vars=True),
    "to_device_dtype": lambda lib: make_net(lib).to("cpu", lib.float16).state_dict(),
    "to_keyword": lambda lib: make_net(lib).to(dtype=lib.float64, device="cpu").state_dict(),
    "to_tensor": lambda lib: make_net(lib).to(lib.zeros(1, dtype=lib.float64)).state_dict(),
    "to_nothing": lambda lib: make_net(lib).to().state_dict(),
    "cpu": lambda lib: make_net(lib).cpu().state_dict(),
    "requires_grad": lambda lib: [p.requires_grad for p in make_net(lib).requires_grad_(False).parameters()],
    "to_empty": lambda lib: [tuple(p.shape) for p in make_net(lib).to_empty(device="cpu").parameters()],
    # 1.4 state
    "state": lambda lib: make_net(lib).state_dict(),
    "state_metadata": lambda lib: make_net(lib).state_dict()._metadata,
    "state_positional": lambda lib: make_net(lib).state_dict({}, "p."),
    "load_kind": lambda lib: make_net(lib).load_state_dict(3),
    "load_nothing": lambda lib: make_net(lib).load_state_dict({}),
    "load_nothing_loosely": lambda lib: make_net(lib).load_state_dict({}, strict=False),
    "load_extra": lambda lib: make_net(lib).load_state_dict({**make_net(lib).state_dict(), "xx": lib.ones(1)}),
    "load_extra_deep": lambda lib: make_net(lib).load_state_dict(
        {**make_net(lib).state_dict(), "body.9.z": lib.ones(1), "first.z": lib.ones(1), "gain.a": lib.ones(1)}
    ),
    "load_shape": lambda lib: make_net(lib).load_state_dict({"gain": lib.ones(3)}, strict=False),
    "load_kind_of_value": lambda lib: make_net(lib).load_state_dict({"gain": 3}, strict=False),
    "load_scalar": lambda lib: make_net(lib).load_state_dict({"count": lib.tensor([7])}, strict=False),
    # 1.5 hooks
    "both_backward_hooks": lambda lib: [
        (net := make_net(lib)).register_backward_hook(print),
        net.register_full_backward_hook(print),
    ],
    "both_backward_hooks_2": lambda lib: [
        (net := make_net(lib)).register_full_backward_hook(print),
        net.register_backward_hook(print),
    ],
    # 1.6 printing
    "repr": make_net,
    "repr_linear": lambda lib: lib.nn.Linear(2, 3, bias=False),
    "repr_bilinear": lambda lib: lib.nn.Bilinear(2, 3, 4),
    "repr_identity": lambda lib: lib.nn.Identity(5, a=3),
    "repr_flatten": lambda lib: [lib.nn.Flatten(), lib.nn.Flatten(0, 2)],
    "repr_unflatten": lambda lib: [lib.nn.Unflatten(1, (2, 3)), lib.nn.Unflatten(1, [2, -1])],
    "unflatten_kind": lambda lib: lib.nn.Unflatten(1, 3),
    "unflatten_entry": lambda lib: lib.nn.Unflatten(1, (3, "a")),
    "bilinear_size": lambda lib: lib.nn.Bilinear(0, 1, 1),
    # lazy layers
    "repr_lazy": lambda lib: lib.nn.LazyLinear(3),
    "lazy_parameters": lambda lib: list(lib.nn.LazyLinear(3).parameters()),
    "lazy_shape": lambda lib: lib.nn.LazyLinear(3).weight.shape,
    "lazy_state": lambda lib: lib.nn.LazyLinear(3).state_dict(),
    "lazy_share": lambda lib: lib.nn.LazyLinear(3).share_memory(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_pytorch(name):
    same(PROGRAMS[name])


def test_messages():
    """What the comparisons rest on, spelled out once."""
    with pytest.raises(AttributeError, match="cannot assign module before Module.__init__\\(\\) call"):
        PROGRAMS["module_before_init"](rushlight)
    with pytest.raises(TypeError, match="cannot assign 'torch.FloatTensor' as parameter 'gain'"):
        PROGRAMS["parameter_to_tensor"](rushlight)
    with pytest.raises(
        RuntimeError, match="size mismatch for gain: copying a param with shape torch.Size\\(\\[3\\]\\)"
    ):
        PROGRAMS["load_shape"](rushlight)
    with pytest.raises(RuntimeError) as raised:
        PROGRAMS["load_extra"](rushlight)
    assert 'Unexpected key(s) in state_dict: "xx". ' in str(raised.value)
    assert (
        str(make_net(rushlight).load_state_dict(make_net(rushlight).state_dict())) == "<All keys matched successfully>"
    )


def test_management_tables():
    mine, reference = rushlight.nn.Module().__dict__, torch.nn.Module().__dict__
    assert set(mine) == set(reference)
    for name, value in reference.items():
        assert type(mine[name]) is type(value), name
    assert rushlight.nn.Module.dump_patches is False
    assert rushlight.nn.Module._version == 1


def test_public_methods():
    names = {name for name in dir(torch.nn.Module) if not name.startswith("_")} - {"T_destination"}
    assert names <= set(dir(rushlight.nn.Module))


# Layers of later families. A name leaves this list when its layer arrives: the test says so.
NOT_YET = """
    AdaptiveLogSoftmaxWithLoss CTCLoss ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantPad1d
    ConstantPad2d ConstantPad3d CrossMapLRN2d DataParallel Embedding EmbeddingBag Fold
    FractionalMaxPool2d FractionalMaxPool3d GRU GRUCell LSTM LSTMCell LinearCrossEntropyLoss
    LinearCrossEntropyOptions MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention
    PixelShuffle PixelUnshuffle RNN RNNBase RNNCell RNNCellBase ReflectionPad1d ReflectionPad2d
    ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d SyncBatchNorm Transformer TransformerDecoder
    TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginWithDistanceLoss Unfold Upsample
    UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d
""".split()


def test_public_names():
    wanted = {name for name in dir(torch.nn) if name[0].isupper()}
    assert sorted(name for name in wanted if not hasattr(rushlight.nn, name)) == sorted(NOT_YET)


def test_old_style_super():
    class Old(rushlight.nn.Module):
        def __init__(self):
            super(Old, self).__init__()  # noqa: UP008
            self.part = rushlight.nn.Identity()

    assert [name for name, _ in Old().named_children()] == ["part"]


def test_call_super_init():
    class Mixin:
        def __init__(self, tag):
            self.tag = tag

    class Both(rushlight.nn.Module, Mixin):
        call_super_init = True

    assert Both("x").tag == "x"


def test_parameter_shares_storage():
    data = rushlight.zeros(2)
    parameter = rushlight.nn.Parameter(data)
    data.fill_(5.0)
    assert parameter.tolist() == [5.0, 5.0]
    assert parameter.is_leaf
    assert type(parameter) is rushlight.nn.Parameter
    assert type(parameter.data) is rushlight.Tensor
    assert type(parameter.detach()) is rushlight.Tensor
    assert type(parameter * 1) is rushlight.Tensor
    with rushlight.no_grad():
        assert rushlight.nn.Parameter(data).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        rushlight.nn.Parameter(rushlight.zeros(2, dtype=rushlight.int64))


def test_apply_order():
    def order(lib):
        seen = []
        net = make_net(lib)
        assert net.apply(lambda module: seen.append(type(module).__name__)) is net
        return seen

    assert same(order)[-1] == "Net"


def test_modes():
    net = make_net(rushlight)
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())


def test_zero_grad():
    net = make_net(rushlight)
    net(rushlight.ones(2)).sum().backward()
    assert net.gain.grad.tolist() == [9.0, 9.0]
    net.zero_grad(set_to_none=False)
    assert net.gain.grad.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_cast_keeps_identity_and_gradients():
    net = make_net(rushlight)
    net(rushlight.ones(2)).sum().backward()
    before = dict(net.named_parameters())
    assert net.to(rushlight.float64) is net
    for name, parameter in net.named_parameters():
        assert parameter is before[name]
        assert isinstance(parameter, rushlight.nn.Parameter)
        assert parameter.dtype is rushlight.float64
        assert parameter.grad is None or parameter.grad.dtype is rushlight.float64
    assert net.count.dtype is rushlight.int64
    value = rushlight.nn.Parameter(rushlight.tensor([0.1]))
    holder = rushlight.nn.ParameterList([value]).half()
    assert holder[0].item() == 0.0999755859375


def test_accelerators_refused():
    for move in ("cuda", "xpu", "ipu", "mtia"):
        with pytest.raises((AssertionError, RuntimeError)):
            getattr(make_net(rushlight), move)()


# State


def test_state_shares_storage():
    net = make_net(rushlight)
    state = net.state_dict()
    state["gain"].fill_(8.0)
    assert net.gain.tolist() == [8.0, 8.0]
    assert not state["gain"].requires_grad
    assert net.state_dict(keep_vars=True)["gain"] is net.gain
    destination = collections.OrderedDict()
    assert net.state_dict(destination=destination, prefix="p.") is destination
    assert next(iter(destination)) == "p.gain"


@pytest.mark.parametrize("assign", [False, True])
def test_load(assign):
    source, net = make_net(rushlight), make_net(rushlight)
    source.gain.data.fill_(7.0)
    before = net.gain
    keys = net.load_state_dict(source.state_dict(), assign=assign)
    assert keys == ([], [])
    assert keys.missing_keys == []
    assert net.gain.tolist() == [7.0, 7.0]
    assert (net.gain is before) == (not assign)
    assert isinstance(net.gain, rushlight.nn.Parameter)
    assert net.gain.requires_grad


def test_load_casts():
    net = make_net(rushlight)
    net.load_state_dict(make_net(rushlight).double().state_dict())
    assert net.gain.dtype is rushlight.float32
    net.load_state_dict(make_net(rushlight).double().state_dict(), assign=True)
    assert net.gain.dtype is rushlight.float64


def test_extra_state():
    def run(lib):
        class Extra(lib.nn.Module):
            kept = None

            def get_extra_state(self):
                return {"a": 1}

            def set_extra_state(self, state):
                self.kept = state

        net = lib.nn.Sequential(Extra())
        state = net.state_dict()
        missing = net.load_state_dict({}, strict=False)
        result = net.load_state_dict(state)
        plain_net = lib.nn.Sequential(lib.nn.Identity())
        unexpected = plain_net.load_state_dict(state, strict=False)
        return [dict(state), list(missing), repr(result), net[0].kept, list(unexpected)]

    same(run)


def test_state_hooks():
    def run(lib):
        trace = []
        net = make_net(lib)
        net.register_state_dict_pre_hook(lambda module, prefix, keep: trace.append(("pre", prefix, keep)))
        net.first.register_state_dict_post_hook(
            lambda module, state, prefix, meta: trace.append(("post", prefix, dict(meta), list(state)))
        )
        net._register_state_dict_hook(lambda module, state, prefix, meta: {"all": len(state)})
        net.body.register_load_state_dict_pre_hook(
            lambda module, state, prefix, meta, strict, missing, unexpected, errors: trace.append(
                ("load", type(module).__name__, sorted(state), prefix, strict, list(missing))
            )
        )
        net._register_load_state_dict_pre_hook(lambda state, *rest: state.setdefault("gain", lib.full((2,), 4.0)))

        def forgive(module, keys):
            trace.append(("after", sorted(keys.missing_keys)))
            keys.missing_keys.clear()

        handle = net.register_load_state_dict_post_hook(forgive)
        result = net.state_dict()
        loaded = net.load_state_dict({})
        handle.remove()
        with pytest.raises(RuntimeError, match="Missing key"):
            net.load_state_dict({})
        return [trace, result, repr(loaded), net.gain.tolist()]

    same(run)


def test_post_hook_must_return_none():
    def run(lib):
        net = make_net(lib)
        net.register_state_dict_post_hook(lambda *_: 3)
        return net.state_dict()

    same(run)


def test_own_format():
    """A module may override how it saves and loads; `local_metadata` tells it the version that wrote the state."""

    def run(lib):
        seen = []

        class Versioned(lib.nn.Module):
            _version = 4

            def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
                seen.append((prefix, local_metadata.get("version")))
                super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

        net = lib.nn.Sequential(Versioned())
        net.load_state_dict(net.state_dict())
        net.load_state_dict({})
        return seen

    assert same(run) == [["0.", 4], ["0.", None]]


# Copies


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
def test_copies(how):
    net = rushlight.nn.Sequential(rushlight.nn.Linear(2, 3), rushlight.nn.Identity())
    net[0].register_buffer("mean", rushlight.ones(2))
    net[0].register_forward_hook(_hook)
    net[0].weight.note = "kept"
    net.eval()
    other = copy.deepcopy(net) if how == "deepcopy" else pickle.loads(pickle.dumps(net))
    assert plain(other.state_dict()) == plain(net.state_dict())
    assert isinstance(other[0].weight, rushlight.nn.Parameter)
    assert other[0].weight.requires_grad
    assert not other[0].training
    assert list(other[0]._forward_hooks.values()) == [_hook]
    other[0].weight.data.fill_(0.0)
    assert net[0].weight.abs().sum().item() > 0
    if how == "pickle":
        assert other[0].weight.note == "kept"


def _hook(module, args, output):
    return output


def test_shared_parameter_stays_shared_in_a_deepcopy():
    net = rushlight.nn.Sequential(rushlight.nn.Linear(2, 2), rushlight.nn.Linear(2, 2))
    net[1].weight = net[0].weight
    other = copy.deepcopy(net)
    assert other[1].weight is other[0].weight
    assert other[0].weight is not net[0].weight


def test_old_pickle_state():
    """A state without the tables of later versions gets them."""
    module = rushlight.nn.Module()
    state = module.__getstate__()
    del state["_forward_hooks_with_kwargs"], state["_backward_pre_hooks"], state["_non_persistent_buffers_set"]
    other = rushlight.nn.Module.__new__(rushlight.nn.Module)
    other.__setstate__(state)
    assert other.state_dict() == {}
    assert set(other.__dict__) == set(module.__dict__)


# Initialisation and forward of the layers at home here


LAYERS = {
    "linear": lambda lib: lib.nn.Linear(3, 4),
    "linear_no_bias": lambda lib: lib.nn.Linear(3, 4, bias=False),
    "linear_double": lambda lib: lib.nn.Linear(3, 4, dtype=lib.float64),
    "linear_wide": lambda lib: lib.nn.Linear(50, 60),
    "bilinear": lambda lib: lib.nn.Bilinear(2, 3, 4),
}


@pytest.mark.parametrize("name", LAYERS)
def test_same_seed_same_weights(name):
    def run(lib):
        lib.manual_seed(0)
        return LAYERS[name](lib).state_dict(), lib.rand(1)

    same(run)


def test_linear():
    def run(lib):
        layer = lib.nn.Linear(2, 3)
        with lib.no_grad():
            layer.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
            layer.bias.copy_(lib.tensor([0.5, 0.25, 0.125]))
        x = lib.tensor([[1.0, 1.0], [2.0, 0.0]], requires_grad=True)
        y = layer(x)
        y.sum().backward()
        return [y.detach(), x.grad, layer.weight.grad, layer.bias.grad, layer(x[0]), layer(x[None, None]).shape]

    same(run)


def test_linear_shape_error():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied \\(2x4 and 3x2\\)"):
        rushlight.nn.Linear(3, 2)(rushlight.zeros(2, 4))


def test_bilinear():
    layer = rushlight.nn.Bilinear(2, 2, 1)
    with rushlight.no_grad():
        layer.weight.copy_(rushlight.eye(2)[None])
        layer.bias.fill_(0.5)
    assert layer(rushlight.tensor([1.0, 2.0]), rushlight.tensor([3.0, 4.0])).tolist() == [11.5]
    assert tuple(rushlight.nn.Bilinear(20, 30, 40)(rushlight.ones(128, 20), rushlight.ones(128, 30)).shape) == (128, 40)


def test_identity_flatten_unflatten():
    def run(lib):
        x = lib.arange(24).reshape(2, 3, 4)
        return [
            lib.nn.Identity(3)(x),
            lib.nn.Flatten()(x),
            lib.nn.Flatten(0, 1)(x),
            lib.nn.Unflatten(2, (2, 2))(x),
            lib.nn.Unflatten(1, (-1, 1))(x),
        ]

    same(run)


def test_lazy_linear():
    def run(lib):
        lib.manual_seed(1)
        layer = lib.nn.LazyLinear(3)
        assert layer.has_uninitialized_params()
        layer(lib.ones(2, 5))
        return [
            repr(layer),
            type(layer).__name__,
            layer.state_dict(),
            list(layer._forward_pre_hooks),
            layer.in_features,
        ]

    same(run)


def test_lazy_linear_from_state():
    def run(lib):
        lib.manual_seed(1)
        layer = lib.nn.LazyLinear(3)
        layer.load_state_dict(lib.nn.Linear(4, 3).state_dict())
        return layer.state_dict()

    same(run)


def test_lazy_values_refused():
    layer = rushlight.nn.LazyLinear(3)
    for use in (lambda w: w + 1, lambda w: w.sum(), lambda w: 2 * w, lambda w: w @ w, lambda w: w[0], len, float):
        with pytest.raises(ValueError, match="uninitialized parameter"):
            use(layer.weight)
    copied = copy.deepcopy(layer)
    assert type(copied.weight) is rushlight.nn.UninitializedParameter
    assert layer.double().weight.dtype is rushlight.float64


def test_factory_kwargs():
    assert rushlight.nn.factory_kwargs(None) == {}
    assert rushlight.nn.factory_kwargs({"dtype": 1, "factory_kwargs": {"device": 2}}) == {"dtype": 1, "device": 2}
    with pytest.raises(TypeError, match="unexpected"):
        rushlight.nn.factory_kwargs({"bias": 1})
    with pytest.raises(TypeError, match="twice"):
        rushlight.nn.factory_kwargs({"dtype": 1, "factory_kwargs": {"dtype": 2}})


def test_module_utils():
    ours, theirs = rushlight.nn.modules.utils, torch.nn.modules.utils
    for name in ("_single", "_pair", "_triple", "_quadruple"):
        for value in (3, (1, 2), [4]):
            assert getattr(ours, name)(value) == getattr(theirs, name)(value)
    assert ours._reverse_repeat_tuple((1, 2), 2) == theirs._reverse_repeat_tuple((1, 2), 2)
    assert ours._list_with_default([None, 3], [4, 5, 6]) == theirs._list_with_default([None, 3], [4, 5, 6])

    def strip(lib):
        state = lib.nn.Sequential(lib.nn.ModuleDict({"module": lib.nn.Linear(1, 1)}))[0].state_dict()
        lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
        return sorted(state), dict(state._metadata)

    same(strip)


@pytest.mark.parametrize("package", ["rushlight.nn", "rushlight.nn.modules", "rushlight.nn.functional", "rushlight"])
def test_every_listed_name_exists(package):
    """`from package import *` works: nothing is listed that is not there."""
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", []):
        assert getattr(module, name) is not None
