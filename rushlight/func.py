"""Functions of functions under the names of torch.func: grad, vjp, jvp, jacrev, hessian, vmap; modules as functions.

The transforms stand in rushlight/autograd/transforms.py and vmap.py.
"""

from __future__ import annotations

from .autograd.transforms import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from .autograd.vmap import vmap
from .ops.joining import stack

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "stack_module_state",
    "vjp",
    "vmap",
]


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers, named as in state_dict.

    Several dicts are taken together. tie_weights: a tensor that the module has under several names is replaced under
    all of them. strict: every parameter and buffer must be given, and no other name. The module is left as it was.
    Errors: KeyError for a name in two dicts, RuntimeError for names that strict refuses, or that the module lacks.
    """
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        merged: dict = {}
        for part in given:
            for name in part:
                if name in merged:
                    raise ValueError(
                        f"{[name]} appear in multiple dictionaries; behavior of functional call is ambiguous"
                    )
            merged.update(part)
        given = merged
    places: dict[str, tuple] = {}
    for prefix, child in module.named_modules(remove_duplicate=False):
        for table in (child._parameters, child._buffers):
            for name, value in table.items():
                if value is not None:
                    places[f"{prefix}.{name}" if prefix else name] = (table, name)
    unexpected, missing = set(given) - set(places), set(places) - set(given)
    if strict and (unexpected or missing):
        raise RuntimeError(
            f"Error(s) in strict mode: unexpected key(s) {sorted(unexpected)}, missing key(s) {sorted(missing)}."
        )
    wanted = {name: value for name, value in given.items() if name in places}
    if tie_weights:
        owners: dict[int, list[str]] = {}
        for name, (table, key) in places.items():
            owners.setdefault(id(table[key]), []).append(name)
        for names in owners.values():
            values = {id(given[name]): given[name] for name in names if name in given}
            if len(values) > 1:
                raise ValueError(f"functional_call got multiple values for keys {sorted(names)}, which are tied.")
            for value in values.values():
                wanted.update({name: value for name in names})
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    before = [(table, key, table[key]) for table, key in (places[name] for name in wanted)]
    try:
        for name, value in wanted.items():
            table, key = places[name]
            table[key] = value
        return module(*args, **(kwargs or {}))
    finally:
        for table, key, value in before:
            table[key] = value


def stack_module_state(models):
    """(parameters, buffers) of modules of one kind: dicts by name, of their tensors stacked in a new first dimension.

    Stacked parameters are leaves that require grad as the modules' do. Errors: RuntimeError for no models, different
    classes, or a mix of training and evaluation.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(model.training is not models[0].training for model in models):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(name_and_tensors):
        values = [value for _, value in name_and_tensors]
        result = stack([value.detach() for value in values], dim=0)
        return result.requires_grad_(values[0].requires_grad)

    parameters = zip(*[model.named_parameters() for model in models])
    buffers = zip(*[model.named_buffers() for model in models])
    return {row[0][0]: stacked(row) for row in parameters}, {row[0][0]: stacked(row) for row in buffers}
