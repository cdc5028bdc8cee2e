"""Attribute lookup and calls of modules, whose common case is native: the same program on PyTorch and on rushlight."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

import rushlight

PROGRAMS = []


def program(function):
    PROGRAMS.append(pytest.param(function, id=function.__name__))
    return function


def outcome(call):
    """What a call gives, or the class of its error."""
    try:
        result = call()
    except Exception as error:
        return type(error).__name__
    return result.tolist() if hasattr(result, "tolist") else result


@program
def kinds_of_attributes(lib):
    class Net(lib.nn.Module):
        shared = "class"

        def __init__(self):
            super().__init__()
            self.weight = lib.nn.Parameter(lib.ones(2))
            self.register_buffer("count", lib.zeros(1))
            self.child = lib.nn.Identity()
            self.plain = 3
            self.bias = None
            self.register_parameter("empty", None)

        @property
        def doubled(self):
            return self.weight * 2

        @property
        def broken(self):
            return self.missing

    m = Net()
    names = "weight count plain bias empty shared doubled broken missing training __class__ __nothing__".split()
    found = [outcome(lambda n=n: getattr(m, n)) for n in names if n != "__class__"]
    return found, type(m.child).__name__, m.__class__.__name__, hasattr(m, "missing"), getattr(m, "missing", 5)


@program
def set_and_delete(lib):
    m = lib.nn.Linear(2, 2)
    m.weight = lib.nn.Parameter(lib.zeros(2, 2))
    seen = [m.weight.tolist()]
    del m.bias
    seen.append(outcome(lambda: m.bias))
    m.bias = 7
    seen.append(m.bias)
    m.bias = lib.nn.Parameter(lib.ones(2))
    seen += [m.bias.tolist(), "bias" in m.__dict__, list(m.state_dict())]
    return seen


@program
def tables_changed_by_hand(lib):
    m = lib.nn.Linear(2, 2)
    m._parameters["weight"] = lib.nn.Parameter(lib.zeros(2, 2))
    m._parameters["extra"] = None
    del m._parameters["bias"]
    m._buffers["b"] = lib.ones(1)
    m._modules["sub"] = lib.nn.ReLU()
    m.__dict__["direct"] = 1
    return m.weight.tolist(), m.extra, outcome(lambda: m.bias), m.b.tolist(), repr(m.sub), m.direct


@program
def table_of_another_class(lib):
    class Upper(dict):
        def __contains__(self, name):
            return super().__contains__(name.upper())

        def __getitem__(self, name):
            return super().__getitem__(name.upper())

    m = lib.nn.Module()
    m.__dict__["_parameters"] = Upper(WEIGHT=4)
    m.__dict__["_buffers"] = None
    return m.weight, outcome(lambda: m.other)


@program
def missing_tables(lib):
    m = lib.nn.Linear.__new__(lib.nn.Linear)
    m.__dict__["here"] = 1
    return m.here, outcome(lambda: m.weight), outcome(lambda: m(lib.ones(2)))


@program
def getattr_overridden(lib):
    class Net(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = lib.nn.Parameter(lib.ones(1))

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("other"):
                    return f"default {name}"
                raise

    class Below(Net):
        pass

    return Net().weight.tolist(), Net().other, Below().other, Below().weight.tolist()


@program
def getattribute_overridden(lib):
    class Net(lib.nn.Linear):
        def __getattribute__(self, name):
            return 5 if name == "special" else super().__getattribute__(name)

    m = Net(1, 1)
    return m.special, list(m.weight.shape), list(m(lib.ones(1, 1)).shape)


@program
def another_base_has_getattr(lib):
    class Other:
        def __getattr__(self, name):
            return f"other {name}"

    class First(lib.nn.Module, Other):
        pass

    class Second(Other, lib.nn.Module):
        pass

    return outcome(lambda: First().x), outcome(lambda: Second().x)


@program
def class_changed_later(lib):
    class Net(lib.nn.Module):
        def forward(self, x):
            return x + 1

    class Below(Net):
        pass

    m = Below()
    seen = [m(1)]
    Net.__getattr__ = lambda self, name: name
    seen.append(m.anything)
    del Net.__getattr__
    seen.append(outcome(lambda: m.anything))
    Net.__call__ = lambda self, x: "called"
    seen.append(m(1))
    del Net.__call__
    seen.append(m(1))
    Net.forward = lambda self, x: x + 10
    seen.append(m(1))
    Net.answer = 42
    seen.append(m.answer)
    return seen


@program
def base_class_patched(lib):
    original_call, original_getattr = lib.nn.Module.__call__, lib.nn.Module.__getattr__
    m = lib.nn.Sequential(lib.nn.Identity())
    calls = []

    def call(self, *args, **kwargs):
        calls.append(type(self).__name__)
        return original_call(self, *args, **kwargs)

    def lookup(self, name):
        calls.append(name)
        return original_getattr(self, name)

    lib.nn.Module.__call__ = call
    lib.nn.Module.__getattr__ = lookup
    try:
        m(1)
        outcome(lambda: m.nothing)
    finally:
        lib.nn.Module.__call__ = original_call
        lib.nn.Module.__getattr__ = original_getattr
    return calls, m(2), outcome(lambda: m.nothing)


@program
def forward_of_other_kinds(lib):
    class Callable:
        def __call__(self, x):
            return ("object", x)

    class Net(lib.nn.Module):
        forward = Callable()

    class Static(lib.nn.Module):
        @staticmethod
        def forward(x):
            return ("static", x)

    class Of(lib.nn.Module):
        @classmethod
        def forward(cls, x):
            return (cls.__name__, x)

    class Plain(lib.nn.Module):
        def forward(self, x):
            return ("plain", x)

    m = Plain()
    m.forward = lambda x: ("own", x)
    return Net()(1), Static()(1), Of()(1), m(1), outcome(lambda: lib.nn.Module()(1))


@program
def arguments(lib):
    class Net(lib.nn.Module):
        def forward(self, *args, key=None):
            return args, key

    m = Net()
    return m(), m(1), m(1, 2, key=3), m(*range(20)), m(*range(8)), m(*range(9)), outcome(lambda: m(no=1))


@program
def call_overridden(lib):
    class Net(lib.nn.Linear):
        def __call__(self, x):
            return "mine", list(super().__call__(x).shape)

    return Net(2, 3)(lib.ones(1, 2))


@program
def hooks(lib):
    m = lib.nn.Identity()
    seen = []
    for register in (m.register_forward_pre_hook, m.register_forward_hook):
        handle = register(lambda *args, r=register: seen.append((r.__name__, len(args))))
        m(lib.ones(1))
        handle.remove()
        m(lib.ones(1))
    handle = lib.nn.modules.module.register_module_forward_hook(lambda *args: seen.append("global"))
    m(lib.ones(1))
    handle.remove()
    m(lib.ones(1))
    handle = m.register_full_backward_hook(lambda *args: seen.append("backward"))
    m(lib.ones(1, requires_grad=True)).sum().backward()
    handle.remove()
    return seen


@program
def copies(lib):
    m = lib.nn.Sequential(lib.nn.Linear(2, 1), lib.nn.ReLU())
    with_slots = [copy.copy(m), copy.deepcopy(m)]
    return [[list(c[0].weight.shape), list(c(lib.ones(3, 2)).shape)] for c in with_slots]


@program
def deep_recursion(lib):
    class Net(lib.nn.Module):
        def forward(self, x):
            return self(x)

    return outcome(lambda: Net()(1))


@program
def keyword_of_class(lib):
    class Base(lib.nn.Module):
        def __init_subclass__(cls, tag=None, **kwargs):
            super().__init_subclass__(**kwargs)
            cls.tag = tag

    class Net(Base, tag="t"):
        def forward(self, x):
            return x

    return Net.tag, Net()(3)


@program
def without_init_subclass(lib):
    class Base(lib.nn.Module):
        def __init_subclass__(cls):  # does not call super
            pass

    class Net(Base):
        def __init__(self):
            super().__init__()
            self.w = lib.nn.Parameter(lib.ones(1))

        def forward(self, x):
            return x + 1

    return Net()(1), Net().w.tolist()


@pytest.mark.parametrize("run", PROGRAMS)
def test_same_as_torch(run):
    assert run(rushlight) == run(torch)


def test_error_names_the_attribute():
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'wieght'"):
        rushlight.nn.Linear(1, 1).wieght  # noqa: B018


class Pickled(rushlight.nn.Module):
    def forward(self, x):
        return x + 1


def test_pickled_class():
    assert pickle.loads(pickle.dumps(Pickled))()(1) == 2


def test_no_reference_is_lost_or_kept():
    import gc
    import sys

    m = rushlight.nn.Linear(2, 2)
    weight, x = m.weight, rushlight.ones(1, 2)
    before = sys.getrefcount(weight), sys.getrefcount(x), sys.getrefcount(m)
    for _ in range(100):
        m(x)
        m.weight  # noqa: B018
        getattr(m, "nothing", None)
    gc.collect()
    assert (sys.getrefcount(weight), sys.getrefcount(x), sys.getrefcount(m)) == before
