"""Optimizers: how parameters follow their gradients. One file per algorithm; `optimizer.py` has what they share."""

from .adam import Adam
from .adamw import AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["Adam", "AdamW", "Optimizer", "SGD"]
