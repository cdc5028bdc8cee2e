"""Looking inside a network: tables, shape arithmetic, feature maps, gradients.

summary.py prints a model; shapes.py computes sizes and receptive fields; features.py keeps what layers see;
gradients.py says where gradients vanish or explode.
"""

from rushlight.explain.features import feature_maps as feature_maps
from rushlight.explain.features import to_unit as to_unit
from rushlight.explain.gradients import Health as Health
from rushlight.explain.gradients import gradient_health as gradient_health
from rushlight.explain.shapes import Step as Step
from rushlight.explain.shapes import conv_size as conv_size
from rushlight.explain.shapes import conv_transpose_size as conv_transpose_size
from rushlight.explain.shapes import pool_size as pool_size
from rushlight.explain.shapes import receptive_field as receptive_field
from rushlight.explain.shapes import trace as trace
from rushlight.explain.summary import Summary as Summary
from rushlight.explain.summary import summary as summary
