"""What the algorithms of pymoo share, and the reference directions as published."""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from ask_and_tell import conflict, searched, squares, told

from hwnas.algorithms import ALGORITHMS, Algorithm, Setting
from hwnas.algorithms._pymoo import reference_directions
from hwnas.core.classes import every_class
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MissingExtraError
from hwnas.objectives.indicators import non_dominated

QUICK = ["nsga3", "sms-emoa"]
# numba compiles for seconds.
COMPILED = pytest.param(
    "age-moea2",
    marks=[
        pytest.mark.long,
        pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed"),
    ],
)


def _made(
    name: str, space: SearchSpace, population: int = 20, seed: int = 0, n_objectives: int = 2
) -> Algorithm:
    return ALGORITHMS[name](Setting(space, n_objectives, population, seed))


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_most_of_the_front_of_a_separable_problem_is_found(
    nasbench201: SearchSpace, name: str
) -> None:
    classes = every_class(nasbench201, 10_000)
    assert classes is not None
    every = np.unique(conflict(classes), axis=0)
    front = {tuple(row) for row in every[non_dominated(every)].tolist()}
    asked = searched(_made(name, nasbench201, population=60), nasbench201, conflict, 1000, 60)
    found = {tuple(row) for row in conflict(asked).tolist()}
    assert len(front) > 10
    # Random search finds four tenths.
    assert len(front & found) >= 0.7 * len(front)


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_one_objective_is_walked_down_to_its_best(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201, n_objectives=1)
    assert squares(searched(algorithm, nasbench201, squares, 500)).min() == 0


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_what_is_infeasible_is_hardly_a_parent(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201)
    for _ in range(10):
        asked = algorithm.ask(20)
        # The larger the first gene the better, and from 2 on infeasible, by a little.
        values = np.repeat(-100.0 * asked[:, :1], 2, axis=1)
        algorithm.tell(told(asked, values, np.where(asked[:, 0] >= 2, 1e-9, 0.0)))
    # Of feasible parents, a child breaks the limit by mutation alone, in 3/4 of 1/6.
    assert np.mean(algorithm.ask(20)[:, 0] >= 2) < 0.5


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_the_seed_decides_also_between_equally_infeasible_parents(
    nasbench201: SearchSpace, name: str
) -> None:
    runs = []
    for _ in range(2):
        algorithm, asked = _made(name, nasbench201), []
        for _ in range(4):
            asked.append(algorithm.ask(20))
            algorithm.tell(told(asked[-1], np.zeros((len(asked[-1]), 2)), np.ones(len(asked[-1]))))
        runs.append(np.concatenate(asked))
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_a_generation_holds_no_class_twice(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201)
    for _ in range(6):
        asked = algorithm.ask(20)
        assert len(np.unique(nasbench201.canonical_genotypes(asked), axis=0)) == len(asked)
        algorithm.tell(told(asked, conflict(asked)))


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
@pytest.mark.parametrize("n_objectives", [1, 2, 4])
def test_architectures_that_are_all_worth_the_same_are_gone_on_from(
    nasbench201: SearchSpace, name: str, n_objectives: int
) -> None:
    algorithm = _made(name, nasbench201, n_objectives=n_objectives)
    for _ in range(4):
        asked = algorithm.ask(20)
        assert len(asked) == 20
        algorithm.tell(told(asked, np.ones((20, n_objectives))))


@pytest.mark.parametrize("name", [*QUICK, COMPILED])
def test_filters_of_warnings_stay_as_they_were(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201)
    before = list(warnings.filters)
    for _ in range(3):
        asked = algorithm.ask(20)
        algorithm.tell(told(asked, conflict(asked)))
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("n_objectives", "population", "n_directions"),
    # Deb and Jain 2014, table I.
    [(3, 91, 91), (5, 210, 210), (8, 156, 156), (10, 275, 275), (15, 135, 135)],
)
def test_directions_are_as_many_as_published(
    n_objectives: int, population: int, n_directions: int
) -> None:
    directions = reference_directions(n_objectives, population)
    assert directions.shape == (n_directions, n_objectives)
    assert len(np.unique(directions.round(9), axis=0)) == n_directions
    np.testing.assert_allclose(directions.sum(axis=1), 1)


@pytest.mark.parametrize("population", [6, 7, 20, 50, 100])
def test_there_are_no_more_directions_than_members(population: int) -> None:
    assert 6 <= len(reference_directions(6, population)) <= population


def test_fewer_members_than_objectives_are_refused(nasbench201: SearchSpace) -> None:
    with pytest.raises(ConfigError, match="at least the number of objectives, 6, for nsga3; got 5"):
        _made("nsga3", nasbench201, population=5, n_objectives=6)


def test_without_numba_one_line_says_what_to_install(
    nasbench201: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingExtraError) as caught:
        _made("age-moea2", nasbench201)
    assert str(caught.value) == (
        "Algorithm 'age-moea2' cannot run here: numba is not installed. "
        'Install it with: pip install "hwnas[baselines]".'
    )


@pytest.mark.parametrize("name", QUICK)
def test_values_of_the_infeasible_play_no_part(nasbench201: SearchSpace, name: str) -> None:
    seconds = []
    for nonsense in (np.nan, -1e9, 1e9):
        algorithm = _made(name, nasbench201)
        first = algorithm.ask(20)
        violation = np.where(np.arange(len(first)) % 2, 2.0, 0.0)
        values = np.where(violation[:, None] > 0, nonsense, conflict(first))
        algorithm.tell(told(first, values, violation))
        seconds.append(algorithm.ask(20))
    np.testing.assert_array_equal(seconds[0], seconds[1])
    np.testing.assert_array_equal(seconds[0], seconds[2])
