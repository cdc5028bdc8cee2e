"""Values copied and overwritten."""

from cases import E, OpCase, S, unit

CASES = [
    OpCase("clone", lambda m, x: x.clone(), [S((3, 4)), S(())]),
    OpCase(
        "copy_",
        lambda m, a, b: a.copy_(b),
        [S((3, 4), (3, 4)), S((3, 4), (4,))],
        [E(lambda m: m.ones(2).copy_(m.ones(3)))],
    ),
    OpCase("fill_", lambda m, a: a.fill_(2.5) * 3, [S((3, 4))]),
    OpCase("zero_", lambda m, a: a.zero_() + 1, [S((3, 4))]),
    OpCase(
        "fill",
        lambda m, x, v: (m.fill(x, 2.5), m.fill(x, v), x.clone().fill_(v)),
        [S((3, 4), ())],
        [E(lambda m: m.fill(m.ones(2), m.ones(2)), "0-dimension")],
    ),
    OpCase("detach", lambda m, x: (m.detach(x) * x, m.detach_(x * 2)), [S((3,))]),
    OpCase(
        "view_copy",
        lambda m, x: (
            m.as_strided_copy(x.contiguous(), (2, 2), (1, 2), 1),
            m.diagonal_copy(x, 1),
            m.expand_copy(x, (2, 3, 4)),
            m.permute_copy(x, (1, 0)),
            m.select_copy(x, 1, 2),
            m.slice_copy(x, -1, 1, 4, 2),
            m.split_copy(x, 2),
            m.split_with_sizes_copy(x, [1, 2]),
            m.squeeze_copy(x),
            m.squeeze_copy(x, 0),
            m.squeeze_copy(x, (0, 1)),
            m.t_copy(x),
            m.transpose_copy(x, 0, 1),
            m.unbind_copy(x, 1),
            m.unfold_copy(x, 1, 2, 1),
            m.unsqueeze_copy(x, 0),
            m.view_copy(x.contiguous(), (4, 3)),
            m.alias_copy(x),
        ),
        [S((3, 4))],
        covers=tuple(
            f"{name}_copy"
            for name in """as_strided diagonal expand permute select slice split split_with_sizes squeeze t transpose
            unbind unfold unsqueeze view alias detach view_as_real view_as_complex""".split()
        ),
    ),
    OpCase(
        "view_as_real_copy",
        lambda m, a, b: m.view_as_real_copy(m.complex(a, b)) * 2,
        [S((3, 4), (3, 4))],
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "functions of in-place methods",
        lambda m, x: (
            m.arccos_(x.clone()),
            m.clamp_(x.clone(), 0.1, 0.5),
            m.clip_(x.clone(), 0.1, 0.5),
            m.fill_(x.clone(), 2.0),
            m.fix_(x.clone()),
            m.negative_(x.clone()),
            m.round_(x.clone()),
            m.zero_(x.clone()),
        ),
        [S(unit(3, 4))],
        grad_order=1,
        ulp=16,
    ),
    OpCase(
        "view_as_complex_copy",
        lambda m, a: (m.view_as_complex_copy(m.stack([a, a * 2], -1)), m.detach_copy(a)),
        [S((3, 4))],
        grad_order=0,
    ),
]
