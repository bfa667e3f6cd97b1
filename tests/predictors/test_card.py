"""Cards: read as they were written, refused where they are damaged, brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_up import linear_predictor, shipped_predictor

from hwnas._resources import artifacts_dir
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError
from hwnas.fitting.metrics import kendall_tau
from hwnas.predictors.card import CARDS, SCHEMA, Card, Evaluation, Sizes, Support
from hwnas.predictors.store import stored_in
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
    # Published latencies of eyeriss on FBNet, from a model that saw none of them.
    trust = {(each.device, each.from_space): each for each in cost.costs}
    assert trust["eyeriss", "nasbench201"].spearman is not None
    assert trust["eyeriss", "nasbench201"].spearman > 0.95


def _evaluation(tau: float | None, n_test: int) -> Evaluation:
    figures = {"kendall_tau": tau, "within_10_pct": 50.0}
    return Evaluation("held_out", Sizes(100, 10, n_test), figures, 0.9)


@pytest.mark.parametrize("n_test", [20, 49, 200])
def test_independent_ranks_exceed_the_tau_of_chance_one_time_in_twenty(n_test: int) -> None:
    rng = np.random.default_rng(0)
    taus = [kendall_tau(rng.normal(size=n_test), rng.normal(size=n_test)) for _ in range(2000)]
    share = np.mean(np.array(taus) > _evaluation(0.5, n_test).chance_tau)
    # Three standard errors of a share of 5 % among 2,000.
    assert share == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 2000))


def test_the_tau_of_chance_is_that_of_the_normal_approximation() -> None:
    # By hand: 1.645 times the root of 2 (2 x 20 + 5) / (9 x 20 x 19) = 90 / 3420.
    assert _evaluation(0.5, 20).chance_tau == pytest.approx(1.645 * np.sqrt(90 / 3420))


@pytest.mark.parametrize(
    ("tau", "n_test", "lacks_skill"),
    [
        (-0.36, 20, True),
        (0.0, 20, True),
        (0.26, 20, True),
        (0.27, 20, False),
        (0.26, 30, False),
        (0.049, 493, True),
        (0.05, 493, False),
        pytest.param(None, 20, True, id="constant"),
        pytest.param(0.9, 1, True, id="one class ranks nothing"),
        pytest.param(None, 0, None, id="untested"),
    ],
)
def test_what_ranks_no_better_than_chance_lacks_skill(
    tau: float | None, n_test: int, lacks_skill: bool | None
) -> None:
    assert _evaluation(tau, n_test).lacks_skill is lacks_skill


@pytest.mark.parametrize("space", ["fbnet", "mnasnet", "nasbench201", "nasbench_macro"])
def test_what_ships_has_skill_or_is_untested(space: str) -> None:
    cards = [each.card for each in stored_in(artifacts_dir(), space)]
    assert {card.evaluation.lacks_skill for card in cards if card.transfer} <= {None}
    assert {card.evaluation.lacks_skill for card in cards if not card.transfer} <= {False}
    assert cards
