"""Gaussian process over groups of features: scikit-learn's, closed forms, finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.gaussian_process import GroupedGaussianProcess, Term
from hwnas.fitting.kernel_posterior import (
    MAX_DEVIATIONS,
    N_TUNED,
    PRIOR_LENGTH,
    negative_log_posterior,
)
from hwnas.models.sessions import run_onnx

GROUPS = [[0, 1], [2, 3, 4]]
Problem = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Features ``(60, 5)`` of one scale each and a target that bends along two of them."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5)) * [1, 10, 0.1, 5, 1] + [0, 3, 0, -20, 1]
    target = 3 + np.sin(features[:, 0]) + 0.2 * features[:, 3] + rng.normal(0, 0.1, size=60)
    return features, target


@pytest.fixture(scope="module")
def process(problem: Problem) -> GroupedGaussianProcess:
    return GroupedGaussianProcess(GROUPS).fit(*problem)


def _distances(rows: np.ndarray, groups: list[list[int]]) -> np.ndarray:
    return np.stack(
        [np.linalg.norm(rows[:, None, group] - rows[None, :, group], axis=2) for group in groups]
    )


def _scikit_learns(process: GroupedGaussianProcess) -> tuple[ConstantKernel, list[list[int]]]:
    spans = [list(range(term.start, term.stop)) for term in process.terms_]
    kernels = [ConstantKernel(t.weight) * Matern(t.length, nu=1.5) for t in process.terms_]
    return kernels, spans


# --- ground truth ---------------------------------------------------------------------------------


def test_a_term_is_scikit_learns_matern_of_its_columns() -> None:
    rng = np.random.default_rng(0)
    rows, others = rng.normal(size=(7, 5)), rng.normal(size=(4, 5))
    expected = (ConstantKernel(0.3) * Matern(2.0, nu=1.5))(rows[:, 1:4], others[:, 1:4])
    np.testing.assert_allclose(Term(1, 4, 0.3, 2.0)(rows, others), expected, rtol=1e-12)


def test_the_posterior_mean_is_scikit_learns(problem: Problem) -> None:
    # With one group, all of the kernel sees all of the columns.
    features, target = problem
    one = GroupedGaussianProcess([[0, 1, 2, 3, 4]]).fit(features[:40], target[:40])
    kernels, _ = _scikit_learns(one)
    kernel = kernels[0] + kernels[1] + WhiteKernel(one.noise_)
    theirs = GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-14, normalize_y=True)
    scale = features[:40].std(axis=0) * 5**0.5
    rows = (features - features[:40].mean(axis=0)) / scale
    theirs.fit(rows[:40], target[:40])
    assert np.abs(rows * 5**0.5).max() < MAX_DEVIATIONS
    np.testing.assert_allclose(one.predict(features), theirs.predict(rows), rtol=1e-9)


def test_the_likelihood_is_that_of_a_normal_distribution(
    process: GroupedGaussianProcess,
) -> None:
    from scipy.stats import multivariate_normal

    kernels, spans = _scikit_learns(process)
    rows, z = process.rows_, np.random.default_rng(1).normal(size=len(process.rows_))
    parameters = np.log([p for t in process.terms_ for p in (t.weight, t.length)] + [0.3])
    covariance = 0.3 * np.eye(len(z))
    for kernel, span in zip(kernels, spans, strict=True):
        covariance += kernel(rows[:, span])
    # Where the prior is at its mean, it adds nothing.
    value, _ = negative_log_posterior(parameters, parameters, _distances(rows, spans), z)
    assert value == pytest.approx(-multivariate_normal(cov=covariance).logpdf(z))


def test_the_prior_is_normal_around_its_mean(process: GroupedGaussianProcess) -> None:
    rng = np.random.default_rng(2)
    _, spans = _scikit_learns(process)
    distances, z = _distances(process.rows_, spans), rng.normal(size=60)
    parameters = rng.normal(size=7)
    there, slope_there = negative_log_posterior(parameters, parameters, distances, z)
    away, slope_away = negative_log_posterior(parameters, parameters - 3.0, distances, z)
    assert away - there == pytest.approx(7 * (3.0 / 1.5) ** 2 / 2)
    np.testing.assert_allclose(slope_away - slope_there, 3.0 / 1.5**2)


def test_the_gradient_is_that_of_finite_differences(process: GroupedGaussianProcess) -> None:
    rng = np.random.default_rng(3)
    _, spans = _scikit_learns(process)
    distances, z, prior = _distances(process.rows_, spans), rng.normal(size=60), np.zeros(7)

    def value(parameters: np.ndarray) -> float:
        return negative_log_posterior(parameters, prior, distances, z)[0]

    def gradient(parameters: np.ndarray) -> np.ndarray:
        return negative_log_posterior(parameters, prior, distances, z)[1]

    for _ in range(3):
        parameters = rng.normal(0, 0.7, size=7)
        assert check_grad(value, gradient, parameters) < 1e-3
        assert np.abs(gradient(parameters)).max() > 1


def test_tuned_parameters_are_better_than_any_near_them(process: GroupedGaussianProcess) -> None:
    tuned = [p for term in process.terms_ for p in (term.weight, term.length)]
    parameters = np.log([*tuned, process.noise_])
    prior = np.log([0.5, 1.5, 0.2, 1.5, 0.2, 1.5, 0.1])
    z = process.dual_ / process.target_scale_
    _, spans = _scikit_learns(process)
    distances = _distances(process.rows_, spans)
    covariance = sum(term(process.rows_, process.rows_) for term in process.terms_)
    z = (covariance + process.noise_ * np.eye(60)) @ z
    best, gradient = negative_log_posterior(parameters, prior, distances, z)
    assert np.abs(gradient).max() < 0.01
    for step in (-0.1, 0.1):
        for at in range(len(parameters)):
            near = parameters + step * np.eye(7)[at]
            assert negative_log_posterior(near, prior, distances, z)[0] > best


def test_the_group_that_matters_has_the_weight() -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(80, 6))
    fitted = GroupedGaussianProcess([[0, 1, 2], [3, 4, 5]]).fit(features, np.sin(features[:, 3]))
    _, first, second = fitted.terms_
    assert second.weight > 2 * first.weight


# --- properties -----------------------------------------------------------------------------------


def test_another_unit_of_a_feature_or_of_the_target_changes_nothing(problem: Problem) -> None:
    features, target = problem
    plain = GroupedGaussianProcess(GROUPS).fit(features, target).predict(features)
    scaled = GroupedGaussianProcess(GROUPS).fit(features * [1, 2, 4, 8, 16] - 5, 10 * target + 7)
    again = scaled.predict(features * [1, 2, 4, 8, 16] - 5)
    np.testing.assert_allclose(again, 10 * plain + 7, rtol=1e-6)


def test_features_far_outside_the_range_count_as_its_ends(
    process: GroupedGaussianProcess, problem: Problem
) -> None:
    features, _ = problem
    centre, spread = features.mean(axis=0), features.std(axis=0)
    far = centre + spread * np.array([[MAX_DEVIATIONS], [1e6]])
    near, beyond = process.predict(far)
    assert near == pytest.approx(beyond)


def test_a_constant_group_is_left_out(problem: Problem) -> None:
    features, target = problem
    wide = np.column_stack([features, np.full((60, 2), 3.0)])
    with_group = GroupedGaussianProcess([*GROUPS, [5, 6]]).fit(wide, target)
    expected = GroupedGaussianProcess(GROUPS).fit(features, target).predict(features)
    np.testing.assert_array_equal(with_group.predict(wide), expected)


def test_a_constant_target_is_predicted_as_it_is(problem: Problem) -> None:
    features, _ = problem
    fitted = GroupedGaussianProcess(GROUPS).fit(features, np.full(60, 7.0))
    np.testing.assert_allclose(fitted.predict(features + 1), 7.0)


def test_features_of_which_none_varies_are_refused() -> None:
    with pytest.raises(ValueError, match="some feature of a group must vary; none does"):
        GroupedGaussianProcess([[0, 1]]).fit(np.ones((10, 3)), np.arange(10.0))


def test_it_is_cloned_unfitted(process: GroupedGaussianProcess) -> None:
    fresh = clone(process)
    assert fresh.get_params() == {"groups": GROUPS}
    assert not hasattr(fresh, "dual_")


def test_tuning_sees_all_of_a_sorted_sample() -> None:
    # Among the first N_TUNED rows the second feature says nothing of its length scale.
    rng = np.random.default_rng(5)
    features = rng.normal(size=(N_TUNED + 60, 2))
    features[:N_TUNED, 1] = 0.0
    fitted = GroupedGaussianProcess([[0], [1]]).fit(features, features[:, 0] + features[:, 1])
    assert fitted.terms_[2].length > 1.5 * PRIOR_LENGTH


def test_onnx_agrees_in_and_far_outside_the_range(
    process: GroupedGaussianProcess, problem: Problem
) -> None:
    features = problem[0].astype(np.float32)
    model = to_onnx(process, features)
    rng = np.random.default_rng(6)
    # What the model reads is single precision; it computes in double.
    away = (features * rng.choice([-1e4, 0.3, 2.0, 1e4], size=features.shape)).astype(np.float32)
    for rows in (features, away):
        np.testing.assert_allclose(run_onnx(model, rows), process.predict(rows), rtol=2e-7)
