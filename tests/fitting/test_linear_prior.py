"""A linear model with a prior against least squares with a penalty, and refits without values."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.fitting.linear_prior import LinearPrior, fit_with_prior

N_FEATURES = 6
NOISE = 0.3


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(15, N_FEATURES)).astype(np.float32)


@pytest.fixture
def target(features: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(2).normal(size=len(features))
    return np.asarray(features[:, 0] - 2 * features[:, 3] + 0.2 * noise + 5)


def _prior(noises: tuple[float, ...] = (NOISE,)) -> LinearPrior:
    blocks = {"one": np.eye(N_FEATURES)[:, :2], "other": np.eye(N_FEATURES)[:, 2:]}
    return LinearPrior(blocks, [{"one": 2.0, "other": 0.5}], noises)


def test_it_is_least_squares_with_a_penalty_and_a_free_intercept(
    features: np.ndarray, target: np.ndarray
) -> None:
    penalty = np.diag([0.0, *([NOISE / 2.0] * 2), *([NOISE / 0.5] * 4)])
    design = np.column_stack([np.ones(len(features)), features])
    expected = np.linalg.solve(design.T @ design + penalty, design.T @ target)
    found = fit_with_prior(_prior(), features, target)
    assert found.intercept == pytest.approx(expected[0], abs=1e-6)
    assert found.coefficients == pytest.approx(expected[1:], abs=1e-6)


def test_what_is_left_out_is_what_a_fit_without_it_predicts(
    features: np.ndarray, target: np.ndarray
) -> None:
    found = fit_with_prior(_prior(), features, target).left_out
    for place in range(len(target)):
        others = np.arange(len(target)) != place
        without = fit_with_prior(_prior(), features[others], target[others])
        assert found[place] == pytest.approx(without.predict(features[[place]])[0], abs=1e-6)


def test_groups_are_left_out_together(features: np.ndarray, target: np.ndarray) -> None:
    group_of = np.arange(len(target)) // 3
    found = fit_with_prior(_prior(), features, target, group_of).left_out
    for group in np.unique(group_of):
        is_out = group_of == group
        without = fit_with_prior(_prior(), features[~is_out], target[~is_out])
        assert found[is_out] == pytest.approx(without.predict(features[is_out]), abs=1e-6)


def test_the_evidence_finds_how_much_is_noise(features: np.ndarray, target: np.ndarray) -> None:
    found = fit_with_prior(_prior((1e-3, 1e3)), features, target)
    assert found.coefficients == pytest.approx([1, 0, 0, -2, 0, 0], abs=0.3)


def test_an_offset_of_a_feature_changes_no_prediction(
    features: np.ndarray, target: np.ndarray
) -> None:
    moved = features + np.float32(100)
    found = fit_with_prior(_prior(), moved, target).predict(moved)
    assert found == pytest.approx(
        fit_with_prior(_prior(), features, target).predict(features), abs=1e-3
    )
