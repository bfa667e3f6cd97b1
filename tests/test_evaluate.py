"""A search with the user's own evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwnas
from hwnas.algorithms import usual_algorithm
from hwnas.api import SearchInterrupted
from hwnas.core.architecture import Architecture
from hwnas.engine.progress import Step
from hwnas.errors import ConfigError, EvaluationError, ReturnError

OWN = hwnas.evaluated("size_mb", unit="MB")


def train(archs: Sequence[Architecture]) -> dict[str, Any]:
    """Accuracy rises with the choices of a genotype, and the size too; one kind fails."""
    n_convs = np.array([str(arch).count("conv") for arch in archs], dtype=float)
    if (n_convs == 4).any():
        raise FloatingPointError("the loss is not finite")
    return {"accuracy": np.stack([50 + 8 * n_convs, n_convs], axis=1), "size_mb": n_convs**2}


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., hwnas.Run]:
    def start(name: str = "run", **settings: Any) -> hwnas.Run:
        usual = {"objectives": ["accuracy", OWN], "population": 8, "generations": 3}
        chosen = {**usual, "evaluate": train, "algorithm": "nsga2", **settings}
        return hwnas.search("nasbench201", out=tmp_path / name, **chosen)

    return start


def test_what_is_evaluated_says_that_it_is_the_users_own(search: Callable[..., hwnas.Run]) -> None:
    accuracy, size = search().front.objectives
    assert (accuracy.column, accuracy.source, accuracy.detail) == (
        "accuracy_pct", "custom", "your own evaluation, train",
    )  # fmt: skip
    assert (accuracy.direction, size.unit, size.direction) == ("max", "MB", "min")


def test_measured_uncertainty_is_kept_with_the_front(search: Callable[..., hwnas.Run]) -> None:
    front = search().front
    place = [spec.column for spec in front.columns].index("accuracy_pct")
    n_convs = (front.values[:, place] - 50) / 8
    assert front.upper[:, place] == pytest.approx(front.values[:, place] + 1.6449 * n_convs, 1e-4)


def test_measured_uncertainty_is_not_told_of_as_that_of_predictors(
    search: Callable[..., hwnas.Run],
) -> None:
    def unsure(archs: Sequence[Architecture]) -> list[list[tuple[float, float]]]:
        n_convs = [str(arch).count("conv") for arch in archs]
        return [[(50.0 + n, 0.1), (n, 0.1)] for n in n_convs]

    notes = search(evaluate=unsure).record.notes
    assert not [note for note in notes if "holds the truth" in note]


def test_what_fails_is_recorded_and_called_once(search: Callable[..., hwnas.Run]) -> None:
    calls: list[str] = []

    def counted(archs: Sequence[Architecture]) -> dict[str, Any]:
        calls.extend(map(str, archs))
        return train(archs)

    run = search(evaluate=counted, generations=6)
    failed = run.evaluations[run.evaluations["status"] == "failed"]
    assert set(failed["error"]) == {"FloatingPointError: the loss is not finite"}
    assert sorted(calls) == sorted(run.evaluations["arch"])


def test_in_several_processes_the_values_are_the_same(search: Callable[..., hwnas.Run]) -> None:
    here = search(generations=1)
    there = search("there", generations=1, executor="processes", workers=2)
    assert here.evaluations.equals(there.evaluations)


def test_a_run_is_resumed_without_evaluating_again(search: Callable[..., hwnas.Run]) -> None:
    first = search(generations=2)
    n_calls = []

    def counted(archs: Sequence[Architecture]) -> dict[str, Any]:
        n_calls.append(len(archs))
        return train(archs)

    resumed = search(evaluate=counted, generations=3, resume=True)
    assert len(n_calls) == len(resumed.evaluations) - len(first.evaluations)
    assert resumed.evaluations.equals(search("straight", generations=3).evaluations)


def test_what_has_a_source_of_its_own_is_not_asked_of_the_function(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(objectives=["accuracy", "params", "latency:predictor"], device="edgegpu")
    sources = {spec.column: spec.source for spec in run.front.columns}
    assert sources == {
        "accuracy_pct": "custom", "params": "counted", "latency_ms": "predicted", "macs": "counted",
    }  # fmt: skip


def test_a_source_of_single_quantities_leaves_the_others_to_the_function(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(objectives=["accuracy", "latency"], device="edgegpu", source="latency:predictor")
    assert [spec.source for spec in run.front.objectives] == ["custom", "predicted"]


def test_with_another_usual_source_the_function_gives_what_names_it(
    search: Callable[..., hwnas.Run],
) -> None:
    objectives = ["accuracy:evaluate", "latency"]
    run = search(objectives=objectives, device="edgegpu", source="predictor")
    assert [spec.source for spec in run.front.objectives] == ["custom", "predicted"]


@pytest.mark.parametrize(
    ("column", "bound", "settings"),
    [
        ("params", 300_000, {}),
        ("latency_ms", 4, {"device": "edgegpu", "source": "latency:predictor"}),
    ],
)
def test_what_breaks_a_limit_on_what_is_free_is_not_evaluated(
    search: Callable[..., hwnas.Run], column: str, bound: float, settings: dict[str, Any]
) -> None:
    seen: list[str] = []

    def watched(archs: Sequence[Architecture]) -> dict[str, Any]:
        seen.extend(map(str, archs))
        return train(archs)

    limit = f"{column}<={bound}"
    run = search(evaluate=watched, constraints=[limit], limit_at="point", **settings)
    within = run.evaluations[column] <= bound
    assert 0 < within.sum() < len(within)
    assert sorted(seen) == sorted(run.evaluations["arch"][within])


def test_a_limit_on_what_is_evaluated_holds_for_the_front(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(constraints=["size_mb<=2", "accuracy_pct>=55"], limit_at="point")
    assert len(run.front)
    assert (run.front.column("size_mb") <= 2).all()
    assert (run.front.column("accuracy") >= 55).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluate": "train"}, r"evaluate must be a function; got 'train'"),
        ({"objectives": None}, r"evaluate needs objectives: name what it gives; got none"),
        ({"evaluate": None}, r"size_mb must come from your own function; give it with evaluate="),
        ({"evaluate": None, "objectives": ["accuracy:evaluate"]}, r"The source evaluate needs"),
        ({"objectives": ["params"]}, r"evaluate must give an objective or what a constraint"),
    ],
)
def test_a_function_without_objectives_and_the_reverse_are_refused(
    search: Callable[..., hwnas.Run], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        search(**settings)


def test_what_the_first_call_returns_wrongly_stops_the_search_and_once_mended_it_goes_on(
    search: Callable[..., hwnas.Run],
) -> None:
    calls: list[int] = []

    def wrong(archs: Sequence[Architecture]) -> dict[str, Any]:
        calls.append(len(archs))
        return {"accuracy": 90.0, "size_mb": [1.0, 2.0]}

    with pytest.raises(ReturnError, match=r"^evaluate must return shape \(n_archs,"):
        search(evaluate=wrong)
    assert len(calls) == 1
    assert search(resume=True).evaluations.equals(search("straight").evaluations)


def test_what_a_later_call_returns_wrongly_fails_that_architecture(
    search: Callable[..., hwnas.Run],
) -> None:
    n_calls: list[int] = []

    def once_right(archs: Sequence[Architecture]) -> dict[str, Any]:
        n_calls.append(len(archs))
        return {"accuracy": 120.0 if len(n_calls) == 2 else 90.0, "size_mb": len(n_calls)}

    run = search(evaluate=once_right)
    assert run.n_failed == 1
    assert run.errors[0].startswith("ReturnError: evaluate must return accuracy_pct from 0 to 100")


def test_an_error_is_kept_whole_up_to_500_characters(search: Callable[..., hwnas.Run]) -> None:
    words = "the loss is not finite " * 30

    def long(archs: Sequence[Architecture]) -> dict[str, Any]:
        if train(archs)["size_mb"][0] > 4:
            raise OSError(words[:490])
        return train(archs)

    errors = {each for each in search(evaluate=long).errors if each.startswith("OSError")}
    assert errors == {f"OSError: {words[:490].strip()}"}


def test_a_function_that_knows_nothing_is_called_ten_times(
    search: Callable[..., hwnas.Run],
) -> None:
    calls: list[int] = []

    def unsure(archs: Sequence[Architecture]) -> dict[str, Any]:
        calls.append(len(archs))
        return {"accuracy": None, "size_mb": 1.0}

    with pytest.raises(EvaluationError, match=r"None of the first 10 arch.* has a value of every"):
        search(evaluate=unsure)
    assert len(calls) == 10


def test_what_fails_and_what_lacks_a_value_are_counted_together(
    search: Callable[..., hwnas.Run],
) -> None:
    calls: list[int] = []

    def unsure(archs: Sequence[Architecture]) -> dict[str, Any]:
        calls.append(len(archs))
        if len(calls) > 6:
            raise OSError("no board")
        return {"accuracy": None, "size_mb": 1.0}

    message = r"None of the first 10 .*; 6 lack a value, and 4 failed, the first with OSError: no b"
    with pytest.raises(EvaluationError, match=message):
        search(evaluate=unsure)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"evaluate": lambda _: {"accuracy": None, "size_mb": 1.0}}, "nothing has all values"),
        ({"constraints": ["size_mb<=-1"]}, "nothing keeps the limits"),
    ],
)
def test_an_empty_front_says_why(
    search: Callable[..., hwnas.Run], settings: dict[str, Any], reason: str
) -> None:
    run = search(generations=1, **settings)
    told = f"Front without architectures of nasbench201: {reason}"
    assert repr(run.front) == told
    assert repr(hwnas.load_run(run.path).front) == told


def test_a_search_that_costs_and_is_given_no_end_ends_after_100_evaluations(
    search: Callable[..., hwnas.Run],
) -> None:
    notes: list[str] = []
    run = search(generations=None, population=20, on_note=notes.append)
    assert (run.config["budget"], run.config["generations"], run.n_evaluated) == (100, None, 100)
    assert notes == [
        "Values of accuracy_pct and size_mb cost, and no end is given: the search ends after 100 "
        "evaluations. --budget, --time and --until-stable give another end."
    ]


def test_a_search_of_free_values_without_an_end_has_50_generations(tmp_path: Path) -> None:
    run = hwnas.search("nasbench201", objectives=["params"], population=4, out=tmp_path / "run")
    config = run.config
    assert (config["algorithm"], config["generations"], config["budget"]) == ("nsga2", 50, None)


def test_the_usual_algorithm_goes_by_what_evaluations_cost(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(algorithm=None, generations=None, budget=8)
    assert run.config["algorithm"] == usual_algorithm(is_free=False) == "surrogate"
    assert usual_algorithm(is_free=True) == "nsga2"


def test_a_run_tells_that_its_time_was_up_and_goes_on_with_more(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(generations=None, time="0.001s")
    assert run.n_evaluated == 1
    assert run.config["time_s"] == 0.001
    assert run.record.notes[-1] == "The search ended with its time, after 1 architecture."
    assert search(resume=True).evaluations.equals(search("straight").evaluations)


def test_a_time_may_be_a_number_of_seconds(search: Callable[..., hwnas.Run]) -> None:
    assert search(generations=1, time=90).config["time_s"] == 90.0


def test_a_run_tells_that_nothing_was_left_to_evaluate(search: Callable[..., hwnas.Run]) -> None:
    run = search(generations=None, budget=20, population=40, constraints=["macs<=10", "params<=1"])
    assert run.record.notes[-1].startswith(
        "The search ended early, as generation after generation of nsga2 brought nothing more to "
        "evaluate: 0 of 20 evaluations were used. The tightest limit is macs <= 10: "
    )


def test_a_run_that_had_nothing_to_propose_names_its_limits(
    search: Callable[..., hwnas.Run],
) -> None:
    run = search(algorithm="surrogate", generations=None, budget=9, constraints=["macs<=10"])
    assert run.record.notes[-1] == (
        "The search ended early, as surrogate had nothing more to propose: 0 of 9 evaluations were "
        "used. Nothing else may keep macs <= 10."
    )


def test_a_run_tells_that_its_hypervolume_came_to_rest(search: Callable[..., hwnas.Run]) -> None:
    run = search(generations=None, until_stable=True)
    assert run.config["until_stable"] is True
    words = f"The search ended as its hypervolume had come to rest, after {run.n_evaluated} arch"
    assert sum(note.startswith(words) for note in run.record.notes) == 1


def test_an_interrupt_within_an_evaluation_keeps_all_before(
    search: Callable[..., hwnas.Run],
) -> None:
    n_calls: list[int] = []

    def stopped(archs: Sequence[Architecture]) -> dict[str, Any]:
        n_calls.append(len(archs))
        if len(n_calls) == 12:
            raise KeyboardInterrupt
        return train(archs)

    with pytest.raises(SearchInterrupted, match="interrupted") as caught:
        search(evaluate=stopped)
    assert caught.value.run.n_evaluated == 11
    assert search(resume=True).evaluations.equals(search("straight").evaluations)


def test_progress_is_told_before_the_first_evaluation_and_after_each(
    search: Callable[..., hwnas.Run],
) -> None:
    steps: list[Step] = []
    run = search(generations=2, on_evaluation=steps.append)
    assert [step.n_evaluated for step in steps] == [*range(9), *range(8, 17)]
    assert [step.seconds is None for step in steps] == [True, *[False] * 8] * 2
    assert steps[-1].n_failed == run.n_failed > 0
