"""The loop: what it evaluates, when it ends, what is infeasible, and what it replays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.core.architecture import Architecture
from hwnas.core.limits import Limit
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.engine.loop import CANNOT_RUN, MAX_IDLE_GENERATIONS, Loop, Progress, Task
from hwnas.engine.store import Store
from hwnas.errors import RunError


class Counting:
    """An objective that remembers what it was asked."""

    def __init__(self, value: Callable[[np.ndarray], np.ndarray], column: str = "cost") -> None:
        self.spec = ObjectiveSpec(column, "", "min", "custom", column)
        self.asked: list[str] = []
        self._value = value

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        self.asked += [str(arch) for arch in archs]
        return Estimate.exact(self._value(np.array([arch.genotype for arch in archs], float)))


class Fixed:
    """An algorithm that proposes given batches, again and again the last one."""

    def __init__(self, batches: Sequence[np.ndarray]) -> None:
        self._batches = list(batches)
        self.told: list[tuple[np.ndarray, np.ndarray]] = []

    def ask(self) -> np.ndarray:
        return self._batches.pop(0) if len(self._batches) > 1 else self._batches[0]

    def tell(self, values: np.ndarray, violation: np.ndarray) -> None:
        self.told.append((values, violation))


def _sum(genotypes: np.ndarray) -> np.ndarray:
    return np.asarray(genotypes.sum(axis=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with contextlib.closing(Store(tmp_path / "run.sqlite", ["cost", "other"])) as store:
        yield store


@pytest.fixture
def measures() -> tuple[Counting, Counting]:
    return Counting(_sum), Counting(lambda genotypes: -_sum(genotypes), "other")


def _task(
    space: SearchSpace,
    measures: Sequence[Objective],
    n_objectives: int = 2,
    limits: tuple[Limit, ...] = (),
    generations: int | None = None,
    budget: int | None = None,
) -> Task:
    return Task(space, tuple(measures), n_objectives, limits, generations, budget)


def _search(task: Task, store: Store, name: str = "nsga2", population: int = 10) -> list[Progress]:
    told: list[Progress] = []
    algorithm = ALGORITHMS[name](Setting(task.space, task.n_objectives, population, 0))
    Loop(task, algorithm, store).run(told.append)
    return told


@pytest.mark.parametrize("name", ["nsga2", "random"])
@pytest.mark.parametrize("budget", [1, 9, 10, 37, 100])
def test_the_budget_is_met_exactly(
    nasbench201: SearchSpace,
    store: Store,
    measures: tuple[Counting, Counting],
    name: str,
    budget: int,
) -> None:
    _search(_task(nasbench201, measures, budget=budget), store, name)
    assert len(measures[0].asked) == len(set(measures[0].asked)) == budget
    assert measures[1].asked == measures[0].asked
    assert list(store.history().evaluated.archs) == measures[0].asked


def test_generations_are_met_exactly(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    told = _search(_task(nasbench201, measures, generations=7), store)
    assert [progress.generation.number for progress in told] == list(range(1, 8))
    assert store.history().generations == tuple(progress.generation for progress in told)


@pytest.mark.parametrize(("generations", "budget"), [(2, 1000), (1000, 25)])
def test_of_generations_and_budget_the_first_ends_the_search(
    nasbench201: SearchSpace,
    store: Store,
    measures: tuple[Counting, Counting],
    generations: int,
    budget: int,
) -> None:
    told = _search(_task(nasbench201, measures, generations=generations, budget=budget), store)
    last = told[-1].generation
    assert last.number <= generations
    assert last.n_evaluated <= budget
    assert (last.number == 2) or (last.n_evaluated == 25)


def test_only_canonical_architectures_are_evaluated(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    _search(_task(nasbench201, measures, generations=10), store)
    for text in measures[0].asked:
        arch = nasbench201.parse(text)
        assert nasbench201.canonical(arch) == arch


def test_a_class_that_comes_again_is_told_but_not_evaluated(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    algorithm = Fixed([np.concatenate([batch, batch]), batch[::-1]])
    Loop(_task(nasbench201, measures, generations=2), algorithm, store).run(lambda _: None)
    assert len(measures[0].asked) == 5
    (first, _), (second, _) = algorithm.told
    np.testing.assert_array_equal(first[:5], first[5:])
    np.testing.assert_array_equal(second, first[:5][::-1])


def test_a_search_that_finds_nothing_new_ends(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    told: list[Progress] = []
    Loop(_task(nasbench201, measures, budget=100), Fixed([batch]), store).run(told.append)
    assert len(told) == 1 + MAX_IDLE_GENERATIONS
    assert told[-1].generation.n_evaluated == 5


def test_a_search_ends_when_the_algorithm_has_no_more(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    algorithm = Fixed([batch, np.empty((0, 6), dtype=np.int64)])
    told: list[Progress] = []
    Loop(_task(nasbench201, measures, generations=9), algorithm, store).run(told.append)
    assert len(told) == 1


def test_values_are_told_minimised(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    best_large = Counting(_sum)
    best_large.spec = ObjectiveSpec("cost", "", "max", "custom", "cost")
    batch = nasbench201.canonical_genotypes(
        nasbench201.sample_genotypes(5, np.random.default_rng(0))
    )
    algorithm = Fixed([batch])
    task = _task(nasbench201, (best_large, measures[1]), generations=1)
    Loop(task, algorithm, store).run(lambda _: None)
    np.testing.assert_array_equal(algorithm.told[0][0][:, 0], -_sum(batch))


def _violations(
    space: SearchSpace, measures: Sequence[Objective], store: Store, *limits: Limit, n: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical genotypes of a batch and how far from feasible each is told to be."""
    batch = space.canonical_genotypes(space.sample_genotypes(30, np.random.default_rng(0)))
    algorithm = Fixed([batch])
    task = _task(space, measures, n, limits, generations=1)
    Loop(task, algorithm, store).run(lambda _: None)
    return batch, algorithm.told[0][1]


