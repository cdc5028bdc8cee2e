"""Adam: steps scaled by running moments of the gradient."""

from ..autograd.inplace import bump
from ..creation import full, zeros_like
from ..dtypes import float32, float64, get_default_dtype
from ..engine import cpu
from ..tensor import Tensor
from .optimizer import Optimizer, _check_switches, _evaluate, _value, _with_grad_mode


class Adam(Optimizer):
    """g = grad + weight_decay * p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
    p = p - lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).

    amsgrad: the largest v so far takes the place of v. decoupled_weight_decay: p = p * (1 - lr * weight_decay) first,
    instead of the addition to the gradient (AdamW). maximize: with -grad.
    State: "step" (0-d float tensor), "exp_avg" (m), "exp_avg_sq" (v), with amsgrad "max_exp_avg_sq". `foreach` and
    `fused` are accepted: every step is one fused native call. differentiable: steps are recorded by autograd.
    capturable asks for an accelerator: step() raises AssertionError on CPU parameters, as in PyTorch.
    Errors: ValueError for values out of range.
    Source: Kingma & Ba 2014, arXiv:1412.6980; AMSGrad: Reddi, Kale & Kumar 2018.
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ) -> None:
        if isinstance(lr, Tensor):
            if foreach and not capturable:
                raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
            if lr.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i in (0, 1):
            if not 0.0 <= betas[i] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        for i in (0, 1):
            if isinstance(betas[i], Tensor):
                if foreach and not capturable:
                    raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
                if betas[i].numel() != 1:
                    raise ValueError(f"Tensor betas[{i}] must be 1-element")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        _check_switches(fused, foreach, differentiable, self.param_groups)

    def __setstate__(self, state) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("amsgrad", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("capturable", False)
            group.setdefault("differentiable", False)
            group.setdefault("decoupled_weight_decay", False)
            fused = group.setdefault("fused", None)
            for p in group["params"]:
                saved = self.state.get(p)
                if saved and not isinstance(saved["step"], Tensor):
                    saved["step"] = self._new_step(float(saved["step"]), group["capturable"] or fused)

    @staticmethod
    def _new_step(count, like_fused=False):
        """The step counter: float32, or float64 where that is the default dtype."""
        wide = get_default_dtype() is float64 and not like_fused
        return full((), count, dtype=float64 if wide else float32)

    def _state_of(self, p, group) -> dict:
        state = self.state[p]
        if not state:
            state["step"] = self._new_step(0.0, group["capturable"] or group["fused"])
            state["exp_avg"] = zeros_like(p)
            state["exp_avg_sq"] = zeros_like(p)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = zeros_like(p)
        return state

    @_with_grad_mode
    def step(self, closure=None):
        """Update all parameters that have a gradient; returns the closure's loss."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            if group["capturable"]:
                raise AssertionError("If capturable=True, params and state_steps must be on an accelerator, not on cpu")
            states = [self._state_of(p, group) for p in params]
            if group["differentiable"]:
                for p, state in zip(params, states):
                    self._recorded_step(p, state, group)
            else:
                self._fused_step(params, states, group)
        return loss

    def _fused_step(self, params, states, group) -> None:
        beta1, beta2 = group["betas"]
        cpu.adam_step(
            [p._array for p in params],
            [p.grad._array for p in params],
            [state["exp_avg"]._array for state in states],
            [state["exp_avg_sq"]._array for state in states],
            [state["max_exp_avg_sq"]._array for state in states] if group["amsgrad"] else None,
            [state["step"]._array for state in states],
            _value(group["lr"]),
            _value(beta1),
            _value(beta2),
            group["eps"],
            _value(group["weight_decay"]),
            group["decoupled_weight_decay"],
            group["maximize"],
        )
        for p in params:
            bump(p)

    def _recorded_step(self, p, state, group) -> None:
        lr, (beta1, beta2), decay = group["lr"], group["betas"], group["weight_decay"]
        grad = -p.grad if group["maximize"] else p.grad
        state["step"] += 1
        count = state["step"].item()
        if decay != 0:
            if group["decoupled_weight_decay"]:
                p.mul_(1 - lr * decay)
            else:
                grad = grad.add(p.clone(), alpha=decay)  # p is written to below
        m = state["exp_avg"] = state["exp_avg"] + (1 - beta1) * (grad - state["exp_avg"])
        v = state["exp_avg_sq"] = beta2 * state["exp_avg_sq"] + (1 - beta2) * grad * grad
        if group["amsgrad"]:
            from ..ops.elementwise import maximum

            v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
        correction1, correction2 = 1 - beta1**count, 1 - beta2**count
        p.sub_(lr / correction1 * m / (v.sqrt() / correction2**0.5 + group["eps"]))
