"""Conformal intervals: ranks and ends by hand, the coverage by simulation."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.fitting.calibration import (
    LEVEL,
    MAX_KNOTS,
    MIN_NEAR,
    NEAR_SHARE,
    calibrate,
    calibrate_few,
    conformal_quantile,
    cross_calibrate,
    interpolated_quantile,
)
from hwnas.predictors.intervals import Intervals

Simulated = tuple[np.ndarray, np.ndarray]


# --- the rank of a quantile -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "rank"),
    # ceil(0.9 (n + 1)), and n where that is more than n.
    [(1, 1), (8, 8), (9, 9), (10, 10), (19, 18), (29, 27), (99, 90), (100, 91), (499, 450)],
)
def test_quantile_is_the_residual_of_its_rank(n: int, rank: int) -> None:
    residuals = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    assert conformal_quantile(residuals, 0.9) == rank


@given(st.integers(1, 5000), st.sampled_from(["0.8", "0.9", "0.95", "0.99"]))
def test_rank_is_that_of_exact_arithmetic(n: int, level: str) -> None:
    exact = min(n, math.ceil(Fraction(level) * (n + 1)))
    # 1 - (1 - 0.9) / 2, as calibration has it, is no more exact than 0.95.
    for given_level in (float(level), 1 - (1 - float(level))):
        assert conformal_quantile(np.arange(1.0, n + 1), given_level) == exact


# --- where the ends are ---------------------------------------------------------------------------


def test_each_end_is_linear_between_knots_and_constant_beyond_them() -> None:
    intervals = Intervals(0.9, knots=(1.0, 2.0, 4.0), below=(0.1, 0.3, 0.1), above=(1.0, 2.0, 0.0))
    predicted = np.array([-5.0, 1.0, 1.5, 2.0, 3.0, 4.0, 99.0])
    lower, upper = intervals.ends(predicted)
    np.testing.assert_allclose(predicted - lower, [0.1, 0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
    np.testing.assert_allclose(upper - predicted, [1.0, 1.0, 1.5, 2.0, 1.0, 0.0, 0.0])


def test_ends_count_as_inside() -> None:
    intervals = Intervals(0.9, knots=(0.0,), below=(0.5,), above=(0.25,))
    truth = np.array([1.0, 1.25, 1.26, 0.5, 0.49])
    assert intervals.holds(truth, np.ones(5)).tolist() == [True, True, False, True, False]


def test_uniform_intervals_are_of_one_width_everywhere() -> None:
    lower, upper = Intervals.uniform(0.9, 2.0).ends(np.array([-1e6, 0.0, 1e6]))
    np.testing.assert_array_equal((lower + 2.0, upper - 2.0), [[-1e6, 0.0, 1e6]] * 2)


@pytest.mark.parametrize(
    ("knots", "below", "above", "told"),
    [
        ((), (), (), "each of at least one knot; got 0, 0 and 0"),
        ((1.0,), (1.0,), (), "each of at least one knot; got 1, 1 and 0"),
        ((1.0,), (1.0, 2.0), (1.0,), "each of at least one knot; got 1, 2 and 1"),
        ((1.0, 1.0), (1.0, 2.0), (1.0, 2.0), "knots must increase"),
        ((2.0, 1.0), (1.0, 2.0), (1.0, 2.0), "knots must increase"),
        ((1.0, np.nan), (1.0, 2.0), (1.0, 2.0), "knots must increase"),
        ((1.0,), (-0.1,), (1.0,), "distances must not be negative"),
        ((1.0,), (0.0,), (np.nan,), "distances must not be negative"),
    ],
)
def test_what_gives_no_interval_is_refused(
    knots: tuple[float, ...], below: tuple[float, ...], above: tuple[float, ...], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Intervals(0.9, knots, below, above)


# --- calibrated, by hand --------------------------------------------------------------------------


def _both_ends(intervals: Intervals, predicted: float = 0.0) -> tuple[float, float]:
    """How far below and above a prediction its interval reaches."""
    ends = [float(each[0]) for each in intervals.ends(np.array([predicted]))]
    return predicted - ends[0], ends[1] - predicted


def test_few_share_one_knot_and_both_of_its_ends_by_hand() -> None:
    # 60 residuals of -20 to 39; of 60, the 95 % quantile is the 58th: ceil(0.95 x 61).
    predicted = np.linspace(0.0, 1.0, 60)
    residuals = np.random.default_rng(0).permutation(np.arange(-20.0, 40.0))
    intervals = calibrate(predicted + residuals, predicted)
    assert len(intervals.knots) == 1
    # The 58th of -39 to 20, and of -20 to 39.
    assert _both_ends(intervals, 0.5) == pytest.approx((18.0, 37.0))


@pytest.mark.parametrize("n", [1, 2, 10, 18])
def test_of_very_few_the_ends_are_the_extremes(n: int) -> None:
    predicted = np.arange(float(n))
    residuals = np.linspace(-3.0, 5.0, n) if n > 1 else np.array([-3.0])
    below, above = _both_ends(calibrate(predicted + residuals, predicted))
    assert (below, above) == pytest.approx((3.0, 5.0 if n > 1 else 0.0))


def test_a_prediction_lies_inside_its_own_interval_where_the_model_errs_one_way() -> None:
    predicted = np.arange(30.0)
    for sign in (1, -1):
        ends = _both_ends(calibrate(predicted + sign * 7.0, predicted))
        assert ends == pytest.approx((0.0, 7.0) if sign > 0 else (7.0, 0.0))


def test_each_knot_has_the_residuals_that_are_nearest_in_rank() -> None:
    # 300 predictions, of which each of three hundreds errs by its own distances.
    n = 3 * MIN_NEAR
    predicted = np.arange(float(n)) ** 2
    steps = np.tile(np.arange(1.0, 101.0), 3)
    sign = np.where(np.arange(n) % 2, 1.0, -2.0)
    residuals = sign * steps * np.repeat([1.0, 10.0, 100.0], 100)
    intervals = calibrate(predicted + residuals, predicted)
    # 300 / 50 - 1 windows of a hundred from the first to the last, a knot in the middle of each.
    assert intervals.knots == tuple(float(at) ** 2 for at in (50, 100, 150, 200, 250))
    # Around the 50th, 150th and 250th lies a hundred each: 50 above, at 2, 4, ..., 100, and 50
    # below, at twice 1, 3, ..., 99. The 96th of all, ceil(0.95 x 101), is the 46th of its side.
    assert intervals.above[::2] == pytest.approx((92.0, 920.0, 9200.0))
    assert intervals.below[::2] == pytest.approx((182.0, 1820.0, 18200.0))


def test_knots_grow_with_the_number_of_classes() -> None:
    rng = np.random.default_rng(0)
    sizes = (1, 20, 99, 100, 149, 150, 200, 1000, 5000)
    n_knots = [len(calibrate(rng.random(n), rng.random(n)).knots) for n in sizes]
    assert n_knots == [1, 1, 1, 1, 1, 2, 3, 19, MAX_KNOTS]


def test_of_many_a_share_is_near() -> None:
    # Residuals of one end grow with the rank: 5 % of a fifteenth of 6,000 lie beyond each knot.
    n = 6000
    n_near = round(NEAR_SHARE * n)
    predicted = np.arange(float(n))
    intervals = calibrate(2 * predicted, predicted)
    knots = np.array(intervals.knots)
    # Around a knot they are the knot's own, give or take half of those near; the 381st of 400.
    expected = knots - n_near // 2 + np.ceil(0.95 * (n_near + 1)) - 1
    assert n_near == 400
    np.testing.assert_allclose(intervals.above, expected)
    assert set(intervals.below) == {0.0}


def test_equal_predictions_have_one_interval_of_all_their_residuals() -> None:
    residuals = np.random.default_rng(0).permutation(np.arange(-250.0, 251.0))
    intervals = calibrate(residuals, np.zeros(501))
    assert intervals.knots == (0.0,)
    # ceil(0.95 x 502) is the 477th of -250 to 250.
    assert _both_ends(intervals) == (226.0, 226.0)


def test_ties_are_near_whatever_their_order() -> None:
    # 399 of one prediction and 201 of others: rows of equal predictions in any order.
    rng = np.random.default_rng(5)
    predicted = np.concatenate([np.zeros(399), rng.random(201)])
    truth = predicted + rng.normal(size=600)
    once = calibrate(truth, predicted)
    for _ in range(3):
        order = rng.permutation(600)
        assert calibrate(truth[order], predicted[order]) == once
    assert once.knots[0] == 0.0
    # The hundred around the last knot of a prediction of 0 end with its last row, so that those
    # near it are all 399 and no others: the 380th, 0.95 x 400.
    near_zero = np.sort(truth[:399])
    assert (once.below[0], once.above[0]) == pytest.approx((-near_zero[19], near_zero[379]))


# --- coverage, by simulation ----------------------------------------------------------------------

N_DRAWS = 60


def _skewed(rng: np.random.Generator, n: int) -> Simulated:
    """Truth that is mostly a little below its prediction and at times far above it."""
    predicted = rng.random(n)
    return predicted + rng.exponential(size=n) - np.log(2), predicted


def _growing(rng: np.random.Generator, n: int) -> Simulated:
    """Truth and predictions whose error grows tenfold from one end to the other."""
    predicted = rng.random(n)
    return predicted + (0.1 + 0.9 * predicted) * rng.standard_t(4, size=n), predicted


def _deviation(share: float, n: int) -> float:
    """Of the mean over the draws of a share among ``n`` tested, after ``n`` were calibrated."""
    return float(np.sqrt(share * (1 - share) * 2 / n / N_DRAWS))


@pytest.mark.parametrize("n", [60, 600])
def test_a_twentieth_lies_beyond_each_end_of_skewed_residuals(n: int) -> None:
    # Of few the rank is rounded up: 58 of 61 are 95.1 %. Four deviations of the mean.
    rng = np.random.default_rng(0)
    beyond = np.zeros(2)
    for _ in range(N_DRAWS):
        intervals = calibrate(*_skewed(rng, n))
        truth, predicted = _skewed(rng, n)
        lower, upper = intervals.ends(predicted)
        beyond += [np.mean(truth < lower), np.mean(truth > upper)]
    np.testing.assert_allclose(beyond / N_DRAWS, 0.05, atol=0.005 + 4 * _deviation(0.05, n))


def test_a_symmetric_interval_would_leave_all_that_is_missed_beyond_one_end() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = _skewed(rng, 5000)
    half_width = conformal_quantile(np.abs(truth - predicted), LEVEL)
    lower, upper = Intervals.uniform(LEVEL, half_width).ends(predicted)
    assert (truth < lower).sum() == 0
    assert np.mean(truth > upper) > 0.09
    own = calibrate(truth, predicted)
    assert np.mean(own.ends(predicted)[1] - own.ends(predicted)[0]) < 0.95 * 2 * half_width


def _covered_by_fifth(intervals: Intervals, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Share inside of each fifth by prediction, shape ``(5,)``."""
    holds = intervals.holds(truth, predicted)[np.argsort(predicted)]
    return np.array([part.mean() for part in np.array_split(holds, 5)])


