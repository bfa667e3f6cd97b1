"""Costs of a device from few nets: made of known devices, so that what must come out is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import hwnas
from hwnas.api import make_objective
from hwnas.core.device import Device
from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.features import net_feature_matrix
from hwnas.features.counting import count_genotypes
from hwnas.features.device_costs import DEVICE_COSTS, device_costs
from hwnas.fitting.columns import Fitted, fit_column, write_predictor
from hwnas.fitting.device_costs import smooth_costs
from hwnas.fitting.device_prior import cost_sets, prior_of_costs, unrelated
from hwnas.fitting.few_costs import USUAL, _Nets, _picked
from hwnas.fitting.linear_prior import LinearPrior
from hwnas.models.sessions import open_session
from hwnas.predictors.card import CROSS_VALIDATED
from hwnas.predictors.predictor import Predictor
from hwnas.spaces import load_space
from hwnas.tables import Column, Table, class_means

BOARD = Column.of(Target("latency", "cifar10", "board"))
BOARD_DEVICE = Device("board", "A board", "board", "made up")
# Away from every known device, and no multiple of the multiply-accumulates.
MIX = {"edgegpu.latency": 0.7, "raspi4.latency": 0.2, "eyeriss.energy": 0.3}


@pytest.fixture(scope="module")
def nets(nasbench201: SearchSpace) -> np.ndarray:
    """Pruned connected nets, shape ``(n_nets, n_genes)``, in random order."""
    every = nasbench201.all_genotypes()
    assert every is not None
    pruned = np.unique(nasbench201.pruned_genotypes(every), axis=0)
    valid = pruned[nasbench201.valid_mask(pruned)]
    return np.asarray(np.random.default_rng(7).permutation(valid))


@pytest.fixture(scope="module")
def latency_ms(nasbench201: SearchSpace, nets: np.ndarray) -> np.ndarray:
    """A mixture of known devices' logarithms, with 2 % of noise."""
    known = device_costs(nasbench201)
    assert known is not None
    logs = net_feature_matrix(nasbench201, nets, (DEVICE_COSTS,))
    names = [cost.name for cost in known.costs]
    mixed = sum(weight * logs[:, names.index(name)] for name, weight in MIX.items())
    noise = np.random.default_rng(8).normal(scale=0.02, size=len(nets))
    return np.asarray(np.exp(mixed + noise))


def _table(space: SearchSpace, nets: np.ndarray, values: np.ndarray, column: Column) -> Table:
    frame = pd.DataFrame({"arch": [space.format(net) for net in nets], column.name: values})
    return Table("mine", space.name, "Mine", (column,), frame, options=space.options)


@pytest.fixture(scope="module")
def fitted(nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray) -> Fitted:
    few = _table(nasbench201, nets[:20], latency_ms[:20], BOARD)
    return fit_column(nasbench201, few, BOARD)


@pytest.fixture(scope="module")
def predictor(nasbench201: SearchSpace, fitted: Fitted) -> Predictor:
    return Predictor(fitted.card, nasbench201, open_session(fitted.model))


def test_twenty_nets_rank_all_others_better_than_macs_do(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray, predictor: Predictor
) -> None:
    predicted = predictor.predict_nets(nets[20:]).value
    macs = count_genotypes(nasbench201, nets[20:])[:, 1]
    ours = spearmanr(predicted, latency_ms[20:]).statistic
    assert ours > 0.97 > spearmanr(macs, latency_ms[20:]).statistic + 0.05


def test_intervals_hold_nine_tenths_of_other_nets(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray
) -> None:
    shares = []
    for start in range(0, 600, 30):
        rows = slice(start, start + 30)
        own = _table(nasbench201, nets[rows], latency_ms[rows], BOARD)
        found = fit_column(nasbench201, own, BOARD)
        ours = Predictor(found.card, nasbench201, open_session(found.model))
        estimate, truth = ours.predict_nets(nets[600:1600]), latency_ms[600:1600]
        shares.append(np.mean((estimate.lower <= truth) & (truth <= estimate.upper)))
    assert 0.87 < np.mean(shares) < 0.94


