"""Accuracy and robustness carried to another space: what carries, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import linear_predictor, write_proxies
from scipy.stats import norm

import hwnas
from hwnas._resources import cache_dir
from hwnas.api import fit_quality_transfer
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target, parse_conditions
from hwnas.errors import ConfigError, TableError, UnknownNameError
from hwnas.features import feature_matrix
from hwnas.features.counting import count_genotypes
from hwnas.fitting.columns import Fitted, write_predictor
from hwnas.fitting.quality import (
    FEATURES,
    MIN_CLASSES,
    carried_sets,
    extrapolate_quality,
    measure_quality_transfer,
    measure_trust,
)
from hwnas.fitting.transfer import Known
from hwnas.models.sessions import run_onnx
from hwnas.predictors import find_predictor
from hwnas.predictors.card import Sizes
from hwnas.predictors.store import stored_in
from hwnas.predictors.trust import QualityTrust, Transfer
from hwnas.proxies import shipped
from hwnas.proxies.feature_set import SCORES
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, import_file

Ship = Callable[..., Path]
Value = Callable[[np.ndarray], np.ndarray]
"""Accuracies, shape ``(n_archs,)``, of the shares of smaller networks, between 0 and 1."""
WITH_SCORES = (*FEATURES, SCORES)
TRUST = QualityTrust("accuracy", "nasbench201", "fbnet", FEATURES, 7, 0.5, 0.4, None)


def _classes(space: SearchSpace, n: int, seed: int = 0) -> np.ndarray:
    """At most ``n`` canonical genotypes of a space."""
    rng = np.random.default_rng(seed)
    drawn = space.canonical_genotypes(space.sample_genotypes(3 * n, rng))
    return rng.permutation(np.unique(drawn, axis=0))[:n]


def _sizes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Share of networks with fewer parameters, between 0 and 1; equal ones have the same."""
    params = count_genotypes(space, genotypes)[:, 0]
    return np.searchsorted(np.sort(params), params) / len(params)


def _known(
    space: SearchSpace, values: np.ndarray, genotypes: np.ndarray, variant: str = ""
) -> Known:
    target = Target("accuracy", space.dataset, conditions=parse_conditions(variant))
    column = Column.of(target, "test accuracy")
    archs = [space.format(genotype) for genotype in genotypes]
    frame = pd.DataFrame({"arch": archs, column.name: values})
    table = Table("mine", space.name, "Mine", (column,), frame, sha256="0" * 64)
    return Known(space, table, column)


def _of_size(space: SearchSpace, value: Value, n: int = 400) -> Known:
    """Accuracies that are a function of how many parameters a network has, for its space."""
    genotypes = _classes(space, n)
    return _known(space, value(_sizes(space, genotypes)), genotypes)


@pytest.fixture(scope="module")
def macro() -> SearchSpace:
    return load_space("nasbench_macro")


