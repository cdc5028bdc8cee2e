"""What the parameters of public functions take, by the parameter's name; and where a function differs.

The kinds are those of `arguments.KINDS`, alternatives separated by |. A parameter with an annotation says so there.
"""

# What parameters of one name take in all functions.
NAMES = {
    "Tensor": """input self other out weight bias mat1 mat2 batch1 batch2 vec vec1 vec2 tensor1 tensor2 mask index
        source src target condition running_mean running_var input1 input2 anchor positive negative pos_weight tensor
        logits values elements test_elements boundaries sorted_sequence sorter prepend append abs angle real imag x y
        fweights aweights weights A LU_data LU_pivots input3 window""",
    "Number": "alpha beta value fill_value min max threshold lower upper s maxnorm start end step",
    "int": """dim dim0 dim1 dim2 start_dim end_dim chunks groups n m diagonal offset k decimals row col steps num_groups
        ignore_index num_samples minlength length bins storage_offset n_fft hop_length win_length""",
    "float": "p eps momentum margin delta rtol atol lambd mean std median sigma nan posinf neginf rcond",
    "bool": """keepdim requires_grad pin_memory ceil_mode count_include_pad largest sorted descending stable
        return_inverse return_counts train training replacement equal_nan unbiased accumulate right out_int32 as_tuple
        some compute_uv upper pivot get_infos unitriangular transpose hermitian unpack_data unpack_pivots left
        increasing sparse_grad assume_unique invert non_blocking implicit center normalized onesided return_complex
        align_to_window""",
    "str": "interpolation side rounding_mode indexing approximate norm pad_mode",
    "ints": "size normalized_shape sizes",
    "int|ints": """kernel_size stride padding dilation output_padding shifts dims *size *sizes *shape
        *dims *repeats""",
    "Tensors": "tensors",
    "Tensor|Tensors": "*tensors",
    "DType": "dtype",
    "device": "device",
    "layout": "layout",
    "memory_format": "memory_format",
    "Any": "inplace reduction size_average reduce return_indices hard _stacklevel",  # passed on, or true or false
}

