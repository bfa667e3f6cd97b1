"""No twin is proposed while there is anything else; mutants and neighbours differ in one gene."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hwnas.algorithms import Setting
from hwnas.algorithms._moves import mutants, neighbours
from hwnas.algorithms._novelty import Novelty
from hwnas.core.space import SearchSpace

GENOTYPE = np.array([3, 0, 4, 1, 2, 3])


@pytest.fixture
def novelty(nasbench201: SearchSpace) -> Novelty:
    return Novelty(Setting(nasbench201, 1, 10, 0))


def test_neighbours_are_all_that_differ_in_one_gene(nasbench201: SearchSpace) -> None:
    found = neighbours(nasbench201, GENOTYPE)
    assert ((found != GENOTYPE).sum(axis=1) == 1).all()
    # 6 genes with 4 other choices each.
    assert len(np.unique(found, axis=0)) == 24


def test_mutants_are_neighbours_drawn_alike(nasbench201: SearchSpace) -> None:
    found = mutants(nasbench201, GENOTYPE, 24_000, rng=np.random.default_rng(0))
    every, counts = np.unique(found, axis=0, return_counts=True)
    expected = np.unique(neighbours(nasbench201, GENOTYPE), axis=0)
    np.testing.assert_array_equal(every, expected)
    # 1000 of each, with a standard deviation of 31.
    assert abs(counts - 1000).max() < 150


def test_a_gene_without_a_choice_does_not_change(nasbench201: SearchSpace) -> None:
    class Fixed(type(nasbench201)):  # type: ignore[misc]
        """Only the last gene has a choice."""

        n_choices = (1, 1, 1, 1, 1, 2)

    found = mutants(Fixed(), np.zeros(6, int), 5, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found, [[0, 0, 0, 0, 0, 1]] * 5)
    np.testing.assert_array_equal(neighbours(Fixed(), np.zeros(6, int)), [[0, 0, 0, 0, 0, 1]])


def test_twins_and_the_disconnected_are_not_new(novelty: Novelty, nasbench201: SearchSpace) -> None:
    texts = (
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
    )
    twins = nasbench201.genotypes([nasbench201.parse(text) for text in texts])
    nothing = np.zeros(6, int)
    assert novelty.are_new(np.array([*twins, nothing])).tolist() == [True, False, False]
    novelty.note(twins[:1])
    assert novelty.are_new(twins).tolist() == [False, False]


def test_the_first_new_proposal_is_taken_once(novelty: Novelty) -> None:
    def propose(n: int) -> np.ndarray:
        return np.tile(GENOTYPE, (n, 1))

    np.testing.assert_array_equal(novelty.first(propose), GENOTYPE)
    assert novelty.first(propose) is None


def test_a_proposal_is_looked_at_as_the_genotype_that_it_means(novelty: Novelty) -> None:
    found = novelty.first(lambda n: np.full((n, 6), 3.7), lambda rows: rows.astype(int))
    assert found is not None
    assert found.tolist() == [3.7] * 6
    assert not novelty.are_new(np.full((1, 6), 3)).any()


def test_every_class_is_drawn_once_and_then_none(
    novelty: Novelty, nasbench201: SearchSpace
) -> None:
    rng = np.random.default_rng(0)
    drawn = np.concatenate([novelty.uniform(n, rng) for n in (4000, 900, 100)])
    assert len(drawn) == 4929
    assert len(np.unique(nasbench201.canonical_genotypes(drawn), axis=0)) == 4929
    assert len(novelty.uniform(1, rng)) == 0
    assert novelty.first(partial(nasbench201.sample_genotypes, rng=rng)) is None
