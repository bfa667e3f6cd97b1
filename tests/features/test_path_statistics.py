"""What the paths of cells have in common, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.space import SearchSpace
from hwnas.features.path_statistics import path_statistic_names, path_statistics

CONV, POOL = "nor_conv_3x3", "avg_pool_3x3"


def _nonzero(space: SearchSpace, text: str) -> dict[str, float]:
    (cell,) = space.cell_types
    values = path_statistics(cell, np.array([space.parse(text).genotype]))[0]
    named = zip(path_statistic_names(cell), values.tolist(), strict=True)
    return {name: value for name, value in named if value}


def test_one_path_of_pooling_before_a_convolution(nasbench201: SearchSpace) -> None:
    # 0 -pool-> 1 -conv-> 3; all else is absent.
    text = f"|{POOL}~0|+|none~0|none~1|+|none~0|{CONV}~1|none~2|"
    found = _nonzero(nasbench201, text)
    paths = {
        f"that begin with {POOL}",
        f"that end with {CONV}",
        f"with {POOL}",
        f"with {CONV}",
        f"with {POOL} before {CONV}",
        "of 2 operations",
    }
    shares = {name.removeprefix("share of ") for name in found if name.startswith("share of")}
    assert {name for name in found if name.startswith("paths ")} == shares
    assert {name.removeprefix("paths ") for name in shares} == paths
    for what in ("mean", "largest", "least"):
        assert found[f"{what} operations on a path"] == 2
        assert found[f"{what} {CONV} on a path"] == 1
        assert found[f"{what} other than {CONV} on a path"] == 1
        assert found[f"{what} other than nor_conv_1x1 on a path"] == 2


def test_an_identity_beside_two_convolutions(nasbench201: SearchSpace) -> None:
    # 0 -conv-> 1 -conv-> 3, and 0 -skip-> 3.
    text = f"|{CONV}~0|+|none~0|none~1|+|skip_connect~0|{CONV}~1|none~2|"
    found = _nonzero(nasbench201, text)
    assert found["paths of 0 operations"] == found["paths of 2 operations"] == 1
    assert found[f"share of paths with {CONV} before {CONV}"] == 0.5
    assert found[f"mean {CONV} on a path"] == 1
    assert found[f"largest {CONV} on a path"] == 2
    assert f"least {CONV} on a path" not in found


def test_the_order_is_told_apart_that_counts_do_not_see(nasbench201: SearchSpace) -> None:
    # Three paths: pool, conv pool, and conv conv; none has pooling before a convolution.
    text = f"|{CONV}~0|+|none~0|{CONV}~1|+|{POOL}~0|{POOL}~1|skip_connect~2|"
    found = _nonzero(nasbench201, text)
    assert found[f"paths with {CONV} before {POOL}"] == 1
    assert f"paths with {POOL} before {CONV}" not in found
    assert found[f"paths that begin with {CONV}"] == found[f"paths that end with {POOL}"] == 2
    assert found[f"share of paths with {POOL}"] == pytest.approx(2 / 3)
    assert found["mean operations on a path"] == pytest.approx(5 / 3)
    assert found["least operations on a path"] == 1


def test_where_no_path_leads_through_all_is_zero(nasbench201: SearchSpace) -> None:
    (cell,) = nasbench201.cell_types
    assert not path_statistics(cell, np.zeros((1, 6), dtype=int)).any()
