"""Pairs of objectives that are one in disguise are named, independent ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Direction
from hwnas.engine.redundancy import MIN_ARCHS, redundancy_notes


def _specs(*columns: tuple[str, Direction]) -> list[ObjectiveSpec]:
    return [ObjectiveSpec(name, "", direction, "custom", name) for name, direction in columns]


LATENCY_ENERGY = _specs(("latency_ms", "min"), ("energy_mj", "min"))


@pytest.fixture
def latency() -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 9, 100)


def test_an_exact_ratio_is_said(latency: np.ndarray) -> None:
    (note,) = redundancy_notes(np.stack([latency, 4.5 * latency], axis=1), LATENCY_ENERGY)
    assert note == (
        "latency_ms and energy_mj are one objective: their ratio is 4.5 for every architecture. "
        "Leave one of them out."
    )


def test_a_monotone_pair_ranks_alike(latency: np.ndarray) -> None:
    (note,) = redundancy_notes(np.stack([latency, latency**2], axis=1), LATENCY_ENERGY)
    assert "rank architectures alike (Spearman 1.000 over the first 100)" in note


def test_a_noisy_pair_above_the_threshold_is_said(latency: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, len(latency))
    (note,) = redundancy_notes(np.stack([latency, latency + noise], axis=1), LATENCY_ENERGY)
    assert "Spearman 0.99" in note


def test_accuracy_that_falls_as_error_rises_ranks_alike(latency: np.ndarray) -> None:
    specs = _specs(("accuracy_pct", "max"), ("error_pct", "min"))
    (note,) = redundancy_notes(np.stack([100 - latency, latency], axis=1), specs)
    assert "accuracy_pct and error_pct rank architectures alike" in note


def test_objectives_that_conflict_are_no_pair(latency: np.ndarray) -> None:
    assert redundancy_notes(np.stack([latency, -latency], axis=1), LATENCY_ENERGY) == []


def test_independent_objectives_are_no_pair(latency: np.ndarray) -> None:
    other = np.random.default_rng(2).uniform(1, 9, len(latency))
    assert redundancy_notes(np.stack([latency, other], axis=1), LATENCY_ENERGY) == []


def test_every_pair_is_looked_at(latency: np.ndarray) -> None:
    other = np.random.default_rng(2).uniform(1, 9, len(latency))
    specs = _specs(("a", "min"), ("b", "min"), ("c", "min"))
    (note,) = redundancy_notes(np.stack([latency, other, 2 * latency], axis=1), specs)
    assert note.startswith("a and c are one objective")


def test_equal_values_share_their_rank() -> None:
    coarse = np.repeat(np.arange(10.0), 10)
    fine = coarse + np.tile(np.arange(10)[::-1] / 100, 10)
    (note,) = redundancy_notes(np.stack([coarse, fine], axis=1), LATENCY_ENERGY)
    # scipy.stats.spearmanr, and by hand: sqrt(1 - (10^2 - 1) / (100^2 - 1)).
    assert f"Spearman {np.sqrt(1 - 99 / 9999):.3f}" in note


def test_a_constant_objective_is_no_pair(latency: np.ndarray) -> None:
    assert redundancy_notes(np.stack([latency, np.ones(100)], axis=1), LATENCY_ENERGY) == []


def test_zeros_do_not_divide(latency: np.ndarray) -> None:
    latency[0] = 0.0
    (note,) = redundancy_notes(np.stack([latency, 2 * latency], axis=1), LATENCY_ENERGY)
    assert "rank architectures alike" in note


def test_too_few_architectures_say_nothing(latency: np.ndarray) -> None:
    few = latency[: MIN_ARCHS - 1]
    assert redundancy_notes(np.stack([few, few], axis=1), LATENCY_ENERGY) == []


@pytest.mark.parametrize(("rho", "n_notes"), [(0.97, 0), (0.985, 1)])
def test_only_pairs_above_the_threshold_are_noted(rho: float, n_notes: int) -> None:
    # Neighbours that change places: each pair of them lowers the sum of squared differences of
    # ranks by 2 d^2, and so Spearman by 12 d^2 / (n^3 - n).
    ranks = np.arange(100.0)
    other = ranks.copy()
    step, start = 10, 0
    while np.corrcoef(ranks, other)[0, 1] > rho:
        other[[start, start + step]] = other[[start + step, start]]
        start += 1 if start % step != step - 1 else step + 1
    assert np.corrcoef(ranks, other)[0, 1] == pytest.approx(rho, abs=0.002)
    notes = redundancy_notes(np.stack([ranks, other], axis=1), LATENCY_ENERGY)
    assert len(notes) == n_notes
