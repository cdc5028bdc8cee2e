"""CUDA's libraries are absent; the switches that torch code sets are kept and read back."""


class _Matmul:
    """`backends.cuda.matmul`."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul = _Matmul()


def is_built() -> bool:
    """False."""
    return False
