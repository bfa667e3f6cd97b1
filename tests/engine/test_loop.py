"""The loop: what it evaluates, when it ends, what is infeasible, and what it replays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import ALGORITHMS, CANNOT_RUN, Setting, Told
from hwnas.core.architecture import Architecture
from hwnas.core.limits import Limit
from hwnas.core.objective import Estimate, Objective, ObjectiveSpec, Stage
from hwnas.core.space import SearchSpace
from hwnas.engine.ends import MAX_IDLE_GENERATIONS
from hwnas.engine.loop import Loop
from hwnas.engine.progress import Progress
from hwnas.engine.store import Store
from hwnas.engine.task import Task
from hwnas.errors import EvaluationError, RunError
from hwnas.executors import Outcome, attempt
from hwnas.objectives.evaluation import Problem

T = TypeVar("T")
R = TypeVar("R")


class Counting:
    """An objective that remembers what it was asked."""

    def __init__(
        self, value: Callable[[np.ndarray], np.ndarray], column: str = "cost", stage: Stage = 1
    ) -> None:
        self.spec = ObjectiveSpec(column, "", "min", "custom", column, stage=stage)
        self.asked: list[str] = []
        self._value = value

    def __call__(self, archs: Sequence[Architecture]) -> Estimate:
        self.asked += [str(arch) for arch in archs]
        return Estimate.exact(self._value(np.array([arch.genotype for arch in archs], float)))


class Fixed:
    """An algorithm that proposes given batches, again and again the last one."""

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting, batches: Sequence[np.ndarray] = ()) -> None:
        del setting
        self._batches = list(batches)
        self.told: list[Told] = []

    def ask(self, n: int) -> np.ndarray:
        del n
        return self._batches.pop(0) if len(self._batches) > 1 else self._batches[0]

    def tell(self, told: Told) -> None:
        self.told.append(told)


def _fixed(space: SearchSpace, *batches: np.ndarray) -> Fixed:
    return Fixed(Setting(space, 2, 10, 0), batches)


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
    return Task(space, Problem(tuple(measures), n_objectives, limits), 10, generations, budget)


def _search(task: Task, store: Store, name: str = "nsga2", population: int = 10) -> list[Progress]:
    told: list[Progress] = []
    algorithm = ALGORITHMS[name](Setting(task.space, task.problem.n_objectives, population, 0))
    Loop(replace(task, population=population), algorithm, store).run(told.append)
    return told


@pytest.mark.parametrize("name", ["nsga2", "random"])
@pytest.mark.parametrize("budget", [1, 9, 10, 37, 100])
def test_the_budget_is_met_exactly(
    nasbench201: SearchSpace,
    store: Store,
    name: str,
    budget: int,
) -> None:
    cost, other = Counting(_sum, stage=2), Counting(_sum, "other", stage=2)
    _search(_task(nasbench201, (cost, other), budget=budget), store, name)
    assert len(cost.asked) == len(set(cost.asked)) == budget
    assert other.asked == cost.asked
    assert list(store.history().trials.finished().archs) == cost.asked


def test_generations_are_met_exactly(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    told = _search(_task(nasbench201, measures, generations=7), store)
    assert [progress.generation.number for progress in told] == list(range(1, 8))
    assert len(store.history().asks) == 7


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
    algorithm = _fixed(nasbench201, np.concatenate([batch, batch]), batch[::-1])
    Loop(_task(nasbench201, measures, generations=2), algorithm, store).run(lambda _: None)
    assert len(measures[0].asked) == 5
    first, second = (told.values for told in algorithm.told)
    np.testing.assert_array_equal(first[:5], first[5:])
    np.testing.assert_array_equal(second, first[:5][::-1])


@pytest.mark.parametrize(("n_at_once", "n_idle"), [(5, 200), (25, 50)])
def test_a_search_that_finds_nothing_new_in_50_generations_and_1000_proposals_ends(
    nasbench201: SearchSpace,
    store: Store,
    measures: tuple[Counting, Counting],
    n_at_once: int,
    n_idle: int,
) -> None:
    batch = nasbench201.sample_genotypes(5, np.random.default_rng(0)).repeat(n_at_once // 5, axis=0)
    told: list[Progress] = []
    task = _task(nasbench201, measures, budget=100)
    Loop(task, _fixed(nasbench201, batch), store).run(told.append)
    assert len(told) == 1 + n_idle
    assert told[-1].generation.n_evaluated == 5


def test_a_search_ends_when_the_algorithm_has_no_more(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    batch = nasbench201.sample_genotypes(5, np.random.default_rng(0))
    algorithm = _fixed(nasbench201, batch, np.empty((0, 6), dtype=np.int64))
    told: list[Progress] = []
    Loop(_task(nasbench201, measures, generations=9), algorithm, store).run(told.append)
    assert len(told) == 1


def test_values_are_told_minimised(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    best_large = Counting(_sum)
    best_large.spec = replace(best_large.spec, direction="max")
    batch = nasbench201.canonical_genotypes(
        nasbench201.sample_genotypes(5, np.random.default_rng(0))
    )
    algorithm = _fixed(nasbench201, batch)
    task = _task(nasbench201, (best_large, measures[1]), generations=1)
    Loop(task, algorithm, store).run(lambda _: None)
    np.testing.assert_array_equal(algorithm.told[0].values[:, 0], -_sum(batch))


def test_intervals_are_told_minimised(nasbench201: SearchSpace, store: Store) -> None:
    class Uncertain(Counting):
        def __call__(self, archs: Sequence[Architecture]) -> Estimate:
            value = super().__call__(archs).value
            return Estimate(value, value - 1, value + 2)

    least, most = Uncertain(_sum), Uncertain(_sum, "other")
    most.spec = replace(most.spec, direction="max")
    batch = nasbench201.canonical_genotypes(
        nasbench201.sample_genotypes(5, np.random.default_rng(0))
    )
    algorithm = _fixed(nasbench201, batch)
    task = _task(nasbench201, (least, most), generations=1)
    Loop(task, algorithm, store).run(lambda _: None)
    total = _sum(batch)
    np.testing.assert_array_equal(algorithm.told[0].lower, np.stack([total - 1, -total - 2], 1))
    np.testing.assert_array_equal(algorithm.told[0].upper, np.stack([total + 2, -total + 1], 1))


def _batch(space: SearchSpace, n: int = 30) -> np.ndarray:
    """Canonical genotypes, a few of them twice."""
    return space.canonical_genotypes(space.sample_genotypes(n, np.random.default_rng(0)))


def _told(
    space: SearchSpace,
    measures: Sequence[Objective],
    path: Path,
    *limits: Limit,
    n_objectives: int = 1,
) -> Told:
    """What is told of a batch, in its order."""
    names = [measure.spec.column for measure in measures]
    algorithm = _fixed(space, _batch(space))
    task = _task(space, measures, n_objectives, limits, generations=1)
    with contextlib.closing(Store(path / "told.sqlite", names, list(map(str, limits)))) as store:
        Loop(task, algorithm, store).run(lambda _: None)
    return _joined(algorithm.told, _batch(space))


def _joined(parts: Sequence[Told], genotypes: np.ndarray) -> Told:
    """Portions of what was told as one, in the order of genotypes."""
    rows = {
        genotype.tobytes(): (part, row)
        for part in parts
        for row, genotype in enumerate(part.genotypes)
    }
    found = [rows[genotype.tobytes()] for genotype in genotypes]
    return Told(
        *(
            np.array([getattr(part, field.name)[row] for part, row in found])
            for field in fields(Told)
        )
    )


def test_violation_is_relative_to_the_bound(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    told = _told(nasbench201, measures, tmp_path, Limit("cost", "<=", 10.0))
    total = _sum(told.genotypes)
    np.testing.assert_allclose(told.violation[:, 0], np.maximum(total - 10, 0) / 10)
    np.testing.assert_array_equal(told.status, np.where(total > 10, "infeasible", "done"))
    assert 0 < (told.status == "infeasible").sum() < len(told)


def test_limits_hold_on_what_is_no_objective(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    told = _told(nasbench201, measures, tmp_path, Limit("other", ">=", -10.0))
    expected = np.maximum(_sum(told.genotypes) - 10, 0) / 10
    np.testing.assert_allclose(told.distance, expected / (1 + expected))


def test_each_limit_is_told_and_their_violations_add_up(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    limits = Limit("cost", "<=", 10.0), Limit("other", ">=", -5.0)
    told = _told(nasbench201, measures, tmp_path, *limits)
    total = _sum(told.genotypes)
    expected = np.stack([np.maximum(total - 10, 0) / 10, np.maximum(total - 5, 0) / 5], axis=1)
    np.testing.assert_allclose(told.violation, expected)
    np.testing.assert_allclose(told.distance, (expected / (1 + expected)).sum(axis=1))


def test_a_bound_of_zero_does_not_divide(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    told = _told(nasbench201, measures, tmp_path, Limit("other", ">=", 0.0))
    total = _sum(told.genotypes)
    np.testing.assert_allclose(told.violation[:, 0], total)
    np.testing.assert_allclose(told.distance, total / (1 + total))


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_an_objective_without_a_finite_value_is_unknown_wherever_it_stands(
    nasbench201: SearchSpace, tmp_path: Path, nonsense: float, place: int, stage: Stage
) -> None:
    measures = [Counting(_sum, f"cost_{n}", stage) for n in range(3)]
    measures[place] = Counting(
        lambda genotypes: np.where(_sum(genotypes) % 2 == 0, nonsense, 1.0), "odd", stage
    )
    told = _told(nasbench201, measures, tmp_path, n_objectives=3)
    is_even = _sum(told.genotypes) % 2 == 0
    assert 0 < is_even.sum() < len(told)
    np.testing.assert_array_equal(told.status, np.where(is_even, "unknown", "done"))
    np.testing.assert_array_equal(told.distance, np.where(is_even, CANNOT_RUN, 0.0))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_objective_that_raises_fails_that_architecture_wherever_it_stands(
    nasbench201: SearchSpace, tmp_path: Path, place: int
) -> None:
    def breaks(genotypes: np.ndarray) -> np.ndarray:
        if _sum(genotypes)[0] % 2 == 0:
            raise OSError("the board is gone")
        return np.ones(len(genotypes))

    measures = [Counting(_sum, f"cost_{n}", 2) for n in range(3)]
    measures[place] = Counting(breaks, "odd", 2)
    limit = Limit("cost_0" if place else "cost_1", "<=", 10.0)
    told = _told(nasbench201, measures, tmp_path, limit, n_objectives=3)
    is_even = _sum(told.genotypes) % 2 == 0
    np.testing.assert_array_equal(told.status == "failed", is_even)
    np.testing.assert_array_equal(told.distance[is_even], CANNOT_RUN)
    assert np.isnan(told.violation[is_even]).all()
    assert np.isnan(told.values[is_even]).all()


def test_a_limited_column_without_a_value_is_infeasible(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    measures = (
        Counting(_sum),
        Counting(lambda genotypes: np.where(_sum(genotypes) % 2 == 0, np.nan, 1.0), "other"),
    )
    told = _told(nasbench201, measures, tmp_path, Limit("other", "<=", 2.0))
    is_even = _sum(told.genotypes) % 2 == 0
    np.testing.assert_array_equal(told.status, np.where(is_even, "infeasible", "done"))
    np.testing.assert_array_equal(told.distance, np.where(is_even, CANNOT_RUN, 0.0))


def test_what_is_neither_an_objective_nor_limited_may_be_unknown(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    measures = (Counting(_sum), Counting(lambda g: np.full(len(g), np.nan), "other"))
    told = _told(nasbench201, measures, tmp_path)
    assert set(told.status) == {"done"}


def test_what_breaks_a_limit_of_an_early_stage_is_not_measured(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    counted, measured = Counting(_sum, "counted", 0), Counting(_sum, "measured", 2)
    limits = Limit("counted", "<=", 10.0), Limit("measured", "<=", 8.0)
    told = _told(nasbench201, (measured, counted), tmp_path, *limits)
    total = _sum(told.genotypes)
    asked = {nasbench201.format(genotype) for genotype in told.genotypes[total <= 10]}
    assert sorted(measured.asked) == sorted(asked)
    np.testing.assert_array_equal(np.isnan(told.values[:, 0]), total > 10)
    np.testing.assert_array_equal(told.status, np.where(total > 8, "infeasible", "done"))
    # The limit that was not looked at is not said to be broken.
    np.testing.assert_array_equal(np.isnan(told.violation[:, 1]), total > 10)
    cheap = (total[total > 10] - 10) / 10
    np.testing.assert_allclose(told.distance[total > 10], cheap / (1 + cheap) + 1)
    between = (total > 8) & (total <= 10)
    assert told.distance[between].max() < told.distance[total > 10].min()


def test_what_has_no_value_in_an_early_stage_is_not_measured(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    predicted = Counting(lambda g: np.where(_sum(g) % 2 == 0, np.nan, 1.0), "predicted", 1)
    measured = Counting(_sum, "measured", 2)
    told = _told(nasbench201, (predicted, measured), tmp_path, n_objectives=2)
    assert all(sum(nasbench201.parse(text).genotype) % 2 for text in measured.asked)
    is_even = _sum(told.genotypes) % 2 == 0
    np.testing.assert_array_equal(told.status, np.where(is_even, "unknown", "done"))


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
        Loop(task, _fixed(nasbench201, *batches), store).run(lambda _: None)
    with contextlib.closing(Store(tmp_path / "run.sqlite", columns)) as store:
        loop = Loop(task, _fixed(nasbench201, *others), store)
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
    assert len(store.history().asks) == 3


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


class Stopping:
    """A cost that is interrupted at a certain call, and fails for some architectures."""

    def __init__(self, stop_at: int | None = None, fails: Callable[[int], bool] | None = None):
        self.spec = ObjectiveSpec("cost", "", "min", "custom", "cost")
        self.asked: list[str] = []
        self._stop_at = stop_at
        self._fails = fails or (lambda _: False)

    def __call__(self, batch: Sequence[Architecture]) -> Estimate:
        (arch,) = batch
        if len(self.asked) == self._stop_at:
            raise KeyboardInterrupt
        self.asked.append(str(arch))
        if self._fails(sum(arch.genotype)):
            raise ValueError(f"no value\n for {sum(arch.genotype)}")
        return Estimate.exact(np.array([sum(arch.genotype)], dtype=float))


COUNTED = Counting(lambda genotypes: -_sum(genotypes), "other")


def _opened(path: Path) -> contextlib.closing[Store]:
    return contextlib.closing(Store(path, ["cost", "other"]))


def test_an_interrupt_loses_no_finished_trial(nasbench201: SearchSpace, tmp_path: Path) -> None:
    stopped, whole = tmp_path / "stopped.sqlite", tmp_path / "whole.sqlite"
    task = replace(_task(nasbench201, (Stopping(), COUNTED), generations=4), population=8)
    with _opened(whole) as store:
        _search(task, store, population=8)
        expected = store.history()
    first = Stopping(stop_at=13)
    with _opened(stopped) as store, pytest.raises(KeyboardInterrupt):
        _search(_task(nasbench201, (first, COUNTED), generations=4), store, population=8)
    with _opened(stopped) as store:
        assert list(store.history().trials.finished().archs) == first.asked
    rest = Stopping()
    with _opened(stopped) as store:
        _search(_task(nasbench201, (rest, COUNTED), generations=4), store, population=8)
        found = store.history()
    assert first.asked + rest.asked == list(expected.trials.archs)
    assert found.asks == expected.asks
    np.testing.assert_array_equal(found.trials.results.values, expected.trials.results.values)


def test_a_failure_is_stored_with_its_reason_and_the_search_goes_on(
    nasbench201: SearchSpace, store: Store
) -> None:
    cost = Stopping(fails=lambda total: total % 5 == 0)
    told = _search(_task(nasbench201, (cost, COUNTED), generations=4), store)
    results = store.history().trials.results
    failed = results.status == "failed"
    assert 0 < failed.sum() < len(results)
    assert len(told) == 4
    assert told[-1].generation.n_evaluated == len(cost.asked) == len(results)
    assert all(error.startswith("ValueError: no value for ") for error in results.error[failed])
    assert np.isnan(results.values[failed, 0]).all()
    # What was counted before is kept.
    assert np.isfinite(results.values[failed, 1, 0]).all()
    assert (results.seconds >= 0).all()
    assert set(results.worker) == {"main"}


@pytest.mark.parametrize("population", [4, 10, 30])
def test_a_search_in_which_all_fails_stops_after_ten(
    nasbench201: SearchSpace, store: Store, population: int
) -> None:
    cost = Stopping(fails=lambda _: True)
    with pytest.raises(
        EvaluationError, match=r"None of the first 10 arch.* failed with ValueError: no v"
    ):
        _search(_task(nasbench201, (cost, COUNTED), generations=4), store, population=population)
    assert len(cost.asked) == 10


def test_a_search_in_which_few_are_evaluated_and_all_fail_says_so(
    nasbench201: SearchSpace, store: Store
) -> None:
    task = _task(nasbench201, (Stopping(fails=lambda _: True), COUNTED), budget=3)
    with pytest.raises(EvaluationError, match=r"None of the first 3 architectures could be"):
        _search(task, store, population=4)


def test_a_first_generation_that_fails_does_not_end_a_search_that_works_later(
    nasbench201: SearchSpace, store: Store
) -> None:
    cost = Stopping(fails=lambda _: len(cost.asked) <= 6)
    _search(_task(nasbench201, (cost, COUNTED), generations=3), store, population=6)
    status = store.history().trials.results.status.tolist()
    assert status == ["failed"] * 6 + ["done"] * 12


def test_what_a_free_limit_rules_out_takes_nothing_of_the_budget(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    counted, dear = Counting(_sum, "cost", 0), Counting(lambda g: -_sum(g), "other", 2)
    limit = Limit("cost", "<=", 12.0)
    with contextlib.closing(Store(tmp_path / "run.sqlite", ["cost", "other"], [str(limit)])) as at:
        told = _search(_task(nasbench201, (counted, dear), limits=(limit,), budget=25), at)
        trials = at.history().trials.finished()
    assert len(dear.asked) == 25 < len(trials)
    assert told[-1].generation.of_budget == 25
    assert told[-1].generation.n_evaluated == len(trials)


def test_a_limit_that_nothing_free_keeps_ends_a_search_that_evaluates_nothing(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    counted, dear = Counting(_sum, "cost", 0), Counting(_sum, "other", 2)
    limit = Limit("cost", "<=", -1.0)
    with contextlib.closing(Store(tmp_path / "run.sqlite", ["cost", "other"], [str(limit)])) as at:
        task = _task(nasbench201, (counted, dear), limits=(limit,), budget=25)
        assert len(_search(task, at, population=20)) == MAX_IDLE_GENERATIONS
    assert dear.asked == []


def _timed(task: Task, store: Store, n_calls: int, name: str = "nsga2") -> Loop:
    """A search whose time is up once it was asked for so often."""
    asked: list[bool] = []

    def is_time_up() -> bool:
        asked.append(True)
        return len(asked) > n_calls

    algorithm = ALGORITHMS[name](Setting(task.space, task.problem.n_objectives, 10, 0))
    loop = Loop(task, algorithm, store, is_time_up=is_time_up)
    loop.run(lambda _: None)
    return loop


def test_a_search_whose_time_is_up_ends_between_two_evaluations(
    nasbench201: SearchSpace, store: Store
) -> None:
    cost = Stopping()
    loop = _timed(_task(nasbench201, (cost, COUNTED)), store, n_calls=12)
    assert loop.end == "time"
    finished = store.history().trials.finished()
    assert list(finished.archs) == cost.asked
    assert set(finished.results.status) == {"done"}
    assert 10 < len(cost.asked) < 20


def test_something_is_evaluated_however_short_the_time(
    nasbench201: SearchSpace, store: Store
) -> None:
    cost = Stopping()
    _timed(_task(nasbench201, (cost, COUNTED)), store, n_calls=0)
    assert len(cost.asked) == 1


def test_a_search_of_free_values_ends_with_its_time_after_a_generation(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    loop = _timed(_task(nasbench201, measures), store, n_calls=2)
    assert loop.end == "time"
    assert store.history().trials.results.is_finished.all()
    assert len(store.history().asks) == 3


def test_a_search_that_ran_out_of_time_goes_on_as_if_it_had_not(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    first, rest, straight = Stopping(), Stopping(), Stopping()
    with _opened(tmp_path / "timed.sqlite") as store:
        _timed(_task(nasbench201, (first, COUNTED), budget=35), store, n_calls=12)
    with _opened(tmp_path / "timed.sqlite") as store:
        _search(_task(nasbench201, (rest, COUNTED), budget=35), store)
    with _opened(tmp_path / "straight.sqlite") as store:
        _search(_task(nasbench201, (straight, COUNTED), budget=35), store)
    assert first.asked + rest.asked == straight.asked


def test_a_search_ends_when_its_hypervolume_has_come_to_rest(
    nasbench201: SearchSpace, store: Store, measures: tuple[Counting, Counting]
) -> None:
    task = replace(_task(nasbench201, measures, generations=500), until_stable=True)
    algorithm = ALGORITHMS["nsga2"](Setting(nasbench201, 2, 10, 0))
    loop = Loop(task, algorithm, store)
    loop.run(lambda _: None)
    assert loop.end == "stable"
    *before, last = loop.tracker.generations
    half = [each for each in before if each.of_budget <= last.of_budget / 2][-1]
    assert last.hypervolume is not None
    assert half.hypervolume is not None
    assert last.hypervolume < 1.01 * half.hypervolume


def test_a_stable_run_that_is_resumed_without_that_end_goes_on(
    nasbench201: SearchSpace, tmp_path: Path, measures: tuple[Counting, Counting]
) -> None:
    task = _task(nasbench201, measures, generations=60)
    counts = []
    for is_ended in (True, False):
        with _opened(tmp_path / "run.sqlite") as store:
            told = _search(replace(task, until_stable=is_ended), store)
        counts.append(len(told))
    assert counts[0] < counts[1] == 60


def test_a_budget_is_met_exactly_by_a_run_that_was_stopped_within_its_last_ask(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    first, rest = Stopping(stop_at=13), Stopping()
    path = tmp_path / "run.sqlite"
    with _opened(path) as store, pytest.raises(KeyboardInterrupt):
        _search(_task(nasbench201, (first, COUNTED), budget=15), store)
    with _opened(path) as store:
        _search(_task(nasbench201, (rest, COUNTED), budget=15), store)
        assert len(store.history().trials.finished()) == 15
    assert (len(first.asked), len(rest.asked)) == (13, 2)


def test_predictions_are_asked_of_the_whole_ask_wherever_a_budget_ends(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    # A matrix product may round a row otherwise in another company.
    predicted = Counting(_sum, stage=1)
    for budget in (25, 28, 60):
        predicted.asked.clear()
        with _opened(tmp_path / "run.sqlite") as store:
            _search(_task(nasbench201, (predicted, COUNTED), budget=budget), store)
            trials = store.history().trials
        whole = [arch for arch, ask in zip(trials.archs, trials.ask, strict=True) if ask == 3]
        asked = predicted.asked
        assert set(whole) <= set(asked)


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("ends", [{"generations": 7}, {"budget": 31}, {"budget": 60}])
def test_a_run_that_goes_on_is_as_one_that_was_to_go_so_far(
    nasbench201: SearchSpace, tmp_path: Path, ends: dict[str, int], stage: Stage
) -> None:
    measures = Counting(_sum, stage=stage), COUNTED
    histories = []
    for name, ways in {"grown": [{"budget": 25}, ends], "straight": [ends]}.items():
        for way in ways:
            with _opened(tmp_path / f"{name}.sqlite") as store:
                _search(_task(nasbench201, measures, **way), store, population=8)  # type: ignore[arg-type]
                history = store.history()
        histories.append(history)
    grown, straight = histories
    assert grown.trials.archs == straight.trials.archs
    np.testing.assert_array_equal(grown.trials.results.values, straight.trials.results.values)
    assert [ask.trials for ask in grown.asks] == [ask.trials for ask in straight.asks]


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"generations": 2}, "generations= must be at least the 3"),
        ({"budget": 9}, "budget= must be at least the 30"),
    ],
)
def test_a_run_does_not_go_back(
    nasbench201: SearchSpace,
    store: Store,
    measures: tuple[Counting, Counting],
    ends: dict[str, int],
    message: str,
) -> None:
    _search(_task(nasbench201, measures, generations=3), store)
    with pytest.raises(RunError, match=message):
        _search(_task(nasbench201, measures, **ends), store)  # type: ignore[arg-type]


class Backwards:
    """An executor whose outcomes come in the reverse order."""

    def __init__(self, n_workers: int = 1) -> None:
        del n_workers

    def run(self, work: Callable[[T], R], items: Iterable[T]) -> Generator[Outcome[R], None, None]:
        for index, item in reversed(list(enumerate(items))):
            yield attempt(work, index, item, "main")


def test_results_out_of_order_make_the_same_search_and_are_replayed_alike(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    task = _task(nasbench201, (Stopping(), COUNTED), generations=4)
    values = []
    for name, executor in {"forwards": None, "backwards": Backwards()}.items():
        with _opened(tmp_path / f"{name}.sqlite") as store:
            algorithm = ALGORITHMS["nsga2"](Setting(nasbench201, 2, 10, 0))
            Loop(task, algorithm, store, executor).run(lambda _: None)
            history = store.history()
            values.append(history.trials.results.values)
    np.testing.assert_array_equal(*values)
    assert history.asks[0].told == tuple((row,) for row in reversed(range(10)))
    # The algorithm of a resumed run hears the same in the same order.
    heard: list[Told] = []

    class Listening(ALGORITHMS["nsga2"]):  # type: ignore[misc]
        def tell(self, told: Told) -> None:
            heard.append(told)
            super().tell(told)

    with _opened(tmp_path / "backwards.sqlite") as store:
        Loop(task, Listening(Setting(nasbench201, 2, 10, 0)), store).run(lambda _: None)
    assert [len(told) for told in heard] == [len(rows) for ask in history.asks for rows in ask.told]
    order = [nasbench201.format(told.genotypes[0]) for told in heard[:10]]
    archs = history.trials.archs
    canonical = [str(nasbench201.canonical(nasbench201.parse(text))) for text in order]
    assert canonical == list(archs[9::-1])
