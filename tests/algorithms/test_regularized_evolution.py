"""Regularised evolution is the paper's algorithm: tournaments, one mutation, the oldest dies."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from ask_and_tell import conflict, searched, squares, told

from hwnas.algorithms import Setting
from hwnas.algorithms._moves import mutants
from hwnas.algorithms.area import Area
from hwnas.algorithms.regularized_evolution import RegularizedEvolution
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError

# Far apart: a child differs from one of them in one gene.
FIRST = np.array([[1, 1, 1, 1, 1, 1], [3, 3, 3, 3, 3, 3]])


def _is_child(child: np.ndarray, parent: np.ndarray) -> bool:
    return int((child != parent).sum()) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_oldest_dies_however_good_it_is(nasbench201: SearchSpace, seed: int) -> None:
    algorithm = RegularizedEvolution(Setting(nasbench201, 1, 2, seed, FIRST))
    asked = list(algorithm.ask(2))
    algorithm.tell(told(FIRST, np.array([[0.0], [5]])))
    for number in range(8):
        (child,) = algorithm.ask(2)
        # Of a population of two, only the last two that were born live.
        assert any(_is_child(child, parent) for parent in asked[-2:])
        # After two births the best, the first of all, has no more children.
        assert number < 2 or not _is_child(child, FIRST[0])
        algorithm.tell(told(child[None], np.array([[9.0 + number]])))
        asked.append(child)


def test_it_is_algorithm_1_of_the_paper(nasbench201: SearchSpace) -> None:
    population, sample_size, seed = 12, 3, 4
    algorithm = RegularizedEvolution(Setting(nasbench201, 1, population, seed))
    first = algorithm.ask(population)
    algorithm.tell(told(first, squares(first)))
    # The pseudo-code, with the draws of the same generator.
    rng = np.random.default_rng(seed)
    np.testing.assert_array_equal(nasbench201.sample_genotypes(population, rng), first)
    alive = deque((tuple(row), squares(row[None])[0, 0]) for row in first)
    seen = {row.tobytes() for row in nasbench201.canonical_genotypes(first)}
    for _ in range(60):
        sample = [alive[place] for place in rng.integers(len(alive), size=sample_size)]
        parent = min(sample, key=lambda each: each[1])
        drawn = mutants(nasbench201, np.array(parent[0]), 16, rng=rng)
        classes = nasbench201.canonical_genotypes(drawn)
        is_valid = nasbench201.valid_mask(drawn)
        expected = next(
            row
            for row, twin, valid in zip(drawn, classes, is_valid, strict=True)
            if valid and twin.tobytes() not in seen
        )
        (child,) = algorithm.ask(population)
        np.testing.assert_array_equal(child, expected)
        algorithm.tell(told(child[None], squares(child[None])))
        seen.add(nasbench201.canonical_genotypes(child[None])[0].tobytes())
        alive.append((tuple(child), squares(child[None])[0, 0]))
        alive.popleft()


def test_a_tournament_is_won_as_often_as_its_size_says(nasbench201: SearchSpace) -> None:
    # Of 8, the best of 2 drawn with replacement is that of place i in (2 (8 - i) - 1) / 64.
    algorithm = RegularizedEvolution(Setting(nasbench201, 1, 8, 0))
    won = [algorithm._winner(np.arange(8)) for _ in range(6400)]
    counts = np.bincount(won, minlength=8)
    # With standard deviations of at most 34.
    assert abs(counts - 100 * (2 * np.arange(8, 0, -1) - 1)).max() < 130


def test_of_several_objectives_rank_wins_and_then_the_least_crowded(
    nasbench201: SearchSpace,
) -> None:
    algorithm = RegularizedEvolution(Setting(nasbench201, 2, 8, 0))
    first = algorithm.ask(8)
    values = np.array([[0, 10], [1, 6], [3, 5], [10, 0], *[[11.0, 11]] * 4])
    algorithm.tell(told(first, values))
    assert algorithm._population is not None
    standings = algorithm._population.standings()
    won = np.bincount([algorithm._winner(standings) for _ in range(2000)], minlength=8)
    ends, middle, dominated = won[[0, 3]], won[[2, 1]], won[4:]
    assert ends.min() > middle.max()
    assert middle[0] > middle[1] > dominated.max()


def test_a_generation_is_a_tenth_of_the_population(nasbench201: SearchSpace) -> None:
    algorithm = RegularizedEvolution(Setting(nasbench201, 2, 40, 0))
    for expected in (40, 4, 4):
        asked = algorithm.ask(40)
        assert len(asked) == expected
        algorithm.tell(told(asked, conflict(asked)))


def test_immigrants_are_the_youngest(nasbench201: SearchSpace) -> None:
    algorithm = RegularizedEvolution(Setting(nasbench201, 1, 2, 0, FIRST))
    algorithm.tell(told(algorithm.ask(2), np.array([[0.0], [5]])))
    others = np.array([[2, 2, 2, 2, 2, 2], [4, 4, 4, 4, 4, 4]])
    algorithm.immigrate(told(others, np.array([[7.0], [8]])))
    (child,) = algorithm.ask(2)
    assert any(_is_child(child, parent) for parent in others)


def test_area_begins_with_what_it_is_given_and_goes_on_from_there(
    nasbench201: SearchSpace,
) -> None:
    # A proxy that is the objective and as much else again.
    drawn = nasbench201.sample_genotypes(400, np.random.default_rng(0))
    drawn = np.unique(nasbench201.canonical_genotypes(drawn), axis=0)
    proxy = squares(drawn)[:, 0] + 20 * drawn[:, 5]
    initial = drawn[np.argsort(proxy, kind="stable")[:20]]
    settings = [Setting(nasbench201, 1, 20, seed) for seed in range(5)]
    cold = [searched(RegularizedEvolution(each), nasbench201, squares, 60) for each in settings]
    settings = [Setting(nasbench201, 1, 20, seed, initial) for seed in range(5)]
    warm = [searched(Area(each), nasbench201, squares, 60) for each in settings]
    np.testing.assert_array_equal(warm[0][:20], initial)
    means = [np.mean([squares(found).min() for found in runs]) for runs in (warm, cold)]
    assert means[0] < means[1]


def test_area_needs_something_to_begin_with(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match="area must have architectures to begin with; got none"):
        Area(Setting(nasbench201, 2, 4, 0))