def test_coverage_is_the_level_overall_and_within_each_fifth() -> None:
    rng = np.random.default_rng(1)
    covered = np.zeros(5)
    for _ in range(N_DRAWS):
        intervals = calibrate(*_growing(rng, 1000))
        covered += _covered_by_fifth(intervals, *_growing(rng, 1000))
    covered /= N_DRAWS
    assert covered.mean() == pytest.approx(LEVEL, abs=0.005 + 4 * _deviation(LEVEL, 1000))
    # A hundred are near a knot, so that between knots and at the ends two points are missed.
    assert np.abs(covered - LEVEL).max() < 0.02 + 4 * _deviation(LEVEL, 200)


def test_one_width_for_all_would_not_cover_the_uncertain_end() -> None:
    rng = np.random.default_rng(2)
    truth, predicted = _growing(rng, 5000)
    one = Intervals.uniform(LEVEL, conformal_quantile(np.abs(truth - predicted), LEVEL))
    own = calibrate(truth, predicted)
    again = _growing(rng, 5000)
    assert _covered_by_fifth(one, *again).min() < 0.8
    assert _covered_by_fifth(own, *again).min() > 0.86


# --- out of fold ----------------------------------------------------------------------------------


def test_out_of_fold_intervals_by_hand() -> None:
    # Ten residuals in five folds of two: of eight others, the 95 % quantile is the largest.
    residuals = np.arange(1.0, 11.0)
    predicted = np.linspace(0.0, 1.0, 10)
    fold_of = np.repeat(np.arange(5), 2)
    intervals, is_inside = cross_calibrate(predicted - residuals, predicted, fold_of)
    assert _both_ends(intervals, 0.5) == pytest.approx((10.0, 0.0))
    # 9 and 10 share a fold, and the others reach to 8.
    assert is_inside.tolist() == [True] * 8 + [False] * 2


