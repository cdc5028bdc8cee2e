"""Forward and backward hooks of modules beside PyTorch's: order, arguments, replacement, errors."""

import pytest
import torch
from module_programs import make_net, make_scale, outcome, plain, same

import rushlight


def test_forward_hook_order():
    def run(lib):
        trace = []
        net = make_net(lib)

        def hook(tag, value=None):
            def run_hook(module, *rest):
                trace.append((tag, type(module).__name__, [plain(item) for item in rest]))
                return value(rest) if value else None

            return run_hook

        net.first.register_forward_hook(hook("after 1"))
        net.first.register_forward_hook(hook("after 0", lambda rest: rest[1] * 2), prepend=True)
        net.first.register_forward_pre_hook(hook("before 1", lambda rest: rest[0][0] + 1))
        net.first.register_forward_pre_hook(hook("before 0", lambda rest: (rest[0][0] * 5,)), prepend=True)
        removed = net.first.register_forward_hook(hook("removed"))
        removed.remove()
        removed.remove()
        with net.first.register_forward_hook(hook("for a while")):
            first = net(lib.ones(2))
        return [trace, first, net(lib.ones(2)), net.first.forward(lib.ones(2))]

    same(run)


def test_forward_hooks_with_kwargs():
    def run(lib):
        trace = []
        module = make_scale(lib)()

        def before(module, args, kwargs):
            trace.append(("before", args, kwargs))
            return (args[0] + 1,), {"times": kwargs["times"] + 1}

        def after(module, args, kwargs, output):
            trace.append(("after", args, kwargs, output))

        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after, with_kwargs=True)
        module.register_forward_hook(lambda module, args, output: trace.append(("plain", args, output)))
        return [module(lib.ones(2), times=2), trace]

    same(run)


def test_pre_hook_result_checked():
    def run(lib):
        module = make_scale(lib)()
        module.register_forward_pre_hook(lambda *_: 3, with_kwargs=True)
        return module(lib.ones(2))

    assert same(run)[0] == "RuntimeError"


@pytest.mark.parametrize("fails", ["forward", "hook", "nothing", "always"])
def test_always_called_hooks(fails):
    def run(lib):
        trace = []

        class Picky(lib.nn.Module):
            def forward(self, x):
                if fails == "forward":
                    raise ValueError("no forward")
                return x

        def log(tag, error=None):
            def hook(module, args, output):
                trace.append((tag, plain(output)))
                if error:
                    raise error

            return hook

        module = Picky()
        module.register_forward_hook(log("first always"), always_call=True)
        module.register_forward_hook(log("plain", ValueError("no hook") if fails == "hook" else None))
        module.register_forward_hook(
            log("last always", KeyError("again") if fails == "always" else None), always_call=True
        )
        if fails == "always":
            module.register_forward_pre_hook(lambda module, args: (None, None))
        try:
            result = module(lib.ones(1))
        except Exception as error:
            result = type(error).__name__
        return [result, trace]

    same(run)


def backward_trace(lib, prepare, x_grad=True, run=None):
    """Run one backward pass of Scale with hooks set by `prepare(module, log)`; returns all that the hooks saw."""
    trace = []
    module = make_scale(lib)()

    def log(tag, value=None):
        def hook(module, *grads):
            trace.append((tag, type(module).__name__, plain(grads)))
            return value(grads) if value else None

        return hook

    prepare(module, log)
    x = lib.tensor([1.0, 2.0], requires_grad=x_grad)
    y = run(module, x) if run else module(x)
    y.sum().backward()
    return [trace, x.grad, module.weight.grad, module.bias.grad, y]


BACKWARD = {
    "full": lambda module, log: module.register_full_backward_hook(log("full")),
    "full_replaces": lambda module, log: module.register_full_backward_hook(log("full", lambda g: (g[0][0] * 10,))),
    "pre": lambda module, log: module.register_full_backward_pre_hook(log("pre")),
    "pre_replaces": lambda module, log: module.register_full_backward_pre_hook(log("pre", lambda g: (g[0][0] * 2,))),
    "order": lambda module, log: [
        module.register_full_backward_hook(log("b", lambda g: (g[0][0] + 1,))),
        module.register_full_backward_hook(log("a", lambda g: (g[0][0] * 3,)), prepend=True),
        module.register_full_backward_pre_hook(log("pb", lambda g: (g[0][0] + 1,))),
        module.register_full_backward_pre_hook(log("pa", lambda g: (g[0][0] * 3,)), prepend=True),
    ],
    "bad_count": lambda module, log: module.register_full_backward_hook(log("full", lambda g: (1, 2))),
    "bad_count_pre": lambda module, log: module.register_full_backward_pre_hook(log("pre", lambda g: (1, 2))),
}


NO_INPUT_GRAD = ["full", "pre", "pre_replaces", "bad_count", "bad_count_pre"]  # the others need a grad_input


@pytest.mark.parametrize(
    ("name", "x_grad"), [*((name, True) for name in BACKWARD), *((name, False) for name in NO_INPUT_GRAD)]
)
def test_full_backward_hooks(name, x_grad):
    same(lambda lib: backward_trace(lib, BACKWARD[name], x_grad))


