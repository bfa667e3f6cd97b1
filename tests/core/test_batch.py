"""A batch: architectures and their genotypes, one made from the other."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.space import SearchSpace
from hwnas.errors import ArchitectureError, ShapeError
from hwnas.spaces import load_space


def test_a_batch_of_genotypes_is_their_architectures(nasbench201: SearchSpace) -> None:
    archs = nasbench201.sample(20, np.random.default_rng(0))
    batch = nasbench201.batch(nasbench201.genotypes(archs))
    assert len(batch) == 20
    assert list(batch) == archs
    assert batch[3] == archs[3]
    assert list(batch[5:7]) == archs[5:7]


def test_genotypes_of_a_batch_are_taken_once(nasbench201: SearchSpace) -> None:
    archs = nasbench201.sample(20, np.random.default_rng(0))
    batch = nasbench201.batch(archs)
    assert nasbench201.genotypes(batch) is batch.genotypes
    np.testing.assert_array_equal(batch.genotypes, nasbench201.genotypes(archs))
    # The data set makes no difference to what a genotype means.
    assert load_space("nasbench201", dataset="cifar100").genotypes(batch) is batch.genotypes


def test_an_empty_batch_has_a_matrix_of_no_rows(nasbench201: SearchSpace) -> None:
    assert nasbench201.batch([]).genotypes.shape == (0, 6)


def test_a_batch_of_another_space_is_refused(nasbench201: SearchSpace) -> None:
    batch = load_space("fbnet").batch(np.zeros((2, 22), dtype=int))
    with pytest.raises(ArchitectureError, match=r"is an architecture of fbnet; expected one of"):
        nasbench201.batch(batch)


def test_a_genotype_out_of_range_is_refused(nasbench201: SearchSpace) -> None:
    genotypes = np.zeros((3, 6), dtype=int)
    genotypes[1, 2] = 5
    with pytest.raises(ArchitectureError, match=r"Gene .* of nasbench201 must be 0 to 4; got 5"):
        nasbench201.batch(genotypes)


def test_genotypes_of_another_length_are_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(ShapeError, match=r"\(n_archs, n_genes\) = \(\.\.\., 6\); got \(3, 5\)"):
        nasbench201.batch(np.zeros((3, 5), dtype=int))