@pytest.fixture
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Ships scores of spaces; at first none."""
    monkeypatch.setattr(shipped, "artifacts_dir", lambda: tmp_path / "package")

    def write(space: SearchSpace, genotypes: np.ndarray, scores: Mapping[str, np.ndarray]) -> Path:
        return write_proxies(tmp_path / "package", space, genotypes, scores)

    return write


# --- what carries --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(macro: SearchSpace) -> Known:
    """What rises with size on nasbench_macro, where not all sizes go together as in cells."""
    return _of_size(macro, lambda size: 60 + 30 * size, 800)


def test_what_rises_with_size_in_both_spaces_carries(
    start: Known, nasbench201: SearchSpace
) -> None:
    goal = _of_size(nasbench201, lambda size: 5 + 80 * size**3)
    measured = measure_quality_transfer(start, goal, FEATURES)
    assert measured.kendall_tau > 0.9
    assert measured.kendall_tau_params == pytest.approx(1, abs=0.01)
    assert (measured.quantity, measured.feature_sets) == ("accuracy", FEATURES)
    assert (measured.from_space, measured.to_space) == ("nasbench_macro", "nasbench201")
    assert measured.n_classes == 400


def test_what_falls_with_size_carries_too_though_size_alone_is_wrong(
    macro: SearchSpace, nasbench201: SearchSpace
) -> None:
    start = _of_size(macro, lambda size: 90 - 30 * size, 800)
    goal = _of_size(nasbench201, lambda size: 90 - 30 * size)
    measured = measure_quality_transfer(start, goal, FEATURES)
    assert measured.kendall_tau > 0.9
    assert measured.kendall_tau_params == pytest.approx(-1, abs=0.01)


def test_what_is_the_other_way_round_there_is_ranked_the_wrong_way(
    start: Known, nasbench201: SearchSpace
) -> None:
    goal = _of_size(nasbench201, lambda size: 90 - 30 * size)
    assert measure_quality_transfer(start, goal, FEATURES).kendall_tau < -0.9


def test_noise_does_not_carry(start: Known, nasbench201: SearchSpace) -> None:
    noise = np.random.default_rng(1).normal(60, 5, size=400)
    goal = _known(nasbench201, noise, _classes(nasbench201, 400))
    # Kendall's tau of n independent pairs has a variance of 2 (2n + 5) / 9n (n - 1).
    deviation = np.sqrt(2 * 805 / (9 * 400 * 399))
    assert abs(measure_quality_transfer(start, goal, FEATURES).kendall_tau) < 4 * deviation


# --- proxy scores --------------------------------------------------------------------------------


def test_what_proxies_alone_know_carries_with_their_scores(
    ship: Ship, nasbench201: SearchSpace, macro: SearchSpace
) -> None:
    known = []
    for seed, space in enumerate((nasbench201, macro)):
        genotypes = _classes(space, 400)
        hidden = np.random.default_rng(seed).normal(size=400)
        # Each space has a scale of its own, and a quarter of the classes no scores.
        ship(space, genotypes[:300], {"synflow": np.exp((seed + 1) * hidden[:300])})
        known.append(_known(space, 100 * norm.cdf(hidden), genotypes))
    start, goal = known
    assert carried_sets(start, macro) == [FEATURES, WITH_SCORES]
    alone, scored = (
        measure_quality_transfer(start, goal, sets) for sets in (FEATURES, WITH_SCORES)
    )
    assert abs(alone.kendall_tau) < 0.2
    assert scored.kendall_tau > 0.7
    assert (alone.n_classes, scored.n_classes) == (400, 300)


@pytest.mark.parametrize(
    ("names", "n_scored"),
    [
        pytest.param(("synflow",), 150, id="other proxies there"),
        pytest.param(("synflow", "nwot"), MIN_CLASSES - 1, id="too few classes"),
        pytest.param((), 150, id="none there"),
    ],
)
def test_scores_are_carried_only_where_both_spaces_have_the_same_and_enough(
    ship: Ship,
    nasbench201: SearchSpace,
    macro: SearchSpace,
    names: tuple[str, ...],
    n_scored: int,
) -> None:
    start = _of_size(nasbench201, lambda size: 60 + 30 * size, 150)
    scores = np.linspace(0.0, 1.0, n_scored)
    ours = _classes(nasbench201, 150)[:n_scored]
    ship(nasbench201, ours, {"synflow": scores, "nwot": scores})
    if names:
        ship(macro, _classes(macro, n_scored), dict.fromkeys(names, scores))
    assert carried_sets(start, macro) == [FEATURES]


# --- how far it carries, where that can be measured ----------------------------------------------


def test_trust_is_measured_on_every_other_space_that_has_enough(
    nasbench201: SearchSpace, macro: SearchSpace
) -> None:
    start = _of_size(nasbench201, lambda size: 60 + 30 * size, 150)
    goal = _of_size(macro, lambda size: 60 + 30 * size, 150)
    few = _of_size(macro, lambda size: 60 + 30 * size, MIN_CLASSES - 1)
    assert measure_trust(start, [goal, few], FEATURES) == [
        measure_quality_transfer(start, goal, FEATURES)
    ]
    assert measure_trust(few, [start], FEATURES) == []
    assert measure_trust(None, [start], FEATURES) == []


# --- the predictor -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def carried(nasbench201: SearchSpace, macro: SearchSpace) -> Fitted:
    """A predictor for nasbench_macro of what rises with size on nasbench201."""
    start = _of_size(nasbench201, lambda size: 60 + 30 * size)
    return extrapolate_quality(start, macro, FEATURES, [TRUST])


def test_its_values_are_those_of_the_networks_that_stand_alike(
    carried: Fitted, macro: SearchSpace
) -> None:
    write_predictor(cache_dir() / "artifacts", carried)
    genotypes = _classes(macro, 300, seed=5)
    predictor = find_predictor(macro, Target("accuracy"))
    assert predictor is not None
    estimate = predictor.predict(genotypes)
    order = np.argsort(_sizes(macro, genotypes))
    fifths = [part.mean() for part in np.array_split(estimate.value[order], 5)]
    assert fifths == sorted(fifths)
    assert 60 <= estimate.value.min() < 65 < 85 < estimate.value.max() <= 90


def test_its_interval_holds_nine_tenths_of_values_that_it_tells_nothing_of(
    carried: Fitted, nasbench201: SearchSpace
) -> None:
    genotypes = _classes(nasbench201, 400)
    values = 60 + 30 * _sizes(nasbench201, genotypes)
    predicted = run_onnx(carried.model, feature_matrix(nasbench201, genotypes, FEATURES))
    interval, rng = carried.card.interval, np.random.default_rng(17)
    held = [interval.holds(rng.permutation(values), predicted).mean() for _ in range(50)]
    # Its width is of one permutation; its share of others varies as a binomial's, twice.
    assert np.mean(held) == pytest.approx(0.9, abs=4 * np.sqrt(2 * 0.09 / 400))


def test_its_card_says_that_it_is_extrapolated(carried: Fitted, tmp_path: Path) -> None:
    write_predictor(tmp_path, carried)
    (card,) = (each.card for each in stored_in(tmp_path, "nasbench_macro"))
    assert card == carried.card
    assert (card.space, card.target) == ("nasbench_macro", Target("accuracy", "cifar10"))
    assert card.detail == (
        "extrapolated, untested on nasbench_macro: test accuracy of a network of nasbench201 that "
        "stands there as this one does here"
    )
    assert card.transfer == Transfer("nasbench201", "cifar10", qualities=(TRUST,))
    assert card.evaluation.n_classes == Sizes(400, 0, 0)
    assert card.evaluation.figures == {"kendall_tau": None, "within_10_pct": None}
    assert card.evaluation.coverage_pct is None


@pytest.mark.parametrize(("variant", "stem"), [("", "accuracy"), ("test", "accuracy.test")])
def test_a_variant_stays_one_and_answers_to_its_own_name_alone(
    nasbench201: SearchSpace, variant: str, stem: str
) -> None:
    genotypes = _classes(nasbench201, 120)
    start = _known(nasbench201, 60 + _sizes(nasbench201, genotypes), genotypes, variant)
    card = extrapolate_quality(start, load_space("fbnet"), FEATURES, []).card
    assert (card.name, card.is_default) == (stem, not variant)


def test_the_same_is_fitted_again(nasbench201: SearchSpace, macro: SearchSpace) -> None:
    start = _of_size(nasbench201, lambda size: 60 + 30 * size, 120)
    one, same = (extrapolate_quality(start, macro, FEATURES, []) for _ in range(2))
    assert (one.model, one.card) == (same.model, same.card)


def test_too_few_classes_are_refused(nasbench201: SearchSpace, macro: SearchSpace) -> None:
    start = _of_size(nasbench201, lambda size: 60 + 30 * size, MIN_CLASSES - 1)
    with pytest.raises(
        TableError,
        match=r"^cifar10_accuracy_pct must have values for at least 100 functional classes to be "
        r"extrapolated; it has 99\. Choose another space to start from\.$",
    ):
        extrapolate_quality(start, macro, FEATURES, [])


# --- as a user asks for it -----------------------------------------------------------------------


def _import(known: Known, name: str, quantity: str = "accuracy") -> None:
    """A table of one quantity in the cache."""
    path = cache_dir().parent / f"{name}.csv"
    column = known.column.name.replace("accuracy", quantity)
    known.table.frame.rename(columns={known.column.name: column}).to_csv(path, index=False)
    import_file(name, path, known.space.name)


@pytest.fixture
def _imported(ship: Ship, nasbench201: SearchSpace, macro: SearchSpace) -> None:  # noqa: ARG001
    """Accuracy and robustness of nasbench201 and accuracy of nasbench_macro, by size; no scores."""
    start = _of_size(nasbench201, lambda size: 60 + 30 * size, 150)
    _import(start, "mine")
    _import(start, "attacked", "robustness")
    _import(_of_size(macro, lambda size: 60 + 30 * size, 150), "other")


@pytest.mark.usefixtures("_imported")
def test_robustness_goes_to_a_space_that_has_none_and_says_so() -> None:
    (card,) = fit_quality_transfer("robustness", "nasbench201", "fbnet")
    assert card.table.name == "attacked"
    assert card.transfer is not None
    # Only accuracy is known twice: that is what trust is of.
    (entry,) = card.transfer.qualities
    assert (entry.quantity, entry.from_space, entry.to_space) == (
        "accuracy", "nasbench201", "nasbench_macro",
    )  # fmt: skip
    assert entry.kendall_tau is not None
    assert entry.kendall_tau > 0.5
    archs = load_space("fbnet").sample(5, np.random.default_rng(0))
    frame = hwnas.predict("fbnet", archs, quantities=["robustness"])
    assert set(frame["robustness_pct_source"]) == {"extrapolated"}
    assert (frame["robustness_pct_lower"] < frame["robustness_pct"]).all()
    assert (frame["robustness_pct"] < frame["robustness_pct_upper"]).all()


@pytest.mark.usefixtures("_imported")
def test_predictors_go_to_the_folder_and_data_set_that_are_named(tmp_path: Path) -> None:
    (card,) = fit_quality_transfer(
        "accuracy", "nasbench201", "fbnet", to_dataset="imagenet", out=tmp_path / "fits"
    )
    (stored,) = stored_in(tmp_path / "fits", "fbnet")
    assert stored.card == card
    assert card.target == Target("accuracy", "imagenet")
    assert not (cache_dir() / "artifacts").exists()


@pytest.mark.usefixtures("_imported")
def test_where_scores_of_both_spaces_ship_a_second_predictor_reads_them(
    ship: Ship, nasbench201: SearchSpace
) -> None:
    fbnet = load_space("fbnet")
    goal = _classes(fbnet, 20)
    ship(nasbench201, _classes(nasbench201, 150), {"zen": np.linspace(0.0, 1.0, 150)})
    ship(fbnet, goal[:15], {"zen": np.linspace(0.0, 1.0, 15)})
    cards = fit_quality_transfer("accuracy", "nasbench201", "fbnet")
    assert [card.name for card in cards] == ["accuracy", "accuracy.scored"]
    assert [card.features.sets for card in cards] == [FEATURES, WITH_SCORES]
    # Trust in scores is measured where both spaces have them; here, nasbench_macro has none.
    trust = [len(card.transfer.qualities) for card in cards if card.transfer is not None]
    assert trust == [1, 0]
    frame = hwnas.predict("fbnet", [fbnet.architecture(each) for each in goal[10:]])
    assert list(frame["accuracy_pct_inputs"]) == [
        *["from features and proxy scores"] * 5, *["from features alone"] * 5,
    ]  # fmt: skip
    assert set(frame["accuracy_pct_source"]) == {"extrapolated"}


@pytest.mark.usefixtures("_imported")
def test_one_that_was_extrapolated_before_may_be_made_again() -> None:
    fit_quality_transfer("accuracy", "nasbench201", "fbnet")
    assert fit_quality_transfer("accuracy", "nasbench_macro", "fbnet")[0].transfer is not None


@pytest.mark.usefixtures("_imported")
def test_a_table_of_the_goals_own_is_not_hidden_by_a_guess() -> None:
    with pytest.raises(
        ConfigError,
        match=r"^nasbench_macro has published accuracy on cifar10; fit that: hwnas fit TABLE$",
    ):
        fit_quality_transfer("accuracy", "nasbench201", "nasbench_macro")


def test_a_predictor_that_was_fitted_on_the_goal_is_not_hidden_by_a_guess() -> None:
    # No table is in the cache, but a predictor of it is shipped.
    with pytest.raises(ConfigError, match=r"^mnasnet has published accuracy on imagenet; fit that"):
        fit_quality_transfer("accuracy", "nasbench201", "mnasnet")
    fbnet = load_space("fbnet")
    write_predictor(cache_dir() / "artifacts", linear_predictor(fbnet, ("ordinal",), np.zeros(22)))
    with pytest.raises(ConfigError, match=r"^fbnet has published accuracy on cifar100; fit that"):
        fit_quality_transfer("accuracy", "nasbench201", "fbnet")


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (
            ("latency", "nasbench201", "fbnet"), ConfigError,
            r"^Without a device, accuracy or robustness can be extrapolated; got latency\. Name a",
        ),
        (
            ("accuracy", "fbnet", "fbnet"), ConfigError,
            r"^Extrapolation must go to another space; got fbnet twice\.$",
        ),
        (
            ("robustness", "nasbench201", "fbnet"), TableError,
            r"^No table in the cache holds robustness for nasbench201 on cifar10\. Run: hwnas tabl",
        ),
        (("acuracy", "nasbench201", "fbnet"), UnknownNameError, r"Did you mean 'accuracy'\?"),
        (("accuracy", "nasbench20l", "fbnet"), UnknownNameError, r"Did you mean 'nasbench201'\?"),
    ],
)  # fmt: skip
def test_what_cannot_be_extrapolated_is_refused(
    words: tuple[str, str, str], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        fit_quality_transfer(*words)
