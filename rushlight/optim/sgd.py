"""Stochastic gradient descent, with momentum."""

from ..autograd.inplace import bump
from ..engine import cpu
from ..tensor import Tensor
from .optimizer import Optimizer, _check_switches, _evaluate, _value, _with_grad_mode


class SGD(Optimizer):
    """g = grad + weight_decay * p; b = momentum * b + (1 - dampening) * g (first step: b = g); p = p - lr * b.

    nesterov: p = p - lr * (g + momentum * b). Without momentum: p = p - lr * g. maximize: with -grad.
    State: "momentum_buffer" (only with momentum). `foreach` and `fused` are accepted: every step is one fused native
    call. differentiable: steps are recorded by autograd.
    Errors: ValueError for a negative lr, momentum or weight_decay, and for nesterov without momentum or with dampening.
    Source: Sutskever, Martens, Dahl & Hinton 2013, "On the importance of initialization and momentum in deep learning".
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        _check_switches(fused, foreach, differentiable, self.param_groups)

    def __setstate__(self, state) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    @_with_grad_mode
    def step(self, closure=None):
        """Update all parameters that have a gradient; returns the closure's loss."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            if group["differentiable"]:
                for p in params:
                    self._recorded_step(p, group)
            else:
                self._fused_step(params, group)
        return loss

    def _fused_step(self, params, group) -> None:
        buffers = first = None
        if group["momentum"] != 0:
            buffers, first = [], []
            state = self.state
            for p in params:
                buffer = state[p].get("momentum_buffer")
                first.append(buffer is None)
                if buffer is None:
                    buffer = state[p]["momentum_buffer"] = Tensor._wrap(cpu.clone(p.grad._array))
                buffers.append(buffer._array)
        cpu.sgd_step(
            [p._array for p in params],
            [p.grad._array for p in params],
            buffers,
            first,
            _value(group["lr"]),
            _value(group["momentum"]),
            group["dampening"],
            _value(group["weight_decay"]),
            group["nesterov"],
            group["maximize"],
        )
        for p in params:
            bump(p)

    def _recorded_step(self, p, group) -> None:
        momentum = group["momentum"]
        grad = -p.grad if group["maximize"] else p.grad
        if group["weight_decay"] != 0:
            grad = grad.add(p.clone(), alpha=group["weight_decay"])  # p is written to below
        if momentum != 0:
            buffer = self.state[p].get("momentum_buffer")
            buffer = grad.detach().clone() if buffer is None else momentum * buffer + (1 - group["dampening"]) * grad
            self.state[p]["momentum_buffer"] = buffer
            grad = grad + momentum * buffer if group["nesterov"] else buffer
        p.sub_(group["lr"] * grad)
