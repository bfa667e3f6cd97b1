"""What the paths through a cell have in common, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix, feature_names

SETS = ["path_statistics"]
# Two paths: a large convolution and then pooling, and a small convolution alone.
TWO_PATHS = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|nor_conv_1x1~0|none~1|skip_connect~2|"
NO_PATH = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"


def _named(space: SearchSpace, arch: str) -> dict[str, float]:
    values = feature_matrix(space, space.genotypes([space.parse(arch)]), SETS)[0].tolist()
    return dict(zip(feature_names(space, SETS), values, strict=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("paths that begin with nor_conv_3x3", 1),
        ("paths that end with nor_conv_3x3", 0),
        ("paths that end with avg_pool_3x3", 1),
        ("paths with nor_conv_1x1", 1),
        ("paths with nor_conv_3x3 before avg_pool_3x3", 1),
        ("paths with avg_pool_3x3 before nor_conv_3x3", 0),
        ("paths of 0 operations", 0),
        ("paths of 1 operations", 1),
        ("paths of 2 operations", 1),
        ("share of paths with nor_conv_1x1", 0.5),
        ("mean operations on a path", 1.5),
        ("largest operations on a path", 2),
        ("least operations on a path", 1),
        ("mean avg_pool_3x3 on a path", 0.5),
        ("largest other than avg_pool_3x3 on a path", 1),
    ],
)
def test_order_and_number_of_operations_on_two_paths(
    nasbench201: SearchSpace, name: str, expected: float
) -> None:
    assert _named(nasbench201, TWO_PATHS)[name] == expected


def test_without_a_path_all_is_zero(nasbench201: SearchSpace) -> None:
    assert set(_named(nasbench201, NO_PATH).values()) == {0.0}


def test_twins_in_function_have_the_same_statistics(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.sample_genotypes(200, np.random.default_rng(0))
    canonical = nasbench201.canonical_genotypes(genotypes)
    assert (genotypes != canonical).any()
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, genotypes, SETS), feature_matrix(nasbench201, canonical, SETS)
    )
