"""Operations of each kind, counted: only those that run."""

from __future__ import annotations

import pytest

from hwnas.core.space import SearchSpace
from hwnas.features.operation_kinds import count_kinds


@pytest.mark.parametrize(
    ("arch", "n_pools", "n_convolutions"),
    [
        # Five cells in each of three stages; two residual blocks with an average pooling each on
        # the way round their two convolutions, with a convolution of its own; a stem.
        ("|avg_pool_3x3~0|+|none~0|avg_pool_3x3~1|+|none~0|none~1|skip_connect~2|", 32, 7),
        ("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|", 2, 22),
        # The pooling leads nowhere.
        ("|avg_pool_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|", 2, 22),
    ],
)
def test_operations_are_counted_that_the_output_needs(
    nasbench201: SearchSpace, arch: str, n_pools: int, n_convolutions: int
) -> None:
    genotypes = nasbench201.genotypes([nasbench201.parse(arch)])
    assert count_kinds(nasbench201, genotypes, ["avg_pool"]).tolist() == [n_pools]
    assert count_kinds(nasbench201, genotypes, ["conv"]).tolist() == [n_convolutions]
    both = count_kinds(nasbench201, genotypes, ["avg_pool", "conv"])
    assert both.tolist() == [n_pools + n_convolutions]
