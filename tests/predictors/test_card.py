"""Cards: read as they were written, refused where they are damaged, brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up import linear_predictor, shipped_predictor

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError
from hwnas.predictors.card import CARDS, INDEXES, SCHEMA, Card, Index, Support
from hwnas.predictors.trust import CostTrust, QualityTrust

Fields = dict[str, Any]


@pytest.fixture(scope="module")
def card(nasbench201: SearchSpace) -> Card:
    return linear_predictor(nasbench201, ("one_hot",), np.ones(30)).card


def _read(card: Card, change: Callable[[Fields], object]) -> Card:
    """The card in a file that was changed."""
    fields = json.loads(json.dumps(CARDS.encode(card)))
    change(fields)
    return CARDS.parse(json.dumps(fields), "accuracy.json")


@pytest.mark.parametrize("support", [None, Support(0.5, 3, None, 90.0, "0" * 64)])
def test_a_card_is_read_back_as_it_was_written(
    nasbench201: SearchSpace, support: Support | None
) -> None:
    made = linear_predictor(nasbench201, ("one_hot",), np.ones(30), support=support).card
    assert _read(made, dict) == made


def test_a_target_leaves_conditions_open_or_names_them(nasbench201: SearchSpace) -> None:
    weights = np.ones(30)
    robust = {"quantity": "robustness", "variant": "pgd-eps1"}
    usual, other = (
        linear_predictor(nasbench201, ("one_hot",), weights, is_default=each, **robust).card
        for each in (True, False)
    )
    attacked = Target("robustness", "cifar10", None, (("attack", "pgd-eps1"),))
    assert usual.answers(attacked)
    assert other.answers(attacked)
    assert usual.answers(attacked.usual)
    assert not other.answers(attacked.usual)
    assert not usual.answers(Target("robustness", "cifar10", None, (("attack", "pgd-eps2"),)))
    assert not usual.answers(Target("accuracy", "cifar10"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda card: card["model"].pop("mean"), id="part missing"),
        pytest.param(lambda card: card.update(extra=1), id="part unknown"),
        pytest.param(lambda card: card["model"].update(mean="1.5"), id="text for a number"),
        pytest.param(lambda card: card["model"].update(scale=float("nan")), id="NaN"),
        pytest.param(lambda card: card["model"].update(scale=True), id="true for a number"),
        pytest.param(lambda card: card["features"].update(n=30.5), id="fraction for a count"),
        pytest.param(lambda card: card["target"].update(device=5), id="number for a device"),
        pytest.param(lambda card: card["target"].update(conditions=[["a", "B C"]]), id="condition"),
        pytest.param(lambda card: card.update(is_default="no"), id="text for a truth value"),
        pytest.param(lambda card: card["model"].update(transform="sqrt"), id="unknown transform"),
        pytest.param(
            lambda card: card["evaluation"].update(how="guessed"), id="unknown evaluation"
        ),
        pytest.param(lambda card: card["evaluation"].update(how=None), id="null evaluation"),
        pytest.param(lambda card: card["evaluation"].update(coverage=None), id="no coverage"),
        pytest.param(lambda card: card.update(schema="1"), id="text for the schema"),
        pytest.param(lambda card: card.update(interval=[]), id="list for the interval"),
        pytest.param(lambda card: card["interval"].pop("edges"), id="interval without edges"),
        pytest.param(lambda card: card.update(interval=None), id="no interval"),
        pytest.param(lambda card: card["interval"]["edges"].append(9.0), id="an edge too many"),
        pytest.param(
            lambda card: card["interval"].update(half_widths=["wide"]), id="text for a half-width"
        ),
        pytest.param(
            lambda card: card["evaluation"]["figures"].pop("kendall_tau"), id="figure missing"
        ),
        pytest.param(lambda card: card["table"].pop("name"), id="table without a name"),
        pytest.param(lambda card: card.update(support={"threshold": 0.5}), id="half a support"),
        pytest.param(lambda card: card["features"].update(sets=7), id="number for the features"),
    ],
)
def test_a_damaged_card_is_refused(card: Card, change: Callable[[Fields], object]) -> None:
    with pytest.raises(ArtifactError, match=r"^accuracy\.json must be the card of a pred") as told:
        _read(card, change)
    assert "\n" not in str(told.value)


def test_a_misspelt_part_is_told_with_the_nearest_one(card: Card) -> None:
    with pytest.raises(ArtifactError, match=r"it has no 'model\.scal', did you mean 'model\.scale"):
        _read(card, lambda fields: fields["model"].update(scal=1.0))


def test_a_condition_that_cannot_be_is_told_with_the_file(card: Card) -> None:
    with pytest.raises(ArtifactError, match=r"^accuracy\.json must be .*; accuracy: a con"):
        _read(card, lambda fields: fields["target"].update(conditions=[["batch", "B C"]]))


def test_a_quantity_of_a_distribution_that_is_gone_does_not_hide_the_others(card: Card) -> None:
    gone = _read(card, lambda fields: fields["target"].update(quantity="luck"))
    assert (gone.target.quantity, gone.name) == ("luck", "luck")


def test_a_newer_schema_is_refused(card: Card) -> None:
    with pytest.raises(ArtifactError, match=rf"schema must be at most {SCHEMA}; got {SCHEMA + 1}"):
        _read(card, lambda fields: fields.update(schema=SCHEMA + 1, new="part"))


def test_shipped_models_of_other_spaces_say_how_far_such_models_carry() -> None:
    cost = shipped_predictor("mnasnet", "imagenet", "eyeriss.latency").card.transfer
    quality = shipped_predictor(
        "nasbench_macro", "cifar10", "robustness.apgd-ce-eps1"
    ).card.transfer
    assert cost is not None
    assert quality is not None
    assert {type(each) for each in cost.costs} == {CostTrust}
    assert {type(each) for each in quality.qualities} == {QualityTrust}
    assert (cost.qualities, quality.costs) == ((), ())
    # Published latencies of eyeriss on NAS-Bench-201, from a model that saw none of them.
    (trust,) = cost.measured("latency", "eyeriss")
    assert (trust.from_space, trust.to_space, trust.method) == ("fbnet", "nasbench201", "totals")
    assert trust.spearman is not None
    assert trust.spearman > 0.5
    assert trust.beats_macs


def test_an_extrapolated_energy_claims_no_interval() -> None:
    # No energy is known on two spaces, so that nobody knows how far one carries.
    for space, dataset in (("mnasnet", "imagenet"), ("nasbench_macro", "cifar10")):
        for device in ("edgegpu", "eyeriss", "fpga"):
            assert shipped_predictor(space, dataset, f"{device}.energy").card.interval is None


def test_a_card_of_schema_2_keeps_its_share_without_the_factor() -> None:
    fields = CARDS.encode(shipped_predictor("mnasnet", "imagenet", "eyeriss.latency").card)
    transfer = fields["transfer"]
    for name in ("method", "via_space", "weights", "order"):
        del transfer[name]
    for entry in transfer["costs"]:
        del entry["within_10_pct"], entry["spearman_macs"], entry["spearman_params"]
        del entry["quantity"], entry["conditions"], entry["method"]
        entry["within_10_pct"] = entry.pop("within_10_pct_scaled")
    expected = transfer["costs"][0]["within_10_pct"]
    older = CARDS.decode({**fields, "schema": 2}, "eyeriss.json").transfer
    assert older is not None
    assert older.method == "totals"
    assert older.costs[0].within_10_pct_scaled == expected
    assert older.costs[0].within_10_pct is None
    assert older.costs[0].beats_macs is None


def test_an_index_of_schema_2_is_read() -> None:
    card = shipped_predictor("nasbench_macro", "cifar10", "robustness.apgd-ce-eps1").card
    fields = INDEXES.encode(Index((card,)))
    for name in ("method", "via_space", "weights", "order"):
        del fields["predictors"][0]["transfer"][name]
    assert INDEXES.decode({**fields, "schema": 2}, "index.json").predictors == (card,)
