"""Estimators: what cross-validation says of an average, and ONNX that agrees with scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, norm
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from hwnas.errors import ArtifactError
from hwnas.features import feature_layout, feature_matrix
from hwnas.fitting._composed import N_FOLDS as N_RESIDUAL_FOLDS
from hwnas.fitting._composed import (
    RankTargetRegressor,
    ResidualRegressor,
)
from hwnas.fitting.conversion import PARITY, to_onnx
from hwnas.fitting.members import LOOK_UP, MEMBERS, Candidate, averages, of_few, of_many
from hwnas.fitting.ranks import N_KNOTS, normal_scores, score_knots
from hwnas.models.sessions import run_onnx
from hwnas.spaces import load_space

WHOLE = {"counts": range(8)}
"""Features without look-up columns."""
SIZES = (4, 3, 5)
"""Choices of three independent groups, whose look-up columns come before two others."""
SPLIT = {LOOK_UP: range(12), "counts": range(12, 14)}
EVERY_CANDIDATE = [
    *[pytest.param(WHOLE, name, id=name) for name in of_many(WHOLE, False)],
    *[pytest.param(SPLIT, name, id=f"look-up: {name}") for name in of_many(SPLIT, False)],
    *[pytest.param(WHOLE, name, id=f"small: {name}") for name in of_few(WHOLE)],
    pytest.param(WHOLE, "+".join(of_many(WHOLE, False)), id="all"),
    pytest.param(SPLIT, "+".join(of_many(SPLIT, False)), id="look-up: all"),
    pytest.param(WHOLE, "+".join(of_many(WHOLE, True)), id="quality: all"),
    pytest.param(SPLIT, "+".join(of_many(SPLIT, True)), id="quality: look-up: all"),
    pytest.param(SPLIT, "+".join(of_few(SPLIT)), id="small: all"),
]
Problem = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Small whole features ``(90, 8)`` and a standardised target that is not linear in them."""
    rng = np.random.default_rng(0)
    features = rng.integers(0, 4, size=(90, 8)).astype(np.float32)
    target = features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(0, 0.5, size=90)
    return features, (target - target.mean()) / target.std()


@pytest.fixture(scope="module")
def split_problem() -> Problem:
    """Look-up columns and two numbers ``(90, 14)``; a sum over groups, and a product of numbers."""
    rng = np.random.default_rng(1)
    hot = [np.eye(size)[rng.integers(0, size, 90)] for size in SIZES]
    numbers = rng.integers(0, 3, size=(90, 2))
    target = sum(group @ rng.normal(size=group.shape[1]) for group in hot) + numbers.prod(axis=1)
    features = np.concatenate([*hot, numbers], axis=1).astype(np.float32)
    return features, (target - target.mean()) / target.std()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


def _fitted(name: str, layout: dict[str, range], problem: Problem, seed: int = 0) -> Any:
    """What scikit-learn and ONNX know of a candidate."""
    return Candidate(name, seed, layout).fit(*problem).estimator_


def test_averages_are_all_subsets_small_ones_first() -> None:
    assert averages(["a", "b", "c"]) == ("a", "b", "c", "a+b", "a+c", "b+c", "a+b+c")


def test_look_up_columns_bring_their_own_members() -> None:
    assert of_many(WHOLE, False) == ("ridge", "gradient_boosting", "mlp")
    assert of_many(SPLIT, False) == ("look_up", "look_up_residual", "gradient_boosting")
    assert of_few(SPLIT) == ("look_up", *of_few(WHOLE))


def test_qualities_of_many_have_deep_trees_in_place_of_shallow_ones() -> None:
    assert of_many(WHOLE, True) == ("ridge", "deep_gradient_boosting", "mlp")
    assert of_many(SPLIT, True) == (
        "look_up", "look_up_residual", "deep_gradient_boosting", "mlp",
    )  # fmt: skip


def test_every_member_competes_somewhere() -> None:
    many = [of_many(layout, each) for layout in (WHOLE, SPLIT) for each in (True, False)]
    assert {name for names in (*many, of_few(SPLIT), of_few(WHOLE)) for name in names} == set(
        MEMBERS
    )


@pytest.mark.parametrize(("layout", "name"), EVERY_CANDIDATE)
def test_onnx_agrees_with_the_estimator_on_rows_it_has_not_seen(
    layout: dict[str, range], name: str, problem: Problem, split_problem: Problem
) -> None:
    features, target = split_problem if LOOK_UP in layout else problem
    estimator = _fitted(name, layout, (features[:60], target[:60]))
    model = to_onnx(estimator, features[:60])
    assert np.abs(run_onnx(model, features) - estimator.predict(features)).max() < PARITY


