"""The procedure for few and for many: known answers, rules, folds that see nothing of others."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, PredefinedSplit, cross_val_predict
from threadpoolctl import threadpool_limits

from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.core.space import SearchSpace
from hwnas.errors import ShapeError, TableError
from hwnas.features import feature_layout, feature_matrix
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.members import LOOK_UP, MEMBERS, Candidate, averages, of_few, of_many
from hwnas.fitting.procedure import (
    CLEARLY,
    N_FOLDS,
    N_NESTED,
    N_SMALL,
    NO_BETTER,
    Chosen,
    Procedure,
    Sample,
    Scale,
    agreement,
    preferred,
    procedure_for,
    scales_of,
    smallest_within,
    usual_unless_clearly_better,
)
from hwnas.fitting.ranks import normal_scores, score_knots
from hwnas.models.sessions import run_onnx
from hwnas.predictors.card import to_unit
from hwnas.spaces import load_space

LAYOUT = {"counts": range(6)}
LATENCY, ACCURACY = QUANTITIES["latency"], QUANTITIES["accuracy"]
BY_RANK, PLAIN = Scale("identity", by_rank=True), Scale("identity")
LOSS = Quantity("loss", "loss", "", "min", "Loss", lower=-np.inf)
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


def _few(
    features: np.ndarray,
    values: np.ndarray,
    scale: Scale = BY_RANK,
    layout: dict[str, range] = LAYOUT,
    seed: int = 0,
) -> Sample:
    """A small sample of a loss, which may be anything."""
    procedure = procedure_for(len(values), LOSS, layout, (scale,))
    return Sample(procedure, LOSS, features, values, layout, seed)


def _many(
    features: np.ndarray, values: np.ndarray, layout: dict[str, range] = LAYOUT, **changes: Any
) -> Sample:
    """A sample that is fitted as if it were large."""
    procedure = replace(procedure_for(N_SMALL, LOSS, layout, (PLAIN,)), **changes)
    return Sample(procedure, LOSS, features, values, layout)


@pytest.fixture(scope="module")
def by_rank() -> Sample:
    """20 architectures, fitted by rank."""
    return _few(*_linear(20))


@pytest.fixture(scope="module")
def chosen(by_rank: Sample) -> Chosen:
    return by_rank.fit()


@pytest.fixture(scope="module")
def out_of_fold(by_rank: Sample) -> np.ndarray:
    return by_rank.out_of_fold()


# --- ground truth ---------------------------------------------------------------------------------


def test_few_linear_effects_are_found_better_than_by_a_random_forest() -> None:
    features, target = _linear(220, noise=0.1)
    ours = _few(features[:20], target[:20], PLAIN).fit().candidate.predict(features[20:])
    forest = RandomForestRegressor(random_state=0).fit(features[:20], target[:20])
    taus = [
        kendalltau(each, target[20:]).statistic for each in (ours, forest.predict(features[20:]))
    ]
    assert taus[0] > taus[1] + 0.05


def test_candidates_are_measured_as_scikit_learn_cross_validates_them() -> None:
    features, target = _linear(30)
    _, taus = _many(features, target).pick()
    assert [name for _, name in taus] == list(averages(of_many(LAYOUT, False)))
    for name in ("ridge", "ridge+mlp", "ridge+gradient_boosting+mlp"):
        voting = VotingRegressor(
            [(each, MEMBERS[each].make(0, LAYOUT)) for each in name.split("+")]
        )
        z = (target - target.mean()) / target.std()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            folds = KFold(N_FOLDS, shuffle=True, random_state=0)
            expected = cross_val_predict(voting, features, z, cv=folds)
        assert taus[PLAIN, name] == pytest.approx(kendalltau(target, expected).statistic)


def test_cross_validation_finds_nothing_in_noise() -> None:
    # Kendall's tau of 300 independent pairs has a deviation of sqrt(2 (2n + 5) / (9 n (n - 1))).
    rng = np.random.default_rng(5)
    target = rng.normal(size=300)
    _, taus = _many(rng.random((300, 4)), target, {"counts": range(4)}).pick()
    deviation = np.sqrt(2 * 605 / (9 * 300 * 299))
    assert max(map(abs, taus.values())) < 4 * deviation


# --- which procedure ------------------------------------------------------------------------------


def test_few_and_many_differ_in_members_scales_and_nesting() -> None:
    layout = {LOOK_UP: range(4), "counts": range(4, 6)}
    scales = (Scale("log"), PLAIN)
    sizes = (N_NESTED - 1, N_NESTED, N_SMALL - 1, N_SMALL)
    found = [procedure_for(n, LATENCY, layout, scales) for n in sizes]
    few, many = of_few(layout), of_many(layout, False)
    assert [each.members for each in found] == [few, few, few, many]
    assert [each.scales for each in found] == [scales[:1]] * 3 + [scales]
    assert [each.is_nested for each in found] == [True, False, False, False]


def test_qualities_are_fitted_by_rank_and_of_many_with_members_of_their_own() -> None:
    for n_archs, members in ((N_SMALL - 1, of_few(LAYOUT)), (N_SMALL, of_many(LAYOUT, True))):
        found = procedure_for(n_archs, ACCURACY, LAYOUT, (BY_RANK,))
        assert (found.members, found.scales) == (members, (BY_RANK,))


# --- what they are picked by ----------------------------------------------------------------------


def _best_upside_down(n_archs: int, direction: int) -> Problem:
    """Values, and predictions that rank all as they are but the best fifth among themselves."""
    values = direction * np.arange(float(n_archs))
    predicted = values.copy()
    predicted[-n_archs // 5 :] = values[-n_archs // 5 :][::-1]
    return values, predicted


@pytest.mark.parametrize(
    ("quantity", "direction"),
    [(ACCURACY, 1), (replace(ACCURACY, name="perplexity", direction="min"), -1)],
)
def test_of_a_quality_the_best_fifth_counts_as_much_as_all(
    quantity: Quantity, direction: int
) -> None:
    n = N_SMALL
    values, predicted = _best_upside_down(n, direction)
    order = np.random.default_rng(0).permutation(n)
    # Of all pairs, those within the best fifth are the wrong way round.
    overall = 1 - 2 * (n // 5) * (n // 5 - 1) / (n * (n - 1))
    found = agreement(quantity, values[order], predicted[order])
    assert found == pytest.approx((overall - 1) / 2)


def test_of_a_cost_and_of_few_all_count_alike() -> None:
    for quantity, n in ((LATENCY, N_SMALL), (ACCURACY, N_SMALL - 5)):
        values, predicted = _best_upside_down(n, 1)
        overall = 1 - 2 * (n // 5) * (n // 5 - 1) / (n * (n - 1))
        assert agreement(quantity, values, predicted) == pytest.approx(overall)


def test_what_ranks_nothing_agrees_with_nothing() -> None:
    values = np.arange(float(N_SMALL))
    for quantity in (LATENCY, ACCURACY):
        assert agreement(quantity, values, np.ones(N_SMALL)) == 0.0
    # Only among the best is nothing ranked; a pair of equal predictions counts for neither side.
    flat = np.minimum(values, values[-N_SMALL // 5])
    overall = kendalltau(values, flat).statistic
    assert agreement(ACCURACY, values, flat) == pytest.approx(overall / 2)


@pytest.mark.parametrize(
    ("quantity", "layout", "lowest", "expected"),
    [
        (ACCURACY, LAYOUT, 1.0, (BY_RANK,)),
        (LATENCY, LAYOUT, 1.0, (Scale("log"),)),
        (LATENCY, LAYOUT, 0.0, (PLAIN,)),
        (LATENCY, {LOOK_UP: range(2)}, 1.0, (Scale("log"), PLAIN)),
        (QUANTITIES["throughput"], {LOOK_UP: range(2)}, 1.0, (Scale("log"), Scale("reciprocal"))),
        # Positive so far, but nothing keeps it there.
        (LOSS, {LOOK_UP: range(2)}, 1.0, (PLAIN,)),
        (LOSS, LAYOUT, -3.0, (PLAIN,)),
    ],
)
def test_what_is_predicted_of_a_value_follows_from_the_bounds_of_its_quantity(
    quantity: Quantity, layout: dict[str, range], lowest: float, expected: tuple[Scale, ...]
) -> None:
    assert scales_of(quantity, layout, np.array([lowest, 2.0, 5.0])) == expected


def test_a_loss_may_be_negative_and_is_not_clipped() -> None:
    features, target = _linear(40)
    sample = _few(features, target, *scales_of(LOSS, LAYOUT, target))
    fitted = sample.fit()
    predicted = fitted.candidate.predict(features) * fitted.deviation + fitted.mean
    told = to_unit(np.asarray(predicted), "identity", LOSS)
    assert told.min() < -1
    np.testing.assert_array_equal(told, predicted)


# --- rules ----------------------------------------------------------------------------------------


def test_the_usual_candidate_is_kept_where_none_is_clearly_better(chosen: Chosen) -> None:
    taus = chosen.taus
    assert 0 <= max(taus.values()) - taus[preferred(20, True)] <= CLEARLY / 20**0.5
    assert chosen.candidate.name == preferred(20, True)


def test_the_usual_candidate_gives_way_just_beyond_the_luck_of_folds() -> None:
    usual = (PLAIN, preferred(100, False))
    other = (PLAIN, "ridge")
    for gain, expected in ((0.049, usual), (0.051, other)):
        taus = {other: 0.5 + gain, usual: 0.5}
        assert usual_unless_clearly_better(PLAIN, taus, 100) == expected


def test_the_smallest_within_the_tolerance_is_taken() -> None:
    taus = {(PLAIN, "a"): 0.801, (PLAIN, "b"): 0.7, (PLAIN, "a+b"): 0.805}
    assert smallest_within(0.0041, taus, 9) == (PLAIN, "a")
    assert smallest_within(0.0039, taus, 9) == (PLAIN, "a+b")


def test_a_candidate_that_is_clearly_better_is_taken() -> None:
    # A sum over many genes: a line finds it all, trees and a kernel of 40 columns do not.
    rng = np.random.default_rng(1)
    features = rng.normal(size=(60, 40)).astype(np.float32)
    found = _few(features, features @ rng.normal(size=40), layout={"counts": range(40)}).fit()
    taus, name = found.taus, found.candidate.name
    assert name != preferred(20, True)
    assert taus[name] == max(taus.values()) > taus[preferred(20, True)] + CLEARLY / 60**0.5
    assert "ridge" in name


# --- many, with a look-up table -------------------------------------------------------------------

SETS = (LOOK_UP, "ordinal")


@pytest.fixture(scope="module")
def macro() -> SearchSpace:
    return load_space("nasbench_macro")


def _times_ms(macro: SearchSpace, surprise_ms: float, seed: int = 2) -> Problem:
    """160 classes and the sum of a time for each layer, shape ``(160,)``, and some surprise."""
    rng = np.random.default_rng(seed)
    everything = macro.all_genotypes()
    assert everything is not None
    classes = np.unique(macro.canonical_genotypes(everything), axis=0)
    genotypes = rng.permutation(classes)[:160]
    layers = np.arange(genotypes.shape[1])
    times = 1.0 + rng.uniform(0.1, 2.0, size=(len(layers), 3))[layers, genotypes].sum(axis=1)
    surprise = genotypes[:, 0] * genotypes[:, 1] + rng.normal(size=160)
    return genotypes, times + surprise_ms * surprise


def _chosen(
    macro: SearchSpace,
    quantity: Quantity,
    genotypes: np.ndarray,
    values: np.ndarray,
    tolerance: float = NO_BETTER,
) -> tuple[Chosen, np.ndarray]:
    """What is chosen of 160 classes as if they were many, and its predictions, in the unit."""
    x, layout = feature_matrix(macro, genotypes, SETS), feature_layout(macro, SETS)
    scales = scales_of(quantity, layout, values)
    procedure = procedure_for(N_SMALL, quantity, layout, scales, tolerance)
    found = Sample(procedure, quantity, x, values, layout).fit()
    target = np.asarray(found.candidate.predict(x)) * found.deviation + found.mean
    return found, to_unit(target, found.scale.transform, quantity)


@pytest.mark.parametrize(
    ("quantity", "transform"), [("latency", "identity"), ("throughput", "reciprocal")]
)
def test_times_are_summed_as_they_are_and_rates_as_their_reciprocals(
    macro: SearchSpace, quantity: str, transform: str
) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.0)
    values = 1000 / times if quantity == "throughput" else times
    found, predicted = _chosen(macro, QUANTITIES[quantity], genotypes, values)
    names = averages(of_many(feature_layout(macro, SETS), False))
    assert tuple(found.taus) == names
    # Exactly a sum: the table alone says it all, and nothing larger is taken.
    assert (found.scale.transform, found.candidate.name) == (transform, "look_up")
    np.testing.assert_allclose(predicted, values, rtol=1e-3)


def test_a_tolerance_takes_the_smallest_model_that_is_nearly_as_good(macro: SearchSpace) -> None:
    genotypes, times = _times_ms(macro, surprise_ms=0.5)
    found, _ = _chosen(macro, LATENCY, genotypes, times, tolerance=2.0)
    # They are listed small ones first.
    assert found.candidate.name == of_many(feature_layout(macro, SETS), False)[0]
    assert found.taus[found.candidate.name] < max(found.taus.values())


# --- out of fold ----------------------------------------------------------------------------------


def test_folds_are_those_of_scikit_learn() -> None:
    sample = _few(*_linear(23), seed=7)
    expected = KFold(N_FOLDS, shuffle=True, random_state=7).split(np.empty(23))
    for number, (_, test) in enumerate(expected):
        np.testing.assert_array_equal(np.flatnonzero(sample.fold_of == number), np.sort(test))


def _with_another_order(sample: Sample, fold: int) -> np.ndarray:
    """The values, but those of a fold change places: mean and deviation of all are the same."""
    is_out = sample.fold_of == fold
    changed = sample.values.copy()
    changed[is_out] = changed[is_out][::-1]
    assert not np.array_equal(changed, sample.values)
    return changed


def test_what_is_predicted_of_a_fold_does_not_depend_on_its_values(
    by_rank: Sample, out_of_fold: np.ndarray
) -> None:
    is_out = by_rank.fold_of == 2
    again = _few(by_rank.features, _with_another_order(by_rank, 2)).out_of_fold()
    np.testing.assert_allclose(again[is_out], out_of_fold[is_out], atol=1e-12)
    assert not np.allclose(again[~is_out], out_of_fold[~is_out])


def test_of_many_it_does_not_either_but_through_models_that_compete_for_it() -> None:
    # One member that is alone is chosen anyway.
    features, target = _linear(40)
    alone = {"members": ("gradient_boosting",)}
    before = _many(features, target, **alone)
    out_of_fold = before.out_of_fold()
    for fold in (0, 3):
        is_out = before.fold_of == fold
        after = _many(features, _with_another_order(before, fold), **alone)
        again = after.out_of_fold()
        np.testing.assert_allclose(again[is_out], out_of_fold[is_out], atol=1e-12)
        assert not np.allclose(again[~is_out], out_of_fold[~is_out])
        found = after.without(fold)(features[is_out])
        np.testing.assert_allclose(found, out_of_fold[is_out], atol=1e-12)


@pytest.mark.parametrize("is_nested", [True, False])
def test_what_predicts_a_fold_is_chosen_by_how_the_other_folds_are_ranked(is_nested: bool) -> None:
    features, target = _linear(60, noise=1.0)
    sample = _many(features, target, members=("ridge",), is_nested=is_nested)
    ridge, z = MEMBERS["ridge"].make(0, LAYOUT), (target - target.mean()) / target.std()
    for fold in range(N_FOLDS):
        is_in = sample.fold_of != fold
        # Nested, by models that saw none of the fold; else by those that saw all but one other.
        rows = is_in if is_nested else np.ones(60, dtype=bool)
        folds = PredefinedSplit(sample.fold_of[rows])
        predicted = np.empty(60)
        predicted[rows] = cross_val_predict(ridge, features[rows], z[rows], cv=folds)
        _, taus = sample.pick(fold)
        expected = kendalltau(target[is_in], predicted[is_in]).statistic
        assert taus[PLAIN, "ridge"] == pytest.approx(expected)


def test_out_of_fold_predictions_are_those_of_scikit_learn() -> None:
    # One member, so that nothing is left to choose: a ridge on the standardised logarithm.
    rng = np.random.default_rng(4)
    features = rng.normal(size=(40, 6)).astype(np.float32)
    times = np.exp(features @ rng.normal(size=6) / 4 + 0.1 * rng.normal(size=40))
    procedure = Procedure(("ridge",), (Scale("log"),), lambda taus, _: next(iter(taus)))
    for is_nested in (False, True):
        sample = Sample(replace(procedure, is_nested=is_nested), LATENCY, features, times, LAYOUT)
        y = np.log(times)
        folds = KFold(N_FOLDS, shuffle=True, random_state=0)
        z = cross_val_predict(
            MEMBERS["ridge"].make(0, LAYOUT), features, (y - y.mean()) / y.std(), cv=folds
        )
        expected = np.exp(z * y.std() + y.mean())
        np.testing.assert_allclose(sample.out_of_fold(), expected, rtol=1e-9)


def test_a_model_without_a_fold_predicts_it_as_it_is_predicted_out_of_fold(
    by_rank: Sample, out_of_fold: np.ndarray
) -> None:
    is_out = by_rank.fold_of == 2
    found = by_rank.without(2)(by_rank.features[is_out])
    np.testing.assert_allclose(found, out_of_fold[is_out], atol=1e-6)


@pytest.mark.parametrize(
    ("quantity", "scale", "values"),
    [
        pytest.param(LATENCY, Scale("log"), np.exp, id="latency"),
        pytest.param(ACCURACY, BY_RANK, lambda target: 50 + 8 * target, id="accuracy"),
    ],
)
def test_predictions_out_of_fold_are_in_the_unit(
    quantity: Quantity, scale: Scale, values: Callable[[np.ndarray], np.ndarray]
) -> None:
    features, target = _linear(40, noise=0.05)
    truth = values(target)
    procedure = Procedure(("ridge",), (scale,), lambda taus, _: next(iter(taus)))
    found = Sample(procedure, quantity, features, truth, LAYOUT).out_of_fold()
    assert kendalltau(found, truth).statistic > 0.7
    assert np.median(found / truth) == pytest.approx(1, abs=0.1)


def test_a_fold_is_predicted_by_a_candidate_fitted_to_the_others(
    by_rank: Sample, out_of_fold: np.ndarray
) -> None:
    features, target = _linear(20)
    is_out = by_rank.fold_of == 2
    # Normal scores of the others alone, and back by their own order.
    seen = target[~is_out]
    scores = normal_scores(seen)
    alone = {
        member: Candidate(member, 0, LAYOUT).fit(features[~is_out], scores).predict(features)
        for member in of_few(LAYOUT)
    }
    expected = [
        np.interp(np.mean([alone[m] for m in name.split("+")], axis=0), *score_knots(seen))[is_out]
        for name in averages(of_few(LAYOUT))
    ]
    matches = [np.allclose(each, out_of_fold[is_out], atol=1e-6) for each in expected]
    assert sum(matches) == 1


# --- properties -----------------------------------------------------------------------------------


def test_the_same_is_fitted_again_and_another_seed_gives_another_model(chosen: Chosen) -> None:
    features, target = _linear(20)
    same, other = (_few(features, target, seed=seed).fit() for seed in (0, 1))
    assert same.taus == chosen.taus
    np.testing.assert_array_equal(
        same.candidate.predict(features), chosen.candidate.predict(features)
    )
    assert not np.array_equal(other.candidate.predict(features), chosen.candidate.predict(features))


def test_onnx_of_what_is_picked_agrees_with_it(chosen: Chosen) -> None:
    features, _ = _linear(200)
    model = to_onnx(chosen.candidate.estimator_, features[:20])
    difference = run_onnx(model, features) - chosen.candidate.predict(features)
    assert np.abs(difference).max() < 1e-3


def test_values_that_hardly_vary_are_fitted() -> None:
    # What is fitted without the fold of the one that differs is a constant.
    features, _ = _linear(20)
    target = np.zeros(20)
    target[3] = 1.0
    assert np.isfinite(_few(features, target).fit().candidate.predict(features)).all()


def test_values_that_do_not_vary_are_refused() -> None:
    with pytest.raises(TableError, match=r"^Loss varies among too few functional classes"):
        _few(np.zeros((20, 6)), np.ones(20))


@pytest.mark.parametrize(("n_rows", "n_values"), [(9, 9), (20, 19)], ids=["few", "unequal"])
def test_samples_of_another_size_are_refused(n_rows: int, n_values: int) -> None:
    procedure = Procedure(("ridge",), (PLAIN,), 3, lambda taus, _: next(iter(taus)))
    with pytest.raises(
        ShapeError, match=rf"n_archs at least 10; got \({n_rows}, 6\) and \({n_values},\)"
    ):
        Sample(procedure, LOSS, np.zeros((n_rows, 6)), np.arange(float(n_values)), LAYOUT)
