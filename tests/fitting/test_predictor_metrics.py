"""Metrics of predictors, by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau, spearmanr

from hwnas.fitting.metrics import N_FEW, best_fifth, regression_metrics

TRUTH = np.array([1.0, 2.0, 4.0, 8.0])


def test_metrics_of_four_values_by_hand() -> None:
    # Of the six pairs one is swapped: tau = (5 - 1) / 6. Ranks 2 1 3 4: rho = 1 - 6 x 2 / 60.
    metrics = regression_metrics(TRUTH, np.array([2.1, 2.0, 4.2, 6.0]))
    assert metrics == pytest.approx(
        {
            "kendall_tau": 4 / 6,
            "spearman": 0.8,
            "mae": (1.1 + 0.0 + 0.2 + 2.0) / 4,
            "mape_pct": 100 * (1.1 + 0.0 + 0.05 + 0.25) / 4,
            "within_10_pct": 50.0,
        }
    )


def test_perfect_predictions_have_no_error() -> None:
    assert regression_metrics(TRUTH, TRUTH) == pytest.approx(
        {"kendall_tau": 1.0, "spearman": 1.0, "mae": 0.0, "mape_pct": 0.0, "within_10_pct": 100.0}
    )


def test_reversed_order_has_correlation_of_minus_one() -> None:
    metrics = regression_metrics(TRUTH, -TRUTH)
    assert (metrics["kendall_tau"], metrics["spearman"]) == pytest.approx((-1.0, -1.0))


def test_exactly_ten_percent_is_within() -> None:
    assert regression_metrics(np.array([10.0, 20.0]), np.array([11.0, 22.1]))[
        "within_10_pct"
    ] == pytest.approx(50.0)


def test_relative_error_of_zero_is_unknown() -> None:
    metrics = regression_metrics(np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    assert metrics["mape_pct"] is None
    assert metrics["within_10_pct"] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("truth", "predicted"), [(TRUTH, np.full(4, 3.0)), (np.full(4, 3.0), TRUTH)]
)
def test_correlation_with_a_constant_is_unknown(truth: np.ndarray, predicted: np.ndarray) -> None:
    metrics = regression_metrics(truth, predicted)
    assert (metrics["kendall_tau"], metrics["spearman"]) == (None, None)
    assert metrics["mae"] is not None


def _tau_b(first: np.ndarray, second: np.ndarray) -> float:
    """Kendall's tau-b by its definition over pairs."""
    pairs = list(itertools.combinations(range(len(first)), 2))
    signs = [(np.sign(first[i] - first[j]), np.sign(second[i] - second[j])) for i, j in pairs]
    agreement = sum(a * b for a, b in signs)
    untied = [sum(a != 0 for a, _ in signs), sum(b != 0 for _, b in signs)]
    return float(agreement / np.sqrt(untied[0] * untied[1]))


@given(st.integers(2, 12).flatmap(lambda n: arrays(float, (2, n), elements=st.integers(1, 5))))
def test_kendall_tau_with_ties_is_the_sum_over_pairs(values: np.ndarray) -> None:
    truth, predicted = values
    tau = regression_metrics(truth, predicted)["kendall_tau"]
    if np.ptp(truth) == 0 or np.ptp(predicted) == 0:
        assert tau is None
    else:
        assert tau == pytest.approx(_tau_b(truth, predicted))


def test_the_best_fifth_of_values_by_hand() -> None:
    values = np.array([3.0, 9.0, 1.0, 9.0, 2.0, 7.0, 1.0, 8.0, 4.0, 5.0, 6.0])
    assert best_fifth(values, "max").tolist() == [1, 3]
    assert best_fifth(values, "min").tolist() == [2, 6]
    # Of equal ones the first.
    assert best_fifth(np.ones(11), "max").tolist() == [0, 1]


@pytest.mark.parametrize("n", [5, N_FEW, N_FEW + 1])
def test_ties_count_as_in_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    truth, predicted = rng.integers(1, 6, (2, n)).astype(float)
    metrics = regression_metrics(truth, predicted)
    assert metrics["kendall_tau"] == pytest.approx(kendalltau(truth, predicted).statistic)
    assert metrics["spearman"] == pytest.approx(spearmanr(truth, predicted).statistic)
