"""Cards: read as they were written, refused where they are damaged, brought up to date."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from changed_records import sealed
from made_up import linear_predictor, shipped_predictor

from hwnas._resources import artifacts_dir
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ArtifactError
from hwnas.fitting.metrics import kendall_tau
from hwnas.predictors.card import CARDS, INDEXES, SCHEMA, Card, Evaluation, Index, Sizes, Support
from hwnas.predictors.importances import Importances
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
    with contextlib.suppress(ValueError):  # of a number that no JSON has
        fields = sealed(fields)
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
        pytest.param(lambda card: card["model"].update(scale=0.0), id="a scale of nothing"),
        pytest.param(lambda card: card["model"].update(sha256="00"), id="half a hash"),
        pytest.param(lambda card: card["features"].update(n=-1), id="a count below 0"),
        pytest.param(lambda card: card["evaluation"].update(coverage=1.5), id="a share above 1"),
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
        pytest.param(lambda card: card.update(interval=None), id="no interval"),
        pytest.param(lambda card: card["interval"].pop("knots"), id="interval without knots"),
        pytest.param(lambda card: card["interval"].update(knots=[]), id="no knot"),
        pytest.param(lambda card: card["interval"]["knots"].append(9.0), id="a knot too many"),
        pytest.param(lambda card: card["interval"]["above"].append(9.0), id="an end too many"),
        pytest.param(
            lambda card: card["interval"].update(knots=[2.0, 1.0], below=[1, 1], above=[1, 1]),
            id="knots that fall",
        ),
        pytest.param(lambda card: card["interval"].update(below=[-1.0]), id="negative distance"),
        pytest.param(
            lambda card: card["interval"].update(below=["wide"]), id="text for a distance"
        ),
        pytest.param(
            lambda card: card["interval"].update(edges=[], half_widths=[5.0]), id="two intervals"
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


# --- of schema 2, whose intervals were symmetric and of one width within each bin -----------------


def _schema_2(
    card: Card, edges: Sequence[float], half_widths: Sequence[float], **parts: object
) -> Fields:
    """A card as schema 2 had it, as a JSON file gives it."""
    fields = json.loads(json.dumps(CARDS.encode(card)))
    interval = {"level": 0.9, "edges": list(edges), "half_widths": list(half_widths)}
    return {**fields, "schema": 2, "interval": interval, **parts}


def _half_widths(
    edges: Sequence[float], half_widths: Sequence[float], predicted: np.ndarray
) -> np.ndarray:
    """What schema 2 meant: a prediction on an edge belongs to the bin above."""
    bins = [sum(edge <= each for edge in edges) for each in predicted]
    return np.array(half_widths)[bins]


@pytest.mark.parametrize(
    "edges", [(), (0.0,), (0.0, 1e-300), (-3.5, 0.1, 0.3, 7e8), (-1e-12, 1e-12), (-1e300, 1.0)]
)
def test_half_widths_of_schema_2_are_the_same_at_edges_and_beside_them(
    card: Card, edges: tuple[float, ...]
) -> None:
    half_widths = [5.0, 0.25, 1e-3, 40.0, 0.125][: len(edges) + 1]
    interval = CARDS.decode(_schema_2(card, edges, half_widths), "accuracy.json").interval
    places = np.array([-np.inf, *edges, np.inf])
    beside = [np.nextafter(places, side) for side in (-np.inf, np.inf)]
    between = np.linspace(-4.0, 4.0, 41)
    predicted = np.unique(np.concatenate([places, *beside, between]))
    predicted = predicted[np.isfinite(predicted)]
    expected = _half_widths(edges, half_widths, predicted)
    lower, upper = interval.ends(predicted)
    np.testing.assert_array_equal(lower, predicted - expected)
    np.testing.assert_array_equal(upper, predicted + expected)


def test_what_was_ranked_for_importances_of_schema_2_was_what_was_held_out(card: Card) -> None:
    sizes = {"train": 80, "calibrate": 9, "test": 11}
    old = _schema_2(
        card, (), (5.0,), importances={"n_repeats": 2, "set": {}, "kind": {}, "feature": {}}
    )
    old["evaluation"].update(how="held_out", n_classes=sizes)
    read = CARDS.decode(old, "accuracy.json")
    assert read.importances == Importances(2, {}, {}, {}, n_classes=11)
    assert read.evaluation.how == "held_out"
    del old["importances"]
    assert CARDS.decode(old, "accuracy.json").importances is None


def test_the_rest_of_a_card_of_schema_2_is_as_it_was(card: Card) -> None:
    read = CARDS.decode(_schema_2(card, (), (5.0,)), "accuracy.json")
    assert read == card
    assert CARDS.encode(read)["schema"] == SCHEMA


def test_an_index_of_schema_2_is_read_card_by_card(card: Card) -> None:
    old = [_schema_2(card, (1.0,), (2.0, 3.0)), _schema_2(card, (), (5.0,))]
    for each in old:
        del each["schema"]
    stepped, plain = INDEXES.decode({"schema": 2, "predictors": old}, "index.json").predictors
    assert plain == card
    assert stepped.interval.knots == (np.nextafter(1.0, 0.0), 1.0)
    assert stepped.interval.below == stepped.interval.above == (2.0, 3.0)


@pytest.mark.parametrize(
    ("edges", "half_widths"), [((1.0,), (2.0,)), ((), (1.0, 2.0)), ((2.0, 1.0), (1.0, 2.0, 3.0))]
)
def test_a_damaged_interval_of_schema_2_is_refused(
    card: Card, edges: tuple[float, ...], half_widths: tuple[float, ...]
) -> None:
    with pytest.raises(ArtifactError, match=r"^accuracy\.json must be the card of a predictor"):
        CARDS.decode(_schema_2(card, edges, half_widths), "accuracy.json")


# --- shipped ones ---------------------------------------------------------------------------------


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
    fields["interval"] = {"level": 0.9, "edges": [], "half_widths": [0.5]}
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
    assert card.interval is not None
    half_width = card.interval.above[0]
    fields["predictors"][0]["interval"] = {
        "level": 0.9,
        "edges": [],
        "half_widths": [half_width],
    }
    assert INDEXES.decode({**fields, "schema": 2}, "index.json").predictors == (card,)


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
