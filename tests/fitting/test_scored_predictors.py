"""Predictors that read shipped proxy scores: what they read, who answers where there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import linear_predictor, shipped_predictor, write_proxies
from scipy.stats import norm

from hwnas._resources import cache_dir
from hwnas.core.objective import Estimate
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_target
from hwnas.errors import ArtifactError, ConfigError
from hwnas.features import feature_layout, feature_matrix, feature_names
from hwnas.features.counting import count_genotypes
from hwnas.fitting.columns import Fitted, fit_column, fit_scored, write_predictor
from hwnas.predictors import (
    find_predictor,
    load_predictor,
    predict_together,
    predictor_cards,
)
from hwnas.predictors.store import Stored, stored_in
from hwnas.proxies import shipped
from hwnas.proxies.feature_set import SCORES, has_scores, scores_sha256
from hwnas.spaces import load_space
from hwnas.tables import Column, Table

Ship = Callable[..., Path]
PLAIN = ("one_hot",)
PLAIN_WEIGHTS = np.linspace(-3.0, 3.0, 30)
SCORED_WEIGHTS = np.array([4.0, -1.0])
DISCONNECTED = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Ships scores with a package of its own, at first none; what was shipped before is gone."""
    folders = iter(tmp_path / f"package-{number}" for number in range(9))
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path)

    def write(space: SearchSpace, genotypes: np.ndarray, scores: Mapping[str, np.ndarray]) -> Path:
        folder = next(folders)
        monkeypatch.setattr(shipped, "artifacts_dir", lambda: folder)
        return write_proxies(folder, space, genotypes, scores)

    return write


@pytest.fixture(scope="module")
def classes(nasbench201: SearchSpace) -> np.ndarray:
    """120 canonical genotypes; the first half of them is scored."""
    rng = np.random.default_rng(3)
    drawn = nasbench201.canonical_genotypes(nasbench201.sample_genotypes(300, rng))
    return rng.permutation(np.unique(drawn, axis=0))[:120]


@pytest.fixture(scope="module")
def scores() -> dict[str, np.ndarray]:
    """Scores of 60 classes by two proxies of very different scales, without equal ones."""
    rng = np.random.default_rng(4)
    return {"synflow": np.exp(20 * rng.normal(size=60)), "nwot": rng.normal(500, 3, size=60)}


