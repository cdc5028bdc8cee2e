"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict beside PyTorch's, by the same little programs."""

import collections

import pytest
import torch
from module_programs import same

import rushlight


def leaf(lib, kind, sizes=1):
    """A childless module that prints as `kind(sizes)`; the class is the same for equal kinds."""

    def forward(self, x):
        return x * 2 + sizes

    body = {"forward": forward, "extra_repr": lambda self: str(sizes)}
    return type(kind, (lib.nn.Module,), body)()


def stages(lib, *kinds):
    return [leaf(lib, kind) for kind in kinds or ("A", "B", "A")]


def changed(make, change):
    """The container that `make(lib)` builds, after `change(container, lib)`, with what the change returned."""

    def program(lib):
        container = make(lib)
        result = change(container, lib)
        return [None if result is container else result, repr(container), list(container._modules)]

    return program


def sequential(lib):
    return lib.nn.Sequential(*stages(lib))


def module_list(lib):
    return lib.nn.ModuleList(stages(lib, "A", "A", "B", "A", "A", "A"))


def module_dict(lib):
    return lib.nn.ModuleDict({"a": leaf(lib, "A"), "b": leaf(lib, "B")})


def add(container, other):
    container += other
    return container


def multiply(container, count):
    container *= count
    return container


def delete(container, index):
    del container[index]


def put(container, index, value):
    container[index] = value


SEQUENTIAL = {
    "as_is": lambda s, lib: s,
    "len": lambda s, lib: len(s),
    "iterate": lambda s, lib: list(s),
    "index": lambda s, lib: [s[0], s[-1], s[True]],
    "index_high": lambda s, lib: s[5],
    "index_low": lambda s, lib: s[-4],
    "index_text": lambda s, lib: s["0"],
    "index_float": lambda s, lib: s[1.5],
    "slice": lambda s, lib: [s[1:], s[::-1], s[:0], type(s[1:]).__name__],
    "put": lambda s, lib: put(s, 1, leaf(lib, "C")),
    "put_kind": lambda s, lib: put(s, 1, 3),
    "delete": lambda s, lib: delete(s, 0),
    "delete_slice": lambda s, lib: delete(s, slice(0, 2)),
    "delete_high": lambda s, lib: delete(s, 3),
    "pop": lambda s, lib: s.pop(0),
    "pop_slice": lambda s, lib: s.pop(slice(1, None)),
    "pop_high": lambda s, lib: s.pop(5),
    "append": lambda s, lib: s.append(leaf(lib, "C")),
    "append_kind": lambda s, lib: s.append(3),
    "insert": lambda s, lib: s.insert(1, leaf(lib, "C")),
    "insert_negative": lambda s, lib: s.insert(-1, leaf(lib, "C")),
    "insert_end": lambda s, lib: s.insert(3, leaf(lib, "C")),
    "insert_high": lambda s, lib: s.insert(5, leaf(lib, "C")),
    "insert_kind": lambda s, lib: s.insert(0, 3),
    "extend": lambda s, lib: s.extend(stages(lib)),
    "extend_kind": lambda s, lib: s.extend(3),
    "add": lambda s, lib: s + lib.nn.Sequential(leaf(lib, "C")),
    "add_kind": lambda s, lib: s + 3,
    "iadd": lambda s, lib: add(s, lib.nn.Sequential(leaf(lib, "C"))),
    "iadd_kind": lambda s, lib: add(s, [leaf(lib, "C")]),
    "mul": lambda s, lib: [s * 2, 2 * s, len(list((s * 2).modules()))],
    "mul_zero": lambda s, lib: s * 0,
    "mul_kind": lambda s, lib: s * "a",
    "imul": lambda s, lib: multiply(s, 2),
    "imul_zero": lambda s, lib: multiply(s, 0),
    "call": lambda s, lib: s(1),
    "dir": lambda s, lib: [name for name in dir(s) if name.isdigit() or name == "append"],
}


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential(name):
    same(changed(sequential, SEQUENTIAL[name]))


