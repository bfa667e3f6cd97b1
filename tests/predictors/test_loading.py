"""Predictors: what they answer, how they are found, and what is refused with one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from additive_table import ACCURACY, LATENCY
from made_up import linear_predictor, own_copy, shipped_predictor
from sklearn.linear_model import LinearRegression, LogisticRegression

import hwnas
from hwnas._files import sha256_bytes
from hwnas._resources import cache_dir
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError, ConfigError
from hwnas.fitting.columns import Fitted, write_predictor
from hwnas.fitting.conversion import OPSET
from hwnas.predictors import (
    Predictor,
    find_predictor,
    load_predictor,
    predictor_cards,
    why_not,
)
from hwnas.predictors.card import Card
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.store import Stored, add_predictor, stored_in
from hwnas.spaces import load_space

EDGEGPU = Target("latency", device="edgegpu")
PI5 = Target("latency", device="pi5")


@pytest.fixture
def stored(folder: Path) -> Callable[[str], Stored]:
    """A predictor in the folder by its name."""

    def by_name(name: str) -> Stored:
        return next(each for each in stored_in(folder, "nasbench201") if each.card.name == name)

    return by_name


@pytest.fixture
def latency(stored: Callable[[str], Stored]) -> Stored:
    return stored("pi5.latency")


@pytest.fixture
def partial(stored: Callable[[str], Stored], nasbench201: SearchSpace) -> Predictor:
    """Latency of a device that does not run everything."""
    return load_predictor(stored("coral.latency"), nasbench201)


@pytest.fixture(scope="module")
def some(nasbench201: SearchSpace) -> np.ndarray:
    return nasbench201.sample_genotypes(50, np.random.default_rng(0))


def refusal(stored: Stored, space: SearchSpace) -> str:
    """The error for a predictor that cannot be loaded: one line with the place in it."""
    with pytest.raises(ArtifactError, match=r"nasbench201.*latency") as caught:
        load_predictor(stored, space)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(stored: Stored, **changes: Any) -> Stored:
    """The same with another card."""
    return replace(stored, card=replace(stored.card, **changes))


# --- what a predictor answers -------------------------------------------------------------------


def test_values_lie_inside_their_intervals(
    partial: Predictor, stored: Callable[[str], Stored], nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(200, np.random.default_rng(0))
    accuracy = load_predictor(stored("accuracy"), nasbench201).predict(genotypes)
    for estimate in (accuracy, partial.predict(genotypes)):
        is_known = ~np.isnan(estimate.value)
        assert is_known.any()
        assert (estimate.lower[is_known] <= estimate.value[is_known]).all()
        assert (estimate.value[is_known] <= estimate.upper[is_known]).all()
        np.testing.assert_array_equal(np.isnan(estimate.lower), ~is_known)
        np.testing.assert_array_equal(np.isnan(estimate.upper), ~is_known)
    assert (accuracy.lower >= 0).all()
    assert (accuracy.upper <= 100).all()


def test_each_end_has_its_own_distance_from_what_the_model_predicts(
    stored: Callable[[str], Stored], nasbench201: SearchSpace, some: np.ndarray
) -> None:
    accuracy = stored("accuracy")
    plain = load_predictor(accuracy, nasbench201).predict(some).value
    middle = float(np.median(plain))
    # Upwards from the middle the lower end is ever farther away; the upper one never.
    interval = Intervals(0.9, (middle, middle + 10.0), (0.0, 1.0), (0.5, 0.5))
    estimate = load_predictor(changed(accuracy, interval=interval), nasbench201).predict(some)
    np.testing.assert_array_equal(estimate.value, plain)
    below = np.clip((plain - middle) / 10.0, 0.0, 1.0)
    assert 0 < (below > 0).sum() < 50
    np.testing.assert_allclose(estimate.value - estimate.lower, below, atol=1e-9)
    np.testing.assert_allclose(estimate.upper - estimate.value, 0.5)


@pytest.mark.parametrize(("mean", "bound"), [(200.0, 100.0), (-200.0, 0.0)])
def test_percentages_stay_within_0_and_100(
    stored: Callable[[str], Stored],
    nasbench201: SearchSpace,
    some: np.ndarray,
    mean: float,
    bound: float,
) -> None:
    accuracy = stored("accuracy")
    moved = changed(accuracy, model=replace(accuracy.card.model, mean=mean))
    estimate = load_predictor(moved, nasbench201).predict(some)
    for ends in (estimate.value, estimate.lower, estimate.upper):
        np.testing.assert_array_equal(ends, np.full(50, bound))


def _as_rate(stored: Stored, mean: float, below: float, above: float) -> Stored:
    """The card of a rate whose reciprocal is ``mean`` and what the model predicts."""
    model = replace(stored.card.model, transform="reciprocal", mean=mean, scale=1.0)
    interval = Intervals(0.9, (0.0,), (below,), (above,))
    target = Target("throughput", "cifar10", "pi5")
    return changed(stored, model=model, interval=interval, target=target)


def test_ends_of_the_interval_of_a_rate_change_places(
    latency: Stored, nasbench201: SearchSpace, some: np.ndarray
) -> None:
    estimate = load_predictor(_as_rate(latency, 10.0, 2.0, 1.0), nasbench201).predict(some)
    target = 1 / estimate.value
    assert np.ptp(target) > 1
    np.testing.assert_allclose(estimate.lower, 1 / (target + 1.0))
    np.testing.assert_allclose(estimate.upper, 1 / (target - 2.0))
    assert (estimate.lower < estimate.value).all()
    assert (estimate.value < estimate.upper).all()


def test_a_rate_whose_interval_reaches_past_every_rate_has_none(
    latency: Stored, nasbench201: SearchSpace, some: np.ndarray
) -> None:
    estimate = load_predictor(_as_rate(latency, 10.0, 100.0, 100.0), nasbench201).predict(some)
    assert (estimate.value > 0).all()
    assert np.isnan(estimate.lower).all()
    assert np.isnan(estimate.upper).all()


def test_a_rate_without_a_positive_reciprocal_is_unknown(
    latency: Stored, nasbench201: SearchSpace, some: np.ndarray
) -> None:
    predictor = load_predictor(_as_rate(latency, -1000.0, 1.0, 1.0), nasbench201)
    assert np.isnan(predictor.predict(some).value).all()


def test_disconnected_cells_are_unknown(latency: Stored, nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.all_genotypes()
    assert genotypes is not None
    estimate = load_predictor(latency, nasbench201).predict(genotypes)
    np.testing.assert_array_equal(~np.isnan(estimate.value), nasbench201.valid_mask(genotypes))


def test_what_the_device_does_not_run_is_unknown(
    partial: Predictor, latency: Stored, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(300, np.random.default_rng(0))
    known = ~np.isnan(partial.predict(genotypes).value)
    everywhere = load_predictor(latency, nasbench201).predict(genotypes)
    n_none = (nasbench201.canonical_genotypes(genotypes) == 0).sum(axis=1)
    assert known[n_none == 0].mean() > 0.9
    assert known[n_none >= 4].mean() < 0.1
    assert not np.isnan(everywhere.value).any()


def test_members_of_a_class_have_equal_predictions(
    latency: Stored, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(300, np.random.default_rng(0))
    predictor = load_predictor(latency, nasbench201)
    canonical = nasbench201.canonical_genotypes(genotypes)
    assert not np.array_equal(canonical, genotypes)
    np.testing.assert_array_equal(
        predictor.predict(genotypes).value, predictor.predict(canonical).value
    )


def test_the_rest_of_the_batch_changes_no_more_than_rounding(
    latency: Stored, nasbench201: SearchSpace, some: np.ndarray
) -> None:
    predictor = load_predictor(latency, nasbench201)
    together = predictor.predict(some).value
    alone = np.concatenate([predictor.predict(row[None]).value for row in some])
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_batch_of_none_is_empty(partial: Predictor) -> None:
    estimate = partial.predict(np.empty((0, 6), dtype=int))
    assert estimate.value.shape == estimate.lower.shape == estimate.upper.shape == (0,)


# --- how one is found ---------------------------------------------------------------------------


def test_the_users_own_predictor_comes_before_the_shipped_one(
    fitted: Mapping[str, Fitted], nasbench201: SearchSpace
) -> None:
    shipped = find_predictor(nasbench201, Target("accuracy"))
    assert shipped is not None
    assert shipped.card.table.name == "robustness"
    write_predictor(cache_dir() / "artifacts", fitted[ACCURACY])
    own = find_predictor(nasbench201, Target("accuracy"))
    assert own is not None
    assert own.card.table.name == "mine"


def test_own_and_shipped_predictors_are_listed_together(fitted: Mapping[str, Fitted]) -> None:
    before = [card.name for card in predictor_cards("nasbench201", "cifar10")]
    write_predictor(cache_dir() / "artifacts", fitted[LATENCY])
    names = [card.name for card in predictor_cards("nasbench201", "cifar10")]
    assert sorted(names) == sorted([*before, "pi5.latency"])


def test_own_predictor_hides_the_shipped_one_of_its_name_in_the_list() -> None:
    own_copy(shipped_predictor("nasbench201", "cifar10", "edgegpu.latency"), detail="mine")
    of_name = [
        card.detail
        for card in predictor_cards("nasbench201", "cifar10")
        if card.name == "edgegpu.latency"
    ]
    assert of_name == ["mine"]


def test_a_device_whose_name_begins_with_anothers_is_not_mistaken_for_it(
    fitted: Mapping[str, Fitted], nasbench201: SearchSpace
) -> None:
    target = replace(fitted[LATENCY].card.target, device="pi5.latency")
    longer = replace(fitted[LATENCY].card, target=target)
    write_predictor(cache_dir() / "artifacts", replace(fitted[LATENCY], card=longer))
    assert find_predictor(nasbench201, PI5) is None
    assert find_predictor(nasbench201, replace(PI5, device="pi5.latency")) is not None


def test_what_is_not_there_is_none(nasbench201: SearchSpace) -> None:
    assert find_predictor(nasbench201, Target("energy", device="raspi4")) is None
    attacked = Target("robustness", conditions=(("attack", "pgd-eps999"),))
    assert find_predictor(nasbench201, attacked) is None
    assert why_not(nasbench201, attacked) == ""


# --- options of the space -----------------------------------------------------------------------


def test_what_was_fitted_for_other_options_is_not_found() -> None:
    small = load_space("nasbench201", cells=1)
    assert find_predictor(small, EDGEGPU) is None
    assert why_not(small, EDGEGPU) == (
        "The predictor of latency was fitted for nasbench201 (channels=16, cells=5); got cells=1."
    )


def test_what_was_fitted_for_other_options_is_not_loaded() -> None:
    stored = shipped_predictor("nasbench201", "cifar10", "edgegpu.latency")
    told = refusal(stored, load_space("nasbench201", cells=1, channels=8))
    assert "was fitted for nasbench201 (channels=16, cells=5); got channels=8, cells=1. Fit" in told


def test_a_predictor_of_other_options_serves_them_alone(nasbench201: SearchSpace) -> None:
    small = load_space("nasbench201", cells=1)
    weights = np.ones(30)
    for space, mean in ((nasbench201, 50.0), (small, 10.0)):
        own = linear_predictor(space, ("one_hot",), weights, mean)
        write_predictor(cache_dir() / "artifacts", own)
    for space, mean in ((nasbench201, 50.0), (small, 10.0)):
        found = find_predictor(space, Target("accuracy"))
        assert found is not None
        assert (found.card.model.mean, found.card.options) == (mean, dict(space.options))


def test_options_that_a_card_does_not_tell_are_the_usual_ones(nasbench201: SearchSpace) -> None:
    own = linear_predictor(nasbench201, ("one_hot",), np.ones(30), options={"cells": 5})
    write_predictor(cache_dir() / "artifacts", own)
    found = find_predictor(nasbench201, Target("accuracy"))
    assert found is not None
    assert found.card.detail == "made up"


def test_predictions_and_searches_of_other_options_are_refused_and_counts_still_work() -> None:
    small = load_space("nasbench201", cells=1)
    arch = small.sample(1, np.random.default_rng(0))
    for ask in (
        lambda: hwnas.predict(small, arch, device="edgegpu", quantities=["accuracy"]),
        lambda: hwnas.search(small, device="edgegpu", objectives=["accuracy", "latency"]),
    ):
        with pytest.raises(
            ConfigError,
            match=r"^The predictor of accuracy was fitted for nasbench201 \(channels=16, cells=5\);"
            r" got cells=1\. Fit one for these options: hwnas fit TABLE$",
        ):
            ask()
    counted = hwnas.predict(small, arch, quantities=["params", "macs"])
    assert (counted[["params", "macs"]] > 0).all(axis=None)


# --- what is refused ----------------------------------------------------------------------------


def test_a_changed_byte_is_found(latency: Stored, nasbench201: SearchSpace) -> None:
    path = latency.place / latency.model
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    told = refusal(latency, nasbench201)
    assert f"the sha256 of {latency.model} differs from its card's" in told


def test_a_truncated_model_is_found(latency: Stored, nasbench201: SearchSpace) -> None:
    path = latency.place / latency.model
    path.write_bytes(path.read_bytes()[:-1])
    assert "differs from its card's" in refusal(latency, nasbench201)


def test_a_changed_model_of_support_is_found(
    stored: Callable[[str], Stored], nasbench201: SearchSpace
) -> None:
    coral = stored("coral.latency")
    path = coral.place / coral.support
    path.write_bytes(path.read_bytes() + b"\0")
    assert f"the sha256 of {coral.support} differs" in refusal(coral, nasbench201)


@pytest.mark.parametrize("part", ["model", "support"])
def test_a_missing_model_is_told(
    stored: Callable[[str], Stored], nasbench201: SearchSpace, part: str
) -> None:
    coral = stored("coral.latency")
    name = getattr(coral, part)
    (coral.place / name).unlink()
    with pytest.raises(
        ArtifactError, match=rf"must hold {name}; it cannot be read \(No such file or directory\)"
    ):
        load_predictor(coral, nasbench201)


def _foreign(folder: Path, latency: Stored, model: bytes) -> Stored:
    """Another model with a card that vouches for it."""
    card = replace(latency.card, model=replace(latency.card.model, sha256=sha256_bytes(model)))
    add_predictor(folder, card, [model])
    return next(each for each in stored_in(folder, "nasbench201") if each.card == card)


@pytest.mark.parametrize("model", [b"", b"no model", np.random.default_rng(0).bytes(4096)])
def test_bytes_that_are_no_model_are_refused(
    folder: Path, latency: Stored, nasbench201: SearchSpace, model: bytes
) -> None:
    told = refusal(_foreign(folder, latency, model), nasbench201)
    assert "must be an ONNX model that gives one value" in told


def test_a_model_of_another_width_is_refused(
    folder: Path, latency: Stored, nasbench201: SearchSpace
) -> None:
    from skl2onnx import to_onnx

    features = np.eye(7, dtype=np.float32)
    model = to_onnx(LinearRegression().fit(features, np.arange(7.0)), features, target_opset=OPSET)
    told = refusal(_foreign(folder, latency, model.SerializeToString()), nasbench201)
    assert "must read 32 features; it reads 7" in told


def test_a_model_of_another_kind_is_refused(
    folder: Path, latency: Stored, nasbench201: SearchSpace
) -> None:
    from skl2onnx import to_onnx

    features = np.eye(4, latency.card.features.n, dtype=np.float32)
    classifier = LogisticRegression().fit(features, ["cat", "dog", "cat", "dog"])
    model = to_onnx(classifier, features, target_opset=OPSET).SerializeToString()
    told = refusal(_foreign(folder, latency, model), nasbench201)
    assert "must be an ONNX model that gives one value" in told


def _other_features(card: Card, **changes: Any) -> dict[str, Any]:
    return {"features": replace(card.features, **changes)}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sha256": "0" * 64}, id="changed"),
        pytest.param({"sets": ("counts", "horoscope")}, id="unknown"),
        pytest.param({"sets": ("one_hot", "counts")}, id="another order"),
    ],
)
def test_features_that_are_computed_otherwise_are_refused(
    latency: Stored, nasbench201: SearchSpace, changes: dict[str, Any]
) -> None:
    told = refusal(changed(latency, **_other_features(latency.card, **changes)), nasbench201)
    assert "was fitted on features that this version computes otherwise. Make it again" in told


def test_a_card_of_another_space_is_refused(latency: Stored, nasbench201: SearchSpace) -> None:
    told = refusal(changed(latency, space="fbnet"), nasbench201)
    assert "predicts fbnet on cifar10; it cannot serve nasbench201 on cifar10" in told


def test_a_predictor_does_not_serve_another_data_set(latency: Stored) -> None:
    told = refusal(latency, load_space("nasbench201", dataset="cifar100"))
    assert "predicts nasbench201 on cifar10; it cannot serve nasbench201 on cifar100" in told
