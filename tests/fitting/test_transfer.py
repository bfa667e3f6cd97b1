"""Cost models that carry from one space to another, and what is said of how far they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import hwnas
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError, TableError
from hwnas.features import feature_matrix, feature_names
from hwnas.features.counting import count_genotypes
from hwnas.fitting.carrying import Costs, Known, nearest_neighbours, neighbours
from hwnas.fitting.columns import Fitted, write_predictor
from hwnas.fitting.cost_models import TOTALS
from hwnas.fitting.transfer import extrapolate, measure_transfer
from hwnas.predictors import Predictor, load_predictor
from hwnas.predictors.store import stored_in
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, class_means

RATES = {"operators": 1e-3, "macs": 3e-9, "params": 2e-9, "bytes": 5e-8}
"""Milliseconds for each operator, MAC, parameter and byte."""


def cost_ms(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    names = feature_names(space, TOTALS)
    rates = np.array([RATES[name] for name in names])
    return feature_matrix(space, genotypes, TOTALS).astype(float) @ rates


def cost_of_others_ms(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """What a raspi4 takes to the power of .6, times what a pixel3 does to the power of .5."""
    logs = dict(
        zip(
            feature_names(space, ("device_costs",)),
            feature_matrix(space, genotypes, ("device_costs",)).astype(float).T,
            strict=True,
        )
    )
    return np.exp(0.6 * logs["log_cost(raspi4.latency)"] + 0.5 * logs["log_cost(pixel3.latency)"])


def synthetic(
    space: SearchSpace,
    n: int = 300,
    noise: float = 0.0,
    cost: Callable[[SearchSpace, np.ndarray], np.ndarray] = cost_ms,
    quantity: str = "latency",
) -> Known:
    """A device whose latency is a sum of costs, on ``n`` networks of a space."""
    rng = np.random.default_rng(0)
    genotypes = np.unique(space.canonical_genotypes(space.sample_genotypes(n, rng)), axis=0)
    values = cost(space, genotypes) * np.exp(noise * rng.normal(size=len(genotypes)))
    column = Column.of(Target(quantity, space.dataset, "toy"), "made up")
    archs = [str(space.architecture(genotype)) for genotype in genotypes]
    frame = pd.DataFrame({"arch": archs, column.name: values})
    return Known(space, Table("toy", space.name, "Toy", (column,), frame, sha256="0" * 64), column)


def _written(root: Path, fitted: Fitted, space: SearchSpace) -> Predictor:
    """A predictor that was written and read again."""
    write_predictor(root, fitted)
    (stored,) = stored_in(root, space.name)
    return load_predictor(stored, space)


@pytest.fixture(scope="module")
def mnasnet() -> SearchSpace:
    return load_space("mnasnet")


@pytest.fixture(scope="module")
def fbnet() -> SearchSpace:
    return load_space("fbnet")


def test_a_sum_of_costs_carries_exactly(
    nasbench201: SearchSpace, mnasnet: SearchSpace, tmp_path: Path
) -> None:
    # Chains vary enough to tell the four rates apart; cells, made of three costly operations, not.
    start, goal = synthetic(mnasnet), synthetic(nasbench201)
    trust = measure_transfer(start, goal)
    assert trust.scale == pytest.approx(1.0, rel=1e-3)
    assert trust.log_error < 1e-2
    predictor = _written(tmp_path, extrapolate(start, nasbench201, [trust]), nasbench201)
    genotypes = nasbench201.sample_genotypes(50, np.random.default_rng(3))
    estimate = predictor.predict(genotypes)
    np.testing.assert_allclose(estimate.value, cost_ms(nasbench201, genotypes), rtol=1e-2)


def test_the_interval_covers_the_measured_error(
    nasbench201: SearchSpace, mnasnet: SearchSpace, tmp_path: Path
) -> None:
    start, goal = synthetic(nasbench201, noise=0.2), synthetic(mnasnet, noise=0.2)
    trust = measure_transfer(start, goal)
    predictor = _written(tmp_path, extrapolate(start, mnasnet, [trust]), mnasnet)
    genotypes = mnasnet.sample_genotypes(5, np.random.default_rng(3))
    estimate = predictor.predict(genotypes)
    np.testing.assert_allclose(estimate.upper / estimate.value, np.exp(trust.log_error))
    np.testing.assert_allclose(estimate.value / estimate.lower, np.exp(trust.log_error))
    assert trust.log_error > 0.2


def test_scale_is_the_factor_by_which_predictions_are_off(
    nasbench201: SearchSpace, mnasnet: SearchSpace
) -> None:
    start, goal = synthetic(nasbench201), synthetic(mnasnet)
    name = goal.column.name
    slower = goal.table.frame.assign(**{name: 2 * goal.table.frame[name]})
    off = measure_transfer(start, replace(goal, table=replace(goal.table, frame=slower)))
    right = measure_transfer(start, goal)
    assert off.scale == pytest.approx(right.scale / 2)
    assert off.within_10_pct_scaled == pytest.approx(right.within_10_pct_scaled)
    # Who cannot divide the factor out has it in every value.
    assert off.within_10_pct is not None
    assert off.within_10_pct < off.within_10_pct_scaled
    assert off.spearman == pytest.approx(right.spearman)


def test_without_a_measure_of_trust_nothing_is_extrapolated(
    nasbench201: SearchSpace, mnasnet: SearchSpace
) -> None:
    with pytest.raises(TableError, match="How far a cost model carries must be measured"):
        extrapolate(synthetic(nasbench201), mnasnet, [])


def test_a_cost_of_zero_is_refused(nasbench201: SearchSpace) -> None:
    start = synthetic(nasbench201)
    frame = start.table.frame.copy()
    frame[start.column.name] -= frame[start.column.name].min()
    with pytest.raises(TableError, match="must be positive for a cost model to be fitted"):
        measure_transfer(replace(start, table=replace(start.table, frame=frame)), start)


def test_a_product_of_other_devices_costs_carries(
    nasbench201: SearchSpace, fbnet: SearchSpace, tmp_path: Path
) -> None:
    start = synthetic(nasbench201, 1000, cost=cost_of_others_ms)
    goal = synthetic(fbnet, cost=cost_of_others_ms)
    others = neighbours(nasbench201, fbnet)
    trust = measure_transfer(start, goal, others)
    assert trust.method == "devices"
    # Penalised weights fall short by a little.
    assert trust.log_error < 0.06
    assert trust.spearman is not None
    assert trust.spearman > 0.999
    fitted = extrapolate(start, fbnet, [trust], others)
    assert fitted.card.transfer is not None
    weights = fitted.card.transfer.weights
    largest = sorted(weights, key=lambda name: -weights[name])[:2]
    assert set(largest) == {"raspi4.latency", "pixel3.latency"}
    genotypes = fbnet.sample_genotypes(50, np.random.default_rng(3))
    estimate = _written(tmp_path, fitted, fbnet).predict(genotypes)
    np.testing.assert_allclose(estimate.value, cost_of_others_ms(fbnet, genotypes), rtol=0.1)


def test_what_is_known_of_a_board_is_left_out_whatever_its_batch_size(
    nasbench201: SearchSpace, fbnet: SearchSpace
) -> None:
    others = neighbours(nasbench201, fbnet)
    assert others is not None
    kept = others.without("1080ti")
    assert {each.name for each in others.costs} - {each.name for each in kept.costs} == {
        "1080ti.latency.batch1", "1080ti.latency.batch32",
    }  # fmt: skip
    names = feature_names(fbnet, ("device_costs",))
    assert [names[column] for column in kept.there_columns] == [
        f"log_cost({each.name})" for each in kept.costs
    ]


def test_costs_of_another_data_set_say_nothing(nasbench201: SearchSpace) -> None:
    assert neighbours(nasbench201, load_space("fbnet", dataset="imagenet")) is None


def test_a_third_space_helps_where_it_has_operators_that_the_first_lacks(
    nasbench201: SearchSpace, fbnet: SearchSpace, mnasnet: SearchSpace
) -> None:
    # Cells have no depthwise convolution; FBNet has all operators of MnasNet.
    through = nearest_neighbours(nasbench201, mnasnet)
    assert through is not None
    assert through.there.name == "fbnet"
    assert nearest_neighbours(fbnet, mnasnet) is None


def test_a_transfer_stands_beside_counts_on_the_same_truth(
    nasbench201: SearchSpace, mnasnet: SearchSpace
) -> None:
    start, goal = synthetic(mnasnet), synthetic(nasbench201, noise=0.2)
    trust = measure_transfer(start, goal)
    truth = class_means(nasbench201, goal.table, goal.column.name)
    params, macs = count_genotypes(nasbench201, truth.genotypes).T
    assert trust.spearman_macs == pytest.approx(spearmanr(truth.values, macs).statistic)
    assert trust.spearman_params == pytest.approx(spearmanr(truth.values, params).statistic)


def test_where_no_transfer_of_the_quantity_was_measured_there_is_no_interval(
    nasbench201: SearchSpace, mnasnet: SearchSpace, tmp_path: Path
) -> None:
    trust = measure_transfer(synthetic(nasbench201), synthetic(mnasnet))
    start = synthetic(nasbench201, quantity="energy")
    predictor = _written(tmp_path, extrapolate(start, mnasnet, [trust]), mnasnet)
    estimate = predictor.predict(mnasnet.sample_genotypes(5, np.random.default_rng(3)))
    assert predictor.card.interval is None
    assert np.isfinite(estimate.value).all()
    assert np.isnan([estimate.lower, estimate.upper]).all()


def test_a_card_says_how_its_values_order_the_space_beside_counts(
    nasbench201: SearchSpace, mnasnet: SearchSpace
) -> None:
    def macs(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
        return 1e-6 * count_genotypes(space, genotypes)[:, 1]

    start, goal = (synthetic(space, cost=macs) for space in (nasbench201, mnasnet))
    trust = measure_transfer(start, goal)
    transfer = extrapolate(start, mnasnet, [trust]).card.transfer
    assert transfer is not None
    assert transfer.order is not None
    assert transfer.order.same_as == "MACs"
    assert transfer.order.n_archs > 1900


@pytest.fixture
def transferred(published_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache with the tables in which two spaces know the same devices, and no predictors."""
    (tmp_path / "cache" / "tables").mkdir(parents=True)
    for name in ("hw-nas-bench", "help-fbnet"):
        for path in (published_cache / "tables").glob(f"{name}.*"):
            (tmp_path / "cache" / "tables" / path.name).symlink_to(path)
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.long
@pytest.mark.usefixtures("transferred")
def test_eyeriss_goes_from_cells_to_mnasnet_through_fbnet_and_says_so() -> None:
    from hwnas.api import fit_transfer

    cards = fit_transfer("eyeriss", "nasbench201", "mnasnet")
    assert [card.target.quantity for card in cards] == ["latency", "energy"]
    for card in cards:
        assert card.transfer is not None
        assert (card.transfer.method, card.transfer.via_space) == ("bridge", "fbnet")
    archs = load_space("mnasnet").sample(5, np.random.default_rng(0))
    frame = hwnas.predict("mnasnet", archs, device="eyeriss", quantities=["latency", "energy"])
    for name in ("latency_ms", "energy_mj"):
        assert set(frame[f"{name}_source"]) == {"extrapolated"}
        assert (frame[name] > 0).all()
        assert frame[[f"{name}_lower", f"{name}_upper"]].isna().all(axis=None)


