"""Searches for rewards: what is found, told, resumed and chosen; and from whom values are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas import api
from hwnas.core.architecture import Architecture
from hwnas.core.objective import Objective

HARD = "reward(accuracy_pct@validation,latency_ms<=5)"
SETTINGS = {"device": "edgegpu", "population": 20, "budget": 60}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> hwnas.Run:
    """A search for the best accuracy within 5 ms, by a reward alone."""
    path = tmp_path_factory.mktemp("rewards") / "run"
    return hwnas.search(
        "nasbench201",
        objectives=["reward(accuracy, latency<=5)"],
        out=path,
        **SETTINGS,  # type: ignore[arg-type]
    )


def test_parts_are_told_beside_a_reward(run: hwnas.Run) -> None:
    names = [spec.column for spec in run.record.columns]
    assert names == [HARD, "accuracy_pct@validation", "latency_ms", "params", "macs"]
    seen = run.evaluations
    within = seen["latency_ms"] <= 5
    assert 0 < within.sum() < len(seen)
    expected = np.where(within, seen["accuracy_pct@validation"], 0.0)
    np.testing.assert_array_equal(seen[HARD], expected)


def test_the_front_of_a_reward_is_the_best_that_was_seen(run: hwnas.Run) -> None:
    front = run.front
    assert front.column("reward").tolist() == [run.evaluations[HARD].max()] * len(front)
    assert (front.column("latency") <= 5).all()


def test_lists_show_what_a_reward_is_made_of(run: hwnas.Run) -> None:
    shown = [run.front.names[place] for place in run.front.shown]
    assert shown == [HARD, "accuracy_pct@validation", "latency_ms"]
    assert "latency_ms" in repr(run.front)
    assert "latency_ms" in repr(hwnas.select(run))
    assert "macs" not in repr(run.front)


def test_a_reward_is_chosen_from_with_limits_on_its_parts_and_itself(run: hwnas.Run) -> None:
    chosen = api.select(run, at_most={"latency": 5.5}, at_least={"reward": 1})
    assert chosen.pick.values["latency_ms"] <= 5
    assert api.select(run, constraints=[f"{HARD}>=1"]).pick.arch == chosen.pick.arch


def test_what_the_user_has_is_valued_by_the_reward_too(run: hwnas.Run) -> None:
    slow = run.evaluations.sort_values("latency_ms")["arch"].iloc[-1]
    versus = api.select(run, baseline=slow).versus_baseline
    assert versus is not None
    assert versus.other.values[HARD] == 0
    assert versus.other.values["latency_ms"] > 5


def test_a_run_of_a_reward_goes_on_as_if_it_had_not_stopped(run: hwnas.Run, tmp_path: Path) -> None:
    settings = {**SETTINGS, "objectives": ["reward(accuracy,latency_ms <= 5.0)"]}
    for budget in (30, 60):
        again = hwnas.search(
            "nasbench201",
            out=tmp_path / "run",
            resume=budget > 30,
            **{**settings, "budget": budget},  # type: ignore[arg-type]
        )
    assert again.evaluations.equals(run.evaluations)
    assert hwnas.load_run(again.path).front.archs == run.front.archs


def test_a_reward_may_be_limited(tmp_path: Path) -> None:
    found = hwnas.search(
        "nasbench201",
        objectives=["macs", "reward(accuracy,(latency/5)^-0.07)"],
        constraints=["reward>=88"],
        limit_at="point",
        out=tmp_path / "run",
        **SETTINGS,  # type: ignore[arg-type]
    )
    assert len(found.front)
    assert (found.front.column("reward") >= 88).all()


def test_an_architecture_is_valued_by_a_reward_and_its_parts() -> None:
    row = api.predict(
        "nasbench201",
        "index:7",
        "edgegpu",
        quantities=["reward(accuracy,(latency/5)^-0.07)", "weighted(accuracy/100,-macs/100M)"],
    ).iloc[0]
    accuracy, latency = row["accuracy_pct@validation"], row["latency_ms"]
    reward = row["reward(accuracy_pct@validation,(latency_ms/5)^-0.07)"]
    assert reward == pytest.approx(accuracy * (latency / 5) ** -0.07)
    weighted = row["weighted(accuracy_pct@validation/100,-macs/100000000)"]
    assert weighted == pytest.approx(accuracy / 100 - row["macs"] / 1e8)


def test_a_reward_is_explained_by_what_of_it_is_predicted() -> None:
    found = api.explanations(
        api.space_of("nasbench201"), "reward(accuracy,latency<=5,macs<=50M)", "edgegpu"
    )
    assert [each.target for each in found] == ["accuracy@validation", "latency"]


class Spy:
    """The user's own function, slow in earnest; remembers whom it was asked about."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, archs: Sequence[Architecture]) -> np.ndarray:
        self.asked.update(map(str, archs))
        return np.array([100.0 - sum(arch.genotype) for arch in archs])


def _own(function: Spy) -> Objective:
    return hwnas.objective(function, "quality", direction="max")


def test_a_dear_part_is_asked_once_and_not_where_a_cheap_limit_is_broken(tmp_path: Path) -> None:
    spy = Spy()
    run = hwnas.search(
        "nasbench201",
        objectives=[_own(spy), "reward(quality,(macs/60M)^-0.07,latency<=5)"],
        constraints=["macs<=60M", "latency<=5"],
        algorithm="nsga2",
        limit_at="point",
        out=tmp_path / "run",
        **SETTINGS,  # type: ignore[arg-type]
    )
    seen = run.evaluations
    keeps = (seen["macs"] <= 60e6) & (seen["latency_ms"] <= 5)
    assert 0 < keeps.sum() < len(seen)
    assert spy.asked == Counter(seen["arch"][keeps])
    expected = seen["quality"] * (seen["macs"] / 6e7) ** -0.07
    reward = seen["reward(quality,(macs/60000000)^-0.07,latency_ms<=5)"]
    np.testing.assert_allclose(reward[keeps], expected[keeps])
    assert reward[~keeps].isna().all()


def test_a_reward_may_be_made_of_what_the_user_evaluates(tmp_path: Path) -> None:
    spy = Spy()
    run = hwnas.search(
        "nasbench201",
        "edgegpu",
        objectives=["reward(accuracy,latency<=5)", "reward(accuracy,(latency/5)^-0.07)"],
        source="latency:predictor",
        evaluate=lambda archs: {"accuracy": spy(archs)},
        algorithm="random",
        population=8,
        budget=16,
        out=tmp_path / "run",
    )
    seen = run.evaluations
    assert spy.asked == Counter(seen["arch"])
    expected = np.where(seen["latency_ms"] <= 5, seen["accuracy_pct"], 0.0)
    np.testing.assert_array_equal(seen["reward(accuracy_pct,latency_ms<=5)"], expected)


@pytest.mark.parametrize(("target", "n_notes"), [("latency<=1", 1), ("latency<=100", 0)])
def test_a_reward_that_nothing_earned_is_told_however_few_were_evaluated(
    tmp_path: Path, target: str, n_notes: int
) -> None:
    settings = {**SETTINGS, "population": 4, "budget": 4}
    found = hwnas.search(
        "nasbench201",
        objectives=[f"reward(accuracy,{target})"],
        out=tmp_path / "run",
        **settings,  # type: ignore[arg-type]
    )
    words = "is 0 for every architecture of the 4 evaluated, as none keeps its limits"
    assert sum(words in note for note in found.record.notes) == n_notes
