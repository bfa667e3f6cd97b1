"""Local search: all neighbours of the best, then a new start; Pareto local search."""

from __future__ import annotations

import numpy as np
from ask_and_tell import told

from hwnas.algorithms import Setting
from hwnas.algorithms._moves import neighbours
from hwnas.algorithms.local_search import LocalSearch
from hwnas.core.space import SearchSpace

START = np.array([[3, 3, 2, 2, 3, 1]])


def _classes(space: SearchSpace, genotypes: np.ndarray) -> set[tuple[int, ...]]:
    valid = genotypes[space.valid_mask(genotypes)]
    return {tuple(row) for row in space.canonical_genotypes(valid).tolist()}


def _begun(space: SearchSpace, values: list[float]) -> tuple[LocalSearch, np.ndarray]:
    """After the start and its neighbours are told, all ``worse`` than the start."""
    algorithm = LocalSearch(Setting(space, len(values), 3, 0, START))
    asked = algorithm.ask(3)
    np.testing.assert_array_equal(asked, START)
    algorithm.tell(told(asked, np.array([values])))
    return algorithm, algorithm.ask(100)


def test_all_neighbours_of_the_best_are_asked_each_class_once(nasbench201: SearchSpace) -> None:
    _, around = _begun(nasbench201, [5.0])
    expected = _classes(nasbench201, neighbours(nasbench201, START[0]))
    assert _classes(nasbench201, around) == expected - _classes(nasbench201, START)
    assert len(around) == len(_classes(nasbench201, around))


def test_it_moves_to_the_best_neighbour(nasbench201: SearchSpace) -> None:
    algorithm, around = _begun(nasbench201, [5.0])
    values = np.full((len(around), 1), 4.0)
    values[7] = 1
    algorithm.tell(told(around, values))
    further = algorithm.ask(100)
    assert ((further != around[7]).sum(axis=1) == 1).all()


def test_a_local_optimum_ends_in_a_new_start(nasbench201: SearchSpace) -> None:
    algorithm, around = _begun(nasbench201, [5.0])
    algorithm.tell(told(around, np.full((len(around), 1), 5.0)))
    again = algorithm.ask(100)
    assert len(again) == 3
    known = _classes(nasbench201, np.concatenate([START, around]))
    assert known.isdisjoint(_classes(nasbench201, again))
    # Its best and not that of the first start is where it goes on.
    algorithm.tell(told(again, np.array([[9.0], [8], [7]])))
    assert ((algorithm.ask(100) != again[2]).sum(axis=1) == 1).all()


def test_with_several_objectives_all_around_each_of_the_best_is_looked_at(
    nasbench201: SearchSpace,
) -> None:
    algorithm, around = _begun(nasbench201, [5.0, 5.0])
    # Two neighbours are better in one objective each, the others in none.
    values = np.full((len(around), 2), 6.0)
    values[[2, 4]] = [[1, 7], [7, 1]]
    algorithm.tell(told(around, values))
    explored = []
    for _ in range(2):
        further = algorithm.ask(100)
        is_around = [bool(((further != row).sum(axis=1) == 1).all()) for row in around[[2, 4]]]
        explored.append(is_around.index(True))
        algorithm.tell(told(further, np.full((len(further), 2), 9.0)))
    assert sorted(explored) == [0, 1]
    assert len(algorithm.ask(100)) == 3


def test_what_is_less_far_from_feasible_is_better(nasbench201: SearchSpace) -> None:
    algorithm = LocalSearch(Setting(nasbench201, 1, 3, 0, START))
    algorithm.tell(told(algorithm.ask(3), np.array([[0.0]]), np.array([0.5])))
    around = algorithm.ask(100)
    violation = np.full(len(around), 0.6)
    violation[3] = 0.4
    algorithm.tell(told(around, np.zeros((len(around), 1)), violation))
    assert ((algorithm.ask(100) != around[3]).sum(axis=1) == 1).all()
