"""Predictors on disk: found, checked before anything is loaded, and refused with one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from additive_table import ACCURACY, LATENCY, PARTIAL
from sklearn.linear_model import LinearRegression, LogisticRegression

from hwnas._files import sha256_bytes
from hwnas._resources import artifacts_dir, cache_dir
from hwnas.core.space import SearchSpace
from hwnas.errors import ArtifactError
from hwnas.fitting.estimators import OPSET
from hwnas.fitting.procedure import Fitted, write_predictor
from hwnas.predictors import (
    Predictor,
    find_predictor,
    load_predictor,
    predictor_cards,
)
from hwnas.predictors.card import CROSS_VALIDATED, HELD_OUT, SCHEMA, read_card
from hwnas.spaces import load_space

Card = dict[str, Any]


@pytest.fixture
def card_path(folder: Path) -> Path:
    return folder / "nasbench201" / "cifar10" / "pi5.latency.json"


@pytest.fixture
def model_path(card_path: Path) -> Path:
    return card_path.with_suffix(".onnx")


@pytest.fixture
def partial(folder: Path, nasbench201: SearchSpace) -> Predictor:
    return load_predictor(folder / "nasbench201" / "cifar10" / "coral.latency.json", nasbench201)


def change_card(path: Path, change: Callable[[Card], object]) -> None:
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


def refusal(path: Path, space: SearchSpace) -> str:
    """The error for a predictor that cannot be loaded: one line with the file in it."""
    with pytest.raises(ArtifactError, match=rf"{path.parent.name}.*latency") as caught:
        load_predictor(path, space)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is written is what is read -----------------------------------------------------------


def test_card_is_read_back_as_it_was_written(fitted: Mapping[str, Fitted], folder: Path) -> None:
    cards = [read_card(path) for path in sorted(folder.rglob("*.json"))]
    expected = [fitted[name].card for name in (ACCURACY, PARTIAL, LATENCY)]
    assert cards == expected


def test_only_cross_validated_cards_say_how_they_were_measured(card_path: Path) -> None:
    # As cards were before there was another way: what is held out need not be said.
    assert "evaluation" not in json.loads(card_path.read_text())
    assert read_card(card_path).evaluation == HELD_OUT
    small = card_path.with_name("coral.latency.json")
    assert json.loads(small.read_text())["evaluation"] == CROSS_VALIDATED
    assert read_card(small).evaluation == CROSS_VALIDATED


def test_card_is_strict_json(card_path: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(card_path.read_text(), parse_constant=refuse)["schema"] == SCHEMA


# --- what a predictor answers -------------------------------------------------------------------


def test_values_lie_inside_their_intervals(
    partial: Predictor, folder: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(200, np.random.default_rng(0))
    accuracy = load_predictor(
        folder / "nasbench201" / "cifar10" / "accuracy.json", nasbench201
    ).predict(genotypes)
    latency = partial.predict(genotypes)
    for estimate in (accuracy, latency):
        is_known = ~np.isnan(estimate.value)
        assert is_known.any()
        assert (estimate.lower[is_known] <= estimate.value[is_known]).all()
        assert (estimate.value[is_known] <= estimate.upper[is_known]).all()
        np.testing.assert_array_equal(np.isnan(estimate.lower), ~is_known)
        np.testing.assert_array_equal(np.isnan(estimate.upper), ~is_known)
    assert (accuracy.lower >= 0).all()
    assert (accuracy.upper <= 100).all()


def test_percentages_stay_within_0_and_100(card_path: Path, nasbench201: SearchSpace) -> None:
    accuracy = card_path.with_name("accuracy.json")
    genotypes = nasbench201.sample_genotypes(50, np.random.default_rng(0))
    for mean, bound in ((200.0, 100.0), (-200.0, 0.0)):
        change_card(accuracy, lambda card, mean=mean: card.update(mean=mean))
        estimate = load_predictor(accuracy, nasbench201).predict(genotypes)
        for ends in (estimate.value, estimate.lower, estimate.upper):
            np.testing.assert_array_equal(ends, np.full(50, bound))


def _as_rate(card_path: Path, mean: float, half_width: float) -> None:
    """Make a card that of a rate whose reciprocal is ``mean`` and what the model predicts."""
    change_card(
        card_path,
        lambda card: (
            card.update(transform="reciprocal", mean=mean, scale=1.0),
            card["interval"].update(edges=[], half_widths=[half_width]),
        ),
    )


def test_ends_of_the_interval_of_a_rate_change_places(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(50, np.random.default_rng(0))
    _as_rate(card_path, 10.0, 2.0)
    estimate = load_predictor(card_path, nasbench201).predict(genotypes)
    target = 1 / estimate.value
    assert np.ptp(target) > 1
    np.testing.assert_allclose(estimate.lower, 1 / (target + 2.0))
    np.testing.assert_allclose(estimate.upper, 1 / (target - 2.0))
    assert (estimate.lower < estimate.value).all()
    assert (estimate.value < estimate.upper).all()


def test_a_rate_whose_interval_reaches_past_every_rate_has_none(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(50, np.random.default_rng(0))
    _as_rate(card_path, 10.0, 100.0)
    estimate = load_predictor(card_path, nasbench201).predict(genotypes)
    assert (estimate.value > 0).all()
    assert np.isnan(estimate.lower).all()
    assert np.isnan(estimate.upper).all()


def test_a_rate_without_a_positive_reciprocal_is_unknown(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(50, np.random.default_rng(0))
    _as_rate(card_path, -1000.0, 1.0)
    assert np.isnan(load_predictor(card_path, nasbench201).predict(genotypes).value).all()


def test_disconnected_cells_are_unknown(card_path: Path, nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.all_genotypes()
    assert genotypes is not None
    estimate = load_predictor(card_path, nasbench201).predict(genotypes)
    np.testing.assert_array_equal(~np.isnan(estimate.value), nasbench201.valid_mask(genotypes))


def test_what_the_device_does_not_run_is_unknown(
    partial: Predictor, card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(300, np.random.default_rng(0))
    known = ~np.isnan(partial.predict(genotypes).value)
    everywhere = load_predictor(card_path, nasbench201).predict(genotypes)
    n_none = (nasbench201.canonical_genotypes(genotypes) == 0).sum(axis=1)
    assert known[n_none == 0].mean() > 0.9
    assert known[n_none >= 4].mean() < 0.1
    assert not np.isnan(everywhere.value).any()


def test_members_of_a_class_have_equal_predictions(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(300, np.random.default_rng(0))
    predictor = load_predictor(card_path, nasbench201)
    canonical = nasbench201.canonical_genotypes(genotypes)
    assert not np.array_equal(canonical, genotypes)
    np.testing.assert_array_equal(
        predictor.predict(genotypes).value, predictor.predict(canonical).value
    )


def test_the_rest_of_the_batch_changes_no_more_than_rounding(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    genotypes = nasbench201.sample_genotypes(100, np.random.default_rng(0))
    predictor = load_predictor(card_path, nasbench201)
    together = predictor.predict(genotypes).value
    alone = np.concatenate([predictor.predict(row[None]).value for row in genotypes])
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_batch_of_none_is_empty(partial: Predictor) -> None:
    estimate = partial.predict(np.empty((0, 6), dtype=int))
    assert estimate.value.shape == estimate.lower.shape == estimate.upper.shape == (0,)


# --- how one is found ---------------------------------------------------------------------------


def test_the_users_own_predictor_comes_before_the_shipped_one(
    fitted: Mapping[str, Fitted], nasbench201: SearchSpace
) -> None:
    shipped = find_predictor(nasbench201, "accuracy")
    assert shipped is not None
    assert shipped.card.table["name"] == "robustness"
    write_predictor(cache_dir() / "artifacts", fitted[ACCURACY])
    own = find_predictor(nasbench201, "accuracy")
    assert own is not None
    assert own.card.table["name"] == "mine"


def test_own_and_shipped_predictors_are_listed_together(
    fitted: Mapping[str, Fitted],
) -> None:
    before = {path.stem for path, _ in predictor_cards("nasbench201", "cifar10")}
    write_predictor(cache_dir() / "artifacts", fitted[LATENCY])
    paths = [path for path, _ in predictor_cards("nasbench201", "cifar10")]
    assert {path.stem for path in paths} == before | {"pi5.latency"}
    assert len(paths) == len(before) + 1


def test_own_predictor_hides_the_shipped_one_of_its_name_in_the_list(
    nasbench201: SearchSpace,
) -> None:
    found = find_predictor(nasbench201, "latency", device="edgegpu")
    assert found is not None
    place = artifacts_dir() / "nasbench201" / "cifar10"
    own = cache_dir() / "artifacts" / "nasbench201" / "cifar10"
    own.mkdir(parents=True)
    (own / "edgegpu.latency.json").write_bytes((place / "edgegpu.latency.json").read_bytes())
    of_name = [
        path
        for path, _ in predictor_cards("nasbench201", "cifar10")
        if path.stem == "edgegpu.latency"
    ]
    assert of_name == [own / "edgegpu.latency.json"]


def test_a_device_whose_name_begins_with_anothers_is_not_mistaken_for_it(
    fitted: Mapping[str, Fitted], nasbench201: SearchSpace
) -> None:
    # Its file is pi5.latency.latency.json, which begins as that of pi5 does.
    longer = replace(fitted[LATENCY].card, device="pi5.latency")
    write_predictor(cache_dir() / "artifacts", replace(fitted[LATENCY], card=longer))
    assert find_predictor(nasbench201, "latency", device="pi5") is None
    assert find_predictor(nasbench201, "latency", device="pi5.latency") is not None


def test_what_is_not_there_is_none(nasbench201: SearchSpace) -> None:
    assert find_predictor(nasbench201, "energy", device="raspi4") is None
    assert find_predictor(nasbench201, "robustness", "pgd-eps999") is None


# --- what is refused ----------------------------------------------------------------------------


def test_a_changed_byte_is_found(
    card_path: Path, model_path: Path, nasbench201: SearchSpace
) -> None:
    data = bytearray(model_path.read_bytes())
    data[len(data) // 2] ^= 1
    model_path.write_bytes(data)
    assert "its sha256 differs from its card's" in refusal(card_path, nasbench201)


def test_a_truncated_model_is_found(
    card_path: Path, model_path: Path, nasbench201: SearchSpace
) -> None:
    model_path.write_bytes(model_path.read_bytes()[:-1])
    assert "its sha256 differs from its card's" in refusal(card_path, nasbench201)


def test_a_changed_model_of_support_is_found(card_path: Path, nasbench201: SearchSpace) -> None:
    path = card_path.with_name("coral.latency.support.onnx")
    path.write_bytes(path.read_bytes() + b"\0")
    told = refusal(card_path.with_name("coral.latency.json"), nasbench201)
    assert "coral.latency.support.onnx: its sha256 differs" in told


@pytest.mark.parametrize("name", ["coral.latency.onnx", "coral.latency.support.onnx"])
def test_a_missing_model_is_told(card_path: Path, nasbench201: SearchSpace, name: str) -> None:
    card_path.with_name(name).unlink()
    told = refusal(card_path.with_name("coral.latency.json"), nasbench201)
    assert f"{name} must lie beside its card; it cannot be read (No such file" in told


def _foreign(card_path: Path, model: bytes) -> None:
    """Put another model beside a card that vouches for it."""
    card_path.with_suffix(".onnx").write_bytes(model)
    change_card(card_path, lambda card: card.update(sha256=sha256_bytes(model)))


@pytest.mark.parametrize("model", [b"", b"no model", np.random.default_rng(0).bytes(4096)])
def test_bytes_that_are_no_model_are_refused(
    card_path: Path, nasbench201: SearchSpace, model: bytes
) -> None:
    _foreign(card_path, model)
    assert "must be an ONNX model that gives one value" in refusal(card_path, nasbench201)


def test_a_model_of_another_width_is_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    from skl2onnx import to_onnx

    features = np.eye(7, dtype=np.float32)
    model = to_onnx(LinearRegression().fit(features, np.arange(7.0)), features, target_opset=OPSET)
    _foreign(card_path, model.SerializeToString())
    assert "must read 232 features; it reads 7" in refusal(card_path, nasbench201)


def test_a_model_of_another_kind_is_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    from skl2onnx import to_onnx

    n_features = read_card(card_path).n_features
    features = np.eye(4, n_features, dtype=np.float32)
    classifier = LogisticRegression().fit(features, ["cat", "dog", "cat", "dog"])
    _foreign(card_path, to_onnx(classifier, features, target_opset=OPSET).SerializeToString())
    assert "must be an ONNX model that gives one value" in refusal(card_path, nasbench201)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"card"', "{}", '{"schema": 1}', "\0"])
def test_text_that_is_no_card_is_refused(
    card_path: Path, nasbench201: SearchSpace, text: str
) -> None:
    card_path.write_text(text)
    assert "must be the card of a predictor; it cannot be read" in refusal(card_path, nasbench201)


def test_bytes_that_are_no_text_are_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    card_path.write_bytes(b"\xff\xfe\x00")
    assert "must be the card of a predictor" in refusal(card_path, nasbench201)


def test_a_missing_card_is_told(card_path: Path, nasbench201: SearchSpace) -> None:
    card_path.unlink()
    assert "must be the card of a predictor" in refusal(card_path, nasbench201)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda card: card.pop("mean"), id="part missing"),
        pytest.param(lambda card: card.update(extra=1), id="part unknown"),
        pytest.param(lambda card: card.update(mean="1.5"), id="text for a number"),
        pytest.param(lambda card: card.update(scale=float("nan")), id="NaN for a number"),
        pytest.param(lambda card: card.update(scale=True), id="true for a number"),
        pytest.param(lambda card: card.update(n_features=232.0), id="fraction for a count"),
        pytest.param(lambda card: card.update(device=5), id="number for a device"),
        pytest.param(lambda card: card.update(is_default="no"), id="text for a truth value"),
        pytest.param(lambda card: card.update(transform=True), id="truth value for the transform"),
        pytest.param(lambda card: card.update(transform="sqrt"), id="unknown transform"),
        pytest.param(lambda card: card.update(evaluation="guessed"), id="unknown evaluation"),
        pytest.param(lambda card: card.update(evaluation=None), id="null for the evaluation"),
        pytest.param(lambda card: card["interval"].update(coverage=None), id="no coverage"),
        pytest.param(lambda card: card.update(schema="1"), id="text for the schema"),
        pytest.param(lambda card: card.update(interval=[]), id="list for the interval"),
        pytest.param(lambda card: card["interval"].pop("edges"), id="interval without edges"),
        pytest.param(lambda card: card["interval"]["edges"].append(9.0), id="an edge too many"),
        pytest.param(
            lambda card: card["interval"].update(half_widths=["wide"]), id="text for a half-width"
        ),
        pytest.param(lambda card: card["held_out"].pop("kendall_tau"), id="figure missing"),
        pytest.param(lambda card: card["table"].pop("name"), id="table without a name"),
        pytest.param(lambda card: card.update(support={"threshold": 0.5}), id="half a support"),
        pytest.param(
            lambda card: card.update(
                support={
                    "threshold": "half",
                    "n_unsupported": 1,
                    "recall_pct": None,
                    "specificity_pct": None,
                    "sha256": "",
                }
            ),
            id="text for a threshold",
        ),
        pytest.param(lambda card: card.update(feature_sets=7), id="number for the features"),
    ],
)
def test_a_damaged_card_is_refused_when_it_is_read(
    card_path: Path, nasbench201: SearchSpace, change: Callable[[Card], object]
) -> None:
    change_card(card_path, change)
    assert "must be the card of a predictor; it cannot be read" in refusal(card_path, nasbench201)


def test_a_newer_schema_is_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    change_card(card_path, lambda card: card.update(schema=SCHEMA + 1, new="part"))
    told = refusal(card_path, nasbench201)
    assert f"has schema {SCHEMA + 1}; this version reads up to {SCHEMA}. Update hwnas." in told


def test_features_that_have_changed_are_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    change_card(card_path, lambda card: card.update(features_sha256="0" * 64))
    told = refusal(card_path, nasbench201)
    assert "was fitted on features that this version computes otherwise. Make it again" in told


def test_features_that_are_not_known_any_more_are_refused(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    change_card(card_path, lambda card: card.update(feature_sets=["counts", "horoscope"]))
    assert "was fitted on features that this version" in refusal(card_path, nasbench201)


def test_another_order_of_feature_sets_is_another_set_of_features(
    card_path: Path, nasbench201: SearchSpace
) -> None:
    change_card(card_path, lambda card: card["feature_sets"].reverse())
    assert "was fitted on features that this version" in refusal(card_path, nasbench201)


@pytest.mark.parametrize(("key", "value"), [("space", "fbnet"), ("dataset", "cifar100")])
def test_a_card_of_another_space_or_data_set_is_refused(
    card_path: Path, nasbench201: SearchSpace, key: str, value: str
) -> None:
    change_card(card_path, lambda card: card.update({key: value}))
    assert "it cannot serve nasbench201 on cifar10" in refusal(card_path, nasbench201)


def test_a_predictor_does_not_serve_another_data_set(card_path: Path) -> None:
    told = refusal(card_path, load_space("nasbench201", dataset="cifar100"))
    assert "predicts nasbench201 on cifar10; it cannot serve nasbench201 on cifar100" in told


def test_a_card_under_another_name_is_refused(card_path: Path, nasbench201: SearchSpace) -> None:
    renamed = card_path.rename(card_path.with_name("pixel3.latency.json"))
    told = refusal(renamed, nasbench201)
    assert "must be the card of pixel3.latency; it is that of pi5.latency" in told