@pytest.mark.long
@pytest.mark.usefixtures("transferred")
def test_eyeriss_goes_from_fbnet_with_the_interval_that_was_measured() -> None:
    from hwnas.api import fit_transfer

    (card,) = fit_transfer("eyeriss", "fbnet", "mnasnet")
    assert card.transfer is not None
    (trust,) = card.transfer.measured("latency", "eyeriss")
    assert (trust.from_space, trust.to_space) == ("fbnet", "nasbench201")
    assert card.interval is not None
    assert card.interval.above == (trust.log_error,)


@pytest.mark.long
@pytest.mark.usefixtures("transferred")
def test_published_latencies_carry_better_than_macs_rank_them() -> None:
    from hwnas.api._transfers import measured_transfers

    found = measured_transfers(load_space("nasbench201"), Costs())
    trust = {(each.device, each.from_space, each.method): each for each in found}
    devices = ("raspi4", "pixel3", "eyeriss", "fpga")
    # The last one is known on mnasnet, from this project's own measurements.
    assert {device for device, _, _ in trust} == {*devices, "x86-ort"}
    for start, least in (("nasbench201", 0.957), ("fbnet", 0.82)):
        carried = [trust[device, start, "devices"] for device in devices]
        rhos, macs = (
            np.mean([getattr(each, name) for each in carried])
            for name in ("spearman", "spearman_macs")
        )
        assert rhos > max(least, macs)


@pytest.mark.long
@pytest.mark.usefixtures("transferred")
def test_what_a_table_knows_is_not_extrapolated() -> None:
    from hwnas.api import fit_transfer

    with pytest.raises(ConfigError, match=r"Device 'raspi4' must have latency or energy on nasb"):
        fit_transfer("raspi4", "nasbench201", "fbnet")


def test_a_space_does_not_extrapolate_to_itself() -> None:
    from hwnas.api import fit_transfer

    with pytest.raises(ConfigError, match="must go to another space; got nasbench201 twice"):
        fit_transfer("eyeriss", "nasbench201", "nasbench201")
