"""What hwnas's own strategies share: they beat random search, propose no twin, keep limits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ask_and_tell import Values, conflict, searched, squares, told

import hwnas
from hwnas.algorithms import ALGORITHMS, Algorithm, Setting
from hwnas.core.classes import every_class
from hwnas.core.space import SearchSpace
from hwnas.engine.progress import Progress
from hwnas.errors import StateError
from hwnas.objectives.indicators import hypervolume, non_dominated

OWN = ["regularized-evolution", "de", "local-search", "reinforce"]
QUICK = ["regularized-evolution", "de", "local-search"]
"""Those that learn from one generation what to ask in the next, and not over hundreds."""
SEEDS = range(3)
REFERENCE = np.array([90.0, 350])
"""Beyond the worst values of ``conflict``, 84 and 336."""


def _made(name: str, space: SearchSpace, seed: int = 0, n_objectives: int = 2) -> Algorithm:
    return ALGORITHMS[name](Setting(space, n_objectives, 20, seed))


def _found(name: str, space: SearchSpace, values: Values, n: int) -> list[np.ndarray]:
    """Values of what an algorithm asks for, shape ``(n, n_objectives)``, for each seed."""
    n_objectives = values(np.zeros((1, 6), int)).shape[1]
    algorithms = [_made(name, space, seed, n_objectives) for seed in SEEDS]
    return [values(searched(algorithm, space, values, n)) for algorithm in algorithms]


@pytest.mark.parametrize(("name", "n"), [*((name, 250) for name in QUICK), ("reinforce", 500)])
def test_the_best_of_one_objective_is_better_than_that_of_random_search(
    nasbench201: SearchSpace, name: str, n: int
) -> None:
    ours, random = (
        np.mean([values.min() for values in _found(each, nasbench201, squares, n)])
        for each in (name, "random")
    )
    assert ours < random


@pytest.mark.parametrize("name", QUICK)
def test_the_front_dominates_more_than_that_of_random_search(
    nasbench201: SearchSpace, name: str
) -> None:
    ours, random = (
        np.mean([hypervolume(v, REFERENCE) for v in _found(each, nasbench201, conflict, 400)])
        for each in (name, "random")
    )
    every = every_class(nasbench201, 10_000)
    assert every is not None
    exact = hypervolume(conflict(every), REFERENCE)
    assert random < ours <= exact
    # At least a quarter of what random search leaves is won.
    assert exact - ours < 0.75 * (exact - random)


@pytest.mark.parametrize("name", OWN)
def test_no_class_is_asked_twice(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201)
    asked = []
    for _ in range(25):
        asked.append(algorithm.ask(20))
        algorithm.tell(told(asked[-1], conflict(asked[-1])))
    classes = nasbench201.canonical_genotypes(np.concatenate(asked))
    assert len(np.unique(classes, axis=0)) == len(classes)


@pytest.mark.parametrize("name", OWN)
def test_every_class_of_a_space_is_asked_in_the_end_and_then_none(
    nasbench201: SearchSpace, name: str
) -> None:
    class Tiny(type(nasbench201)):  # type: ignore[misc]
        """Only three operations on each edge."""

        n_choices = (3,) * 6

        def all_genotypes(self) -> np.ndarray:
            return np.array(list(np.ndindex(*self.n_choices)))

    space = Tiny()
    classes = every_class(space, 10_000)
    assert classes is not None
    found = searched(_made(name, space), space, conflict, len(classes) + 1)
    np.testing.assert_array_equal(np.unique(found, axis=0), classes)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("status", ["infeasible", "failed", "unknown"])
def test_what_is_not_feasible_leads_nowhere(
    nasbench201: SearchSpace, name: str, status: str
) -> None:
    algorithm = _made(name, nasbench201)
    for _ in range(15):
        asked = algorithm.ask(20)
        # The larger the first gene the better, and from 2 on it is of no use.
        is_lost = asked[:, 0] >= 2
        answer = told(asked, np.repeat(-100.0 * asked[:, :1], 2, axis=1), np.where(is_lost, 0.1, 0))
        answer.status[is_lost] = status
        algorithm.tell(answer)
    # Of random ones 3 of 5 are.
    assert np.mean(algorithm.ask(20)[:, 0] >= 2) < 0.5


@pytest.mark.parametrize(("name", "n"), [*((name, 300) for name in QUICK), ("reinforce", 500)])
def test_where_nothing_is_feasible_what_is_nearest_is_found(
    nasbench201: SearchSpace, name: str, n: int
) -> None:
    algorithm, asked = _made(name, nasbench201), np.empty((0, 6), dtype=np.int64)
    while len(asked) < n:
        new = algorithm.ask(20)
        violation = 1.0 + nasbench201.canonical_genotypes(new).sum(axis=1)
        algorithm.tell(told(new, np.zeros((len(new), 2)), violation))
        asked = np.concatenate([asked, new])
    every = every_class(nasbench201, 10_000)
    assert every is not None
    nearest = every[np.argsort(every.sum(axis=1), kind="stable")[:100]]
    found = {row.tobytes() for row in nasbench201.canonical_genotypes(asked)}
    share = np.mean([row.tobytes() in found for row in nearest])
    # Of those drawn at random so many would be among them.
    assert share > 2 * n / len(every)


@pytest.mark.parametrize("name", OWN)
def test_told_in_portions_it_asks_the_same(nasbench201: SearchSpace, name: str) -> None:
    whole, portions = _made(name, nasbench201), _made(name, nasbench201)
    for _ in range(5):
        asked = whole.ask(100)
        whole.tell(told(asked, conflict(asked)))
        parts = list[np.ndarray]()
        while sum(map(len, parts)) < len(asked):
            parts.append(portions.ask(3))
        np.testing.assert_array_equal(np.concatenate(parts), asked)
        for genotype in asked[::-1]:
            portions.tell(told(genotype[None], conflict(genotype[None])))


@pytest.mark.parametrize("name", OWN)
def test_more_is_not_asked_before_all_is_told(nasbench201: SearchSpace, name: str) -> None:
    algorithm = _made(name, nasbench201)
    algorithm.ask(100)
    with pytest.raises(StateError, match=r"ask\(\) was called twice"):
        algorithm.ask(1)


@pytest.mark.long
@pytest.mark.parametrize("name", [*OWN, "area", "exhaustive", "surrogate"])
def test_a_run_that_is_resumed_is_as_one_that_was_not(
    started: Callable[..., hwnas.Run], name: str
) -> None:
    def stop(progress: Progress) -> None:
        if progress.generation.number == 3:
            raise KeyboardInterrupt

    settings = {"algorithm": name, "warm_start": "params:20" if name == "area" else None}
    with pytest.raises(KeyboardInterrupt):
        started("stopped", on_progress=stop, **settings)
    resumed = started("stopped", resume=True, **settings)
    straight = started("straight", **settings)
    for file in ("front.csv", "front.json", "run.json"):
        assert (resumed.path / file).read_bytes() == (straight.path / file).read_bytes()


def test_pareto_local_search_finds_the_whole_front(nasbench201: SearchSpace) -> None:
    every = every_class(nasbench201, 10_000)
    assert every is not None
    values = np.unique(conflict(every), axis=0)
    front = {tuple(row) for row in values[non_dominated(values)].tolist()}
    found = conflict(searched(_made("local-search", nasbench201), nasbench201, conflict, 1500))
    assert len(front & {tuple(row) for row in found.tolist()}) > 0.9 * len(front)
