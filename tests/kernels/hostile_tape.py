"""Call ops and run backward passes over records whose fields are nonsense: `hostile_tape.py FIRST LAST`.

What rushlight._native keeps in TensorRecord, NodeRecord and OpRecord can be set from Python, so nothing that it reads
there can be taken for granted: each call may raise, and nothing may crash. Program N is always the same; the line that
names it is the last of standard output when it ends the process.
"""

from __future__ import annotations

import random
import sys

import numpy as np

import rushlight
from rushlight import _native
from rushlight.autograd.graph import Node
from rushlight.autograd.op import Op, OpNode, primitives

TENSOR_FIELDS = "_array _node _nr _rg _grad _view _seen _cell _hooks".split()
NODE_FIELDS = """seq next ctx extra_shapes num_outputs output_metas pre_hooks post_hooks tensor_hooks retained
display_name special""".split()


class Angry:
    """No answer to anything."""

    def __bool__(self):
        raise ZeroDivisionError

    def __index__(self):
        raise ZeroDivisionError

    def __getattr__(self, name):
        raise AttributeError(name)


def junk(rng, objects):
    return rng.choice(
        [
            None,
            0,
            1,
            -1,
            -3,
            5,
            2**62,
            2**70,
            0.5,
            "",
            "several",
            (),
            (None,),
            (1, 2, 3),
            ((), (), (), (), {}, ()),
            [],
            [0],
            [0, 1],
            {},
            {0: {}},
            np.zeros(3),
            np.ones((2, 2), np.float32),
            Angry(),
            object(),
            True,
            False,
            *objects,
            (rng.choice(objects), rng.choice([-1, 0, 1, 7, 2**40, None])),
            tuple(rng.choice(objects) for _ in range(3)),
            [rng.choice(objects)],
        ]
    )


