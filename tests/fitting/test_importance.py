"""What a predictor rests on: known models, by hand, and what cards keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec
import numpy as np
import pytest
from additive_table import LATENCY, SETS
from scipy.stats import kendalltau
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from hwnas.core.space import SearchSpace
from hwnas.errors import ArtifactError
from hwnas.features import feature_layout, feature_matrix, feature_names
from hwnas.fitting.columns import Fitted
from hwnas.fitting.importance import (
    MIN_CLASSES,
    N_LISTED,
    N_REPEATS,
    measure_importances,
    permutation_drops,
)
from hwnas.fitting.members import Candidate
from hwnas.predictors.card import CARDS
from hwnas.predictors.importances import LEVELS, Importances, importances_of
from hwnas.tables import Table, class_means

KNOWN_SETS = ("counts", "graph")

# --- by hand and in closed form -----------------------------------------------------------------


def test_the_one_feature_that_matters_has_all_the_importance() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 3))
    drops, stds = permutation_drops(
        lambda x: x[:, 1], features, features[:, 1], [[0], [1], [2]], n_repeats=50
    )
    assert drops[0] == stds[0] == drops[2] == stds[2] == 0
    # Right before, of no order afterwards: from 1 to 0, give or take the mean of 50 random taus,
    # each of variance 2(2n + 5) / 9n(n - 1).
    variance = 2 * (2 * 500 + 5) / (9 * 500 * 499)
    assert drops[1] == pytest.approx(1, abs=4 * np.sqrt(variance / 50))
    assert stds[1] == pytest.approx(np.sqrt(variance), rel=0.5)


def test_a_constant_feature_has_no_importance() -> None:
    rng = np.random.default_rng(0)
    features = np.column_stack([rng.normal(size=100), np.full(100, 3.0)])
    drops, stds = permutation_drops(
        lambda x: x.sum(axis=1), features, features[:, 0], [[0], [1]], n_repeats=5
    )
    assert drops[0] > 0.5
    assert drops[1] == stds[1] == 0


def test_columns_of_a_group_are_permuted_together() -> None:
    # The difference of two equal columns says nothing, and still does not if both move as one.
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(2, 400))
    features = np.column_stack([shared, shared, own])

    def predict(x: np.ndarray) -> np.ndarray:
        return np.asarray(5 * (x[:, 0] - x[:, 1]) + x[:, 2])

    together, _ = permutation_drops(predict, features, own, [[0, 1], [2]], n_repeats=20)
    alone, _ = permutation_drops(predict, features, own, [[0], [1]], n_repeats=20)
    assert together[0] == 0
    assert (alone > 0.5).all()


def test_importance_is_the_mean_fall_of_tau_over_the_permutations() -> None:
    # The same permutations by hand, as scikit-learn draws them: a second way to the number.
    rng = np.random.default_rng(3)
    features = rng.normal(size=(60, 2))
    truth = features @ [2.0, 1.0] + rng.normal(size=60)
    drops, stds = permutation_drops(
        lambda x: x.sum(axis=1), features, truth, [[0], [1]], n_repeats=4, seed=11
    )
    draws = np.random.RandomState(np.random.RandomState(11).randint(np.iinfo(np.int32).max + 1))
    order, shuffled, taus = np.arange(60), features[:, 0], []
    for _ in range(4):
        draws.shuffle(order)
        shuffled = shuffled[order]
        mixed = np.column_stack([shuffled, features[:, 1]])
        taus.append(kendalltau(truth, mixed.sum(axis=1)).statistic)
    falls = kendalltau(truth, features.sum(axis=1)).statistic - np.array(taus)
    assert drops[0] == pytest.approx(falls.mean())
    assert stds[0] == pytest.approx(falls.std())


def test_sets_of_a_linear_model_matter_as_their_share_of_its_variance() -> None:
    # tau of two normal variables with correlation rho is 2/pi asin(rho); with the part of variance
    # share**2 permuted, rho is 1 - share**2.
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3000, 4))
    weights = np.array([0.7, 0.1, 0.5, 0.5])
    weights /= np.linalg.norm(weights)
    groups = [[0, 1], [2, 3]]
    drops, _ = permutation_drops(
        lambda x: x @ weights, features, features @ weights, groups, n_repeats=10
    )
    shares = np.array([np.sum(weights[group] ** 2) for group in groups])
    np.testing.assert_allclose(drops, 1 - 2 / np.pi * np.arcsin(1 - shares), atol=0.03)


def test_equal_predictions_rank_nothing() -> None:
    features = np.arange(10.0)[:, None]
    drops, stds = permutation_drops(
        lambda x: np.full(len(x), np.inf), features, features[:, 0], [[0]], n_repeats=3
    )
    assert drops[0] == stds[0] == 0


def test_nothing_to_permute_is_no_importance() -> None:
    drops, stds = permutation_drops(lambda x: x[:, 0], np.eye(3), np.arange(3.0), [])
    assert drops.shape == stds.shape == (0,)


# --- a predictor with a known basis --------------------------------------------------------------


@pytest.fixture(scope="module")
def known(nasbench201: SearchSpace) -> Importances:
    """Importances of a model that is the number of 3x3 convolutions."""
    genotypes = nasbench201.sample_genotypes(200, np.random.default_rng(1))
    features = feature_matrix(nasbench201, genotypes, KNOWN_SETS)
    at = feature_names(nasbench201, KNOWN_SETS).index("n_nor_conv_3x3")
    truth = features[:, at].astype(float)
    return measure_importances(nasbench201, KNOWN_SETS, lambda x: x[:, at], features, truth)


def test_what_is_no_number_ranks_above_every_rate(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.sample_genotypes(60, np.random.default_rng(1))
    features = feature_matrix(nasbench201, genotypes, KNOWN_SETS)
    truth = features[:, 0].astype(float)

    def without_the_largest(x: np.ndarray, told: float) -> np.ndarray:
        return np.where(x[:, 0] >= np.median(truth), told, x[:, 0])

    found, expected = (
        measure_importances(
            nasbench201, KNOWN_SETS, partial(without_the_largest, told=told), features, truth
        )
        for told in (np.nan, np.inf)
    )
    assert found == expected
    assert found.listed()[0].drop > 0.3


def test_a_card_lists_every_set_and_what_matters_of_the_rest(
    known: Importances,
) -> None:
    found = known.listed()
    sets = {each.name: each.drop for each in found if each.level == "set"}
    assert set(sets) == set(KNOWN_SETS)
    assert {name for name, drop in sets.items() if drop > 0.01} == {"graph"}
    kinds = [each.name for each in found if each.level == "kind"]
    features = [each.name for each in found if each.level == "feature"]
    assert kinds[0] == "n_OPERATION"
    assert features[0] == "n_nor_conv_3x3"
    drops = [each.drop for each in found if each.name in ("graph", kinds[0], features[0])]
    # All three permute the one column that the model reads, the same way.
    assert drops[0] == drops[1] == drops[2] > 0.5


def test_fitting_measures_importances_of_a_fifth_of_enough_classes(
    fitted: Mapping[str, Fitted],
) -> None:
    sizes = {name: each.card.evaluation.n_classes.train for name, each in fitted.items()}
    assert min(sizes.values()) < MIN_CLASSES <= max(sizes.values())
    for name, each in fitted.items():
        measured = each.card.importances
        assert (measured is not None) == (sizes[name] >= MIN_CLASSES)
        if measured is None:
            continue
        assert measured.n_repeats == N_REPEATS
        # The first fold has one more where they do not go up evenly.
        assert measured.n_classes == -(-sizes[name] // 5)
        assert set(measured.set) == set(each.card.features.sets)
        for level in LEVELS:
            drops = [figures.drop for figures in getattr(measured, level).values()]
            assert drops == sorted(drops, reverse=True)
            assert level == "set" or len(drops) <= N_LISTED


def test_they_are_those_of_a_model_that_has_not_seen_the_fifth(
    fitted: Mapping[str, Fitted], nasbench201: SearchSpace, own_table: Table
) -> None:
    card = fitted[LATENCY].card
    means, layout = class_means(nasbench201, own_table, LATENCY), feature_layout(nasbench201, SETS)
    x = feature_matrix(nasbench201, means.genotypes, SETS)
    seen, unseen = next(KFold(5, shuffle=True, random_state=card.seed).split(x))
    # Ranks do not ask for the scale; the estimator of the other four fifths is that of all here.
    z = (np.log(means.values) - card.model.mean) / card.model.scale
    with threadpool_limits(1):
        model = Candidate(card.model.estimator, card.seed, layout).fit(x[seen], z[seen])
        again = measure_importances(
            nasbench201, SETS, model.predict, x[unseen], means.values[unseen], card.seed
        )
    assert again == card.importances


def test_operations_cost_time_and_the_model_knows_it(fitted: Mapping[str, Fitted]) -> None:
    # A sum over edges: which operation each has, and the work they do, is all there is to know.
    measured = fitted[LATENCY].card.importances
    assert measured is not None
    assert min(each.drop for each in measured.set.values()) > 0.1


def test_what_a_run_records_of_them_is_read_back(known: Importances) -> None:
    assert importances_of(msgspec.to_builtins(known)) == known.listed()
    assert importances_of({}) == ()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param({}, id="nothing in it"),
        pytest.param({"n_repeats": 2.5, "set": {}, "kind": {}, "feature": {}}, id="half a repeat"),
        pytest.param({"n_repeats": 2, "set": {}, "kind": {}}, id="a level missing"),
        pytest.param(
            {"n_repeats": 2, "set": {"graph": {"drop": 1.0}}, "kind": {}, "feature": {}},
            id="no spread",
        ),
        pytest.param(
            {"n_repeats": 2, "set": {}, "kind": {}, "feature": {"n": {"drop": 1.0, "std": 0.0}}},
            id="feature without its set",
        ),
        pytest.param(
            {
                "n_repeats": 2,
                "set": {"graph": {"drop": "1", "std": 0.0}},
                "kind": {},
                "feature": {},
            },
            id="text for a number",
        ),
    ],
)
def test_damaged_importances_are_refused(fitted: Mapping[str, Fitted], damage: object) -> None:
    fields = {**CARDS.encode(fitted[LATENCY].card), "importances": damage}
    with pytest.raises(ArtifactError, match="must be the card of a predictor"):
        CARDS.decode(fields, "card")
