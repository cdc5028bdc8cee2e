"""oneDNN is not used by rushlight; the switches that torch code sets are kept and read back."""

enabled = True


def is_available() -> bool:
    """False."""
    return False
