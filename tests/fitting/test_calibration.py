"""Conformal intervals: the quantile by hand, the coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.fitting.calibration import (
    LEVEL,
    MAX_BINS,
    MIN_PER_BIN,
    Intervals,
    calibrate,
    calibrate_few,
    conformal_quantile,
    cross_calibrate,
    interpolated_quantile,
)


@pytest.mark.parametrize(
    ("n", "rank"),
    # ceil(0.9 (n + 1)), and n where that is more than n.
    [(1, 1), (8, 8), (9, 9), (10, 10), (19, 18), (29, 27), (99, 90), (100, 91), (499, 450)],
)
def test_quantile_is_the_residual_of_its_rank(n: int, rank: int) -> None:
    residuals = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    assert conformal_quantile(residuals, 0.9) == rank


@given(st.integers(1, 2000))
def test_rank_is_that_of_exact_arithmetic(n: int) -> None:
    exact = min(n, -(-(n + 1) * 9 // 10))
    assert conformal_quantile(np.arange(1.0, n + 1), 0.9) == exact


def test_half_width_is_that_of_the_bin() -> None:
    intervals = Intervals(0.9, edges=(1.0, 2.0), half_widths=(0.1, 0.2, 0.3))
    np.testing.assert_array_equal(
        intervals.half_width(np.array([-5.0, 0.99, 1.0, 1.5, 2.0, 99.0])),
        [0.1, 0.1, 0.2, 0.2, 0.3, 0.3],
    )


def test_coverage_counts_ends_as_inside() -> None:
    intervals = Intervals(0.9, edges=(), half_widths=(0.5,))
    truth = np.array([1.0, 1.5, 1.6, 0.5])
    assert intervals.coverage(truth, np.ones(4)) == pytest.approx(0.75)


def test_one_bin_where_there_are_few() -> None:
    n = 2 * MIN_PER_BIN - 1
    predicted = np.linspace(0.0, 1.0, n)
    residuals = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    intervals = calibrate(predicted + residuals, predicted)
    assert intervals.edges == ()
    assert intervals.half_widths == pytest.approx((np.ceil(LEVEL * (n + 1)),))


def test_bins_are_of_equal_size_and_calibrated_one_by_one() -> None:
    # In bin b the residuals are (b + 1) x 1, 2, ..., 100, of either sign: the 91st is the half.
    n_per_bin = 100
    predicted = np.arange(MAX_BINS * n_per_bin, dtype=float)
    factor = np.repeat(np.arange(1, MAX_BINS + 1), n_per_bin)
    size = factor * np.tile(np.arange(1.0, n_per_bin + 1), MAX_BINS)
    sign = np.where(np.arange(len(size)) % 2, 1, -1)
    intervals = calibrate(predicted + sign * size, predicted)
    assert intervals.edges == pytest.approx((99.8, 199.6, 299.4, 399.2))
    assert intervals.half_widths == pytest.approx((91, 182, 273, 364, 455))


def test_bins_grow_with_the_number_of_classes() -> None:
    rng = np.random.default_rng(0)
    n_bins = [
        len(calibrate(rng.random(n), rng.random(n)).half_widths) for n in (1, 50, 100, 200, 5000)
    ]
    assert n_bins == [1, 1, 2, 4, MAX_BINS]


def test_equal_predictions_share_a_bin() -> None:
    truth = np.arange(500.0)
    intervals = calibrate(truth, np.zeros(500))
    assert intervals.half_width(np.zeros(1)) == pytest.approx(450.0)
    assert np.isfinite(intervals.half_width(np.array([-1.0, 1.0]))).all()


def _simulate(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and predictions whose error grows tenfold from one end to the other."""
    predicted = rng.random(n)
    return predicted + (0.1 + 0.9 * predicted) * rng.standard_t(4, size=n), predicted


def test_coverage_is_at_least_the_level_on_average() -> None:
    # The expectation over draws is ceil(0.9 x 101) / 101 to one a bin; four deviations of the mean
    # of 200 draws, each of 500 points calibrated and 500 tested.
    rng = np.random.default_rng(0)
    covered = [calibrate(*_simulate(rng, 500)).coverage(*_simulate(rng, 500)) for _ in range(200)]
    deviation = np.sqrt(LEVEL * (1 - LEVEL) * (1 / 500 + 1 / 500) / 200)
    assert LEVEL - 4 * deviation < np.mean(covered) < LEVEL + 0.01 + 4 * deviation