def test_full_hook_without_input_grad_refuses_replacement():
    same(
        lambda lib: backward_trace(
            lib, lambda module, log: module.register_full_backward_hook(log("full", lambda g: (g[1][0],))), False
        )
    )


def test_full_hook_sees_what_the_checklist_says():
    def run(module, x):
        return module(x)

    trace, *_ = backward_trace(rushlight, BACKWARD["full"], run=run)
    tag, name, (grad_input, grad_output) = trace[0]
    assert (tag, name) == ("full", "Scale")
    assert grad_input[0][3] == [3.0, 3.0]
    assert grad_output[0][3] == [1.0, 1.0]


def test_full_hook_may_return_one_tensor():
    """PyTorch wants a tuple; for one input the tensor alone is clear enough."""
    module = make_scale(rushlight)()
    module.register_full_backward_hook(lambda module, grad_input, grad_output: grad_input[0] * 10)
    x = rushlight.ones(2, requires_grad=True)
    module(x).sum().backward()
    assert x.grad.tolist() == [30.0, 30.0]


def test_backward_hooks_of_several_inputs_and_outputs():
    def run(lib):
        trace = []

        class Pair(lib.nn.Module):
            def forward(self, a, flag, b):
                return a * b, b * 2, flag

        module = Pair()
        module.register_full_backward_hook(lambda module, gi, go: trace.append((plain(gi), plain(go))))
        module.register_full_backward_pre_hook(lambda module, go: trace.append(plain(go)))
        a = lib.tensor([1.0, 2.0], requires_grad=True)
        b = lib.tensor([3.0, 4.0], requires_grad=True)
        product, double, flag = module(a, True, b)
        (product.sum() + double.sum() * 5).backward()
        return [trace, a.grad, b.grad, flag, product.grad_fn.name().rpartition(".")[2]]

    same(run)


def test_backward_hook_in_double_backward():
    def run(lib):
        count = []
        module = make_scale(lib)()
        module.register_full_backward_hook(lambda *_: count.append(1))
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        (grad,) = lib.autograd.grad((module(x) ** 2).sum(), x, create_graph=True)
        grad.sum().backward()
        return [len(count) >= 1, grad.detach(), x.grad, module.weight.grad]

    same(run)


def test_old_backward_hook():
    def run(lib):
        trace = []

        class Double(lib.nn.Module):
            def forward(self, x):
                return x * 2

        module = Double()
        module.register_backward_hook(lambda module, gi, go: trace.append((plain(gi[0]), plain(go))))
        handle = module.register_backward_hook(lambda module, gi, go: (gi[0] * 10, *gi[1:]))
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        module(x).sum().backward()
        first = x.grad.tolist()
        handle.remove()
        module(x).sum().backward()
        return [trace, first, x.grad.tolist()]

    same(run)


def test_old_backward_hook_warns_when_partial():
    def run(lib):
        module = make_scale(lib)()
        module.register_backward_hook(lambda *_: None)
        module(lib.ones(2, requires_grad=True)).sum().backward()

    assert outcome(run, rushlight) == outcome(run, torch)
    assert outcome(run, rushlight)[1] == ["FutureWarning"]


def test_hooks_without_grad_mode():
    def run(lib):
        module = make_scale(lib)()
        module.register_full_backward_hook(lambda *_: None)
        with lib.no_grad():
            return module(lib.ones(2))

    same(run)


def test_global_hooks():
    def run(lib):
        trace = []
        hooks = lib.nn.modules.module

        def log(tag):
            return lambda module, *rest: trace.append((tag, type(module).__name__, plain(rest)))

        handles = [
            hooks.register_module_forward_pre_hook(log("before")),
            hooks.register_module_forward_hook(log("after")),
            hooks.register_module_full_backward_pre_hook(log("back before")),
            hooks.register_module_full_backward_hook(log("back after")),
        ]
        try:
            net = make_net(lib)
            net.first.register_forward_hook(log("own after"))
            net.first.register_full_backward_hook(log("own back"))
            x = lib.tensor([1.0, 2.0], requires_grad=True)
            net(x).sum().backward()
        finally:
            for handle in handles:
                handle.remove()
        count = len(trace)
        net(x)
        return [trace, len(trace) - count]

    same(run)


def test_registration_hooks():
    def run(lib):
        trace = []
        hooks = lib.nn.modules.module
        handles = [
            hooks.register_module_parameter_registration_hook(lambda m, name, p: trace.append(("parameter", name))),
            hooks.register_module_buffer_registration_hook(lambda m, name, b: trace.append(("buffer", name))),
            hooks.register_module_module_registration_hook(lambda m, name, child: trace.append(("module", name))),
        ]
        try:
            make_net(lib)
        finally:
            for handle in handles:
                handle.remove()
        replaced = hooks.register_module_buffer_registration_hook(lambda m, name, b: b + 1)
        try:
            module = lib.nn.Module()
            module.register_buffer("b", lib.zeros(1))
        finally:
            replaced.remove()
        return [trace, module.b]

    same(run)