MODULE_LIST = {
    "as_is": lambda s, lib: s,
    "len": lambda s, lib: [len(s), list(s), s[0] in s, leaf(lib, "A") in s],
    "index": lambda s, lib: [s[2], s[-1]],
    "index_high": lambda s, lib: s[6],
    "index_low": lambda s, lib: s[-7],
    "index_text": lambda s, lib: s["a"],
    "slice": lambda s, lib: [s[1:3], s[::2]],
    "put": lambda s, lib: put(s, -1, leaf(lib, "C")),
    "put_kind": lambda s, lib: put(s, 0, 3),
    "delete": lambda s, lib: delete(s, 2),
    "delete_slice": lambda s, lib: delete(s, slice(0, 2)),
    "append": lambda s, lib: s.append(leaf(lib, "C")),
    "append_kind": lambda s, lib: s.append(3),
    "extend": lambda s, lib: s.extend(module_list(lib)),
    "extend_iterator": lambda s, lib: s.extend(iter(stages(lib))),
    "extend_kind": lambda s, lib: s.extend(3),
    "insert": lambda s, lib: s.insert(0, leaf(lib, "C")),
    "pop": lambda s, lib: s.pop(2),
    "pop_nothing": lambda s, lib: s.pop(50),
    "add": lambda s, lib: s + [leaf(lib, "C")],
    "add_kind": lambda s, lib: s + 3,
    "iadd": lambda s, lib: add(s, [leaf(lib, "C")]),
    "call": lambda s, lib: s(1),
}


@pytest.mark.parametrize("name", MODULE_LIST)
def test_module_list(name):
    same(changed(module_list, MODULE_LIST[name]))


def test_lists_where_pytorch_fails():
    """Extending by oneself doubles; inserting beyond the end appends, as lists do."""
    assert len(sequential(rushlight).extend(s := sequential(rushlight))) == 3 + len(s)
    both = sequential(rushlight)
    assert [id(m) for m in both.extend(both)] == [id(m) for m in list(both)[:3]] * 2
    modules = rushlight.nn.ModuleList(stages(rushlight))
    assert len(modules.extend(modules)) == 6
    modules.insert(30, leaf(rushlight, "C"))
    assert list(modules._modules) == [str(i) for i in range(7)]


MODULE_DICT = {
    "as_is": lambda s, lib: s,
    "read": lambda s, lib: [len(s), list(s), list(s.keys()), list(s.items()), list(s.values()), "a" in s, "z" in s],
    "index": lambda s, lib: s["a"],
    "missing": lambda s, lib: s["z"],
    "put": lambda s, lib: put(s, "a", leaf(lib, "C")),
    "put_new": lambda s, lib: put(s, "c", leaf(lib, "C")),
    "put_name": lambda s, lib: put(s, "keys", leaf(lib, "C")),
    "put_dot": lambda s, lib: put(s, "a.b", leaf(lib, "C")),
    "put_key": lambda s, lib: put(s, 3, leaf(lib, "C")),
    "put_kind": lambda s, lib: put(s, "c", 3),
    "delete": lambda s, lib: delete(s, "a"),
    "delete_missing": lambda s, lib: delete(s, "z"),
    "pop": lambda s, lib: s.pop("a"),
    "pop_missing": lambda s, lib: s.pop("z"),
    "clear": lambda s, lib: s.clear(),
    "update": lambda s, lib: s.update({"z": leaf(lib, "Z"), "y": leaf(lib, "Y")}),
    "update_pairs": lambda s, lib: s.update([("z", leaf(lib, "Z")), ["a", leaf(lib, "Y")]]),
    "update_module_dict": lambda s, lib: s.update(lib.nn.ModuleDict({"o": leaf(lib, "O")})),
    "update_kind": lambda s, lib: s.update(3),
    "update_short": lambda s, lib: s.update([("a",)]),
    "call": lambda s, lib: s(1),
}


@pytest.mark.parametrize("name", MODULE_DICT)
def test_module_dict(name):
    same(changed(module_dict, MODULE_DICT[name]))