@pytest.mark.parametrize("layout", [WHOLE, SPLIT])
def test_a_candidate_is_the_mean_of_its_members(
    layout: dict[str, range], problem: Problem, split_problem: Problem
) -> None:
    features, target = split_problem if LOOK_UP in layout else problem
    names = (*of_many(layout, False), "deep_gradient_boosting")
    alone = [_fitted(name, layout, (features, target)).predict(features) for name in names]
    average = _fitted("+".join(names), layout, (features, target)).predict(features)
    np.testing.assert_allclose(average, np.mean(alone, axis=0), atol=1e-12)


@pytest.mark.parametrize("name", ["gradient_boosting", "deep_gradient_boosting", "mlp"])
def test_another_seed_gives_another_model(name: str, problem: Problem) -> None:
    features, _ = problem
    first, second = (_fitted(name, WHOLE, problem, seed).predict(features) for seed in (0, 1))
    assert not np.array_equal(first, second)


# --- look-up tables and what they leave over -----------------------------------------------------


def test_a_look_up_table_sees_its_own_columns_alone(split_problem: Problem) -> None:
    features, _ = split_problem
    fitted = _fitted("look_up", SPLIT, split_problem)
    changed = features.copy()
    changed[:, SPLIT["counts"]] += 5
    np.testing.assert_array_equal(fitted.predict(changed), fitted.predict(features))


@pytest.mark.parametrize("name", ["gradient_boosting", "mlp"])
def test_other_members_do_not_see_look_up_columns(name: str, split_problem: Problem) -> None:
    features, _ = split_problem
    fitted = _fitted(name, SPLIT, split_problem)
    changed = features.copy()
    changed[:, SPLIT[LOOK_UP]] = 1 - changed[:, SPLIT[LOOK_UP]]
    np.testing.assert_array_equal(fitted.predict(changed), fitted.predict(features))


@pytest.mark.parametrize("name", ["look_up", "look_up_residual"])
def test_a_sum_over_independent_genes_is_looked_up(name: str) -> None:
    space = load_space("mnasnet")
    rng = np.random.default_rng(0)
    genotypes = space.sample_genotypes(1500, rng)
    sets = (LOOK_UP, "ordinal")
    layout = feature_layout(space, sets)
    features = feature_matrix(space, genotypes, sets)
    costs = rng.normal(size=len(layout[LOOK_UP]))
    target = features[:, layout[LOOK_UP]] @ costs
    target = (target - target.mean()) / target.std()
    fitted = _fitted(name, layout, (features[:1200], target[:1200]))
    assert np.abs(fitted.predict(features[1200:]) - target[1200:]).max() < 1e-3


