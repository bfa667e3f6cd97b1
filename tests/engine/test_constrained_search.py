"""Searches under limits on NAS-Bench-201, where the best that keeps them is known by listing all.

Values are the published tables' means over functional classes, on edgegpu.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.core.space import SearchSpace
from hwnas.objectives.indicators import non_dominated
from hwnas.tables import Table, class_means

N_SEEDS = 5


@dataclass(frozen=True)
class Truth:
    """All functional classes with what is limited and optimised, and the limit.

    Args:
        accuracies_pct: By string of the class.
        latencies_ms: The same.
        limit_ms: The 20th percentile of latency.
    """

    accuracies_pct: Mapping[str, float]
    latencies_ms: Mapping[str, float]
    limit_ms: float

    @property
    def feasible(self) -> dict[str, float]:
        """Accuracies of those that keep the limit."""
        return {
            arch: accuracy
            for arch, accuracy in self.accuracies_pct.items()
            if self.latencies_ms[arch] <= self.limit_ms
        }

    @property
    def front(self) -> set[str]:
        """Those of the feasible that no other beats in accuracy and latency."""
        archs = list(self.feasible)
        values = np.array([[-self.feasible[a], self.latencies_ms[a]] for a in archs])
        return {archs[row] for row in np.flatnonzero(non_dominated(values))}


@pytest.fixture(scope="module")
def truth(nasbench201: SearchSpace, tables: Mapping[str, Table]) -> Truth:
    columns = (
        ("robustness", "cifar10_accuracy_pct@validation"),
        (
            "hw-nas-bench",
            "cifar10_edgegpu_latency_ms",
        ),
    )
    found = []
    for table, column in columns:
        means = class_means(nasbench201, tables[table], column)
        archs = map(nasbench201.format, means.genotypes)
        found.append(dict(zip(archs, means.values.tolist(), strict=True)))
    accuracies, latencies = found
    return Truth(accuracies, latencies, round(float(np.quantile([*latencies.values()], 0.2)), 3))


def _searched(path: Path, seed: int, **settings: object) -> hwnas.Run:
    chosen = {"algorithm": "nsga2", "population": 50, "budget": 600, **settings}
    return hwnas.search(
        "nasbench201", "edgegpu", source="table", seed=seed, out=path / str(seed),
        **chosen,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.usefixtures("published_cache")
@pytest.mark.parametrize(
    "objectives",
    [
        ("accuracy", "latency"),
        ("accuracy",),
        ("reward(accuracy,latency<=LIMIT)",),
        ("reward(accuracy,(latency/LIMIT)^(0,-1))",),
    ],
)
def test_nsga2_reaches_the_constrained_optimum_under_five_seeds(
    truth: Truth, tmp_path: Path, objectives: tuple[str, ...]
) -> None:
    limit = str(truth.limit_ms)
    asked = [text.replace("LIMIT", limit) for text in objectives]
    limits = [] if "reward" in asked[0] else [f"latency<={limit}"]
    feasible, best = truth.feasible, max(truth.feasible.values())
    for seed in range(N_SEEDS):
        run = _searched(tmp_path, seed, objectives=asked, constraints=limits)
        assert feasible.keys() >= set(run.front.archs)
        assert max(feasible[arch] for arch in run.front.archs) == pytest.approx(best)


@pytest.mark.usefixtures("published_cache")
def test_random_search_returns_nothing_that_breaks_a_limit(truth: Truth, tmp_path: Path) -> None:
    for seed in range(N_SEEDS):
        run = _searched(
            tmp_path,
            seed,
            algorithm="random",
            budget=100,
            objectives=["accuracy", "latency"],
            constraints=[f"latency<={truth.limit_ms}"],
        )
        assert len(run.front)
        assert truth.feasible.keys() >= set(run.front.archs)


@pytest.mark.usefixtures("published_cache")
def test_all_classes_make_the_constrained_front(truth: Truth, tmp_path: Path) -> None:
    run = _searched(
        tmp_path,
        0,
        population=10_000,
        budget=None,
        generations=1,
        objectives=["accuracy", "latency"],
        constraints=[f"latency<={truth.limit_ms}"],
    )
    assert run.n_evaluated == len(truth.accuracies_pct) == 4929
    assert run.evaluations["feasible"].sum() == len(truth.feasible)
    assert set(run.front.archs) == truth.front
