"""The former home of mixed precision: `autocast` and `GradScaler` for a GPU, which this build has not."""

from __future__ import annotations

from .. import amp
from ..errors import warn_caller

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]

custom_fwd, custom_bwd = amp.custom_fwd, amp.custom_bwd


class autocast(amp.autocast):  # noqa: N801
    """amp.autocast("cuda", ...)."""

    def __init__(self, enabled: bool = True, dtype=amp.float16, cache_enabled: bool = True):
        warn_caller("cuda.amp.autocast(...) is deprecated; call amp.autocast('cuda', ...)", FutureWarning)
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """amp.GradScaler("cuda", ...)."""

    def __init__(self, *args, **kwargs):
        warn_caller("cuda.amp.GradScaler(...) is deprecated; call amp.GradScaler('cuda', ...)", FutureWarning)
        super().__init__("cuda", *args, **kwargs)
