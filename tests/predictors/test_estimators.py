"""Estimators: what cross-validation says of an average, and ONNX that agrees with scikit-learn."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from threadpoolctl import threadpool_limits

from hwnas.errors import ArtifactError
from hwnas.predictors.estimators import (
    CANDIDATES,
    MEMBERS,
    PARITY,
    cross_validate,
    fit_candidate,
    run_onnx,
    to_onnx,
)

N_FOLDS = 3


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray]:
    """Small whole features ``(90, 8)`` and a standardised target that is not linear in them."""
    rng = np.random.default_rng(0)
    features = rng.integers(0, 4, size=(90, 8)).astype(np.float32)
    target = features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(0, 0.5, size=90)
    return features, (target - target.mean()) / target.std()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


def test_candidates_are_all_averages_of_the_members() -> None:
    averages = ["+".join(c) for size in (1, 2, 3) for c in itertools.combinations(MEMBERS, size)]
    assert sorted(CANDIDATES) == sorted(averages)
    assert len(CANDIDATES) == 2 ** len(MEMBERS) - 1


def test_cross_validation_of_an_average_is_that_of_a_voting_regressor(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    features, target = problem
    scores = cross_validate(3, features, target, N_FOLDS)
    for name in ("ridge", "ridge+mlp", "ridge+gradient_boosting+mlp"):
        voting = VotingRegressor([(member, MEMBERS[member](3)) for member in name.split("+")])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            folds = KFold(N_FOLDS, shuffle=True, random_state=3)
            predicted = cross_val_predict(voting, features, target, cv=folds)
        assert scores[name] == pytest.approx(kendalltau(target, predicted).statistic, abs=1e-12)


def test_cross_validation_scores_every_candidate_the_same_again(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    first, again = (cross_validate(0, *problem, N_FOLDS) for _ in range(2))
    assert set(first) == set(CANDIDATES)
    assert first == again


def test_cross_validation_finds_nothing_in_noise() -> None:
    # Kendall's tau of 300 independent pairs has a deviation of sqrt(2 (2n + 5) / (9 n (n - 1))).
    rng = np.random.default_rng(5)
    scores = cross_validate(0, rng.random((300, 4)), rng.normal(size=300), N_FOLDS)
    deviation = np.sqrt(2 * 605 / (9 * 300 * 299))
    assert max(map(abs, scores.values())) < 4 * deviation


@pytest.mark.parametrize("name", CANDIDATES)
def test_onnx_agrees_with_the_estimator_on_rows_it_has_not_seen(
    name: str, problem: tuple[np.ndarray, np.ndarray]
) -> None:
    features, target = problem
    estimator = fit_candidate(name, 0, features[:60], target[:60])
    model = to_onnx(estimator, features[:60])
    assert np.abs(run_onnx(model, features) - estimator.predict(features)).max() < PARITY


def test_a_candidate_is_the_mean_of_its_members(problem: tuple[np.ndarray, np.ndarray]) -> None:
    features, target = problem
    members = [fit_candidate(name, 0, features, target).predict(features) for name in MEMBERS]
    average = fit_candidate("+".join(MEMBERS), 0, features, target).predict(features)
    np.testing.assert_allclose(average, np.mean(members, axis=0), atol=1e-12)


@pytest.mark.parametrize("name", ["gradient_boosting", "mlp"])
def test_another_seed_gives_another_model(
    name: str, problem: tuple[np.ndarray, np.ndarray]
) -> None:
    features, target = problem
    first, second = (
        fit_candidate(name, seed, features, target).predict(features) for seed in (0, 1)
    )
    assert not np.array_equal(first, second)


def test_onnx_that_disagrees_is_refused() -> None:
    # Float32 holds numbers of this size in steps of eight.
    features = np.zeros((4, 2))
    estimator = LinearRegression().fit(features, np.full(4, 123456789.4))
    with pytest.raises(ArtifactError, match=r"must agree with the estimator to 0\.001; they diff"):
        to_onnx(estimator, features)


def test_predictions_of_a_batch_are_those_of_its_rows(
    problem: tuple[np.ndarray, np.ndarray],
) -> None:
    features, target = problem
    model = to_onnx(fit_candidate(CANDIDATES[-1], 0, features, target), features)
    alone = np.concatenate([run_onnx(model, row[None]) for row in features[:10]])
    # Single precision, standardised target.
    np.testing.assert_allclose(run_onnx(model, features)[:10], alone, atol=2e-6)
