"""Expected gain in hypervolume: closed forms, and exact hypervolumes of values drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm

from hwnas.algorithms._gain import Outlook, _points, dominated, most_promising
from hwnas.algorithms._scales import ValueScale
from hwnas.objectives.indicators import hypervolume

PLAIN, LOG, LOG_ERROR = (ValueScale(kind) for kind in ("plain", "log", "log error"))


def _outlook(
    mean: Sequence[Sequence[float]],
    deviation: float,
    scales: Sequence[ValueScale] = (PLAIN, PLAIN),
    probability: Sequence[float] | None = None,
) -> Outlook:
    means = np.array(mean, dtype=float)
    certain = np.ones(len(means)) if probability is None else np.array(probability)
    return Outlook(means, np.full(means.shape, deviation), certain, scales)


def _chosen(outlook: Outlook, n: int, waiting: Outlook | None = None) -> list[int]:
    front, worst = np.array([[1.0, 4.0], [4.0, 1.0]]), np.array([5.0, 5.0])
    rng = np.random.default_rng(0)
    return most_promising(outlook, front, worst, n, rng, waiting).tolist()


def test_with_one_objective_it_is_the_expected_improvement() -> None:
    best, mean, deviation = 2.0, 2.5, 0.8
    z = (best - mean) / deviation
    expected = (best - mean) * norm.cdf(z) + deviation * norm.pdf(z)
    step = 1e-3
    points = np.arange(mean - 8 * deviation, best, step)[:, None]
    gain = step * _outlook([[mean]], deviation, [PLAIN]).dominating(points).sum()
    assert gain == pytest.approx(expected, rel=0.005)


def test_on_a_logarithm_it_is_that_of_a_log_normal_value() -> None:
    best, mean, deviation = 2.0, 0.9, 0.5
    z = (np.log(best) - mean) / deviation
    least = np.exp(mean + deviation**2 / 2) * norm.cdf(z - deviation)
    step = 1e-3
    points = np.arange(step / 2, best, step)[:, None]
    gain = step * _outlook([[mean]], deviation, [LOG]).dominating(points).sum()
    assert gain == pytest.approx(best * norm.cdf(z) - least, rel=0.005)


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_with_more_it_is_the_mean_gain_of_values_drawn_at_random(n_objectives: int) -> None:
    rng = np.random.default_rng(0)
    front = 1 + 2 * np.eye(n_objectives)
    worst, mean, deviation = np.full(n_objectives, 4.0), np.full(n_objectives, 1.6), 0.4
    drawn = rng.normal(mean, deviation, size=(3000, n_objectives))
    before = hypervolume(front, worst)
    expected = np.mean([hypervolume(np.vstack([front, one]), worst) - before for one in drawn])
    lowest = mean - 5 * deviation
    points = lowest + rng.random((60_000, n_objectives)) * (worst - lowest)
    undominated = points[~dominated(points, front)]
    found = _outlook([mean.tolist()], deviation, [PLAIN] * n_objectives).dominating(undominated)
    assert found.sum() / len(points) * np.prod(worst - lowest) == pytest.approx(expected, rel=0.06)


def test_half_the_probability_to_be_feasible_is_half_the_gain() -> None:
    points = np.random.default_rng(0).random((50, 2))
    half, whole = _outlook([[0.5, 0.5]] * 2, 0.3, probability=[0.5, 1.0]).dominating(points)
    np.testing.assert_allclose(half, whole / 2, rtol=1e-6)


def test_what_is_known_dominates_a_point_or_does_not() -> None:
    points = np.array([[1.1, 2.0], [0.9, 2.0], [1e90, 2.0]])
    assert _outlook([[1.0, 1.5]], 0.0).dominating(points).tolist() == [[1, 0, 1]]


def test_points_are_drawn_where_hopes_reach_and_nothing_known_does() -> None:
    hoped, front = np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([[1.0, 3.0], [3.0, 1.0]])
    points = _points(hoped, front, np.array([4.0, 4.0]), np.random.default_rng(0))
    assert not dominated(points, front).any()
    assert dominated(points, hoped).all()
    # Hopes dominate an area of 12, the front 5 of it; left of the front are 2 of the 7.
    assert np.mean(points[:, 0] < 1) == pytest.approx(2 / 7, abs=0.04)


def test_the_twin_of_what_was_chosen_is_not_chosen_next() -> None:
    assert _chosen(_outlook([[1.5, 1.5], [1.5, 1.5], [3.5, 0.5]], 0.01), 2) == [0, 2]


def test_the_largest_gain_comes_first() -> None:
    assert _chosen(_outlook([[2.5, 2.5], [1.5, 1.5]], 0.01), 1) == [1]


def test_what_waits_counts_as_chosen() -> None:
    outlook = _outlook([[1.5, 1.5], [3.5, 0.5]], 0.01)
    assert _chosen(outlook, 1) == [0]
    assert _chosen(outlook, 1, _outlook([[1.5, 1.5]], 0.01)) == [1]


@pytest.mark.parametrize(
    ("mean", "probability"), [([4.5, 4.5], 1.0), ([6.0, 0.1], 1.0), ([1.5, 1.5], 0.0)]
)
def test_what_cannot_gain_is_not_chosen(mean: list[float], probability: float) -> None:
    assert _chosen(_outlook([mean], 0.01, probability=[probability]), 1) == []


def test_nothing_feasible_at_first_leaves_all_to_gain() -> None:
    outlook = _outlook([[2.0, 2.0], [1.0, 1.0]], 0.1)
    rng = np.random.default_rng(0)
    none, worst = np.empty((0, 2)), np.array([5.0, 5.0])
    assert most_promising(outlook, none, worst, 1, rng).tolist() == [1]


def test_the_shortlist_keeps_what_gains_most() -> None:
    means = np.linspace(3, 2, 1000)[:, None].repeat(2, axis=1).tolist()
    assert _chosen(_outlook(means, 0.01), 1) == [999]
