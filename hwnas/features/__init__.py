"""Numbers that describe an architecture, read from its genes and graph alone (no torch)."""

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.features.counting import counts
from hwnas.features.sets import (
    feature_layout,
    feature_matrix,
    feature_names,
    net_feature_matrix,
)

__all__ = [
    "FEATURE_SETS",
    "counts",
    "feature_layout",
    "feature_matrix",
    "feature_names",
    "net_feature_matrix",
]
