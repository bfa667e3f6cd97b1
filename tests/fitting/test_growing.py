"""A Gaussian process on a growing sample: scikit-learn's, and what it keeps between fits."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from hwnas.fitting.growing import WEIGHTED_SHARE, GrowingProcess, Scale, Sightings

SPANS = [(0, 5), (0, 2), (2, 5)]
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 5))
TARGET = np.sin(ROWS[:, 0]) + 0.3 * ROWS[:, 3] + 5
NONE = np.zeros(len(ROWS))


def _sightings(rows: np.ndarray, sample: np.ndarray) -> Sightings:
    found = Sightings(rows, SPANS)
    found.see(sample)
    return found


def _fitted(variance: np.ndarray = NONE) -> GrowingProcess:
    return GrowingProcess(SPANS, 0).fit(ROWS[:30], np.arange(30), TARGET[:30], variance[:30])


def _covariance(process: GrowingProcess, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The kernel by scikit-learn's Matern, each term on columns stretched as it sees them."""
    importances = process._importances
    stretches = [
        np.sqrt(WEIGHTED_SHARE * importances + (1 - WEIGHTED_SHARE) / 5),
        np.full(2, 2**-0.5),
        np.full(3, 3**-0.5),
    ]
    assert process._parameters is not None
    pairs = np.exp(process._parameters[:-1]).reshape(-1, 2)
    total = np.zeros((len(rows), len(others)))
    for (start, stop), stretch, (weight, length) in zip(SPANS, stretches, pairs, strict=True):
        kernel = ConstantKernel(weight) * Matern(length, nu=1.5)
        total += kernel(rows[:, start:stop] * stretch, others[:, start:stop] * stretch)
    return total


def test_mean_and_deviation_are_those_of_a_sum_of_scikit_learns_kernels() -> None:
    variance = RNG.random(40) * 0.1
    process = _fitted(variance)
    mean, scale = TARGET[:30].mean(), TARGET[:30].std()
    assert process._parameters is not None
    noise = np.exp(process._parameters[-1])
    own = np.diag(noise + variance[:30] / scale**2)
    factor = cho_factor(_covariance(process, ROWS[:30], ROWS[:30]) + own)
    cross = _covariance(process, ROWS, ROWS[:30])
    prior = _covariance(process, ROWS[:1], ROWS[:1])[0, 0]
    expected = cross @ cho_solve(factor, (TARGET[:30] - mean) / scale) * scale + mean
    left = prior - (cross * cho_solve(factor, cross.T).T).sum(axis=1) + noise
    found = process.predict(_sightings(ROWS, ROWS[:30]))
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)
    np.testing.assert_allclose(found[1], scale * np.sqrt(left), rtol=1e-5)


def test_with_one_group_it_is_scikit_learns_regressor() -> None:
    process = GrowingProcess([(0, 1)], 0)
    process.fit(ROWS[:30, :1], np.arange(30), TARGET[:30], NONE[:30])
    assert process._parameters is not None
    weight, length, noise = np.exp(process._parameters)
    theirs = GaussianProcessRegressor(
        ConstantKernel(weight) * Matern(length, nu=1.5),
        optimizer=None,
        alpha=noise,
        normalize_y=True,
    ).fit(ROWS[:30, :1], TARGET[:30])
    archs = Sightings(ROWS[:, :1], [(0, 1)])
    archs.see(ROWS[:30, :1])
    ours, expected = process.predict(archs), theirs.predict(ROWS[:, :1], return_std=True)
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-6)
    # Ours has the noise of a value, too.
    left = np.sqrt(expected[1] ** 2 + noise * TARGET[:30].var())
    np.testing.assert_allclose(ours[1], left, rtol=1e-5)


def test_distances_that_were_kept_are_those_computed_anew() -> None:
    grown = _sightings(ROWS, ROWS[:10])
    for n in (10, 13, 30):
        grown.see(ROWS[:n])
    importances = np.array([0.5, 0.1, 0.2, 0.2, 0.0])
    anew = _sightings(ROWS, ROWS[:30]).distances(importances)
    for kept, each in zip(grown.distances(importances), anew, strict=True):
        np.testing.assert_array_equal(kept, each)


def test_a_group_is_as_far_as_the_root_of_its_mean_square() -> None:
    found = _sightings(np.zeros((1, 5)), np.array([[1.0, 1, 2, 2, 2]])).distances(np.eye(5)[0])
    joint = WEIGHTED_SHARE * 1 + (1 - WEIGHTED_SHARE) * 14 / 5
    np.testing.assert_allclose(np.ravel(found), [joint**0.5, 1, 2])


def test_a_value_that_is_uncertain_weighs_less() -> None:
    odd = TARGET.copy()
    odd[7] += 3
    archs = _sightings(ROWS[7:8], ROWS[:30])
    found = []
    for variance in (0.0, 1.0, 1e300):
        own = NONE.copy()
        own[7] = variance
        process = GrowingProcess(SPANS, 0).fit(ROWS[:30], np.arange(30), odd[:30], own[:30])
        found.append(process.predict(archs)[0][0])
    assert odd[7] > found[0] > found[1] > found[2]


def test_what_has_no_value_is_left_out() -> None:
    known = np.flatnonzero(np.arange(30) % 3 > 0)
    whole = GrowingProcess(SPANS, 0).fit(ROWS[:30], known, TARGET[known], NONE[known])
    part = GrowingProcess(SPANS, 0)
    part.fit(ROWS[known], np.arange(len(known)), TARGET[known], NONE[known])
    ours = whole.predict(_sightings(ROWS, ROWS[:30]))
    np.testing.assert_allclose(ours, part.predict(_sightings(ROWS, ROWS[known])), rtol=1e-9)


def test_where_all_is_equal_that_is_certain() -> None:
    process = GrowingProcess(SPANS, 0).fit(ROWS[:30], np.arange(30), np.full(30, 7.0), NONE[:30])
    mean, deviation = process.predict(_sightings(ROWS, ROWS[:30]))
    assert set(mean) == {7.0}
    assert set(deviation) == {0.0}


def test_twins_with_other_values_do_not_break_it() -> None:
    rows = np.repeat(ROWS[:2], 10, axis=0)
    target = np.repeat([0.0, 1e9], 10)
    process = GrowingProcess(SPANS, 0).fit(rows, np.arange(20), target, np.zeros(20))
    mean, _ = process.predict(_sightings(ROWS[:2], rows))
    np.testing.assert_allclose(mean, [0, 1e9], atol=1e8)


def test_a_scale_leaves_out_what_never_varies() -> None:
    features = np.array([[1.0, 5, 3], [3.0, 5, 9]])
    scale = Scale.of(features, [[0], [1], [2]])
    assert scale.columns.tolist() == [0, 2]
    assert scale.spans == [(0, 2), (0, 1), (1, 2)]
    np.testing.assert_array_equal(scale(features), [[-1, -1], [1, 1]])
    # Far outside what may be met, all is alike.
    assert scale(np.array([[1e9, 0, 6]])).tolist() == [[4, 0]]


def test_where_no_feature_varies_all_are_alike() -> None:
    features = np.full((20, 3), 2.0)
    scale = Scale.of(features, [[0], [1, 2]])
    rows = scale(features)
    process = GrowingProcess(scale.spans, 0).fit(rows, np.arange(20), TARGET[:20], NONE[:20])
    archs = Sightings(rows, scale.spans)
    archs.see(rows)
    mean, deviation = process.predict(archs)
    np.testing.assert_allclose(mean, TARGET[:20].mean())
    assert (deviation > 0).all()