@pytest.fixture
def half(
    ship: Ship, nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> Path:
    """The scores of the first half of the classes are shipped."""
    return ship(nasbench201, classes[:60], scores)


def _plain(space: SearchSpace, **changes: object) -> Fitted:
    return linear_predictor(space, PLAIN, PLAIN_WEIGHTS, **changes)


def _scored(space: SearchSpace, **changes: object) -> Fitted:
    return linear_predictor(space, (SCORES,), SCORED_WEIGHTS, **changes)


def _own(*fitted: Fitted) -> list[Stored]:
    """Writes predictors into the user's cache, where they come first."""
    root = cache_dir() / "artifacts"
    for each in fitted:
        write_predictor(root, each)
    by_name = {each.card.name: each for each in stored_in(root, fitted[0].card.space)}
    return [by_name[each.card.name] for each in fitted]


def _same(one: Estimate, other: Estimate) -> None:
    for end in ("value", "lower", "upper"):
        np.testing.assert_array_equal(getattr(one, end), getattr(other, end))


def _at(estimate: Estimate, rows: np.ndarray | slice) -> Estimate:
    return Estimate(estimate.value[rows], estimate.lower[rows], estimate.upper[rows])


def _heights(values: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of different values, by sorting."""
    return norm.ppf((np.argsort(np.argsort(values)) + 0.5) / len(values))


# --- scores as features --------------------------------------------------------------------------


@pytest.mark.usefixtures("half")
def test_features_are_normal_scores_of_ranks_and_zero_where_nothing_is_known(
    nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> None:
    assert feature_names(nasbench201, [SCORES]) == ["synflow", "nwot"]
    matrix = feature_matrix(nasbench201, classes, [SCORES])
    expected = np.stack([_heights(each) for each in scores.values()], axis=1)
    np.testing.assert_allclose(matrix[:60], expected, rtol=1e-6)
    assert not matrix[60:].any()


def test_only_the_order_of_scores_counts(
    ship: Ship, nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> None:
    ship(nasbench201, classes[:60], scores)
    before = feature_matrix(nasbench201, classes, [SCORES])
    ship(nasbench201, classes[:60], {**scores, "synflow": np.log(scores["synflow"])})
    np.testing.assert_array_equal(feature_matrix(nasbench201, classes, [SCORES]), before)


def test_a_proxy_without_a_value_counts_as_the_median(
    ship: Ship, nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    scores = {"zen": np.array([3.0, np.nan, 1.0]), "epe_nas": np.full(3, np.nan)}
    ship(nasbench201, classes[:3], scores)
    matrix = feature_matrix(nasbench201, classes[:4], [SCORES])
    np.testing.assert_allclose(matrix[:, 0], [norm.ppf(3 / 4), 0, norm.ppf(1 / 4), 0], rtol=1e-6)
    assert not matrix[:, 1].any()


@pytest.mark.usefixtures("half")
def test_twins_of_a_class_that_was_scored_have_its_features(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    everything = nasbench201.all_genotypes()
    canonical = nasbench201.canonical_genotypes(everything)
    sizes = [(canonical == each).all(axis=1).sum() for each in classes[:10]]
    place = int(np.argmax(sizes))
    twins = everything[(canonical == classes[place]).all(axis=1)]
    assert len(twins) > 1
    assert has_scores(nasbench201, twins).all()
    first = feature_matrix(nasbench201, classes[place][None], [SCORES])
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, twins, [SCORES]), np.repeat(first, len(twins), axis=0)
    )


@pytest.mark.usefixtures("half")
def test_the_classes_that_have_scores_are_known(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    np.testing.assert_array_equal(has_scores(nasbench201, classes), np.arange(120) < 60)
    assert not has_scores(load_space("fbnet"), np.zeros((3, 22), dtype=int)).any()


@pytest.mark.usefixtures("ship")
def test_a_space_without_scores_has_no_such_features(nasbench201: SearchSpace) -> None:
    genotypes = np.zeros((1, 6), dtype=int)
    for ask in (
        lambda: feature_names(nasbench201, [SCORES]),
        lambda: feature_layout(nasbench201, ["counts", SCORES]),
        lambda: feature_matrix(nasbench201, genotypes, [SCORES]),
        lambda: scores_sha256(nasbench201),
    ):
        with pytest.raises(
            ConfigError,
            match=r"^No scores of zero-cost proxies ship for nasbench201 with .*\. Choo",
        ):
            ask()


# --- who answers ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("half")
def test_values_are_its_own_where_there_are_scores(
    nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> None:
    _own(_plain(nasbench201), _scored(nasbench201))
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    estimate = predictor.predict(classes[:60])
    by_hand = 50 + 4 * _heights(scores["synflow"]) - _heights(scores["nwot"])
    np.testing.assert_allclose(estimate.value, by_hand, rtol=1e-5)
    np.testing.assert_allclose(estimate.upper - estimate.lower, 4.0)


@pytest.mark.usefixtures("half")
def test_where_there_are_none_they_are_exactly_those_of_the_other_predictor(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    plain, scored = (
        load_predictor(path, nasbench201)
        for path in _own(_plain(nasbench201), _scored(nasbench201))
    )
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    estimate = predictor.predict(classes)
    _same(_at(estimate, slice(60)), _at(scored.predict(classes), slice(60)))
    _same(_at(estimate, slice(60, None)), _at(plain.predict(classes), slice(60, None)))
    assert not np.isnan(estimate.value).any()


@pytest.mark.usefixtures("half")
def test_without_another_predictor_they_are_unknown(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    _own(_scored(nasbench201))
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    assert predictor.fallback is None
    estimate = predictor.predict(classes)
    for end in (estimate.value, estimate.lower, estimate.upper):
        np.testing.assert_array_equal(np.isnan(end), np.arange(120) >= 60)


@pytest.mark.usefixtures("half")
def test_what_is_no_network_lacks_no_scores_and_has_no_value(nasbench201: SearchSpace) -> None:
    _own(_plain(nasbench201), _scored(nasbench201))
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    genotypes = nasbench201.genotypes([nasbench201.parse(DISCONNECTED)])
    assert predictor.lacks_scores(genotypes).tolist() == [False]
    assert np.isnan(predictor.predict(genotypes).value).all()


@pytest.mark.usefixtures("half")
def test_a_predictor_from_features_alone_lacks_nothing(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    (path,) = _own(_plain(nasbench201))
    assert not load_predictor(path, nasbench201).lacks_scores(classes).any()


@pytest.mark.usefixtures("half")
def test_predictors_say_the_same_together_as_alone(
    nasbench201: SearchSpace, classes: np.ndarray
) -> None:
    robust = {"quantity": "robustness", "mean": 20.0}
    _own(_plain(nasbench201), _scored(nasbench201), _plain(nasbench201, **robust))
    _own(_scored(nasbench201, **robust))
    found = [find_predictor(nasbench201, Target(name)) for name in ("accuracy", "robustness")]
    predictors = [each for each in found if each is not None]
    together = predict_together([*predictors, predictors[0].fallback], classes)  # type: ignore[list-item]
    for estimate, predictor in zip(together, predictors, strict=False):
        _same(estimate, predictor.predict(classes))
    _same(_at(together[0], slice(60, None)), _at(together[2], slice(60, None)))
    assert not np.allclose(together[0].value, together[1].value)


# --- how it is found -----------------------------------------------------------------------------


@pytest.mark.usefixtures("half")
def test_one_that_reads_scores_comes_before_its_like_that_does_not(
    nasbench201: SearchSpace,
) -> None:
    own = _own(_plain(nasbench201), _scored(nasbench201))
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    assert predictor.card.reads_scores
    assert predictor.fallback is not None
    assert predictor.fallback.card.name == "accuracy"
    listed = predictor_cards("nasbench201", "cifar10")
    assert [card.name for card in listed if card.detail == "made up"] == [
        each.card.name for each in own[::-1]
    ]


@pytest.mark.usefixtures("half")
def test_the_other_predictor_is_one_of_the_same_variant_that_reads_no_scores(
    nasbench201: SearchSpace,
) -> None:
    def of(variant: str) -> dict[str, object]:
        return {"quantity": "robustness", "variant": variant}

    # Both of them answer to the quantity's name alone.
    _own(_plain(nasbench201, **of("fgsm")), _scored(nasbench201, **of("fgsm")))
    _own(_plain(nasbench201, **of("pgd")), _scored(nasbench201, **of("pgd")))
    for asked, variant in (("", "fgsm"), ("@fgsm", "fgsm"), ("@pgd", "pgd")):
        predictor = find_predictor(nasbench201, parse_target(f"robustness{asked}"))
        assert predictor is not None
        assert predictor.card.name == f"robustness.{variant}.scored"
        assert predictor.fallback is not None
        assert predictor.fallback.card.name == f"robustness.{variant}"


@pytest.mark.usefixtures("half")
def test_the_users_own_from_features_alone_comes_before_a_shipped_one_that_reads_scores(
    nasbench201: SearchSpace,
) -> None:
    shipped_predictor("nasbench201", "cifar10", "accuracy.validation.scored")
    _own(_plain(nasbench201))
    predictor = find_predictor(nasbench201, Target("accuracy"))
    assert predictor is not None
    assert (predictor.card.detail, predictor.card.reads_scores) == ("made up", False)


@pytest.mark.usefixtures("half")
def test_a_new_one_from_features_alone_takes_the_place_of_both(nasbench201: SearchSpace) -> None:
    _own(_plain(nasbench201), _scored(nasbench201), _scored(nasbench201, variant="test"))
    _own(_plain(nasbench201, mean=60.0))
    left = stored_in(cache_dir() / "artifacts", "nasbench201")
    assert [each.card.name for each in left] == ["accuracy.test.scored", "accuracy"]
    assert left[1].card.model.mean == 60.0
    models = {path.name for path in (left[0].place / "models").iterdir()}
    assert models == {Path(each.model).name for each in left}


def test_other_scores_are_other_features(
    ship: Ship, nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> None:
    ship(nasbench201, classes[:60], scores)
    _own(_plain(nasbench201), _scored(nasbench201))
    ship(nasbench201, classes[:60], {**scores, "nwot": scores["nwot"] + 1})
    with pytest.raises(
        ArtifactError,
        match=r"accuracy\.scored on cifar10 was fitted on features that this version computes "
        r"otherwise\. Make it again with: hwnas fit$",
    ):
        find_predictor(nasbench201, Target("accuracy"))


@pytest.mark.usefixtures("ship")
def test_without_any_scores_a_predictor_that_reads_them_is_refused(
    ship: Ship, nasbench201: SearchSpace, classes: np.ndarray, scores: dict[str, np.ndarray]
) -> None:
    path = ship(nasbench201, classes[:60], scores)
    _own(_scored(nasbench201))
    path.unlink()
    with pytest.raises(ArtifactError, match="fitted on features that this version computes other"):
        find_predictor(nasbench201, Target("accuracy"))


# --- whether one is fitted -----------------------------------------------------------------------

ACCURACY = Column.of(Target("accuracy", "cifar10"), "made up")
N_CLASSES = 240


@pytest.fixture(scope="module")
def many(nasbench201: SearchSpace) -> np.ndarray:
    """Canonical genotypes of 240 classes that are their own pruned form."""
    rng = np.random.default_rng(8)
    drawn = nasbench201.canonical_genotypes(nasbench201.sample_genotypes(800, rng))
    return rng.permutation(np.unique(drawn, axis=0))[:N_CLASSES]


def _table(space: SearchSpace, genotypes: np.ndarray, values: np.ndarray) -> Table:
    archs = [space.format(genotype) for genotype in genotypes]
    frame = pd.DataFrame({"arch": archs, ACCURACY.name: values})
    return Table("mine", space.name, "Mine", (ACCURACY,), frame, sha256="0" * 64)


def _offered(
    space: SearchSpace, genotypes: np.ndarray, values: np.ndarray, column: Column = ACCURACY
) -> tuple[Fitted, Fitted | None]:
    """A predictor from counts alone, and one with scores if that is worth it."""
    table = _table(space, genotypes, values)
    alone = fit_column(space, table, ACCURACY, features=("counts",))
    return alone, fit_scored(space, table, column, alone.card)


def test_scores_that_tell_the_target_are_worth_a_predictor(
    ship: Ship, nasbench201: SearchSpace, many: np.ndarray
) -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=N_CLASSES)
    # One in twenty has no scores.
    ship(nasbench201, many[12:], {"synflow": np.exp(hidden[12:])})
    alone, scored = _offered(nasbench201, many, 60 + 10 * np.tanh(hidden))
    assert scored is not None
    assert scored.card.features.sets == ("counts", SCORES)
    assert scored.card.evaluation.n_classes.train == N_CLASSES - 12
    taus = [each.card.evaluation.figures["kendall_tau"] for each in (alone, scored)]
    assert taus[0] is not None
    assert taus[1] is not None
    assert abs(taus[0]) < 0.5 < 0.9 < taus[1]
    assert scored.card.importances is not None
    assert next(iter(scored.card.importances.set)) == SCORES


def test_scores_that_are_noise_are_not(
    ship: Ship, nasbench201: SearchSpace, many: np.ndarray
) -> None:
    rng = np.random.default_rng(1)
    ship(nasbench201, many, {"synflow": rng.normal(size=N_CLASSES)})
    accuracy = 20 + 4 * np.log(count_genotypes(nasbench201, many)[:, 0])
    assert _offered(nasbench201, many, accuracy)[1] is None


@pytest.mark.parametrize("n_scored", [0, 1, int(0.9 * N_CLASSES) - 1])
def test_scores_of_too_few_classes_are_not(
    ship: Ship, nasbench201: SearchSpace, many: np.ndarray, n_scored: int
) -> None:
    accuracy = 60 + np.random.default_rng(2).normal(size=N_CLASSES)
    if n_scored:
        ship(nasbench201, many[:n_scored], {"synflow": accuracy[:n_scored]})
    table = _table(nasbench201, many, accuracy)
    card = linear_predictor(nasbench201, PLAIN, PLAIN_WEIGHTS).card
    assert fit_scored(nasbench201, table, ACCURACY, card) is None


def test_of_a_small_table_some_without_scores_may_leave_too_few(
    ship: Ship, nasbench201: SearchSpace, many: np.ndarray
) -> None:
    accuracy = np.linspace(50.0, 70.0, 20)
    ship(nasbench201, many[:19], {"synflow": accuracy[:19]})
    table = _table(nasbench201, many[:20], accuracy)
    card = linear_predictor(nasbench201, PLAIN, PLAIN_WEIGHTS).card
    assert fit_scored(nasbench201, table, ACCURACY, card) is None


def test_an_untrained_network_tells_no_latency(
    ship: Ship, nasbench201: SearchSpace, many: np.ndarray
) -> None:
    latency = Column.of(Target("latency", "cifar10", "pi5"))
    times = np.linspace(1.0, 2.0, N_CLASSES)
    ship(nasbench201, many, {"synflow": times})
    table = _table(nasbench201, many, times)
    card = linear_predictor(nasbench201, PLAIN, PLAIN_WEIGHTS).card
    assert fit_scored(nasbench201, table, latency, card) is None
