"""Functions of functions: grad, vjp, jvp, Jacobians and Hessians of a function, as torch.func names them.

Each call gives the function tensors of its own: aliases of arguments that are part of an outer graph, detached leaves
otherwise. Results keep a graph only if they depend on something that requires grad outside of the call, so transforms
nest, and captured tensors get their gradients.
"""

from __future__ import annotations

import functools
from typing import Any

from ..tensor import Tensor
from .backward import grad as gradients
from .graph import Node
from .mode import enable_grad, is_grad_enabled
from .op import cpu, primitives
from .tree import flatten, tree_map, unflatten


class _Call:
    """One call of a transformed function: its own tensors."""

    def __init__(self):
        self.outer = is_grad_enabled()
        self.own: set[int] = set()
        self.kept: list[Tensor] = []

    def inside(self, tree, name: str):
        """The tree with tensors of this call in place of those given."""
        return tree_map(lambda leaf: self._inside(leaf, name), tree)

    def _inside(self, value, name):
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}: Expected all inputs to be tensors, got a {type(value).__name__}")
        if not (value.dtype.is_floating_point or value.dtype.is_complex):
            raise RuntimeError(f"{name}: only Tensors of floating point and complex dtype can require gradients")
        if value.requires_grad and self.outer:
            return primitives.alias(value)
        fresh = value.detach().requires_grad_()
        self.own.add(id(fresh))
        self.kept.append(fresh)
        return fresh

    def reaches_out(self, tensors) -> bool:
        """Whether any of the tensors depends on a leaf that is not this call's."""
        if not self.outer:
            return False
        seen: set[int] = set()
        todo: list[Any] = [t._node if t._node is not None else t for t in tensors if t.requires_grad]
        while todo:
            edge = todo.pop()
            if isinstance(edge, tuple):
                edge = edge[0]
            if edge is None or id(edge) in seen:
                continue
            seen.add(id(edge))
            if isinstance(edge, Node):
                todo.extend(edge.next)
            elif id(edge) not in self.own:
                return True
        return False

    def outside(self, tree):
        """The tree of results, without a graph unless it is wanted outside."""

        def result(value):
            if not isinstance(value, Tensor) or not value.requires_grad or self.reaches_out([value]):
                return value
            return value.detach()

        return tree_map(result, tree)


def _tensors(tree, name: str) -> list[Tensor]:
    leaves, _ = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{name}: Expected f(*primals) to return only tensors, got an element of type {type(leaf).__name__}"
            )
    return leaves


def _grads(outputs, inputs, cotangents, create_graph):
    """Gradients, zeros where nothing depends."""
    pairs = [(o, c) for o, c in zip(outputs, cotangents) if o.requires_grad]
    if not pairs:
        return [_zeros(t) for t in inputs]
    found = gradients(
        [o for o, _ in pairs],
        inputs,
        [c for _, c in pairs],
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
    )
    return [_zeros(t) if g is None else g for t, g in zip(inputs, found)]


def _zeros(tensor) -> Tensor:
    return Tensor._wrap(cpu.zeros_like(tensor._array))


def _positions(argnums, count, name) -> tuple[int, ...]:
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not numbers:
        raise RuntimeError(f"{name}: argnums must be non-empty")
    for i in numbers:
        if not -count <= i < count:
            raise RuntimeError(f"Got argnum={i}, but only {count} positional inputs")
    positions = tuple(i % count for i in numbers)
    if len(set(positions)) < len(positions):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return positions


def _chosen(argnums, positions, args):
    return args[positions[0]] if isinstance(argnums, int) else tuple(args[i] for i in positions)


def _replaced(args, positions, values):
    args = list(args)
    for i, value in zip(positions, values):
        args[i] = value
    return args