# Where a function differs: functions | parameter kinds, parameter kinds, ... (all; None too)
FUNCTIONS = """
add sub mul multiply div divide true_divide floor_divide remainder fmod eq ne not_equal lt less le less_equal gt greater
ge greater_equal bitwise_and bitwise_or bitwise_xor subtract rsub copysign bitwise_left_shift bitwise_right_shift xlogy
xlogy_ add_ sub_ mul_ multiply_ div_ divide_ true_divide_ floor_divide_ remainder_ fmod_ eq_ ne_ not_equal_ lt_ less_
le_ less_equal_ gt_ greater_ ge_ greater_equal_ bitwise_and_ bitwise_or_ bitwise_xor_ subtract_ copysign_
bitwise_left_shift_ bitwise_right_shift_ __lshift__ __rshift__ | other Tensor|Number
add sub mul multiply div divide true_divide floor_divide subtract rsub pow remainder bitwise_and bitwise_or bitwise_xor
bitwise_left_shift bitwise_right_shift xlogy | input Tensor|Number
pow pow_ | other Tensor|Number
float_power float_power_ | input Tensor|Number, exponent Tensor|Number
where | input Tensor|Number|None, self Tensor|Number|None, other Tensor|Number|None
searchsorted bucketize | input Tensor|Number
sum mean any all var std var_mean std_mean nansum nanmean count_nonzero | dim int|ints|None
squeeze squeeze_ squeeze_copy | dim int|ints|None
norm amax amin logsumexp | dim int|ints|None
median nanmedian prod | dim int
max min | dim Tensor|int
var std var_mean std_mean | correction Number|None, unbiased bool
cov | correction int
orgqr ormqr | input2 Tensor
cholesky_solve | B Tensor, L Tensor
cholesky_inverse | L Tensor
triangular_solve lu_solve | b Tensor
vander | N int|None
rrelu rrelu_ | upper Number
max_unpool1d max_unpool2d max_unpool3d | indices Tensor
chain_matmul | *matrices Tensor
pad | mode str, value float|None
gaussian_nll_loss | full Any
normalize | p Any, eps Any, dim Any
local_response_norm | alpha Any, beta Any, k Any
copy_ | src Tensor|Number
permute_copy | *dims ints
expand_copy | *sizes ints
view_copy | *shape ints|DType
combinations | r int, with_replacement bool
repeat_interleave | repeats Tensor|int|None, output_size int|None
slice_scatter slice_copy | start int|None, end int|None, step int
select_scatter select_copy | index int
narrow_copy | start int
unfold unfold_copy | dimension int, size int, step int
split_with_sizes split_with_sizes_copy unsafe_split_with_sizes | split_sizes ints
split_copy unsafe_split | split_size_or_sections int
hsplit vsplit dsplit | indices_or_sections int|ints
fill_diagonal_ | wrap bool
norm | p Any
dist renorm renorm_ | p Number
bernoulli bernoulli_ | p Tensor|float|None
mvlgamma mvlgamma_ | p int
select | index int
movedim moveaxis | source int|ints, destination int|ints
view | *shape int|ints|DType
isin | elements Tensor|Number, test_elements Tensor|Number
clamp clip clamp_ clip_ | min Tensor|Number|None, max Tensor|Number|None
clamp_min clamp_min_ clamp_max clamp_max_ | min Tensor|Number, max Tensor|Number
masked_fill masked_fill_ fill fill_ index_fill index_fill_ | value Tensor|Number
full full_like new_full | fill_value Number|Tensor
lerp lerp_ | end Tensor, weight Tensor|Number
linspace logspace | start Tensor|Number, end Tensor|Number, base float
narrow | start int|Tensor
trapezoid trapz cumulative_trapezoid | dx Number
quantile nanquantile | q Tensor|float|Any
scatter scatter_ | src Tensor|Number|None, value Number|None, reduce str|None
take_along_dim | indices Tensor
adaptive_avg_pool1d adaptive_max_pool1d adaptive_max_pool1d_with_indices | output_size int|ints
conv1d conv2d conv3d | padding int|ints|str
as_strided as_strided_ as_strided_copy as_strided_scatter empty_strided | stride ints
normal | mean Tensor|float, std Tensor|float
gaussian_nll_loss | var Tensor|float
split | split_size_or_sections int|ints
tensor_split | indices_or_sections int|ints|Tensor
tensordot | a Tensor, b Tensor, dims Any
view_as expand_as reshape_as type_as is_same_size | other Tensor
frobenius_norm nuclear_norm | dim int|ints
rot90 | dims ints
as_strided_ as_strided_scatter | size ints, storage_offset int|None
scatter_reduce scatter_reduce_ index_reduce index_reduce_ | reduce str, include_self bool
put put_ | accumulate bool
cdist pdist pairwise_distance cosine_similarity | x1 Tensor, x2 Tensor, p Number
squeeze_ | dim int|ints
arange | end Number
conv_tbc | pad int
gumbel_softmax | eps Any
asarray | copy bool|None
index_put index_put_ | indices Tensors, values Tensor, accumulate bool
elu celu leaky_relu softplus threshold hardshrink softshrink elu_ celu_ leaky_relu_ threshold_ |
alpha Real, negative_slope Real, beta Real, threshold Real, value Real, lambd Real
hardtanh hardtanh_ | min_val float, max_val float
linalg_lstsq linalg_lu_solve linalg_solve linalg_solve_ex linalg_solve_triangular linalg_tensorsolve | B Tensor,
LU Tensor, pivots Tensor, adjoint bool
linalg_cholesky_ex linalg_inv_ex linalg_lu_factor_ex linalg_solve_ex | check_errors bool
linalg_lu linalg_lu_factor linalg_lu_factor_ex | pivot bool
linalg_cross linalg_vecdot | dim int
linalg_diagonal | offset int, dim1 int, dim2 int
linalg_eigh linalg_eigvalsh | UPLO str
linalg_householder_product | tau Tensor
linalg_lstsq linalg_svd linalg_svdvals | driver str|None, full_matrices bool
linalg_lstsq | rcond float|None
linalg_matrix_norm | ord Number|str, dim ints
linalg_norm | ord Number|str|None, dim int|ints|None
linalg_vector_norm | ord Number, dim int|ints|None
linalg_cond | p Number|str|None
linalg_matrix_power | n int
linalg_matrix_rank | tol Tensor|float|None, atol Tensor|float|None, rtol Tensor|float|None
linalg_pinv | rcond Tensor|float|None, atol Tensor|float|None, rtol Tensor|float|None
linalg_multi_dot | tensors Tensors
linalg_qr | mode str
linalg_solve_triangular | upper bool, left bool, unitriangular bool
linalg_tensorinv | ind int
linalg_tensorsolve | dims ints|None
linalg_vander | N int|None
einsum | equation Any
nonzero_static | size int, fill_value int
fft_fft2 fft_fftn fft_ifft2 fft_ifftn fft_rfft2 fft_rfftn fft_irfft2 fft_irfftn fft_hfft2 fft_hfftn fft_ihfft2
fft_ihfftn fft_fftshift fft_ifftshift | s int|ints|None, dim int|ints|None
fft_fftfreq fft_rfftfreq | d float
special_zeta special_xlog1py special_xlogy | input Tensor|Number, other Tensor|Number
special_chebyshev_polynomial_t special_chebyshev_polynomial_u special_chebyshev_polynomial_v
special_chebyshev_polynomial_w special_hermite_polynomial_h special_hermite_polynomial_he special_laguerre_polynomial_l
special_legendre_polynomial_p special_shifted_chebyshev_polynomial_t special_shifted_chebyshev_polynomial_u
special_shifted_chebyshev_polynomial_v special_shifted_chebyshev_polynomial_w | input Tensor|Number, n Tensor|Number
special_logsumexp | dim int|ints|None
gradient | spacing Any, dim int|ints|None, edge_order int
frexp | out Any
histogram | bins int|Tensor, range Any, weight Tensor|None, density bool, out Any
histogramdd | bins Any, range Any, weight Tensor|None, density bool
polygamma_ | n int
pca_lowrank svd_lowrank | A Tensor, q int|None, M Tensor|None
batch_norm instance_norm | weight Tensor|None, bias Tensor|None, running_mean Tensor|None, running_var Tensor|None
convolution | bias Tensor|None
"""

