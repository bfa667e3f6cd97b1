"""Counts of parameters and multiply-accumulates: by hand, then against the whole graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError
from hwnas.features import counts
from hwnas.features.counting import count_genotypes
from hwnas.spaces.nasbench201 import NasBench201

_EMPTY = (0, 0, 0, 0, 0, 0)


def test_params_of_the_empty_cell_by_hand(nasbench201: SearchSpace) -> None:
    stem = 3 * 16 * 9 + 2 * 16
    first = 16 * 32 * 9 + 2 * 32 + 32 * 32 * 9 + 2 * 32 + 16 * 32
    second = 32 * 64 * 9 + 2 * 64 + 64 * 64 * 9 + 2 * 64 + 32 * 64
    head = 2 * 64 + 64 * 10 + 10
    params = counts(nasbench201, [nasbench201.architecture(_EMPTY)])["params"].item()
    assert params == stem + first + second + head == 73306


def test_macs_of_the_empty_cell_by_hand(nasbench201: SearchSpace) -> None:
    stem = 32 * 32 * 16 * 27
    first = 16 * 16 * 32 * (16 * 9 + 32 * 9 + 16)
    second = 8 * 8 * 64 * (32 * 9 + 64 * 9 + 32)
    macs = counts(nasbench201, [nasbench201.architecture(_EMPTY)])["macs"].item()
    assert macs == stem + first + second + 64 * 10 == 7783040


def test_one_convolution_adds_itself_in_all_fifteen_cells(nasbench201: SearchSpace) -> None:
    empty, convolved = count_genotypes(nasbench201, np.array([_EMPTY, (0, 0, 0, 3, 0, 0)]))
    params = 5 * sum(width * width * 9 + 2 * width for width in (16, 32, 64))
    macs = 5 * sum(side**2 * width * width * 9 for side, width in ((32, 16), (16, 32), (8, 64)))
    np.testing.assert_array_equal(convolved - empty, [params, macs])


@given(
    st.tuples(*[st.integers(0, 4)] * 6),
    st.sampled_from(NasBench201.datasets),
    st.integers(1, 24),
    st.integers(1, 3),
)
def test_counts_are_those_of_the_whole_graph(
    genotype: tuple[int, ...], dataset: str, channels: int, cells: int
) -> None:
    space = NasBench201(dataset, channels, cells)
    graph = space.graph(space.architecture(genotype))
    assert count_genotypes(space, np.array([genotype])).tolist() == [[graph.params, graph.macs]]


def test_frame_keeps_the_order_and_repeats_of_the_architectures(nasbench201: SearchSpace) -> None:
    first, second = nasbench201.sample(2, np.random.default_rng(0))
    frame = counts(nasbench201, [second, first, second])
    assert list(frame.index) == [str(second), str(first), str(second)]
    assert list(frame.columns) == ["params", "macs"]


def test_no_architectures_give_an_empty_frame(nasbench201: SearchSpace) -> None:
    assert counts(nasbench201, []).shape == (0, 2)


def test_architectures_of_another_space_are_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(ArchitectureError, match="expected one of nasbench201"):
        counts(nasbench201, [Architecture("fbnet", (0,) * 6, "foreign")])
