"""Products of matrices and vectors, contractions."""

import warnings

from cases import E, OpCase, S, ints, positive


def linear(m, *args):
    return m.nn.functional.linear(*args)


def bilinear(m, *args):
    return m.nn.functional.bilinear(*args)


def chain_matmul(m, *matrices):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's deprecation of the name
        return m.chain_matmul(*matrices)


def depth(index=0, axis=-1):
    """The length of each sum: one dimension of one operand."""
    return lambda s: max(s.tensors[index].shape[axis], 1)


def einsum(equation, *shapes, errors=()):
    return OpCase(f"einsum {equation}", lambda m, *t: m.einsum(equation, *t), [S(*shapes)], list(errors), grad_fn=False)


def fails(call, match=""):
    return E(call, match)


CASES = [
    OpCase(
        "matmul",
        lambda m, a, b: m.matmul(a, b),
        [
            S(a, b)
            for a, b in [
                ((3,), (3,)),
                ((2, 3), (3,)),
                ((3,), (3, 4)),
                ((2, 3), (3, 4)),
                ((5, 2, 3), (3, 4)),
                ((5, 2, 3), (3,)),
                ((3,), (5, 3, 4)),
                ((5, 2, 3), (5, 3, 4)),
                ((5, 2, 3), (1, 3, 4)),
                ((1, 2, 3), (5, 3, 4)),
                ((6, 5, 2, 3), (5, 3, 4)),
                ((6, 1, 2, 3), (5, 3, 4)),
                ((2, 3), (5, 3, 4)),
                ((6, 5, 2, 3), (3,)),
                ((0, 3), (3, 4)),
                ((2, 0), (0, 4)),
                ((0, 2, 3), (3, 4)),
                ((40, 70), (70, 50)),
            ]
        ],
        [
            fails(lambda m: m.ones(2, 3) @ m.ones(4, 5), r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)"),
            fails(lambda m: m.ones(3) @ m.ones(4), "inconsistent tensor size"),
            fails(lambda m: m.ones(2, 3) @ m.ones(4), r"got input \(2\), mat \(2x3\), vec \(4\)"),
            fails(lambda m: m.ones(3) @ m.ones(4, 5), "1x3 and 4x5"),
            fails(lambda m: m.ones(5, 2, 3) @ m.ones(4, 3, 2), "size of tensor a"),
            fails(lambda m: m.ones(5, 2, 3) @ m.ones(5, 4, 2), "first two dimensions of batch2"),
            fails(lambda m: m.ones(5, 2, 3) @ m.ones(4, 2), "10x3 and 4x2"),
            fails(lambda m: m.ones(()) @ m.ones(3), "at least 1D"),
            fails(lambda m: m.ones(2, 3) @ m.ones(3, 2).double(), "float != double"),
            fails(lambda m: m.ones(2, 2) @ 2, "unsupported operand"),
            fails(lambda m: m.ones(2, 2, dtype=m.bool) @ m.ones(2, 2, dtype=m.bool), "not implemented for 'Bool'"),
        ],
        covers=("__matmul__",),
        length=depth(),
    ),
    OpCase(
        "matmul_views",
        lambda m, a, b: (a.t() @ b, a[:, ::2].t() @ b.flip(1), a.t()[1:] @ b[:, 1:]),
        [S((6, 4), (6, 5))],
    ),
    OpCase(
        "matmul_int",
        lambda m, a, b: (a @ b, m.mm(a, b), a.to(m.int8) @ b.to(m.int8)),
        [S(ints(3, 4), ints(4, 5))],
        grad_order=0,
    ),
    OpCase(
        "matmul_half",
        lambda m, a, b: ((a.half() @ b.half()), (a.bfloat16() @ b.bfloat16()).float()),
        [S((3, 4), (4, 5))],
        grad_order=0,
    ),
    OpCase(
        "mm",
        lambda m, a, b: (m.mm(a, b), a.mm(b)),
        [S((2, 3), (3, 4)), S((17, 33), (33, 9))],
        [
            fails(lambda m: m.mm(m.ones(3), m.ones(3, 4)), "self must be a matrix"),
            fails(lambda m: m.mm(m.ones(2, 3), m.ones(3)), "mat2 must be a matrix"),
            fails(lambda m: m.mm(m.ones(2, 3), m.ones(2, 3)), "2x3 and 2x3"),
            fails(lambda m: m.mm(1, 2), "must be Tensor, not int"),
        ],
        length=depth(),
    ),
    OpCase(
        "bmm",
        lambda m, a, b: (m.bmm(a, b), a.bmm(b)),
        [S((5, 2, 3), (5, 3, 4)), S((0, 2, 3), (0, 3, 4)), S((2, 3, 0), (2, 0, 4))],
        [
            fails(lambda m: m.bmm(m.ones(2, 3), m.ones(3, 4)), "batch1 must be a 3D tensor"),
            fails(lambda m: m.bmm(m.ones(5, 2, 3), m.ones(5, 4, 3)), r"to be: \[5, 3\] but got: \[5, 4\]"),
            fails(lambda m: m.bmm(m.ones(5, 2, 3), m.ones(5, 3, 3).double()), "scalar type Float but found Double"),
        ],
        length=depth(),
    ),
    OpCase(
        "mv",
        lambda m, a, b: (m.mv(a, b), a.mv(b)),
        [S((2, 3), (3,))],
        [
            fails(lambda m: m.mv(m.ones(3), m.ones(3)), "vector expected"),
            fails(lambda m: m.mv(m.ones(2, 3), m.ones(4)), "size mismatch"),
        ],
    ),
    OpCase(
        "dot",
        lambda m, a, b: (m.dot(a, b), a.dot(b)),
        [S(positive(5), positive(5)), S((0,), (0,))],
        [
            fails(lambda m: m.dot(m.ones(3), m.ones(4)), "inconsistent tensor size"),
            fails(lambda m: m.dot(m.ones(2, 3), m.ones(3)), "1D tensors expected"),
            fails(lambda m: m.dot(m.ones(3), m.ones(3).double()), "same dtype"),
        ],
    ),
    OpCase("vdot", lambda m, a, b: (m.vdot(a, b), a.vdot(b)), [S(positive(5), positive(5))]),
    OpCase(
        "linear",
        lambda m, *t: linear(m, *t),
        [
            S(x, w, *b)
            for x in [(3,), (2, 3), (5, 2, 3), (2, 1, 5, 3), (0, 3)]
            for w, *b in [((4, 3),), ((4, 3), (4,)), ((3,),)]
        ]
        + [S((2, 3), (4, 3), (1,)), S((2, 3), (4, 3), (2, 4)), S((5, 2, 3), (4, 3), (2, 4)), S((2, 0), (4, 0), (4,))],
        [
            fails(lambda m: linear(m, m.ones(2, 3), m.ones(4, 5)), "2x3 and 5x4"),
            fails(lambda m: linear(m, m.ones(5, 2, 3), m.ones(4, 5), m.ones(4)), "10x3 and 5x4"),
            fails(lambda m: linear(m, m.ones(2, 3), m.ones(4, 3), m.ones(5)), "expanded size of the tensor"),
            fails(lambda m: linear(m, m.ones(2, 3), m.ones(4, 3).double()), "float != double"),
            fails(lambda m: linear(m, m.ones(2, 3), m.ones(4, 3), m.ones(4).double()), "same dtype"),
            fails(lambda m: linear(m, m.ones(2, 3), m.ones(2, 4, 3)), "2 dimensions"),
            fails(lambda m: linear(m, 1, 2), "must be Tensor"),
        ],
    ),
    OpCase(
        "addmm",
        lambda m, c, a, b, **k: (m.addmm(c, a, b, **k), c.addmm(a, b, **k)),
        [
            S((2, 4), (2, 3), (3, 4)),
            S((4,), (2, 3), (3, 4)),
            S((2, 1), (2, 3), (3, 4), beta=0.5, alpha=2),
            S((), (2, 3), (3, 4), beta=2),
            S((2, 4), (2, 3), (3, 4), beta=0),
            S((2, 4), (2, 0), (0, 4), alpha=3),
        ],
        [
            fails(lambda m: m.addmm(m.ones(5), m.ones(2, 3), m.ones(3, 4)), "expanded size"),
            fails(lambda m: m.addmm(m.ones(2, 4), m.ones(2, 3), m.ones(4, 4)), "2x3 and 4x4"),
            fails(lambda m: m.addmm(m.ones(2, 4), m.ones(2, 3), m.ones(3)), "mat2 must be a matrix"),
            fails(lambda m: m.addmm(m.ones(2, 4).double(), m.ones(2, 3), m.ones(3, 4)), "same dtype"),
        ],
    ),
    OpCase("addmm_", lambda m, c, a, b: (c * 1).addmm_(a, b, beta=0.5), [S((2, 4), (2, 3), (3, 4))], grad_fn=False),
    OpCase(
        "addmv",
        lambda m, c, a, b, **k: (m.addmv(c, a, b, **k), c.addmv(a, b, **k)),
        [S((2,), (2, 3), (3,)), S((2,), (2, 3), (3,), beta=0.5, alpha=2), S((2,), (2, 3), (3,), beta=0)],
        [fails(lambda m: m.addmv(m.ones(3), m.ones(2, 3), m.ones(3)), "size mismatch")],
    ),
    OpCase(
        "baddbmm",
        lambda m, c, a, b, **k: (m.baddbmm(c, a, b, **k), c.baddbmm(a, b, **k)),
        [
            S((5, 2, 4), (5, 2, 3), (5, 3, 4)),
            S((4,), (5, 2, 3), (5, 3, 4), beta=0.5, alpha=2),
            S((5, 1, 4), (5, 2, 3), (5, 3, 4), beta=0),
        ],
        [fails(lambda m: m.baddbmm(m.ones(3), m.ones(5, 2, 3), m.ones(5, 3, 4)), "expanded size")],
    ),
    OpCase(
        "addbmm",
        lambda m, c, a, b, **k: (m.addbmm(c, a, b, **k), c.addbmm(a, b, **k)),
        [S((2, 4), (5, 2, 3), (5, 3, 4)), S((2, 4), (5, 2, 3), (5, 3, 4), beta=0.5, alpha=2)],
        [fails(lambda m: m.addbmm(m.ones(3), m.ones(5, 2, 3), m.ones(5, 3, 4)), "expanded size")],
    ),
    OpCase(
        "addr",
        lambda m, c, a, b, **k: (m.addr(c, a, b, **k), c.addr(a, b, **k)),
        [S((2, 3), (2,), (3,)), S((3,), (2,), (3,), beta=0.5, alpha=2), S((2, 3), (2,), (3,), beta=0)],
        [fails(lambda m: m.addr(m.ones(2, 2), m.ones(2), m.ones(3)), "expanded size")],
    ),
    OpCase(
        "outer",
        lambda m, a, b: (m.outer(a, b), a.ger(b)),
        [S((2,), (3,)), S((0,), (3,))],
        [fails(lambda m: m.outer(m.ones(2, 3), m.ones(3)), "Expected 1-D argument self, but got 2-D")],
        covers=("ger",),
    ),
    OpCase(
        "trace",
        lambda m, a: (m.trace(a), a.trace()),
        [S((3, 3)), S((2, 5)), S((5, 2)), S((0, 3))],
        [fails(lambda m: m.trace(m.ones(3)), "expected a matrix")],
    ),
    OpCase(
        "bilinear",
        lambda m, *t: bilinear(m, *t),
        [S((2, 3), (2, 4), (5, 3, 4), (5,)), S((2, 3), (2, 4), (5, 3, 4)), S((7, 2, 3), (7, 2, 4), (5, 3, 4), (5,))],
        [
            fails(lambda m: bilinear(m, m.ones(2, 3), m.ones(2, 5), m.ones(5, 3, 4)), "input2 size does not match"),
            fails(lambda m: bilinear(m, m.ones(2, 3), m.ones(3, 4), m.ones(5, 3, 4)), "batch dimensions do not match"),
            fails(lambda m: bilinear(m, m.ones(2, 3), m.ones(2, 4), m.ones(5, 3, 4), m.ones(4)), "bias size"),
        ],
        length=lambda s: 12,
    ),
    OpCase(
        "tensordot",
        lambda m, a, b, dims: m.tensordot(a, b, dims),
        [
            S((2, 3, 4), (3, 4, 5), dims=2),
            S((2, 3), (4, 5), dims=0),
            S((2, 3, 4), (4, 5, 2), dims=([0, 2], [2, 0])),
            S((2, 3), (2, 3), dims=([0, 1], [0, 1])),
        ],
        [
            fails(lambda m: m.tensordot(m.ones(2, 3), m.ones(4, 5), 1), "contracted dimensions need to match"),
            fails(lambda m: m.tensordot(m.ones(2, 3), m.ones(4, 5), ([0], [0, 1])), "same length"),
            fails(lambda m: m.tensordot(m.ones(2, 3), m.ones(4, 5), 5), "dims=5"),
        ],
    ),
    OpCase(
        "inner",
        lambda m, a, b: (m.inner(a, b), a.inner(b)),
        [S((2, 3), (4, 3)), S((3,), (3,)), S((), (2, 3)), S((2, 5, 3), (3,))],
        [fails(lambda m: m.inner(m.ones(2, 3), m.ones(4)), "last dimension must match")],
    ),
    OpCase(
        "kron",
        lambda m, a, b: (m.kron(a.contiguous(), b.contiguous()), a.contiguous().kron(b.contiguous())),
        [S((2, 3), (4, 5)), S((3,), (2, 2)), S((2, 1, 2), (3, 2))],
    ),
    OpCase(
        "chain_matmul",
        lambda m, *t: chain_matmul(m, *t),
        [S((2, 3), (3, 4)), S((2, 30), (30, 4), (4, 5)), S((5, 2), (2, 9), (9, 3), (3, 4))],
    ),
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum(
        "ij,jk",
        (2, 3),
        (3, 4),
        errors=[
            fails(lambda m: m.einsum("ij,jk", m.ones(2, 3), m.ones(4, 5)), "subscript j has size 4 for operand 1"),
            fails(lambda m: m.einsum("ij,j", m.ones(2, 3)), "fewer operands"),
            fails(lambda m: m.einsum("ij", m.ones(2, 3), m.ones(3)), "more operands"),
            fails(lambda m: m.einsum("ij->ik", m.ones(2, 3)), "output subscript k does not appear"),
            fails(lambda m: m.einsum("i->ii", m.ones(2)), "more than once in the output"),
            fails(lambda m: m.einsum("ijk", m.ones(2, 3)), r"\(3\) does not match the number of dimensions \(2\)"),
            fails(lambda m: m.einsum("i1", m.ones(2, 3)), "invalid subscript given at index 1"),
            fails(lambda m: m.einsum("ii", m.ones(2, 3)), "repeated for operand 0"),
            fails(lambda m: m.einsum("..i", m.ones(2, 3)), "not part of any ellipsis"),
            fails(lambda m: m.einsum("ij->ij->ij", m.ones(2, 2)), "invalid subscript"),
            fails(lambda m: m.einsum(m.ones(2, 2), [0, 60]), "valid range"),
            fails(lambda m: m.einsum(""), "at least one operand"),
            fails(lambda m: m.einsum("ij,jk", m.ones(2, 3), 3), "expected Tensor as element 1"),
            fails(lambda m: m.einsum("ij,jk", m.ones(2, 3), m.ones(3, 4).double()), "Float but found Double"),
        ],
    ),
    einsum("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    einsum("i,j->ij", (2,), (3,)),
    einsum("i,i", (4,), (4,)),
    einsum("ii->i", (3, 3)),
    einsum("ii", (3, 3)),
    einsum("iij->j", (3, 3, 2)),
    einsum("ij->", (2, 3)),
    einsum("ij->ji", (2, 3)),
    einsum("ba", (2, 3)),
    einsum("bA", (2, 3)),
    einsum(" i j , j k -> k i ", (2, 3), (3, 4)),
    einsum("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    einsum("...ij,...jk", (1, 2, 3), (5, 3, 4)),
    einsum("i...->...", (2, 3, 4)),
    einsum("...", (2, 3)),
    einsum("...->", (2, 3)),
    einsum("i...,i...->i...", (2, 3, 4), (2, 1, 4)),
    einsum("a...b,b->...a", (2, 3, 4), (4,)),
    einsum("ij,ij->ij", (2, 1), (1, 3)),
    einsum("ij,jk->ik", (2, 1), (3, 4)),
    einsum("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    einsum("bn,anm,bm->ba", (2, 3), (4, 3, 5), (2, 5)),
    einsum("ijk,jil,kl->", (2, 3, 4), (3, 2, 5), (4, 5)),
    einsum("ij,kl->", (2, 3), (4, 5)),
    einsum("ik,jk,lk->ijl", (2, 3), (4, 3), (5, 3)),
    einsum(",ij->ij", (), (2, 3)),
    einsum("->", ()),
    einsum("ij,jk->ik", (2, 0), (0, 4)),
    OpCase(
        "einsum_sublists",
        lambda m, a, b: (
            m.einsum(a, [0, 1], b, [1, 2], [0, 2]),
            m.einsum(a, [0, 1], b, [1, 2]),
            m.einsum(a, [1, Ellipsis], [Ellipsis, 1]),
            m.einsum(a, [30, 1]),
        ),
        [S((2, 3), (3, 4))],
        grad_fn=False,
    ),
    OpCase("einsum_list", lambda m, a, b: m.einsum("ij,jk", [a, b]), [S((2, 3), (3, 4))], grad_fn=False),
]