# Element types that a function does not compute in: functions (a star: also in place) | types | the error. The type is
# that of the promoted operands. A bare word is the kernel that PyTorch's message names: NotImplementedError.
REFUSED_TYPES = """
abs* absolute* softsign | bool | abs_cpu
abs_ absolute_ | complex | RuntimeError: In-place abs is not supported for complex tensors.
neg* negative* | bool | RuntimeError: Negation, the `-` operator, on a bool tensor is not supported. If you are trying
    to invert a mask, use the `~` or `logical_not()` operator instead.
sign* | complex | NotImplementedError: sign is not defined for complex numbers; torch.sgn is.
ceil* | bool | ceil_vml_cpu
floor* | bool | floor_vml_cpu
trunc* fix* | bool | trunc_vml_cpu
round* | bool complex | round_vml_cpu
ceil* | complex | NotImplementedError: ceil is not supported for complex inputs
floor* | complex | NotImplementedError: floor is not supported for complex inputs
trunc* fix* | complex | NotImplementedError: trunc is not supported for complex inputs
frac* | bool int complex | frac_cpu
deg2rad* | complex | RuntimeError: deg2rad is not supported for complex tensors.
rad2deg* | complex | RuntimeError: rad2deg is not supported for complex tensors.
erf* | complex | erf_vml_cpu
erfc* | complex | erfc_vml_cpu
erfinv* | complex | erfinv_vml_cpu
i0* | complex | i0_vml_cpu
logit* | complex | logit_cpu
digamma* | complex | digamma
lgamma* | complex | lgamma_vml_cpu
polygamma* | complex | polygamma
mvlgamma* | complex | arange_cpu
mvlgamma* | bool | RuntimeError: The input tensor may not be a boolean tensor.
relu* | bool | RuntimeError: Boolean inputs not supported for relu
hardtanh* relu6 | bool | RuntimeError: Bool inputs not supported for hardtanh
clamp* clip* clamp_min* clamp_max* relu* hardtanh* relu6 margin_ranking_loss hinge_embedding_loss | complex |
    NotImplementedError: clamp is not supported for complex types
clamp* clip* | bool | clamp_cpu
threshold* | bool complex | threshold_cpu
prelu | bool int complex | prelu_cpu
rrelu* | bool int complex half | rrelu_with_noise_out_cpu
lt* less* | complex | lt_cpu
le* less_equal* | complex | le_cpu
gt* greater* | complex | gt_cpu
ge* greater_equal* | complex | ge_cpu
atan2* arctan2* | complex | atan2_cpu
floor_divide* | bool complex | div_floor_cpu
fmod* | bool complex | fmod_cpu
remainder* | bool complex | remainder_cpu
gcd* | bool float half bfloat16 complex | gcd_cpu
lcm* | bool float half bfloat16 complex | lcm_cpu
hypot* | bool int | hypot_cpu
nextafter* | bool int | nextafter_cpu
xlogy* | complex | xlogy_cpu
logaddexp | bool int | logaddexp_cpu
logaddexp2 | bool int complex | logaddexp2_cpu
heaviside* | complex | RuntimeError: heaviside is not yet implemented for complex tensors.
maximum | complex | RuntimeError: maximum not implemented for complex tensors.
minimum | complex | RuntimeError: minimum not implemented for complex tensors.
fmax | complex | RuntimeError: fmax not implemented for complex tensors.
fmin | complex | RuntimeError: fmin not implemented for complex tensors.
max | complex | NotImplementedError: max(): does not support complex input
min | complex | NotImplementedError: min(): does not support complex input
argmax | bool | RuntimeError: argmax(): does not support bool input
argmin | bool | RuntimeError: argmin(): does not support bool input
argmax | complex | RuntimeError: argmax(): does not support complex input
argmin | complex | RuntimeError: argmin(): does not support complex input
amax | complex | max_values_cpu
amin | complex | min_values_cpu
aminmax | complex | aminmax_cpu
cummax | complex | cummax_cpu
cummin | complex | cummin_cpu
cumsum_ | bool | cumsum_out_cpu
cumprod_ | bool | cumprod_out_cpu
median nanmedian | bool complex | median_cpu
kthvalue | bool complex | kthvalue_cpu
mode | complex | mode_cpu
topk | bool complex | RuntimeError: topk does not support bool or complex dtypes on CPU
unique unique_consecutive | complex | unique
isin | bool complex | RuntimeError: Unsupported input type encountered for isin()
searchsorted | bool complex | searchsorted_out_cpu
nansum nanmean | complex | RuntimeError: nansum on CPU does not support complex inputs
trace | bool | trace
trapezoid trapz cumulative_trapezoid | bool | RuntimeError: trapezoid: received a bool input, but bool is not supported
addcmul* | bool | addcmul_cpu_out
addcdiv* | bool int | RuntimeError: Integer division with addcdiv is not supported; use (input + value *
    trunc(tensor1 / tensor2)) or convert the tensors to float
bitwise_left_shift* __lshift__ | bool | lshift_cpu
bitwise_right_shift* __rshift__ | bool | rshift_cpu
square_ | bool | RuntimeError: result type Long can't be cast to the desired output type Bool
native_dropout | bool int | RuntimeError: result type Float can't be cast to the desired output type Long
avg_pool2d local_response_norm | int32 uint8 | avg_pool2d
avg_pool3d | half bfloat16 | avg_pool3d_out_frame
max_unpool1d max_unpool2d | bool int complex | max_unpool2d
max_unpool3d | bool int complex | max_unpool3d
unfold | int | im2col_out_cpu
fold | int | col2im_out_cpu
rms_norm | bool int | rms_norm
normalize | bool int | RuntimeError: linalg.vector_norm: Expected a floating point or complex tensor as input.
mse_loss | complex | mse_cpu
smooth_l1_loss | complex | smooth_l1_cpu
huber_loss | complex | huber_cpu
binary_cross_entropy | bool int complex | binary_cross_entropy
binary_cross_entropy_with_logits | bool int complex | log_sigmoid_cpu
kl_div | int | RuntimeError: kl_div: Integral inputs not supported.
kl_div | complex | RuntimeError: kl_div: Complex inputs not supported.
poisson_nll_loss | complex | le_cpu
gaussian_nll_loss | complex | lt_cpu
cosine_embedding_loss | complex | clamp_cpu
"""
OPERANDS = "input self other tensor1 tensor2 end min max weight input1 input2 exponent x y target"

# Functions whose out= is written with their finished result. exact: it must have the result's
# type; cast: any type; new: any, but dtype= if that is given; joined: one that the result's promotes to.
WRITTEN = {
    "exact": """argmax argmin softmax log_softmax diag gather scatter scatter_add index_select index_copy index_add take
        nonzero angle conj_physical hardshrink slice_scatter all any isin isneginf isposinf signbit searchsorted
        multinomial max min aminmax cummax cummin kthvalue median mode nanmedian sort topk lu qr svd linalg_qr
        linalg_svd linalg_eig linalg_eigh linalg_lu linalg_lu_factor linalg_slogdet slogdet lstsq linalg_lstsq
        geqrf triangular_solve linalg_inv_ex linalg_solve_ex linalg_cholesky_ex linalg_lu_factor_ex lu_unpack
        take_along_dim masked_select""",
    "cast": "sum prod cumsum cumprod bernoulli",
    "new": "zeros ones empty full arange range linspace logspace eye",
    "joined": "cat concat concatenate stack",
}
