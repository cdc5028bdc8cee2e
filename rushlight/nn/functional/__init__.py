"""Layers as functions: each takes its weights as arguments. One file per family, loaded when first used."""

from importlib import import_module

from ...arguments import checked

# These two families are called like one of their functions. Loading them first leaves the name to the function.
from .dropout import *
from .linear import *

for _name in "alpha_dropout bilinear dropout dropout1d dropout2d dropout3d feature_alpha_dropout".split():
    globals()[_name] = checked(globals()[_name], _name, module=__name__)

_FILES = {
    "activation": """celu celu_ elu elu_ gelu glu gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_
        leaky_relu leaky_relu_ log_softmax logsigmoid mish prelu relu relu6 relu_ rrelu rrelu_ selu selu_ sigmoid
        silu softmax softmin softplus softshrink softsign tanh tanhshrink threshold threshold_""",
    "conv": "conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d conv_transpose3d fold unfold",
    "distance": "cosine_similarity pairwise_distance pdist",
    "dropout": "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout",
    "linear": "bilinear linear",
    "loss": """binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy
        gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss nll_loss
        poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss""",
    "normalization": "batch_norm group_norm instance_norm layer_norm local_response_norm normalize rms_norm",
    "padding": "pad",
    "pooling": """adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d
        adaptive_max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d
        max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices
        max_unpool1d max_unpool2d max_unpool3d""",
}
_HOME = {name: file for file, names in _FILES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    family = import_module(f".{_HOME[name]}", __name__)
    value = checked(getattr(family, name), name, module=__name__)
    globals()[name] = value  # also where the name is a family's as well: the function wins, whatever was loaded first
    return value


def __dir__():
    return sorted({*globals(), *__all__})
