"""Apple's Metal is not used by rushlight; the switches that torch code sets are kept and read back."""


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False