def test_a_residual_regressor_adds_what_out_of_fold_predictions_leave_over(
    split_problem: Problem,
) -> None:
    features, target = split_problem
    base, residual = Ridge(3.0), DecisionTreeRegressor(max_depth=3, random_state=0)
    fitted = ResidualRegressor(base, residual).fit(features, target)
    left_over = np.empty(len(target))
    folds = KFold(N_RESIDUAL_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(features):
        out_of_fold = Ridge(3.0).fit(features[train], target[train])
        left_over[test] = target[test] - out_of_fold.predict(features[test])
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(features, left_over)
    expected = Ridge(3.0).fit(features, target).predict(features) + tree.predict(features)
    np.testing.assert_allclose(fitted.predict(features), expected, atol=1e-6)
    in_fold = target - Ridge(3.0).fit(features, target).predict(features)
    assert np.abs(left_over).mean() > np.abs(in_fold).mean()


def test_a_residual_regressor_does_not_fit_what_it_was_given(split_problem: Problem) -> None:
    base, residual = Ridge(3.0), DecisionTreeRegressor(max_depth=3, random_state=0)
    ResidualRegressor(base, residual).fit(*split_problem)
    assert not hasattr(base, "coef_")
    assert not hasattr(residual, "tree_")


@pytest.mark.parametrize("in_an_average", [False, True])
def test_onnx_of_a_residual_regressor_agrees_with_it(
    in_an_average: bool, split_problem: Problem
) -> None:
    features, target = split_problem
    estimator: Any = ResidualRegressor(Ridge(3.0), DecisionTreeRegressor(random_state=0))
    if in_an_average:
        estimator = VotingRegressor([("sum", estimator), ("line", Ridge(50.0))])
    estimator.fit(features[:60], target[:60])
    model = to_onnx(estimator, features[:60])
    np.testing.assert_allclose(run_onnx(model, features), estimator.predict(features), atol=1e-5)


# --- targets by rank -----------------------------------------------------------------------------


def test_normal_scores_are_quantiles_of_the_middle_of_each_rank() -> None:
    # Of n values the k-th stands for k - 1/2 of n.
    quartiles = norm.ppf([0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(
        normal_scores(np.array([5.0, -1.0, 70.0, 3.0])), quartiles[[2, 0, 3, 1]]
    )


def test_normal_scores_of_ties_are_that_of_their_mean_rank() -> None:
    scores = normal_scores(np.array([2.0, 1.0, 2.0, 3.0]))
    np.testing.assert_allclose(scores, norm.ppf([0.5, 0.125, 0.5, 0.875]), atol=1e-15)


def test_scores_are_turned_back_into_the_values_that_they_stand_for() -> None:
    values = np.array([9.0, 1.0, 4.0, 4.0, 100.0])
    np.testing.assert_allclose(np.interp(normal_scores(values), *score_knots(values)), values)


def test_knots_are_few_increase_and_end_at_the_extremes() -> None:
    values = np.random.default_rng(0).lognormal(0, 2, size=500)
    knots, heights = score_knots(values)
    assert len(knots) == len(heights) == N_KNOTS
    assert (np.diff(knots) > 0).all()
    assert (np.diff(heights) > 0).all()
    assert (heights[0], heights[-1]) == (values.min(), values.max())


def test_the_order_by_rank_does_not_depend_on_a_monotone_change_of_the_target(
    problem: Problem,
) -> None:
    features, target = problem
    fitted = [
        RankTargetRegressor(Ridge(1.0)).fit(features, values)
        for values in (target, np.exp(3 * target))
    ]
    scores = [each.base_.predict(features) for each in fitted]
    np.testing.assert_array_equal(*scores)
    predicted = [each.predict(features) for each in fitted]
    assert kendalltau(*predicted).statistic == pytest.approx(1.0)


def test_predictions_by_rank_end_at_the_extremes(problem: Problem) -> None:
    features, target = problem
    fitted = RankTargetRegressor(LinearRegression()).fit(features, target)
    far = fitted.predict(1000 * (features - features.mean(axis=0)))
    assert (far.min(), far.max()) == (target.min(), target.max())


def test_equal_targets_are_fitted_by_rank(problem: Problem) -> None:
    features, _ = problem
    constant = RankTargetRegressor(Ridge(1.0)).fit(features, np.full(90, 7.0))
    np.testing.assert_array_equal(constant.predict(features), np.full(90, 7.0))
    model = to_onnx(constant, features)
    np.testing.assert_array_equal(run_onnx(model, features), np.full(90, 7.0))


@pytest.mark.parametrize("n_values", [2, 4, 90])
def test_onnx_of_a_regressor_by_rank_agrees_with_it(n_values: int, problem: Problem) -> None:
    features, target = problem
    target = np.digitize(target, np.quantile(target, np.arange(1, n_values) / n_values)) * 0.7
    estimator = RankTargetRegressor(VotingRegressor([("a", Ridge(1.0)), ("b", Ridge(9.0))]))
    estimator.fit(features[:60], target[:60])
    model = to_onnx(estimator, features[:60])
    # Slopes between knots are steep: the single precision of scores counts that much more.
    difference = run_onnx(model, features) - estimator.predict(features)
    assert np.abs(difference).max() < PARITY / 2


def test_onnx_that_disagrees_is_refused() -> None:
    # Float32 holds numbers of this size in steps of eight.
    features = np.zeros((4, 2))
    estimator = LinearRegression().fit(features, np.full(4, 123456789.4))
    with pytest.raises(ArtifactError, match=r"must agree with the estimator to 0\.001; they diff"):
        to_onnx(estimator, features)


@pytest.mark.parametrize("layout", [WHOLE, SPLIT])
def test_predictions_of_a_batch_are_those_of_its_rows(
    layout: dict[str, range], problem: Problem, split_problem: Problem
) -> None:
    features, target = split_problem if LOOK_UP in layout else problem
    estimator = _fitted(averages(of_many(layout, False))[-1], layout, (features, target))
    model = to_onnx(estimator, features)
    alone = np.concatenate([run_onnx(model, row[None]) for row in features[:10]])
    # Single precision, standardised target.
    np.testing.assert_allclose(run_onnx(model, features)[:10], alone, atol=2e-6)


def test_model_lists_its_operator_sets_in_one_order(problem: Problem) -> None:
    import onnx

    features, _ = problem
    for name in ("gradient_boosting", "mlp"):
        data = to_onnx(_fitted(name, WHOLE, problem), features)
        domains = [each.domain for each in onnx.load_from_string(data).opset_import]
        assert domains == sorted(domains)