def test_a_class_is_predicted_as_the_mean_over_its_nets(
    nasbench201: SearchSpace, nets: np.ndarray, predictor: Predictor
) -> None:
    alike = _largest_class(nasbench201, nets)
    logs = np.log(predictor.predict_nets(alike).value)
    assert len(alike) > 1
    assert np.ptp(logs) > 0
    assert np.log(predictor.predict(alike[:1]).value[0]) == pytest.approx(logs.mean(), abs=1e-5)


def _largest_class(space: SearchSpace, nets: np.ndarray) -> np.ndarray:
    """The nets of the functional class that has most, of shape ``(n, n_genes)``."""
    canonical = space.canonical_genotypes(nets)
    _, class_of, sizes = np.unique(canonical, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(nets[class_of.reshape(-1) == sizes.argmax()])


def test_the_card_says_that_all_classes_were_fitted_and_left_out(
    nasbench201: SearchSpace, nets: np.ndarray, fitted: Fitted
) -> None:
    card = fitted.card
    n_classes = len(np.unique(nasbench201.canonical_genotypes(nets[:20]), axis=0))
    assert card.evaluation.how == CROSS_VALIDATED
    assert card.evaluation.n_classes.train == n_classes
    assert card.model.estimator == USUAL
    assert set(card.model.candidates) == {"params", "macs", USUAL}
    assert card.features.sets == cost_sets(nasbench201)


def test_the_same_nets_give_the_same_bytes(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray, fitted: Fitted
) -> None:
    few = _table(nasbench201, nets[:20], latency_ms[:20], BOARD)
    assert fit_column(nasbench201, few, BOARD).model == fitted.model


def test_a_published_table_is_not_fitted_next_to_its_own_device(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray
) -> None:
    column = Column.of(Target("latency", "cifar10", "edgegpu"))
    own = _table(nasbench201, nets[:20], latency_ms[:20], column)
    published = replace(own, name="hw-nas-bench")
    without = fit_column(nasbench201, own, column, sources=unrelated(nasbench201, "edgegpu"))
    assert fit_column(nasbench201, published, column).model == without.model
    assert fit_column(nasbench201, own, column).model != without.model


def test_sources_that_are_left_out_have_no_weight(nasbench201: SearchSpace) -> None:
    known = device_costs(nasbench201)
    assert known is not None
    names = [cost.name for cost in known.costs]
    block = prior_of_costs(nasbench201, ["raspi4.latency"]).blocks["known_devices"]
    assert np.flatnonzero(block.any(axis=1)).tolist() == [names.index("raspi4.latency")]


@pytest.mark.parametrize(
    ("name", "options"), [("nasbench201", {"cells": 1}), ("nasbench_macro", {}), ("mnasnet", {})]
)
def test_other_spaces_and_options_are_fitted_too(name: str, options: dict[str, int]) -> None:
    space = load_space(name, **options)
    drawn = space.sample_genotypes(60, np.random.default_rng(0))
    some = np.unique(space.canonical_genotypes(drawn), axis=0)
    column = Column.of(Target("latency", space.dataset, "board"))
    macs = count_genotypes(space, some)[:, 1]
    own = _table(space, some, 1 + macs / macs.mean(), column)
    fitted = fit_column(space, own, column)
    assert (DEVICE_COSTS in fitted.card.features.sets) == (device_costs(space) is not None)
    tau = fitted.card.evaluation.figures["kendall_tau"]
    assert tau is not None
    assert tau > 0.9


def test_one_number_alone_is_taken_where_it_is_clearly_better(nasbench201: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    # Too few for a sum over operators.
    features = rng.normal(size=(20, 4)).astype(np.float32)
    columns = np.eye(4)
    blocks = {"known_devices": columns[:, 1:], "macs": columns[:, :1]}
    prior = LinearPrior(blocks, [{"known_devices": 1.0}])
    target = features[:, 0].astype(float)
    nets = _Nets(nasbench201, features, range(4), target, np.arange(20), 1.0)
    name, model, taus = _picked(prior, nets)
    assert name == "macs"
    assert taus["macs"] == 1.0
    assert model.linear.coefficients[1:] == pytest.approx([0, 0, 0])


def test_a_multiple_of_a_column_is_no_other_device(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray
) -> None:
    energy = Column.of(Target("energy", "cifar10", "board"))
    own = _table(nasbench201, nets[:200], latency_ms[:200], BOARD)
    frame = own.frame.assign(**{energy.name: 7 * latency_ms[:200]})
    costs = smooth_costs(nasbench201, [replace(own, columns=(BOARD, energy), frame=frame)])
    assert [cost.name for cost in costs.costs] == ["board.latency"]


def test_a_rate_is_smoothed_as_a_cost(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray
) -> None:
    rate = Column.of(Target("throughput", "cifar10", "board"))
    slow = _table(nasbench201, nets[:200], latency_ms[:200], BOARD)
    fast = _table(nasbench201, nets[:200], 1 / latency_ms[:200], rate)
    found = [smooth_costs(nasbench201, [table]).costs[0] for table in (slow, fast)]
    assert found[0].coefficients == found[1].coefficients


def test_nets_of_one_class_are_left_out_together(
    nasbench201: SearchSpace, nets: np.ndarray, latency_ms: np.ndarray
) -> None:
    some = np.concatenate([nets[:40], _largest_class(nasbench201, nets)[:20]])
    some = np.unique(some, axis=0)
    every = {tuple(net): value for net, value in zip(nets.tolist(), latency_ms, strict=True)}
    values = np.array([every[tuple(net)] for net in some.tolist()])
    own = _table(nasbench201, some, values, BOARD)
    sizes = fit_column(nasbench201, own, BOARD).card.evaluation.n_classes
    assert sizes.test == len(class_means(nasbench201, own, BOARD.name).values) < len(some)


def test_predict_asks_for_a_net_as_it_stands_and_a_search_for_its_class(
    nasbench201: SearchSpace,
    nets: np.ndarray,
    fitted: Fitted,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path))
    write_predictor(tmp_path / "artifacts", fitted)
    alike = _largest_class(nasbench201, nets)
    archs = [nasbench201.architecture(net) for net in alike]
    told = hwnas.predict(nasbench201, archs, device=BOARD_DEVICE, quantities=["latency"])
    assert told["latency_ms"].to_numpy() == pytest.approx(predictor.predict_nets(alike).value)
    searched = make_objective(nasbench201, "latency", BOARD_DEVICE)(archs).value
    assert searched == pytest.approx(predictor.predict(alike).value)
    assert np.ptp(told["latency_ms"]) > 0 == np.ptp(searched)


def test_dead_operations_that_were_measured_are_learned_as_they_were(
    nasbench201: SearchSpace,
) -> None:
    # A device that runs whatever stands in a cell: the same sum, over dead operations too.
    known = device_costs(nasbench201)
    assert known is not None
    every = nasbench201.all_genotypes()
    assert every is not None
    drawn = np.random.default_rng(9).permutation(every[nasbench201.valid_mask(every)])[:400]
    is_dead = (nasbench201.pruned_genotypes(drawn) != drawn).any(axis=1)
    logs = net_feature_matrix(nasbench201, drawn, (DEVICE_COSTS,))
    names = [cost.name for cost in known.costs]
    values = np.exp(sum(weight * logs[:, names.index(name)] for name, weight in MIX.items()))
    found = fit_column(nasbench201, _table(nasbench201, drawn[:30], values[:30], BOARD), BOARD)
    ours = Predictor(found.card, nasbench201, open_session(found.model))
    predicted = ours.predict_nets(drawn[30:]).value
    assert 0.2 < is_dead[:30].mean() < 0.8
    assert spearmanr(predicted, values[30:]).statistic > 0.97
