"""What ``hwnas.explain`` finds in the shipped cards, and what it says where it finds nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up import own_copy, shipped_predictor

import hwnas
from hwnas.api import make_objective
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, UnknownNameError
from hwnas.objectives import NothingKnownError
from hwnas.objectives.devices import load_device
from hwnas.objectives.explanation import COLUMNS
from hwnas.predictors.card import Sizes
from hwnas.predictors.importances import importances_of
from hwnas.spaces import load_space

EDGEGPU = shipped_predictor("nasbench201", "cifar10", "edgegpu.latency")


def test_one_predictor_is_told_as_its_card_has_it() -> None:
    frame = hwnas.explain("nasbench201", "latency", device="edgegpu")
    assert tuple(frame.columns) == COLUMNS
    assert set(frame.target) == {"latency"}
    assert set(frame.device) == {"edgegpu"}
    measured = EDGEGPU.card.importances
    assert measured is not None
    sets = frame[frame.level == "set"]
    assert dict(zip(sets.name, sets.tau_drop, strict=True)) == {
        name: figures.drop for name, figures in measured.set.items()
    }
    features = frame[frame.level == "feature"]
    assert list(features.feature_set + "/" + features.name) == list(measured.feature)
    assert list(features.tau_drop_std) == [figures.std for figures in measured.feature.values()]


def test_choices_are_told_by_their_names() -> None:
    frame = hwnas.explain("fbnet", "latency", device="raspi4")
    groups = frame[(frame.level == "feature") & (frame.feature_set == "groups")]
    assert groups.label.str.fullmatch(r"layer \d+: (k\d_e\d(_g2)?|skip)").all()


def test_without_a_device_all_are_compared() -> None:
    frame = hwnas.explain("nasbench201", "energy")
    assert list(dict.fromkeys(frame.device)) == ["edgegpu", "eyeriss", "fpga"]


def test_several_targets_are_compared() -> None:
    frame = hwnas.explain("nasbench201", ["accuracy", "robustness@pgd-eps1"], dataset="cifar10")
    assert list(dict.fromkeys(frame.target)) == ["accuracy@validation", "robustness@pgd-eps1"]
    assert frame.device.isna().all()


def test_top_keeps_every_set_and_the_largest_of_the_rest() -> None:
    full = hwnas.explain("nasbench201", "accuracy")
    short = hwnas.explain("nasbench201", "accuracy", top=2)
    assert (short.level == "set").sum() == (full.level == "set").sum()
    for level in ("kind", "feature"):
        expected = full[full.level == level].name.head(2)
        assert list(short[short.level == level].name) == list(expected)


def test_extrapolated_predictors_are_left_out_of_a_comparison() -> None:
    frame = hwnas.explain("mnasnet", "latency")
    assert list(dict.fromkeys(frame.device)) == ["vck190", "zcu102"]


def test_an_extrapolated_predictor_cannot_be_explained() -> None:
    with pytest.raises(
        ConfigError,
        match=r"latency of eyeriss on mnasnet \(imagenet\) is extrapolated from fbnet; "
        r"there are no true values on mnasnet .* hwnas explain --space fbnet "
        r"--target latency --device eyeriss$",
    ):
        hwnas.explain("mnasnet", "latency", device="eyeriss")


def test_a_card_of_an_older_version_says_to_fit_again() -> None:
    own_copy(EDGEGPU, importances=None)
    with pytest.raises(
        ConfigError,
        match=r"predictor of latency of edgegpu .* was fitted before importances were measured\. "
        r"Fit it again: hwnas fit hw-nas-bench --column cifar10_edgegpu_latency_ms$",
    ):
        hwnas.explain("nasbench201", "latency", device="edgegpu")
    assert "edgegpu" not in set(hwnas.explain("nasbench201", "latency").device)


def test_a_predictor_of_a_small_table_says_what_it_would_take() -> None:
    small = replace(EDGEGPU.card.evaluation, how="cross_validated", n_classes=Sizes(30, 30, 30))
    own_copy(EDGEGPU, importances=None, evaluation=small)
    with pytest.raises(
        ConfigError,
        match=r"predictor of latency of edgegpu .* was fitted on 30 classes of table "
        r"hw-nas-bench; importances are measured on a fifth of 200 or more: add measurements\.$",
    ):
        hwnas.explain("nasbench201", "latency", device="edgegpu")


def test_what_was_fitted_for_other_options_is_not_explained() -> None:
    with pytest.raises(NothingKnownError, match=r"was fitted for nasbench201 .*; got cells=1\."):
        hwnas.explain(load_space("nasbench201", cells=1), "latency", device="edgegpu")


@pytest.mark.parametrize("name", ["params", "macs"])
def test_counts_are_not_explained(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is counted exactly, not predicted"):
        hwnas.explain("nasbench201", name)


def test_what_nothing_predicts_is_said() -> None:
    with pytest.raises(NothingKnownError, match="Device 'raspi4' has no energy data for nasbench2"):
        hwnas.explain("nasbench201", "energy", device="raspi4")
    with pytest.raises(NothingKnownError, match="No device has a predictor of throughput for nas"):
        hwnas.explain("nasbench201", "throughput")
    with pytest.raises(NothingKnownError, match="No accuracy data is known for fbnet on"):
        hwnas.explain("fbnet", "accuracy")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'pgd-eps1'"):
        hwnas.explain("nasbench201", "robustness@pgd-eps11")
    with pytest.raises(UnknownNameError, match="Unknown quantity 'latancy'"):
        hwnas.explain("nasbench201", "latancy")


def test_a_predicted_objective_carries_what_it_rests_on(nasbench201: SearchSpace) -> None:
    spec = make_objective(nasbench201, "latency", load_device("edgegpu")).spec
    assert EDGEGPU.card.importances is not None
    assert importances_of(spec.importances) == EDGEGPU.card.importances.listed()