def test_what_is_said_of_a_fold_does_not_depend_on_its_own_residuals() -> None:
    rng = np.random.default_rng(4)
    predicted, fold_of = rng.random(300), rng.permutation(np.arange(300) % 5)
    truth = predicted + rng.normal(size=300)
    # Some of the fold are off by so much that intervals with them would hold all the others.
    changed = truth.copy()
    changed[np.flatnonzero(fold_of == 2)[:30]] += 1e3
    before, after = (cross_calibrate(each, predicted, fold_of) for each in (truth, changed))
    rest = np.setdiff1d(np.flatnonzero(fold_of == 2), np.flatnonzero(fold_of == 2)[:30])
    np.testing.assert_array_equal(after[1][rest], before[1][rest])
    assert not after[1][np.flatnonzero(fold_of == 2)[:30]].any()
    assert max(after[0].above) > 100 > max(before[0].above)


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
        intervals, is_inside = cross_calibrate(y[:40], predicted, fold_of)
        told.append(is_inside.mean())
        weights = np.linalg.lstsq(x[:40], y[:40], rcond=None)[0]
        inside.append(intervals.holds(y[40:], x[40:] @ weights).mean())
    deviation = np.sqrt(LEVEL * (1 - LEVEL) * (1 / 40 + 1 / 100) / 200)
    assert LEVEL - 4 * deviation < np.mean(inside) < LEVEL + 0.06
    assert np.mean(told) == pytest.approx(np.mean(inside), abs=0.03)


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
        shares.append(intervals.holds(rng.normal(size=500), np.zeros(500)).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.015)


def test_coverage_of_few_is_by_the_others_intervals() -> None:
    truth = np.array([1.0] * 9 + [5.0])
    intervals, coverage = calibrate_few(truth, np.zeros(10))
    # Without the largest, all others are at 1; with it, the quantile lies beyond them.
    assert coverage == 0.9
    assert intervals.above == pytest.approx((1 + 0.9 * 4,))
