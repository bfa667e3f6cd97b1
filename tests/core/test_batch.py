"""A batch: architectures and their genotypes, one made from the other."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.batch import Batch
from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ShapeError
from hwnas.spaces import load_space


def test_a_batch_of_genotypes_is_their_architectures(nasbench201: SearchSpace) -> None:
    archs = nasbench201.sample(20, np.random.default_rng(0))
    batch = Batch(nasbench201, nasbench201.genotypes(archs))
    assert len(batch) == 20
    assert list(batch) == archs
    assert batch[3] == archs[3]
    assert list(batch[5:7]) == archs[5:7]


def test_a_batch_of_the_same_space_is_taken_as_it_is(nasbench201: SearchSpace) -> None:
    batch = Batch.of(nasbench201, nasbench201.sample(20, np.random.default_rng(0)))
    assert Batch.of(load_space("nasbench201"), batch) is batch


def test_forms_are_those_of_the_space(nasbench201: SearchSpace) -> None:
    everything = nasbench201.all_genotypes()
    assert everything is not None
    batch = Batch(nasbench201, everything)
    np.testing.assert_array_equal(batch.canonical, nasbench201.canonical_genotypes(everything))
    np.testing.assert_array_equal(batch.is_valid, nasbench201.valid_mask(everything))
    # 4,929 connected classes and one that is not.
    assert len(set(batch.keys)) == 4930


def test_what_is_computed_once_is_shared(nasbench201: SearchSpace) -> None:
    batch = Batch(nasbench201, np.zeros((2, 6), dtype=int))
    asked: list[str] = []

    def compute() -> int:
        asked.append("computed")
        return 7

    assert [batch.once("seven", compute), batch.once("seven", compute)] == [7, 7]
    assert asked == ["computed"]


def test_an_empty_batch_has_a_matrix_of_no_rows(nasbench201: SearchSpace) -> None:
    assert Batch.of(nasbench201, []).genotypes.shape == (0, 6)


def test_a_batch_of_another_space_is_refused(nasbench201: SearchSpace) -> None:
    batch = Batch(load_space("fbnet"), np.zeros((2, 22), dtype=int))
    with pytest.raises(ArchitectureError, match=r"is an architecture of fbnet; expected one of"):
        Batch.of(nasbench201, batch)


def test_a_genotype_out_of_range_is_refused(nasbench201: SearchSpace) -> None:
    genotypes = np.zeros((3, 6), dtype=int)
    genotypes[1, 2] = 5
    with pytest.raises(ArchitectureError, match=r"Gene .* of nasbench201 must be 0 to 4; got 5"):
        Batch(nasbench201, genotypes)


def test_genotypes_of_another_length_are_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(ShapeError, match=r"\(n_archs, n_genes\) = \(\.\.\., 6\); got \(3, 5\)"):
        Batch(nasbench201, np.zeros((3, 5), dtype=int))
