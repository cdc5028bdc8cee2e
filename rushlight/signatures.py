"""What the parameters of public functions take, by the parameter's name; and where a function differs.

The kinds are those of `arguments.KINDS`, alternatives separated by |. A parameter with an annotation says so there.
"""

# What parameters of one name take in all functions.
NAMES = {
    "Tensor": """input self other out weight bias mat1 mat2 batch1 batch2 vec vec1 vec2 tensor1 tensor2 mask index
        source src target condition running_mean running_var input1 input2 anchor positive negative pos_weight tensor
        logits values elements test_elements boundaries sorted_sequence sorter prepend append abs angle real imag x y
        fweights aweights weights""",
    "Number": "alpha beta value fill_value min max threshold lower upper s maxnorm start end step",
    "int": """dim dim0 dim1 dim2 start_dim end_dim chunks groups n m diagonal offset k decimals row col steps num_groups
        ignore_index num_samples minlength length bins storage_offset""",
    "float": "p eps momentum margin delta rtol atol lambd mean std median sigma nan posinf neginf",
    "bool": """keepdim requires_grad pin_memory ceil_mode count_include_pad largest sorted descending stable
        return_inverse return_counts train training replacement equal_nan unbiased accumulate right out_int32 as_tuple
        sparse_grad assume_unique invert non_blocking implicit""",
    "str": "interpolation side rounding_mode indexing approximate",
    "ints": "size normalized_shape sizes",
    "int|ints": """kernel_size stride padding dilation output_padding shifts dims *size *sizes *shape
        *dims *repeats""",
    "Tensors": "tensors",
    "Tensor|Tensors": "*tensors",
    "DType": "dtype",
    "device": "device",
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
sum mean any all var std var_mean std_mean nansum nanmean count_nonzero squeeze squeeze_ | dim int|ints|None
norm amax amin logsumexp | dim int|ints|None
median nanmedian prod | dim int
max min | dim Tensor|int
var std var_mean std_mean | correction Number|None, unbiased bool
cov | correction int
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
masked_fill masked_fill_ fill_ index_fill index_fill_ | value Tensor|Number
full full_like new_full | fill_value Number|Tensor
lerp lerp_ | end Tensor, weight Tensor|Number
linspace logspace | start Tensor|Number, end Tensor|Number, base float
arange | end Number|None
narrow | start int|Tensor
trapezoid trapz cumulative_trapezoid | dx Number
quantile nanquantile | q Tensor|float|Any
scatter scatter_ | src Tensor|Number|None, value Number|None, reduce str|None
take_along_dim | indices Tensor
adaptive_avg_pool1d adaptive_max_pool1d | output_size int|ints
conv1d conv2d conv3d | padding int|ints|str
as_strided empty_strided | stride ints
normal | mean Tensor|float, std Tensor|float
gaussian_nll_loss | var Tensor|float
split | split_size_or_sections int|ints
tensor_split | indices_or_sections int|ints|Tensor
tensordot | dims Any
view_as expand_as reshape_as type_as | other Tensor
frobenius_norm nuclear_norm | dim int|ints
repeat_interleave | repeats Tensor|int|None
fill | value Tensor|Number
unfold | dimension int, size int, step int
select_scatter | index int
slice_scatter | start int|None, end int|None, step int
split_with_sizes | split_sizes ints
rot90 | dims ints
as_strided_ as_strided_scatter | size ints, stride ints, storage_offset int|None
combinations | r int, with_replacement bool
"""