def graph(rng):
    """(tensors, nodes) of a small graph with views, several outputs, custom functions, hooks and retained gradients."""

    class Twice(rushlight.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * 2, a + 1

        @staticmethod
        def backward(ctx, g, h):
            return g * 2 + h

    x = rushlight.ones(2, 3, requires_grad=True)
    y = rushlight.ones(3, requires_grad=True)
    base = (x * y).exp()
    view = base[0]
    base2 = base * 1
    base2[1].mul_(2)
    values, indices = rushlight.max(base, 1)
    parts = base.unbind(1)
    one, two = Twice.apply(base2)
    joined = rushlight.cat([one, two])
    if rng.random() < 0.5:
        base.register_hook(lambda g: g)
        joined.retain_grad()
        y.register_hook(lambda g: g * 2)
        view.grad_fn.register_prehook(lambda grads: None)
        one.grad_fn.register_hook(lambda given, grads: None)
    loss = joined.sum() + view.sum() + values.sum() + parts[1].sum()
    tensors = [x, y, base, view, base2, values, indices, one, two, *parts, joined, loss]
    nodes, queue = [], [loss._node]
    while queue:
        node = queue.pop()
        if not isinstance(node, Node) or node in nodes:
            continue
        nodes.append(node)
        queue += [edge[0] if isinstance(edge, tuple) else edge for edge in node.next]
    return tensors, nodes


def spoil(rng, tensors, nodes):
    objects = [*tensors, *nodes]
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        if rng.random() < 0.4:
            target, name = rng.choice(tensors), rng.choice(TENSOR_FIELDS)
        else:
            target, name = rng.choice(nodes), rng.choice(NODE_FIELDS)
        if rng.random() < 0.1:
            delattr(target, name)
        elif name == "ctx" and isinstance(target.ctx, tuple) and rng.random() < 0.8:
            ctx = list(target.ctx)
            ctx[rng.randrange(len(ctx))] = junk(rng, objects)
            target.ctx = tuple(ctx)
        elif name == "next" and isinstance(target.next, tuple) and target.next and rng.random() < 0.8:
            edges = list(target.next)
            edges[rng.randrange(len(edges))] = junk(rng, objects)
            target.next = tuple(edges)
        else:
            setattr(target, name, junk(rng, objects))


def meddle(rng, tensors, nodes):
    """Leaves a hook that spoils the graph in the middle of the pass."""
    target = rng.choice([t for t in tensors if t._node is not None or t._rg] or tensors)
    target.register_hook(lambda g: spoil(rng, tensors, nodes))


def calls(rng, tensors, nodes):
    """Something to do with the graph."""
    loss, some = tensors[-1], rng.choice(tensors)
    flags = [rng.random() < 0.5 for _ in range(3)]
    return rng.choice(
        [
            lambda: loss.backward(create_graph=flags[0], retain_graph=flags[1]),
            lambda: some.backward(some, create_graph=flags[0]),
            lambda: rushlight.autograd.grad(loss, rng.choices(tensors, k=2), create_graph=flags[0], allow_unused=True),
            lambda: rushlight.autograd.grad(rng.choices(tensors, k=2), some, [some, some], allow_unused=True),
            lambda: _native.run_backward(
                tuple([junk(rng, [*tensors, *nodes]) for _ in range(2)]),
                [junk(rng, tensors), np.ones((2, 3), np.float32)],
                *flags[:2],
                rng.choice([None, tuple(rng.choices(tensors, k=2)), (None,), (1,)]),
                flags[2],
            ),
            lambda: _native.differentiate(junk(rng, [n.op for n in nodes]), rng.choice(nodes), some, flags[0]),
            lambda: _native.accumulate_grad(some, junk(rng, tensors), flags[0]),
            lambda: _native.edge_of(some),
            lambda: some + rng.choice(tensors),
            lambda: some * 2.0,
            lambda: 1.0 - some,
            lambda: some @ rng.choice(tensors),
            lambda: primitives.add(some, junk(rng, tensors)),
            lambda: primitives.sum(some, axes=junk(rng, tensors), keepdims=flags[0]),
            lambda: primitives.concat(junk(rng, tensors), axis=0),
            lambda: primitives.reshape(some, shape=junk(rng, tensors)),
            lambda: some[0],
            lambda: some.add_(1),
            lambda: rushlight.max(some, 1),
            lambda: rng.choice(nodes).op.new_node(junk(rng, tensors)),
            lambda: rng.choice(nodes).op.save_into(
                rng.choice([*nodes, _native.NodeRecord()]),
                junk(rng, tensors),
                junk(rng, tensors),
                junk(rng, tensors),
                junk(rng, tensors),
            ),
            lambda: prepare(rng),
            lambda: checked(rng, tensors),
            lambda: setattr(_native.GradMode(), rng.choice(["enabled", "inference", "x"]), junk(rng, tensors)),
        ]
    )


class Victim(_native.OpRecord):
    """An op whose switches change after it was prepared."""

    def forward(xp, *arrays, **attributes):  # noqa: N805
        return np.ones(2, np.float32)

    forward = staticmethod(forward)
    backward = staticmethod(lambda xp, g, saved, need, **attributes: (g,) * len(need))
    check = kernel = None
    inputs, outputs, aux = 2, 1, 0
    save, save_shape, non_differentiable, saves_other = None, (), (), None
    save_output = broadcast = view = False


def victim():
    """A prepared op and its node types."""
    op = Victim()
    types = (type("VictimNode", (OpNode,), {"op": op}),)
    op.prepare(types)
    return op, types


def prepare(rng):
    op, types = victim()
    if rng.random() < 0.8:
        name = rng.choice("forward backward check kernel inputs outputs aux save save_shape saves_other".split())
        try:
            setattr(op, name, junk(rng, [(0,), (15,), (16,), (-1,), tuple(range(30)), 3, 16, 17, 2**31 - 1, -5, len]))
            op.prepare(rng.choice([types, types * 3, (int,), ()]))
        except Exception:
            pass
    x = rushlight.ones(2, requires_grad=True)
    given = rng.choice([(), (x,), (x, x), ([x, x],), (x, None), (x,) * 30, (1, x), ([x] * 40,)])
    result = op(*given, **{f"a{i}": i for i in range(rng.choice([0, 1, 40]))})
    result.sum().backward()


def checked(rng, tensors):
    """A function whose checks are nonsense."""
    plans = [
        (
            ("a", "b"),
            (1, 8 | 128),
            1,
            0,
            rng.choice([None, lambda *args: ((), {}), lambda *args: rng.choice([1, (1, 2)])]),
        ),
        (("a",) * 30, (1,) * 30, 1, 0, None),
        (("a",), (1, 2), 1, 0, None),
        (("a",), (1,), rng.choice([-1, 2, 2**31]), 0, None),
        (("a",), ("x",), 1, 2**40, None),
        (("a",), (2**40,), 1, 1024, None),
        ((), (), 0, 1024, None),
        junk(rng, tensors),
    ]
    function = _native.CheckedFunction(lambda *args, **named: args, lambda self: rng.choice(plans))
    for _ in range(3):
        given = [junk(rng, tensors) for _ in range(rng.randrange(4))]
        try:
            function(*given, **rng.choice([{}, {"a": 1}, {"c": given}]))
        except SystemError:
            raise
        except Exception:
            pass
    _native.CheckedFunction(junk(rng, tensors), len)


def main(first: int, last: int) -> None:
    assert issubclass(Op, _native.OpRecord)
    mode = _native.GradMode()
    for number in range(first, last):
        rng = random.Random(number)
        mode.enabled, mode.inference = True, False
        sys.stdout.write(f"program {number}\n")
        sys.stdout.flush()
        tensors, nodes = graph(rng)
        if rng.random() < 0.8:
            spoil(rng, tensors, nodes)
        try:
            if rng.random() < 0.2:
                meddle(rng, tensors, nodes)
            for _ in range(2):
                calls(rng, tensors, nodes)()
        except SystemError:
            raise
        except Exception:
            pass


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