OTHERS = {
    "empty": lambda lib: [lib.nn.Sequential(), lib.nn.ModuleList(), lib.nn.ModuleDict(), lib.nn.Sequential()(3)],
    "empty_index": lambda lib: lib.nn.Sequential()[0],
    "ordered": lambda lib: lib.nn.Sequential(collections.OrderedDict(one=leaf(lib, "A"), two=leaf(lib, "B"))),
    "ordered_slice": lambda lib: lib.nn.Sequential(collections.OrderedDict(one=leaf(lib, "A"), two=leaf(lib, "B")))[1:],
    "ordered_delete": lambda lib: (
        delete(s := lib.nn.Sequential(collections.OrderedDict(one=leaf(lib, "A"), two=leaf(lib, "B"))), 0) or s
    ),
    "plain_dict": lambda lib: lib.nn.Sequential({"a": leaf(lib, "A")}),
    "number": lambda lib: lib.nn.Sequential(3),
    "list_of_number": lambda lib: lib.nn.ModuleList([3]),
    "list_of_module": lambda lib: lib.nn.ModuleList(leaf(lib, "A")),
    "list_of_sequential": lambda lib: lib.nn.ModuleList(sequential(lib)),
    "list_with_none": lambda lib: lib.nn.ModuleList([None, leaf(lib, "A")]),
    "nested_fold": lambda lib: lib.nn.ModuleList([sequential(lib), sequential(lib), leaf(lib, "A")]),
    "dict_pairs": lambda lib: lib.nn.ModuleDict([["conv", leaf(lib, "A")]]),
    "keys": lambda lib: list(lib.nn.Sequential(lib.nn.ModuleList([lib.nn.Linear(1, 1)])).state_dict()),
    "container": lambda lib: lib.nn.Container(a=leaf(lib, "A")),
    "twenty": lambda lib: len(list(lib.nn.ModuleList([lib.nn.Linear(10, 10) for _ in range(20)]).parameters())),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others(name):
    same(OTHERS[name])


# Parameters


def parameter_list(lib):
    return lib.nn.ParameterList([lib.zeros(2), lib.nn.Parameter(lib.ones(1)), 3, "a"])


def parameter_dict(lib):
    return lib.nn.ParameterDict({"b": lib.zeros(2), "a": 3, "c": lib.nn.Parameter(lib.ones(1))})


def with_names(make, change):
    def program(lib):
        container = make(lib)
        result = change(container, lib)
        names = [name for name, _ in container.named_parameters()]
        return [None if result is container else result, repr(container), names, len(container)]

    return program


PARAMETER_LIST = {
    "as_is": lambda s, lib: s,
    "index": lambda s, lib: [s[0], s[-1], s[2]],
    "index_high": lambda s, lib: s[9],
    "index_text": lambda s, lib: s["0"],
    "iterate": lambda s, lib: list(s),
    "slice": lambda s, lib: s[1:],
    "put": lambda s, lib: put(s, 0, lib.ones(5)),
    "put_negative": lambda s, lib: put(s, -1, lib.ones(5)),
    "append": lambda s, lib: s.append(lib.ones(3)),
    "extend": lambda s, lib: s.extend([lib.ones(1), 5]),
    "extend_kind": lambda s, lib: s.extend(3),
    "iadd": lambda s, lib: add(s, [lib.ones(1)]),
    "state": lambda s, lib: s.state_dict(),
    "call": lambda s, lib: s(3),
    "nested": lambda s, lib: lib.nn.ParameterList([lib.nn.ParameterList([lib.ones(1)])]),
    "empty": lambda s, lib: [lib.nn.ParameterList(), lib.nn.ParameterList(None)],
    "old_keyword": lambda s, lib: lib.nn.ParameterList(parameters=[]),
}


@pytest.mark.parametrize("name", PARAMETER_LIST)
def test_parameter_list(name):
    same(with_names(parameter_list, PARAMETER_LIST[name]))


PARAMETER_DICT = {
    "as_is": lambda s, lib: s,
    "index": lambda s, lib: [s["a"], s["b"]],
    "missing": lambda s, lib: s["z"],
    "put": lambda s, lib: put(s, "a", lib.ones(5)),
    "put_name": lambda s, lib: put(s, "keys", lib.ones(5)),
    "delete": lambda s, lib: delete(s, "a"),
    "delete_missing": lambda s, lib: delete(s, "zz"),
    "pop": lambda s, lib: s.pop("b"),
    "pop_missing": lambda s, lib: s.pop("z"),
    "popitem": lambda s, lib: s.popitem(),
    "popitem_empty": lambda s, lib: lib.nn.ParameterDict().popitem(),
    "get": lambda s, lib: [s.get("a"), s.get("z", 5), s.get("z")],
    "setdefault": lambda s, lib: [s.setdefault("z", lib.ones(1)), s.setdefault("a", 9), s.setdefault("q")],
    "fromkeys": lambda s, lib: [s.fromkeys(["x", "y"]), s.fromkeys(["x"], lib.ones(1))],
    "copy": lambda s, lib: [s.copy(), s.copy()["b"] is s["b"]],
    "or": lambda s, lib: s | lib.nn.ParameterDict({"r": lib.ones(1)}),
    "or_dict": lambda s, lib: s | {"r": lib.ones(1)},
    "ror": lambda s, lib: {"r": 5} | s,
    "ior": lambda s, lib: s.__ior__({"r": lib.ones(1)}),
    "update_sorted": lambda s, lib: s.update({"y": lib.ones(1), "x": lib.ones(1)}),
    "update_ordered": lambda s, lib: s.update(collections.OrderedDict(y=lib.ones(1), x=lib.ones(1))),
    "update_pairs": lambda s, lib: s.update([("y", lib.ones(1)), ("x", lib.ones(1))]),
    "update_self": lambda s, lib: s.update(lib.nn.ParameterDict([("y", 1), ("x", 2)])),
    "update_kind": lambda s, lib: s.update(3),
    "update_short": lambda s, lib: s.update([("a",)]),
    "read": lambda s, lib: [list(s), list(s.keys()), list(s.items()), list(s.values()), list(reversed(s)), "a" in s],
    "clear": lambda s, lib: s.clear(),
    "state": lambda s, lib: s.state_dict(),
    "nested": lambda s, lib: lib.nn.ParameterDict({"a": lib.nn.ParameterDict({"b": lib.ones(2)})}),
    "nested_state": lambda s, lib: lib.nn.ParameterDict({"a": lib.nn.ParameterDict({"b": lib.ones(2)})}).state_dict(),
    "call": lambda s, lib: s(3),
    "keyword": lambda s, lib: lib.nn.ParameterDict(a=3),
}


@pytest.mark.parametrize("name", PARAMETER_DICT)
def test_parameter_dict(name):
    same(with_names(parameter_dict, PARAMETER_DICT[name]))


def test_parameter_dict_key():
    for lib in (rushlight, torch):
        with pytest.raises(TypeError, match="not a string|must be a string"):
            lib.nn.ParameterDict()[3] = lib.ones(1)


def test_forward_through_a_parameter_list():
    def run(lib):
        class Net(lib.nn.Module):
            def __init__(self):
                super().__init__()
                self.params = lib.nn.ParameterList([lib.full((2,), float(i)) for i in range(4)])

            def forward(self, x):
                for i, p in enumerate(self.params):
                    x = self.params[i // 2] * x + p
                return x

        net = Net()
        x = net(lib.ones(2))
        x.sum().backward()
        return [x.detach(), [p.grad for p in net.params], list(net.state_dict())]

    same(run)


def test_branches_by_name():
    """A forward that takes extra arguments and picks modules by key at call time."""

    def run(lib):
        class Net(lib.nn.Module):
            def __init__(self):
                super().__init__()
                self.choices = lib.nn.ModuleDict({"one": leaf(lib, "A", 1), "two": leaf(lib, "B", 2)})

            def forward(self, x, choice, repeat=1):
                for _ in range(repeat):
                    x = self.choices[choice](x)
                return x

        net = Net()
        return [net(lib.ones(2), "one"), net(lib.ones(2), "two", repeat=2)]

    same(run)
