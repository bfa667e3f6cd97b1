"""Differential evolution: binned genes, rand/1/bin, and the selection of GDE3."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from ask_and_tell import told

from hwnas.algorithms import Setting
from hwnas.algorithms.de import DifferentialEvolution
from hwnas.core.space import SearchSpace

# In the middle of the range: no difference of two leads out of it.
VECTORS = np.array([[0.5] * 6, [0.45, 0.52, 0.6, 0.4, 0.55, 0.5], [0.6] * 6, [0.41] * 6])


def _begun(
    space: SearchSpace, values: list[list[float]], violation: list[float] | None = None
) -> DifferentialEvolution:
    algorithm = DifferentialEvolution(Setting(space, len(values[0]), len(values), 0))
    _tell(algorithm, values, violation)
    return algorithm


def _tell(
    algorithm: DifferentialEvolution,
    values: list[list[float]],
    violation: list[float] | None = None,
) -> None:
    asked = algorithm.ask(len(values))
    broken = None if violation is None else np.array(violation)
    algorithm.tell(told(asked, np.array(values, dtype=float), broken))


def _kept(algorithm: DifferentialEvolution) -> list[list[float]]:
    assert algorithm._population is not None
    return [list(row) for row in algorithm._population.values.tolist()]


def test_a_gene_means_the_choice_of_its_bin(nasbench201: SearchSpace) -> None:
    algorithm = DifferentialEvolution(Setting(nasbench201, 1, 4, 0))
    vector = np.array([[0, 0.199, 0.2, 0.599, 0.6, 0.999]])
    assert algorithm._decode(vector).tolist() == [[0, 0, 1, 2, 3, 4]]


def test_what_it_begins_with_is_spread_over_the_bins_of_its_choices(
    nasbench201: SearchSpace,
) -> None:
    algorithm = DifferentialEvolution(Setting(nasbench201, 1, 4, 0))
    genotypes = nasbench201.sample_genotypes(500, np.random.default_rng(0))
    vectors = algorithm._spread(genotypes)
    np.testing.assert_array_equal(algorithm._decode(vectors), genotypes)
    assert 0.45 < np.mean(vectors * 5 - genotypes) < 0.55


def test_a_mutant_is_one_vector_and_half_the_difference_of_two(nasbench201: SearchSpace) -> None:
    algorithm = DifferentialEvolution(Setting(nasbench201, 1, 4, 0))
    algorithm._vectors = VECTORS
    trials = algorithm._crossed(0, 2000)
    mutants = np.array([a + 0.5 * (b - c) for a, b, c in permutations(VECTORS[1:])])
    fits = np.isclose(trials[:, None], mutants) | np.isclose(trials[:, None], VECTORS[0])
    assert fits.all(axis=2).any(axis=1).all()
    is_mutant = ~np.isclose(trials, VECTORS[0])
    assert is_mutant.any(axis=1).all()
    # One gene of six surely, the others with 1/2.
    assert is_mutant.mean() == pytest.approx(1 / 6 + 5 / 6 / 2, abs=0.03)


def test_what_leaves_the_range_is_drawn_anew(nasbench201: SearchSpace) -> None:
    algorithm = DifferentialEvolution(Setting(nasbench201, 1, 4, 0))
    algorithm._vectors = np.array([[0.5] * 6, [0.95] * 6, [0.9] * 6, [0.1] * 6])
    trials = algorithm._crossed(0, 500)
    assert ((trials >= 0) & (trials < 1)).all()


@pytest.mark.parametrize(("trial", "kept"), [(3, 3), (5, 5), (6, 5)])
def test_a_trial_that_is_no_worse_replaces_its_target(
    nasbench201: SearchSpace, trial: float, kept: float
) -> None:
    algorithm = _begun(nasbench201, [[5], [1], [1], [1]])
    before = algorithm._vectors[0]
    _tell(algorithm, [[trial], [9], [9], [9]])
    assert sorted(_kept(algorithm)) == [[1], [1], [1], [kept]]
    is_there = (algorithm._vectors == before).all(axis=1).any()
    assert is_there == (trial > 5)


def test_neither_of_two_that_do_not_beat_each_other_goes_while_there_is_room(
    nasbench201: SearchSpace,
) -> None:
    algorithm = _begun(nasbench201, [[0, 4], [4, 0], [9, 9], [8, 8]])
    # The first stays beside its trial, and of five the one of the last rank goes.
    _tell(algorithm, [[2, 1], [5, 5], [10, 10], [11, 11]])
    assert sorted(_kept(algorithm)) == [[0, 4], [2, 1], [4, 0], [8, 8]]


def test_what_is_nearer_to_feasible_replaces_what_is_further(nasbench201: SearchSpace) -> None:
    algorithm = _begun(nasbench201, [[1], [1], [1], [1]], [0, 0.5, 0.5, 0.5])
    _tell(algorithm, [[0], [7], [8], [9]], [0.1, 0, 0.4, 0.6])
    assert algorithm._population is not None
    # A relative violation v is v / (1 + v) away.
    found = sorted(algorithm._population.distance.tolist())
    assert found == pytest.approx([0, 0, 0.4 / 1.4, 0.5 / 1.5])


def test_of_immigrants_and_the_population_the_best_stay(nasbench201: SearchSpace) -> None:
    algorithm = _begun(nasbench201, [[5], [1], [7], [2]])
    others = nasbench201.sample_genotypes(2, np.random.default_rng(9))
    algorithm.immigrate(told(others, np.array([[0.0], [6]])))
    assert _kept(algorithm) == [[0], [1], [2], [5]]
    np.testing.assert_array_equal(algorithm._decode(algorithm._vectors)[0], others[0])
