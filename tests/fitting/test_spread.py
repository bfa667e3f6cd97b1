"""How far off predictions may be: closed forms, noise that is known, and distance from the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.linear_model import BayesianRidge
from threadpoolctl import threadpool_limits

from hwnas.fitting.gaussian_process import GroupedGaussianProcess
from hwnas.fitting.members import LOOK_UP, MEMBERS, Candidate

PLAIN = {"counts": range(4)}
WITH_LOOK_UP = {LOOK_UP: range(2), "counts": range(2, 4)}
NOISE = 0.5
Problem = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


def _problem(n_archs: int, noise: float = NOISE, seed: int = 0) -> Problem:
    """Four features and a sum of two of them with noise."""
    rng = np.random.default_rng(seed)
    features = rng.uniform(-1, 1, size=(n_archs, 4)).astype(np.float32)
    return features, 2 * features[:, 0] + features[:, 1] + noise * rng.normal(size=n_archs)


def _with_spread(
    name: str, problem: Problem, rows: np.ndarray, by_rank: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    layout = WITH_LOOK_UP if "look_up" in name else PLAIN
    found = Candidate(name, 0, layout, by_rank).fit(*problem).predict(rows, return_std=True)
    assert isinstance(found, tuple)
    return found


# --- in closed form -------------------------------------------------------------------------------


def test_a_linear_models_spread_is_scikit_learns_bayesian_ridge_at_its_penalty() -> None:
    features, target = _problem(60)
    fitted = Candidate("look_up", 0, {LOOK_UP: range(4)}).fit(features, target)
    _, ours = fitted.predict(features, return_std=True)
    ridge = fitted.estimator_[-1]
    bayes = BayesianRidge().fit(features, target)
    # The same prior and noise: precision of the weights over that of the noise is the penalty.
    centred = features - features.mean(axis=0)
    inverse = np.linalg.inv(centred.T @ centred + ridge.alpha_ * np.eye(4))
    residual = target - ridge.predict(features)
    noise = residual @ residual / (60 - 1 - np.trace(inverse @ centred.T @ centred))
    expected = noise * (1 + 1 / 60 + np.einsum("ij,jk,ik->i", centred, inverse, centred))
    np.testing.assert_allclose(ours, np.sqrt(expected), rtol=1e-4)
    # A second algorithm, whose evidence chooses a penalty of its own, nearly the same.
    theirs = bayes.predict(features, return_std=True)[1]
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


def test_a_processs_spread_is_scikit_learns_at_its_parameters() -> None:
    features, target = _problem(40)
    ours = GroupedGaussianProcess([range(4)]).fit(features, target)
    terms = ours.terms_
    rows = ours._scaled(features)
    kernel = sum(
        (term.weight * Matern(term.length, nu=1.5) for term in terms[1:]),
        terms[0].weight * Matern(terms[0].length, nu=1.5),
    ) + WhiteKernel(ours.noise_)
    theirs = GaussianProcessRegressor(kernel, optimizer=None)
    theirs.fit(rows, (target - ours.target_mean_) / ours.target_scale_)
    new = _problem(20, seed=3)[0]
    mean, std = ours.predict(new, return_std=True)
    expected, deviation = theirs.predict(ours._scaled(new), return_std=True)
    np.testing.assert_allclose(mean, expected * ours.target_scale_ + ours.target_mean_, rtol=1e-5)
    np.testing.assert_allclose(std, deviation * ours.target_scale_, rtol=1e-5)


# --- of every member ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*MEMBERS, "ridge+gaussian_process"])
def test_spread_is_positive_and_leaves_predictions_as_they_are(name: str) -> None:
    problem, rows = _problem(60), _problem(30, seed=1)[0]
    layout = WITH_LOOK_UP if "look_up" in name else PLAIN
    fitted = Candidate(name, 0, layout).fit(*problem)
    predicted, std = fitted.predict(rows, return_std=True)
    np.testing.assert_array_equal(predicted, fitted.predict(rows))
    assert std.shape == (30,)
    assert (std > 0).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_spread_finds_the_scale_of_the_noise(name: str) -> None:
    problem, (rows, truth) = _problem(400), _problem(400, seed=1)
    predicted, std = _with_spread(name, problem, rows)
    error = np.sqrt(np.mean((predicted - truth) ** 2))
    assert np.sqrt(np.mean(std**2)) == pytest.approx(error, rel=0.2)
    assert 0.9 * NOISE < error < 1.5 * NOISE


@pytest.mark.parametrize("name", ["ridge", "look_up", "mlp", "gaussian_process"])
def test_spread_grows_away_from_the_data(name: str) -> None:
    problem = _problem(60)
    near, far = problem[0], 20 * problem[0]
    _, at_home = _with_spread(name, problem, near)
    _, abroad = _with_spread(name, problem, far)
    assert abroad.mean() > 1.2 * at_home.mean()


def test_spread_is_in_the_unit_of_the_target() -> None:
    features, target = _problem(60)
    for name in ("ridge", "extra_trees", "gaussian_process"):
        _, one = _with_spread(name, (features, target), features)
        _, ten = _with_spread(name, (features, 10 * target + 3), features)
        np.testing.assert_allclose(ten, 10 * one, rtol=1e-3)


def test_members_that_do_not_agree_make_an_average_less_sure() -> None:
    features, target = _problem(60)
    far = 20 * features
    spreads = {
        name: _with_spread(name, (features, target), far)
        for name in ("ridge", "gaussian_process", "ridge+gaussian_process")
    }
    (first, one), (second, other) = spreads["ridge"], spreads["gaussian_process"]
    mixture = (one**2 + other**2) / 2 + ((first - second) / 2) ** 2
    np.testing.assert_allclose(spreads["ridge+gaussian_process"][1], np.sqrt(mixture))


def test_spread_by_rank_is_turned_back_into_the_target() -> None:
    problem, (rows, truth) = _problem(400), _problem(400, seed=1)
    predicted, std = _with_spread("ridge+gaussian_process", problem, rows, by_rank=True)
    assert (std >= 0).all()
    error = np.sqrt(np.mean((predicted - truth) ** 2))
    assert np.sqrt(np.mean(std**2)) == pytest.approx(error, rel=0.25)
    # Where ranks end, the target does: nothing lies beyond the extremes.
    assert std.max() <= np.ptp(problem[1])