def test_violation_is_relative_to_the_bound(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch, told = _violations(nasbench201, measures, store, Limit("cost", "<=", 10.0))
    np.testing.assert_allclose(told, np.maximum(_sum(batch) - 10, 0) / 10)
    assert 0 < (told > 0).sum() < len(told)


def test_limits_hold_on_what_is_no_objective(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch, told = _violations(nasbench201, measures, store, Limit("other", ">=", -10.0))
    np.testing.assert_allclose(told, np.maximum(_sum(batch) - 10, 0) / 10)


def test_violations_of_two_limits_add_up(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    limits = Limit("cost", "<=", 10.0), Limit("other", ">=", -5.0)
    batch, told = _violations(nasbench201, measures, store, *limits)
    total = _sum(batch)
    expected = np.maximum(total - 10, 0) / 10 + np.maximum(total - 5, 0) / 5
    np.testing.assert_allclose(told, expected)


def test_a_bound_of_zero_does_not_divide(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch, told = _violations(nasbench201, measures, store, Limit("other", ">=", 0.0))
    np.testing.assert_allclose(told, _sum(batch))


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_an_objective_without_a_finite_value_is_infeasible(
    nasbench201: SearchSpace, store: Store, nonsense: float
) -> None:
    measures = (
        Counting(lambda genotypes: np.where(_sum(genotypes) % 2 == 0, nonsense, 1.0)),
        Counting(_sum, "other"),
    )
    batch, told = _violations(nasbench201, measures, store)
    np.testing.assert_array_equal(told, np.where(_sum(batch) % 2 == 0, CANNOT_RUN, 0.0))


def test_a_limited_column_without_a_value_is_infeasible(
    nasbench201: SearchSpace, store: Store
) -> None:
    measures = (
        Counting(_sum),
        Counting(lambda genotypes: np.where(_sum(genotypes) % 2 == 0, np.nan, 1.0), "other"),
    )
    batch, told = _violations(nasbench201, measures, store, Limit("other", "<=", 2.0))
    np.testing.assert_array_equal(told > 0, _sum(batch) % 2 == 0)
    assert np.isfinite(told).all()


def test_what_cannot_run_is_told_beside_what_is_unknown_elsewhere(
    nasbench201: SearchSpace, store: Store
) -> None:
    # A column that is neither an objective nor limited may be unknown.
    measures = (Counting(_sum), Counting(lambda g: np.full(len(g), np.nan), "other"))
    _, told = _violations(nasbench201, measures, store)
    assert not told.any()


def test_a_stored_run_is_not_evaluated_again(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    columns = ["cost", "other"]
    with contextlib.closing(Store(tmp_path / "run.sqlite", columns)) as store:
        first = _search(_task(nasbench201, measures, generations=5), store)
    n_asked = len(measures[0].asked)
    with contextlib.closing(Store(tmp_path / "run.sqlite", columns)) as store:
        again = _search(_task(nasbench201, measures, generations=8), store)
    assert again[:5] == first
    assert len(again) == 8
    assert len(set(measures[0].asked)) == len(measures[0].asked) > n_asked


@pytest.mark.parametrize("change", ["seed", "order", "cut"])
def test_a_store_of_another_run_is_seen(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting], change: str
) -> None:
    rng = np.random.default_rng(0)
    batches = [nasbench201.sample_genotypes(5, rng) for _ in range(3)]
    others = {
        "seed": [batches[0], nasbench201.sample_genotypes(5, rng), batches[2]],
        "order": [batches[0], batches[2], batches[1]],
        "cut": [batches[0], batches[1][:4], batches[2]],
    }[change]
    columns, task = ["cost", "other"], _task(nasbench201, measures, generations=3)
    with contextlib.closing(Store(tmp_path / "run.sqlite", columns)) as store:
        Loop(task, Fixed(batches), store).run(lambda _: None)
    with contextlib.closing(Store(tmp_path / "run.sqlite", columns)) as store:
        loop = Loop(task, Fixed(others), store)
        with pytest.raises(RunError, match=r"Generation 2 of the stored run is not what this"):
            loop.run(lambda _: None)


def test_an_interrupt_keeps_every_finished_generation(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    def stop(progress: Progress) -> None:
        if progress.generation.number == 3:
            raise KeyboardInterrupt

    algorithm = ALGORITHMS["nsga2"](Setting(nasbench201, 2, 10, 0))
    loop = Loop(_task(nasbench201, measures, generations=9), algorithm, store)
    with pytest.raises(KeyboardInterrupt):
        loop.run(stop)
    assert len(store.history().generations) == 3


def test_hypervolume_never_falls(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    told = _search(_task(nasbench201, measures, generations=15), store)
    volumes = [p.generation.hypervolume for p in told if p.generation.hypervolume is not None]
    assert len(volumes) >= 10
    assert volumes == sorted(volumes)


def test_redundant_objectives_are_noted(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    twice = Counting(lambda genotypes: 2 * _sum(genotypes), "other")
    told = _search(_task(nasbench201, (measures[0], twice), generations=3), store, population=30)
    assert told[-1].notes == (
        "cost and other are one objective: their ratio is 2 for every architecture. "
        "Leave one of them out.",
    )


def test_front_size_is_that_of_the_run(started: Callable[..., hwnas.Run]) -> None:
    told: list[Progress] = []
    run = started(on_progress=told.append)
    assert told[-1].n_front == len(run.front)