def _split_aux(result, has_aux, name):
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True, got "
            f"{type(result).__name__}"
        )
    return result


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that returns (gradient, value) of a scalar-valued function, ((gradient, (value, aux)) with has_aux).

    The gradient is with respect to the arguments number `argnums`, tensors or nested tuples, lists and dicts of them,
    and has their form. Errors: RuntimeError unless func returns one tensor without dimensions.
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        positions = _positions(argnums, len(args), "grad")
        call = _Call()
        with enable_grad():
            inside = tuple(call.inside(args[i], "grad") for i in positions)
            output, aux = _split_aux(func(*_replaced(args, positions, inside), **kwargs), has_aux, "grad")
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"Expected f(*args) to return only tensors, got an element of type {type(output).__name__}"
                )
            if output._array.ndim:
                raise RuntimeError(
                    "Expected f(*args) to return a scalar tensor, got tensor with "
                    f"{output._array.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            leaves, form = flatten(inside)
            ones = Tensor._wrap(cpu.full((), value=1, dtype=output._array.dtype))
            found = _grads([output], leaves, [ones], call.reaches_out([output]))
        found = call.outside(unflatten(found, form))
        found = found[0] if isinstance(argnums, int) else found
        value = call.outside(output)
        return (found, (value, call.outside(aux))) if has_aux else (found, value)

    return wrapper


def grad(func, argnums=0, has_aux=False):
    """A function that returns the gradient of a scalar-valued function, ((gradient, aux) with has_aux)."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def vjp(func, *primals, has_aux=False):
    """(func(*primals), a function of cotangents that gives the gradients[, aux]).

    The cotangents have the form of the output; the gradients are one per primal, or just one if there is one.
    """
    call = _Call()
    with enable_grad():
        inside = call.inside(primals, "vjp")
        output, aux = _split_aux(func(*inside), has_aux, "vjp")
        outputs = _tensors(output, "vjp")
    leaves, form = flatten(inside)
    form_out = flatten(output)[1]

    def vjp_fn(cotangents, retain_graph=True, create_graph=None):
        given, form_given = flatten(cotangents)
        if form_given != form_out or len(given) != len(outputs):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function"
            )
        recording = call.reaches_out(outputs) or any(c.requires_grad for c in given)
        with enable_grad():
            found = _grads(outputs, leaves, given, recording if create_graph is None else create_graph)
        result = call.outside(unflatten(found, form))
        return result[0] if len(primals) == 1 else result

    result = call.outside(output)
    return (result, vjp_fn, call.outside(aux)) if has_aux else (result, vjp_fn)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """(func(*primals), the derivative of func along `tangents`[, aux]).

    Computed as the derivative of v -> v^T J, which is linear in v: two backward passes.
    Errors: RuntimeError if the tangents are not of the primals' form.
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("jvp: Expected primals and tangents to be tuples")
    call = _Call()
    with enable_grad():
        inside = call.inside(primals, "jvp")
        leaves, form = flatten(inside)
        given, form_given = flatten(tangents)
        if form != form_given or any(a.shape != b.shape for a, b in zip(leaves, given)):
            raise RuntimeError("jvp: Expected primals and tangents to have the same structure and shapes")
        output, aux = _split_aux(func(*inside), has_aux, "jvp")
        outputs = _tensors(output, "jvp")
        found = _along(call, outputs, leaves, given)
    result = call.outside(output), call.outside(unflatten(found, flatten(output)[1]))
    return (*result, call.outside(aux)) if has_aux else result


def _along(call, outputs, leaves, tangents):
    """The derivatives of the outputs along tangents of the leaves."""
    weights = [_zeros(o).requires_grad_() for o in outputs]
    call.own.update(id(w) for w in weights)
    call.kept.extend(weights)
    products = _grads(outputs, leaves, weights, True)
    recording = call.reaches_out(outputs) or any(t.requires_grad for t in tangents)
    return _grads(products, weights, tangents, recording)


def linearize(func, *primals):
    """(func(*primals), a function of tangents that gives the derivative of func at the primals along them)."""
    call = _Call()
    with enable_grad():
        inside = call.inside(primals, "linearize")
        output = func(*inside)
        outputs = _tensors(output, "linearize")
    leaves, form = flatten(inside)
    form_out = flatten(output)[1]

    def jvp_fn(*tangents):
        given, form_given = flatten(tangents)
        if form_given != form or any(a.shape != b.shape for a, b in zip(leaves, given)):
            raise RuntimeError("linearize: Expected the tangents to have the structure and shapes of the primals")
        with enable_grad():
            found = _along(call, outputs, leaves, given)
        return call.outside(unflatten(found, form_out))

    return call.outside(output), jvp_fn


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """A function that returns the Jacobian: for each output and argument a tensor of shape output.shape + input.shape.

    One backward pass per element of the outputs. The result has the form of the outputs, of arguments in each.
    Errors: ValueError for a chunk_size that is not positive; it makes no difference otherwise.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        positions = _positions(argnums, len(args), "jacrev")
        call = _Call()
        with enable_grad():
            inside = tuple(call.inside(args[i], "jacrev") for i in positions)
            output, aux = _split_aux(func(*_replaced(args, positions, inside), **kwargs), has_aux, "jacrev")
            outputs = _tensors(output, "jacrev")
            leaves, form = flatten(inside)
            recording = call.reaches_out(outputs)
            blocks = []
            for tensor in outputs:
                parts = unflatten(_jacobians(tensor, leaves, recording), form)
                blocks.append(parts[0] if isinstance(argnums, int) else parts)
        result = call.outside(unflatten(blocks, flatten(output)[1]))
        return (result, call.outside(aux)) if has_aux else result

    return wrapper


def _jacobians(output, leaves, create_graph):
    """Of one output, with respect to each leaf."""
    shape, count = output._array.shape, output._array.size
    rows = []
    flat = primitives.reshape(output, shape=(count,)) if output.requires_grad else None
    for i in range(count):
        if flat is None:
            rows.append([_zeros(leaf) for leaf in leaves])
            continue
        one = primitives.select(flat, axis=0, index=i)
        seed = Tensor._wrap(cpu.full((), value=1, dtype=output._array.dtype))
        rows.append(_grads([one], leaves, [seed], create_graph))
    if not rows:
        return [leaf.new_zeros((*shape, *leaf.shape)) for leaf in leaves]
    columns = [primitives.stack(list(column), dim=0) for column in zip(*rows)]
    return [primitives.reshape(c, shape=(*shape, *leaf._array.shape)) for c, leaf in zip(columns, leaves)]


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The same Jacobian as `jacrev`, which computes it: rushlight has no forward mode of its own."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func, argnums=0):
    """A function that returns the second derivatives, the Jacobian of the Jacobian."""
    return jacrev(jacrev(func, argnums), argnums)
