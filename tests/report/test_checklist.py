"""The field's checklist on runs that are made by hand: nothing is claimed that is not recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError
from hwnas.report import ChecklistRow, RunFacts, checklist

ENDS = ("generations", "budget")
CONFIG = {
    "space": "nasbench201", "dataset": "cifar10", "options": {}, "device": "edgegpu",
    "power_w": None, "source": "predictor", "objectives": ["accuracy", "latency"],
    "algorithm": "nsga2", "population": 50, "warm_start": None, "budget": 100,
}  # fmt: skip
OBJECTIVES = (
    ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy", origin="a.onnx"),
    ObjectiveSpec("latency_ms", "ms", "min", "tabulated", "Latency", origin="b.parquet"),
)


def a_run(seed: int = 0, config: dict[str, object] | None = None, **changes: object) -> RunFacts:
    whole = {**CONFIG, "seed": seed, **(config or {})}
    facts = RunFacts(
        name=f"{whole['algorithm']}-{seed}",
        config=whole,
        objectives=OBJECTIVES,
        limits=(),
        versions={"hwnas": "0.1.0", "numpy": "2.0"},
        status="finished",
        n_evaluated=100,
        spent=100.0,
        n_failed=0,
        is_exhaustive=False,
        n_archs=15_625,
        n_classes=4_929,
        space_from="hwnas",
        algorithm_from="hwnas",
        changed=(),
        seconds=12.0,
        machines=("A processor, 4 CPUs",),
        commits=("0123456789abcdef",),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def a_field(**changes: object) -> list[RunFacts]:
    """Two algorithms under five seeds, one of them with and without a warm start."""
    settings = [{}, {"warm_start": "nwot:100"}, {"algorithm": "random"}]
    return [a_run(seed, each, **changes) for each in settings for seed in range(5)]


def row(runs: Sequence[RunFacts], number: int) -> ChecklistRow:
    return checklist(runs, ENDS)[number - 1]


def answers(runs: Sequence[RunFacts]) -> list[str]:
    return [each.answer for each in checklist(runs, ENDS)]


def test_a_whole_comparison_answers_all_but_what_only_its_author_knows() -> None:
    assert answers(a_field()) == ["yes"] * 10 + ["no", "partly"]


def test_all_practices_of_the_paper_are_asked_for_once() -> None:
    rows = checklist(a_field(), ENDS)
    assert [each.number for each in rows] == list(range(1, 13))
    assert [number for each in rows for number in each.practices] == list(range(1, 15))


def test_one_run_alone_compares_nothing() -> None:
    rows = checklist([a_run()], ENDS)
    assert [each.number for each in rows if each.answer == "yes"] == [1, 2, 9]
    assert [each.number for each in rows if each.answer == "no"] == [3, 4, 5, 7, 8, 10, 11]


def test_what_is_not_a_yes_says_what_is_missing() -> None:
    for each in checklist([a_run()], ENDS):
        assert (each.missing == "") == (each.answer == "yes")


def test_a_run_that_records_neither_time_nor_machine_is_believed_neither() -> None:
    older = a_field(seconds=None, machines=(), commits=())
    time, confounders = row(older, 12), row(older, 10)
    assert (time.answer, confounders.answer) == ("no", "partly")
    assert "The time of nsga2-0, " in time.missing
    assert "is not recorded" in time.missing
    assert "The machine of nsga2-0, " in confounders.missing


@pytest.mark.parametrize(
    ("number", "changes", "answer", "told"),
    [
        (1, {"space_from": "mine"}, "partly", "The code of mine is not in the runs"),
        (2, {"algorithm_from": "mine"}, "partly", "The code of an algorithm is in mine"),
        (2, {"algorithm_from": None}, "partly", "an unknown package"),
        (2, {"commits": ("0123-dirty",)}, "partly", "Files of hwnas differed from the commit"),
        (3, {"limits": ("latency_ms <= 5",)}, "no", "Runs differ in limits."),
        (3, {"objectives": OBJECTIVES[:1]}, "no", "differ in where values come from"),
        (5, {"spent": 60}, "partly", "Compare after 60 evaluations alone"),
        (5, {"status": "interrupted"}, "partly", "not finished: go on with --resume"),
        (10, {"versions": {"hwnas": "0.1.0", "numpy": "1.26"}}, "no", "numpy 2.0 and 1.26"),
        (10, {"machines": ("Another",)}, "no", "machines: A processor, 4 CPUs; Another"),
        (11, {"changed": ("population 20",)}, "no", "Not the defaults: population 20."),
    ],
)
def test_one_run_that_differs_is_told(
    number: int, changes: dict[str, object], answer: str, told: str
) -> None:
    runs = a_field()
    runs[-1] = replace(runs[-1], **changes)  # type: ignore[arg-type]
    found = row(runs, number)
    assert found.answer == answer
    assert told in f"{found.evidence} {found.missing}"


def test_another_device_is_another_benchmark() -> None:
    runs = [*a_field(), a_run(5, {"device": "raspi4"})]
    assert row(runs, 3).evidence == "Runs differ in device."


def test_an_own_function_is_no_benchmark_and_its_code_is_not_recorded() -> None:
    own = replace(OBJECTIVES[0], source="custom")
    some, whole = a_field(objectives=(own, OBJECTIVES[1])), a_field(objectives=(own,))
    assert (row(some, 9).answer, row(whole, 9).answer) == ("partly", "no")
    assert "The code of accuracy_pct is not in the runs" in row(some, 1).missing
    assert row(some, 3).answer == "partly"
    assert "whether the function of accuracy_pct is one" in row(some, 3).missing


def test_settings_that_differ_in_two_things_are_no_ablation() -> None:
    runs = [a_run(), a_run(0, {"warm_start": "nwot:100", "population": 20})]
    assert row(runs, 4).answer == "no"
    assert row(a_field(), 4).evidence.endswith("nsga2: no warm start against warm start nwot:100.")


@pytest.mark.parametrize("change", [{"algorithm": "random"}, {"device": "raspi4"}])
def test_two_methods_or_two_problems_are_no_ablation(change: dict[str, object]) -> None:
    assert row([a_run(), a_run(0, change)], 4).answer == "no"


@pytest.mark.parametrize(
    ("n_seeds", "answer"), [(1, "no"), (2, "partly"), (4, "partly"), (5, "yes")]
)
def test_seeds_are_those_of_the_setting_with_the_fewest(n_seeds: int, answer: str) -> None:
    runs = [a_run(seed) for seed in range(9)]
    runs += [a_run(seed, {"algorithm": "random"}) for seed in range(n_seeds)]
    assert row(runs, 8).answer == answer


def test_a_seed_that_is_there_twice_counts_once() -> None:
    copies = [replace(a_run(3), name=f"copy-{n}") for n in range(5)]
    found = row(copies, 8)
    assert found.answer == "no"
    assert found.evidence.endswith("Of one setting and seed a run counts once: 4 left out.")
    assert "100 evaluations of 1 run " in row(copies, 6).evidence


def test_of_two_runs_of_one_seed_the_longer_counts() -> None:
    shorter = replace(a_run(0, {"budget": 40}), spent=40.0)
    assert row([shorter, *a_field()], 5) == row(a_field(), 5)


def test_one_run_alone_needs_another_algorithm_or_seed() -> None:
    assert "another --seed" in row([a_run()], 10).missing


def test_random_search_must_have_as_many_evaluations() -> None:
    runs = [a_run(), a_run(0, {"algorithm": "random"}, spent=40)]
    found = row(runs, 7)
    assert (found.answer, found.missing) == ("partly", "Go on with --resume to --budget 100.")
    assert row([a_run()], 7).answer == "no"


def test_a_run_that_evaluated_everything_is_no_rival() -> None:
    whole = a_run(0, {"algorithm": "exhaustive"}, is_exhaustive=True, spent=4_929)
    assert answers([*a_field(), whole]) == answers(a_field())


def test_no_runs_have_no_checklist() -> None:
    with pytest.raises(ConfigError, match="at least one run"):
        checklist([], ENDS)
