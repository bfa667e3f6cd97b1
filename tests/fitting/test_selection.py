"""Picking and fitting of small samples: known answers, and folds that see nothing of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from hwnas.errors import ShapeError
from hwnas.fitting.estimators import (
    LOOK_UP,
    SMALL_MEMBERS,
    averages,
    fit_candidate,
    run_onnx,
    small_members,
    to_onnx,
)
from hwnas.fitting.ranks import normal_scores, score_knots
from hwnas.fitting.selection import (
    CLEARLY,
    N_FOLDS,
    N_SMALL,
    CrossFitted,
    cross_fit,
    fit_best,
    folds,
    preferred,
)

LAYOUT = {"counts": range(6)}
Problem = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


def _linear(n_archs: int, noise: float = 0.3) -> Problem:
    """Six features and a target that is linear in two of them."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n_archs, 6)).astype(np.float32)
    return features, 2 * features[:, 0] - features[:, 1] + noise * rng.normal(size=n_archs)


@pytest.fixture(scope="module")
def crossed() -> CrossFitted:
    """What is fitted to 20 architectures, by rank."""
    return cross_fit(*_linear(20), LAYOUT)


# --- ground truth ---------------------------------------------------------------------------------


def test_few_linear_effects_are_found_better_than_by_a_random_forest() -> None:
    features, target = _linear(220, noise=0.1)
    best = fit_best(features[:20], target[:20], LAYOUT, by_rank=False)
    forest = RandomForestRegressor(random_state=0).fit(features[:20], target[:20])
    ours, theirs = (
        kendalltau(model.predict(features[20:]), target[20:]).statistic
        for model in (best.estimator, forest)
    )
    assert ours > theirs + 0.05


def test_candidates_are_measured_by_cross_validation() -> None:
    # A second way to the number: scikit-learn's folds, one candidate at a time.
    features, target = _linear(30)
    taus = fit_best(features, target, LAYOUT, by_rank=False).candidates
    assert tuple(taus) == averages(SMALL_MEMBERS)
    for name in ("ridge", "ridge+gaussian_process"):
        predicted = np.empty(30)
        for train, test in KFold(N_FOLDS, shuffle=True, random_state=0).split(features):
            fitted = fit_candidate(name, 0, LAYOUT, features[train], target[train])
            predicted[test] = fitted.predict(features[test])
        assert taus[name] == pytest.approx(kendalltau(target, predicted).statistic)


def test_the_preferred_candidate_is_kept_where_none_is_clearly_better(
    crossed: CrossFitted,
) -> None:
    taus = crossed.best.candidates
    assert 0 <= max(taus.values()) - taus[preferred(20, True)] <= CLEARLY / 20**0.5
    assert crossed.best.name == preferred(20, True)


def test_a_candidate_that_is_clearly_better_is_taken() -> None:
    # A sum over many genes: a line finds it all, trees and a kernel of 40 columns do not.
    rng = np.random.default_rng(1)
    features = rng.normal(size=(60, 40)).astype(np.float32)
    best = fit_best(features, features @ rng.normal(size=40), {"counts": range(40)})
    taus = best.candidates
    assert best.name != preferred(20, True)
    assert taus[best.name] == max(taus.values()) > taus[preferred(20, True)] + CLEARLY / 60**0.5
    assert "ridge" in best.name


def test_look_up_columns_bring_a_look_up_table() -> None:
    layout = {LOOK_UP: range(4), "counts": range(4, 6)}
    assert list(small_members(layout)) == ["look_up", *SMALL_MEMBERS]
    assert list(small_members(LAYOUT)) == list(SMALL_MEMBERS)
    best = fit_best(*_linear(20), layout)
    assert tuple(best.candidates) == averages(small_members(layout))


# --- nested cross-validation ----------------------------------------------------------------------


def test_folds_are_those_of_scikit_learn() -> None:
    fold_of = folds(23, 7)
    expected = KFold(N_FOLDS, shuffle=True, random_state=7).split(np.empty(23))
    for number, (_, test) in enumerate(expected):
        np.testing.assert_array_equal(np.flatnonzero(fold_of == number), np.sort(test))


def test_what_is_predicted_of_a_fold_does_not_depend_on_its_values(crossed: CrossFitted) -> None:
    features, target = _linear(20)
    is_out = crossed.fold_of == 2
    changed = np.where(is_out, 100.0 - target, target)
    again = cross_fit(features, changed, LAYOUT).predicted
    np.testing.assert_array_equal(again[is_out], crossed.predicted[is_out])
    assert not np.array_equal(again[~is_out], crossed.predicted[~is_out])


def test_a_fold_is_predicted_by_a_candidate_fitted_to_the_others(crossed: CrossFitted) -> None:
    features, target = _linear(20)
    is_out = crossed.fold_of == 2
    seen, scores = target[~is_out], normal_scores(target[~is_out])
    alone = {
        member: fit_candidate(member, 0, LAYOUT, features[~is_out], scores).predict(features)
        for member in SMALL_MEMBERS
    }
    expected = [
        np.interp(np.mean([alone[m] for m in name.split("+")], axis=0), *score_knots(seen))[is_out]
        for name in averages(SMALL_MEMBERS)
    ]
    matches = [np.allclose(each, crossed.predicted[is_out], atol=1e-12) for each in expected]
    assert sum(matches) == 1


def test_what_is_fitted_to_everything_is_what_is_fitted_without_testing(
    crossed: CrossFitted,
) -> None:
    features, target = _linear(20)
    best = fit_best(features, target, LAYOUT)
    assert (best.name, best.candidates) == (crossed.best.name, crossed.best.candidates)
    predicted = [each.estimator.predict(features) for each in (best, crossed.best)]
    np.testing.assert_array_equal(*predicted)


# --- properties -----------------------------------------------------------------------------------


def test_another_seed_gives_another_model(crossed: CrossFitted) -> None:
    features, target = _linear(20)
    other = fit_best(features, target, LAYOUT, seed=1)
    assert not np.array_equal(
        other.estimator.predict(features), crossed.best.estimator.predict(features)
    )


def test_onnx_of_what_is_picked_agrees_with_it(crossed: CrossFitted) -> None:
    features, _ = _linear(200)
    model = to_onnx(crossed.best.estimator, features[:20])
    # Of a target with a standard deviation of about two.
    difference = run_onnx(model, features) - crossed.best.estimator.predict(features)
    assert np.abs(difference).max() < 1e-3


def test_values_that_hardly_vary_are_fitted() -> None:
    # What is fitted without the fold of the one that differs is a constant.
    features, _ = _linear(20)
    target = np.zeros(20)
    target[3] = 1.0
    assert np.isfinite(fit_best(features, target, LAYOUT).estimator.predict(features)).all()


@pytest.mark.parametrize("fit", [fit_best, cross_fit])
@pytest.mark.parametrize(
    ("n_rows", "n_values"), [(9, 9), (N_SMALL, N_SMALL), (20, 19)], ids=["few", "many", "unequal"]
)
def test_samples_of_another_size_are_refused(fit: Any, n_rows: int, n_values: int) -> None:
    with pytest.raises(
        ShapeError,
        match=rf"n_archs from 10 to 1499; got \({n_rows}, 6\) and \({n_values},\)",
    ):
        fit(np.zeros((n_rows, 6)), np.zeros(n_values), LAYOUT)
