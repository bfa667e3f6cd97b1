"""How far a search can go, and how long it says that it will take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import ALGORITHMS
from hwnas.api._pace import Pace, capped
from hwnas.core.architecture import Architecture
from hwnas.core.classes import listed_classes
from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.engine.progress import Generation, Progress, Step
from hwnas.engine.task import Task
from hwnas.errors import ConfigError
from hwnas.objectives.evaluation import Problem
from tests.spaces.toys import Digits


class Tiny(Digits):
    """Three genes of two choices, the order of which is of no account: four classes."""

    name = "tiny"
    title = "A space of four classes"
    genes = ("a", "b", "c")
    choice_names = (("0", "1"),) * 3

    def canonical_genotypes(self, genotypes: np.ndarray) -> np.ndarray:
        return np.sort(self.check_genotypes(genotypes), axis=1)

    def graph(self, arch: Architecture) -> OperationGraph:
        net = GraphBuilder(self.input_shape, stage="stem")
        node = net.conv(-1, 8 * (1 + sum(arch.genotype)), 3, 1)
        net.linear(net.global_avg_pool(node), self.n_outputs)
        return net.build()


def _ones(archs: object) -> np.ndarray:
    return np.array([str(arch).count("1") for arch in archs], dtype=float)  # type: ignore[attr-defined]


def _zeros(archs: object) -> np.ndarray:
    return 3 - _ones(archs)


@pytest.fixture
def tiny() -> Tiny:
    return Tiny()


def test_a_small_space_is_listed_though_it_does_not_list_itself(tiny: Tiny) -> None:
    classes = listed_classes(tiny)
    assert classes is not None
    assert classes.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]]
    assert listed_classes(hwnas.load_space("fbnet")) is None


@pytest.mark.parametrize("algorithm", ["nsga2", "random"])
@pytest.mark.parametrize("given", [{"population": 6000}, {"budget": 10**9}])
def test_a_search_ends_with_its_space(
    tiny: Tiny, tmp_path: Path, algorithm: str, given: dict[str, int],
) -> None:  # fmt: skip
    notes = list[str]()
    run = hwnas.search(
        tiny, objectives=[_ones, _zeros], algorithm=algorithm, out=tmp_path / "run",
        on_note=notes.append, **given,
    )  # fmt: skip
    assert len(run.evaluations) == 4
    assert any("the 4 architectures of tiny that differ in function" in note for note in notes)


@pytest.mark.parametrize(("algorithm", "n_notes"), [("random", 1), ("exhaustive", 0)])
def test_a_run_says_that_all_classes_ended_it_unless_it_was_to_evaluate_all(
    tiny: Tiny, tmp_path: Path, algorithm: str, n_notes: int
) -> None:
    run = hwnas.search(
        tiny, objectives=[_ones, _zeros], algorithm=algorithm, budget=50, population=4,
        out=tmp_path / "run",
    )  # fmt: skip
    words = (
        "The search ended early, as every functional class of the space was evaluated: 4 of 50 "
        "evaluations were used."
    )
    assert run.record.notes.count(words) == n_notes


@pytest.mark.parametrize("budget", [3, 4])
def test_a_run_that_spent_its_budget_says_nothing_of_its_end(
    tiny: Tiny, tmp_path: Path, budget: int
) -> None:
    run = hwnas.search(
        tiny, objectives=[_ones, _zeros], algorithm="random", budget=budget, population=4,
        out=tmp_path / "run",
    )  # fmt: skip
    assert not any("ended" in note for note in run.record.notes)


@pytest.mark.parametrize("asked", [4929, 6000])
def test_a_population_of_the_whole_space_is_all_of_it(tmp_path: Path, asked: int) -> None:
    notes = list[str]()
    run = hwnas.search(
        "nasbench201", objectives=["params", "macs"], population=asked, generations=50,
        out=tmp_path / "run", on_note=notes.append,
    )  # fmt: skip
    assert len(run.evaluations) == run.config["population"] == 4929
    assert bool(notes) == (asked > 4929)


def test_a_population_that_cannot_be_held_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"population must be at most 1,000,000; got 10,000,000"):
        capped(hwnas.load_space("fbnet"), ALGORITHMS["nsga2"], 10_000_000, None)


def _task(**ends: int | None) -> Task:
    problem = Problem((), 0, ())
    ends = {"generations": None, "budget": None, "n_classes": None} | ends
    return Task(Tiny(), problem, 100, **ends)  # type: ignore[arg-type]


def _told(task: Task, times_s: list[float], n_each: int = 100) -> list[str]:
    """What is told of generations that end at these times."""
    notes, clock = list[str](), iter(times_s)
    pace = Pace(task, notes.append, lambda: next(clock))
    for number in range(1, len(times_s) + 1):
        pace(Progress(Generation(number, number * n_each, None), 0, ()))
    return notes


def _dear_task(**ends: int | float | None) -> Task:
    """A task of one objective that is evaluated one by one."""
    problem = Problem((hwnas.objective(_ones, "ones"),), 1, ())
    return replace(_task(), problem=problem, **ends)  # type: ignore[arg-type]


def _told_of_steps(task: Task, times_s: list[float]) -> list[str]:
    """What is told of evaluations that end at these times."""
    notes, clock = list[str](), iter(times_s)
    pace = Pace(task, notes.append, lambda: next(clock))
    pace.step(Step(0.0, 0))
    for number in range(1, len(times_s) + 1):
        pace.step(Step(float(number), 0, 60.0))
    return notes


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"budget": 60}, "the last architecture (120 s), this search takes about 116 minutes"),
        ({"generations": 2, "budget": 1000}, "takes about 7 hours more"),
    ],
)
def test_an_evaluation_for_itself_tells_the_pace_after_the_second(
    ends: dict[str, int], words: str
) -> None:
    (told,) = _told_of_steps(_dear_task(**ends), [100.0, 220.0, 340.0])
    assert words in told


def test_who_gives_a_time_is_told_no_pace() -> None:
    assert _told_of_steps(_dear_task(budget=60, time_s=7200.0), [100.0, 220.0]) == []


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        # 100 architectures in 10 s.
        ({"budget": 10**9}, "about 3 years more"),
        ({"budget": 1_000_000}, "about 28 hours more"),
        ({"budget": 20_000}, "about 33 minutes more"),
        ({"budget": 10**9, "generations": 1_000}, "about 3 hours more"),
        ({"budget": 10**9, "n_classes": 50_000}, "about 83 minutes more"),
    ],
)
def test_a_long_search_says_how_long_and_how_to_stop_it(ends: dict[str, int], words: str) -> None:
    (note,) = _told(_task(**ends), [0.0, 10.0, 20.0, 30.0])
    assert words in note
    assert "At the pace of the last 100 architectures (10 s)" in note
    assert "Ctrl-C stops it and keeps the front so far" in note


@pytest.mark.parametrize("ends", [{"budget": 1_000}, {"generations": 50}, {"n_classes": 4929}])
def test_a_short_search_says_nothing(ends: dict[str, int]) -> None:
    assert _told(_task(**ends), [0.0, 10.0, 20.0, 30.0]) == []


def test_what_a_stored_run_repeats_is_no_measure_of_the_pace() -> None:
    # Nine generations in no time, then ten seconds each.
    times_s = [0.01 * number for number in range(10)] + [10.0, 20.0, 30.0]
    (note,) = _told(_task(generations=1_000), times_s)
    assert "(10 s)" in note


def test_the_pace_needs_some_seconds() -> None:
    assert _told(_task(budget=10**9), [0.0, 1.0, 2.0, 3.0]) == []
