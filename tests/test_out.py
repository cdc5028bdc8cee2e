"""out=: every function that takes one in PyTorch writes its result there, or says why it cannot."""

from __future__ import annotations

import pytest
import torch
from bad_calls import base_calls, build

import rushlight


def results(m, value) -> list:
    return [t for t in (value if isinstance(value, (tuple, list)) else [value]) if isinstance(t, m.Tensor)]


def made(m, call, **options):
    m.manual_seed(0)
    kind, _, name = call.target.partition(".")
    function = getattr(m if kind == "m" else m.linalg, name)
    return function(*build(m, call.args), **{key: build(m, value) for key, value in call.kwargs.items()}, **options)


def targets(m, outs, several, dtype=None):
    """Tensors for out=: of the given shapes, and of the results' types or another."""
    types = [getattr(m, dtype or str(t.dtype).removeprefix("torch.")) for t in outs]
    made = tuple([m.full(tuple(t.shape), 1).to(kind) for t, kind in zip(outs, types)])
    return made if several else made[0]


def calls():
    """(a call that PyTorch takes with out=, the tensors it returns), the first of each function."""
    found = {}
    for call in base_calls():
        if call.target.partition(".")[0] not in ("m", "linalg") or "out" in call.kwargs or call.target in found:
            continue
        try:
            value = made(torch, call)
            outs = results(torch, value)
            made(torch, call, out=targets(torch, outs, isinstance(value, (tuple, list))))
        except Exception:
            continue
        if outs:
            found[call.target] = call, outs, isinstance(value, (tuple, list))
    return found


CALLS = calls()
OTHER_CLASS = {"m.normal", "m.nanmean", "m.nansum"}  # NotImplementedError there: no kernel of that type
ANY_TYPE = {"m.lu", "m.split_copy"}  # PyTorch casts; here the types must fit


def test_functions_were_found():
    assert len(CALLS) > 150


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_out_is_written(name):
    call, outs, several = CALLS[name]
    out = targets(rushlight, outs, several)
    returned = results(rushlight, made(rushlight, call, out=out))
    given = out if several else (out,)
    assert len(returned) == len(given) and all(a is b for a, b in zip(returned, given))
    if name != "m.empty":
        expected = results(rushlight, made(rushlight, call))
        assert repr([t.tolist() for t in given]) == repr([t.tolist() for t in expected])


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_out_of_another_type(name):
    call, outs, several = CALLS[name]
    outcomes = []
    for m in (torch, rushlight):
        try:
            made(m, call, out=targets(m, outs, several, "int16"))
            outcomes.append("ok")
        except Exception as error:
            outcomes.append(type(error).__name__)
    if name in OTHER_CLASS | ANY_TYPE:
        assert outcomes[1] in ("RuntimeError", "NotImplementedError")
    else:
        assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("name", ["m.max", "m.sort", "m.argmax", "m.softmax", "m.gather", "linalg.svd", "m.add"])
@pytest.mark.parametrize("wrong", [3, "x", [1, 2]])
def test_out_that_is_no_tensor(name, wrong):
    with pytest.raises(TypeError, match="argument 'out'"):
        made(rushlight, CALLS[name][0], out=wrong)
