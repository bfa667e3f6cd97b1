"""Cost models that carry from one space to another, and what is said of how far they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hwnas
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import ConfigError, TableError
from hwnas.features import feature_matrix, feature_names
from hwnas.fitting.carrying import Known
from hwnas.fitting.columns import Fitted, write_predictor
from hwnas.fitting.cost_models import TOTALS as FEATURES
from hwnas.fitting.transfer import extrapolate, measure_transfer
from hwnas.predictors import Predictor, load_predictor
from hwnas.predictors.store import stored_in
from hwnas.spaces import load_space
from hwnas.tables import Column, Table

RATES = {"operators": 1e-3, "macs": 3e-9, "params": 2e-9, "bytes": 5e-8}
"""Milliseconds for each operator, MAC, parameter and byte."""


def cost_ms(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    names = feature_names(space, FEATURES)
    rates = np.array([RATES[name] for name in names])
    return feature_matrix(space, genotypes, FEATURES).astype(float) @ rates


def synthetic(space: SearchSpace, n: int = 300, noise: float = 0.0) -> Known:
    """A device whose latency is a sum of costs, on ``n`` networks of a space."""
    rng = np.random.default_rng(0)
    genotypes = np.unique(space.canonical_genotypes(space.sample_genotypes(n, rng)), axis=0)
    values = cost_ms(space, genotypes) * np.exp(noise * rng.normal(size=len(genotypes)))
    column = Column.of(Target("latency", space.dataset, "toy"), "made up")
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
    assert off.within_10_pct == pytest.approx(right.within_10_pct)
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
def test_eyeriss_goes_from_cells_to_mnasnet_and_says_so() -> None:
    from hwnas.api import fit_transfer

    cards = fit_transfer("eyeriss", "nasbench201", "mnasnet")
    assert [card.target.quantity for card in cards] == ["latency", "energy"]
    trust = {(each.device, each.from_space): each for each in cards[0].transfer.costs}
    both = {"raspi4", "pixel3", "eyeriss", "fpga"}
    assert {device for device, _ in trust} == both
    assert {start for _, start in trust} == {"nasbench201", "fbnet"}
    # Published latencies of eyeriss on FBNet, from a model that saw none of them.
    assert trust["eyeriss", "nasbench201"].spearman > 0.95
    archs = load_space("mnasnet").sample(5, np.random.default_rng(0))
    frame = hwnas.predict("mnasnet", archs, device="eyeriss", quantities=["latency", "energy"])
    for name in ("latency_ms", "energy_mj"):
        assert set(frame[f"{name}_source"]) == {"extrapolated"}
        assert (frame[f"{name}_lower"] < frame[name]).all()
        assert (frame[name] < frame[f"{name}_upper"]).all()


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
