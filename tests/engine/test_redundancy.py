"""Objectives that are one in disguise, or a count, are named; independent ones are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import hwnas
from hwnas.core.architecture import Architecture
from hwnas.core.objective import ObjectiveSpec
from hwnas.core.quantity import Direction, Source
from hwnas.core.space import SearchSpace
from hwnas.engine.redundancy import MIN_ARCHS, redundancy_notes
from hwnas.features.counting import COLUMNS, count_genotypes


def _specs(*columns: tuple[str, Direction]) -> list[ObjectiveSpec]:
    return [ObjectiveSpec(name, "", direction, "custom", name) for name, direction in columns]


def _notes(values: np.ndarray, objectives: list[ObjectiveSpec]) -> list[str]:
    return redundancy_notes(values, objectives, len(objectives))


LATENCY_ENERGY = _specs(("latency_ms", "min"), ("energy_mj", "min"))


@pytest.fixture
def latency() -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 9, 100)


def test_an_exact_ratio_is_said(latency: np.ndarray) -> None:
    (note,) = _notes(np.stack([latency, 4.5 * latency], axis=1), LATENCY_ENERGY)
    assert note == (
        "latency_ms and energy_mj are one objective: their ratio is 4.5 for every architecture. "
        "Leave one of them out."
    )


def test_a_monotone_pair_ranks_alike(latency: np.ndarray) -> None:
    (note,) = _notes(np.stack([latency, latency**2], axis=1), LATENCY_ENERGY)
    assert "rank architectures alike (Spearman 1.000 over the first 100)" in note


def test_a_noisy_pair_above_the_threshold_is_said(latency: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, len(latency))
    (note,) = _notes(np.stack([latency, latency + noise], axis=1), LATENCY_ENERGY)
    assert "Spearman 0.99" in note


def test_accuracy_that_falls_as_error_rises_ranks_alike(latency: np.ndarray) -> None:
    specs = _specs(("accuracy_pct", "max"), ("error_pct", "min"))
    (note,) = _notes(np.stack([100 - latency, latency], axis=1), specs)
    assert "accuracy_pct and error_pct rank architectures alike" in note


def test_objectives_that_conflict_are_no_pair(latency: np.ndarray) -> None:
    assert _notes(np.stack([latency, -latency], axis=1), LATENCY_ENERGY) == []


def test_independent_objectives_are_no_pair(latency: np.ndarray) -> None:
    other = np.random.default_rng(2).uniform(1, 9, len(latency))
    assert _notes(np.stack([latency, other], axis=1), LATENCY_ENERGY) == []


def test_every_pair_is_looked_at(latency: np.ndarray) -> None:
    other = np.random.default_rng(2).uniform(1, 9, len(latency))
    specs = _specs(("a", "min"), ("b", "min"), ("c", "min"))
    (note,) = _notes(np.stack([latency, other, 2 * latency], axis=1), specs)
    assert note.startswith("a and c are one objective")


def test_equal_values_share_their_rank() -> None:
    coarse = np.repeat(np.arange(10.0), 10)
    fine = coarse + np.tile(np.arange(10)[::-1] / 100, 10)
    (note,) = _notes(np.stack([coarse, fine], axis=1), LATENCY_ENERGY)
    # scipy.stats.spearmanr, and by hand: sqrt(1 - (10^2 - 1) / (100^2 - 1)).
    assert f"Spearman {np.sqrt(1 - 99 / 9999):.3f}" in note


def test_a_constant_objective_is_said_to_be_constant_and_is_no_pair(latency: np.ndarray) -> None:
    (note,) = _notes(np.stack([latency, np.ones(100)], axis=1), LATENCY_ENERGY)
    assert note == "energy_mj is the same for all of the first 100 architectures."


def test_zeros_do_not_divide(latency: np.ndarray) -> None:
    latency[0] = 0.0
    (note,) = _notes(np.stack([latency, 2 * latency], axis=1), LATENCY_ENERGY)
    assert "rank architectures alike" in note


def test_too_few_architectures_say_nothing(latency: np.ndarray) -> None:
    few = latency[: MIN_ARCHS - 1]
    assert _notes(np.stack([few, few], axis=1), LATENCY_ENERGY) == []


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
    notes = _notes(np.stack([ranks, other], axis=1), LATENCY_ENERGY)
    assert len(notes) == n_notes


COUNTED = [
    ObjectiveSpec(name, "", "min", "counted", name, stage=0)  # as every search tells them
    for name in ("params", "macs")
]
ALL = [*LATENCY_ENERGY, *COUNTED]


@pytest.fixture
def params() -> np.ndarray:
    return np.random.default_rng(7).uniform(1, 9, 100)


def test_an_objective_that_ranks_as_a_count_does_is_a_search_over_it(
    latency: np.ndarray, params: np.ndarray
) -> None:
    energy = np.random.default_rng(2).uniform(1, 9, 100)
    values = np.stack([latency, energy, params, latency**3], axis=1)
    assert redundancy_notes(values, ALL, 2) == [
        "latency_ms ranks architectures as macs does (Spearman 1.000 over the first 100): "
        "a search over it is a search over macs."
    ]


def test_objectives_that_rank_as_one_count_does_are_told_together_once(
    latency: np.ndarray, params: np.ndarray
) -> None:
    rng = np.random.default_rng(1)
    noisy = [latency + rng.normal(0, spread, 100) for spread in (0.1, 0.2)]
    rho = min(np.corrcoef(np.argsort(np.argsort([each, latency])))[0, 1] for each in noisy)
    values = np.stack([*noisy, params, latency], axis=1)
    assert redundancy_notes(values, ALL, 2) == [
        f"latency_ms and energy_mj rank architectures as macs does (Spearman at least {rho:.3f} "
        "over the first 100): a search over them is a search over macs."
    ]


def test_of_proportional_objectives_one_is_compared_with_counts(
    latency: np.ndarray, params: np.ndarray
) -> None:
    values = np.stack([latency, 7 * latency, params, latency**2], axis=1)
    one, counted = redundancy_notes(values, ALL, 2)
    assert one.startswith("latency_ms and energy_mj are one objective: their ratio is 7 for")
    assert counted.startswith("latency_ms ranks architectures as macs does")


def test_a_search_compares_its_objectives_with_counts_that_are_none(
    nasbench201: SearchSpace, tmp_path: Path
) -> None:
    def work(archs: Sequence[Architecture]) -> np.ndarray:
        macs = count_genotypes(nasbench201, nasbench201.genotypes(archs))[:, COLUMNS.index("macs")]
        return np.asarray(macs**2)

    run = hwnas.search(
        nasbench201, objectives=["accuracy", work], algorithm="random", population=30,
        generations=1, out=tmp_path / "r",
    )  # fmt: skip
    note = "work ranks architectures as macs does (Spearman 1.000 over the first"
    assert [note in each for each in run.record.notes] == [True]


def test_an_objective_that_ranks_as_a_count_that_is_limited_does_is_told(
    latency: np.ndarray, params: np.ndarray
) -> None:
    limited = ObjectiveSpec("peak_memory_bytes", "bytes", "min", "counted", "Peak memory", stage=0)
    macs = np.random.default_rng(3).uniform(1, 9, 100)
    values = np.stack([latency, latency**2, params, macs], axis=1)
    (note,) = redundancy_notes(values, [LATENCY_ENERGY[0], limited, *COUNTED], 1)
    assert note.endswith("a search over it is a search over peak_memory_bytes.")


def test_counts_that_rank_alike_are_told_as_macs(latency: np.ndarray, params: np.ndarray) -> None:
    values = np.stack([latency, params, 3 * latency, latency], axis=1)
    (note,) = redundancy_notes(values, ALL, 2)
    assert note.endswith("a search over it is a search over macs.")


def test_a_throughput_that_falls_as_a_count_rises_ranks_as_it_does(
    latency: np.ndarray, params: np.ndarray
) -> None:
    specs = [*_specs(("throughput_ips", "max")), *COUNTED]
    (note,) = redundancy_notes(np.stack([1 / latency, params, latency], axis=1), specs, 1)
    assert note.startswith("throughput_ips ranks architectures as macs does")


def test_a_count_that_is_an_objective_makes_a_pair(latency: np.ndarray, params: np.ndarray) -> None:
    specs = [LATENCY_ENERGY[0], COUNTED[1], COUNTED[0]]
    (note,) = redundancy_notes(np.stack([latency, latency**2, params], axis=1), specs, 2)
    assert note.startswith("latency_ms and macs rank architectures alike")


def test_counts_are_not_compared_with_each_other(latency: np.ndarray) -> None:
    assert redundancy_notes(np.stack([latency, 2 * latency], axis=1), COUNTED, 1) == []


def test_what_is_neither_objective_nor_counted_is_not_compared(latency: np.ndarray) -> None:
    assert redundancy_notes(np.stack([latency, latency**2], axis=1), LATENCY_ENERGY, 1) == []


def test_three_that_rank_alike_share_a_sentence(latency: np.ndarray) -> None:
    specs = _specs(("a", "min"), ("b", "min"), ("c", "min"))
    assert _notes(np.stack([latency, latency**2, latency**3], axis=1), specs) == [
        "a, b and c rank architectures alike (Spearman 1.000 over the first 100): "
        "they are hardly three objectives."
    ]


def test_three_that_are_proportional_share_a_sentence(latency: np.ndarray) -> None:
    specs = _specs(("a", "min"), ("b", "min"), ("c", "min"))
    assert _notes(np.stack([latency, 2 * latency, 3 * latency], axis=1), specs) == [
        "a, b and c are one objective: their ratios are the same for every architecture. "
        "Leave all but one of them out."
    ]


def test_pairs_that_share_a_member_are_both_said_where_the_others_differ() -> None:
    rng = np.random.default_rng(4)
    middle = np.arange(100.0)
    first, last = (middle + rng.normal(0, 5.3, 100) for _ in range(2))
    rho = np.corrcoef(np.argsort(np.argsort([first, middle, last])))
    assert rho[0, 1] > 0.98 > rho[0, 2]
    assert rho[1, 2] > 0.98
    specs = _specs(("a", "min"), ("b", "min"), ("c", "min"))
    notes = _notes(np.stack([first, middle, last], axis=1), specs)
    assert [note.partition(" rank")[0] for note in notes] == ["a and b", "b and c"]


def _coarse(source: Source, *n_values: int) -> list[str]:
    """Notes on 100 architectures of objectives that take so many values, each as often."""
    specs = [ObjectiveSpec(f"o{n}", "", "min", source, f"o{n}") for n in n_values]
    rng = np.random.default_rng(0)
    values = [rng.permutation(np.arange(100) % n).astype(float) for n in n_values]
    return _notes(np.stack(values, axis=1), specs)


def test_objectives_that_take_few_values_are_told_together() -> None:
    assert _coarse("extrapolated", 34, 100, 12) == [
        "o34 takes 34 values over the first 100 architectures and o12 takes 12 values: those that "
        "share a value are not ranked."
    ]


@pytest.mark.parametrize(("n_values", "n_notes"), [(50, 1), (51, 0)])
def test_few_are_half_as_many_values_as_architectures(n_values: int, n_notes: int) -> None:
    assert len(_coarse("predicted", n_values)) == n_notes


@pytest.mark.parametrize("source", ["counted", "custom"])
def test_few_exact_values_are_not_held_against_an_objective(source: Source) -> None:
    assert _coarse(source, 12) == []
