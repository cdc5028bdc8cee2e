"""cuDNN is not used by rushlight; the switches that torch code sets are kept and read back."""

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False."""
    return False


def version():
    """None: cuDNN is not there."""
    return None