def test_coverage_holds_within_each_bin() -> None:
    rng = np.random.default_rng(1)
    inside = np.zeros(MAX_BINS)
    seen = np.zeros(MAX_BINS)
    for _ in range(200):
        intervals = calibrate(*_simulate(rng, 500))
        truth, predicted = _simulate(rng, 500)
        bins = np.searchsorted(intervals.edges, predicted, side="right")
        is_inside = np.abs(truth - predicted) <= intervals.half_width(predicted)
        inside += np.bincount(bins, is_inside, minlength=MAX_BINS)
        seen += np.bincount(bins, minlength=MAX_BINS)
    # 200 bins of 100 calibrated and about 100 tested each.
    deviation = np.sqrt(LEVEL * (1 - LEVEL) * (1 / 100 + 1 / 100) / 200)
    assert np.abs(inside / seen - LEVEL).max() < 0.01 + 4 * deviation


def test_one_bin_for_all_would_not_cover_the_uncertain_end() -> None:
    rng = np.random.default_rng(2)
    truth, predicted = _simulate(rng, 5000)
    one_bin = Intervals(LEVEL, (), (conformal_quantile(np.abs(truth - predicted), LEVEL),))
    five_bins = calibrate(truth, predicted)
    truth, predicted = _simulate(rng, 5000)
    is_uncertain = predicted > 0.8
    covered = [
        intervals.coverage(truth[is_uncertain], predicted[is_uncertain])
        for intervals in (one_bin, five_bins)
    ]
    assert covered[0] < 0.85 < covered[1]


# --- out of fold ---------------------------------------------------------------------------------


def test_out_of_fold_intervals_by_hand() -> None:
    # Ten residuals in five folds of two: of eight others, the 90 % half-width is the largest.
    residuals = np.arange(1.0, 11.0)
    predicted = np.linspace(0.0, 1.0, 10)
    fold_of = np.repeat(np.arange(5), 2)
    intervals, coverage = cross_calibrate(predicted - residuals, predicted, fold_of)
    assert (intervals.edges, intervals.half_widths) == ((), (10.0,))
    # 9 and 10 share a fold, and the others reach to 8.
    assert coverage == pytest.approx(0.8)


def test_out_of_fold_intervals_cover_what_a_model_of_everything_predicts() -> None:
    # Least squares of 40 values; the truth is anew each time. Four deviations of the mean.
    rng = np.random.default_rng(3)
    told, inside = [], []
    for _ in range(200):
        x = rng.normal(size=(140, 5))
        y = x @ np.ones(5) + rng.standard_t(4, size=140)
        fold_of = np.arange(40) % 5
        predicted = np.empty(40)
        for fold in range(5):
            is_out = fold_of == fold
            weights = np.linalg.lstsq(x[:40][~is_out], y[:40][~is_out], rcond=None)[0]
            predicted[is_out] = x[:40][is_out] @ weights
        intervals, coverage = cross_calibrate(y[:40], predicted, fold_of)
        told.append(coverage)
        weights = np.linalg.lstsq(x[:40], y[:40], rcond=None)[0]
        inside.append(intervals.coverage(y[40:], x[40:] @ weights))
    deviation = np.sqrt(LEVEL * (1 - LEVEL) * (1 / 40 + 1 / 100) / 200)
    assert LEVEL - 4 * deviation < np.mean(inside) < LEVEL + 0.05
    assert np.mean(told) == pytest.approx(np.mean(inside), abs=0.02)


@pytest.mark.parametrize(
    ("n", "expected"),
    # Place 0.9 (n + 1) between the residuals, and n where that is more than n.
    [(5, 5.0), (9, 9.0), (10, 9.9), (19, 18.0), (20, 18.9), (99, 90.0)],
)
def test_between_two_residuals_the_quantile_is_interpolated(n: int, expected: float) -> None:
    residuals = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    assert interpolated_quantile(residuals, 0.9) == pytest.approx(expected)


@pytest.mark.parametrize("n", [10, 20, 50])
def test_intervals_of_few_hold_what_they_say_on_average(n: int) -> None:
    rng = np.random.default_rng(n)
    shares = []
    for _ in range(400):
        truth = rng.normal(size=n)
        intervals, _ = calibrate_few(truth, np.zeros(n))
        shares.append(intervals.coverage(rng.normal(size=500), np.zeros(500)))
    assert np.mean(shares) == pytest.approx(0.9, abs=0.015)


def test_coverage_of_few_is_by_the_others_intervals() -> None:
    truth = np.array([1.0] * 9 + [5.0])
    intervals, coverage = calibrate_few(truth, np.zeros(10))
    # Without the largest, all others are at 1; with it, the quantile lies beyond them.
    assert coverage == 0.9
    assert intervals.half_widths == pytest.approx((1 + 0.9 * 4,))
