"""What known devices say of a new one: those that ship, and those that were smoothed elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from hwnas.core.space import SearchSpace
from hwnas.core.target import Target
from hwnas.errors import UnknownNameError
from hwnas.features import net_feature_matrix
from hwnas.features.counting import count_genotypes
from hwnas.features.device_costs import ENCODING, SmoothedCost, device_costs, log_costs
from hwnas.fitting.device_costs import smooth_costs
from hwnas.fitting.device_prior import KNOWN, cost_sets, prior_of_costs
from hwnas.spaces import load_space
from hwnas.tables import Column, Table

NAMES = ("raspi4.latency", "1080ti.latency.batch1", "1080ti.latency.batch32")


@pytest.fixture
def space() -> SearchSpace:
    return load_space("nasbench201")


@pytest.fixture
def nets(space: SearchSpace) -> np.ndarray:
    drawn = space.sample_genotypes(400, np.random.default_rng(5))
    return np.unique(space.pruned_genotypes(drawn), axis=0)


def _cost(space: SearchSpace, name: str) -> SmoothedCost:
    known = device_costs(space)
    assert known is not None
    return next(cost for cost in known.costs if cost.name == name)


def _likeness(space: SearchSpace, nets: np.ndarray, block: np.ndarray) -> np.ndarray:
    """How alike a block says that nets are, shape ``(n_nets, n_nets)``."""
    along = net_feature_matrix(space, nets, cost_sets(space)).astype(float) @ block
    along -= along.mean(axis=0)
    return np.asarray(along @ along.T)


def test_a_cost_that_is_given_says_what_it_says_where_it_ships(
    space: SearchSpace, nets: np.ndarray
) -> None:
    by_name = prior_of_costs(space, NAMES).blocks[KNOWN]
    given = prior_of_costs(space, [_cost(space, name) for name in NAMES]).blocks[KNOWN]
    expected = _likeness(space, nets, by_name)
    assert _likeness(space, nets, given) == pytest.approx(expected, abs=1e-4 * expected.max())


def test_a_source_that_does_not_ship_is_refused(space: SearchSpace) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown known cost 'raspi5\.latency'\. Did you"):
        prior_of_costs(space, ["raspi5.latency"])


def test_few_nets_of_a_device_are_smoothed_so_that_they_rank_others(
    space: SearchSpace, nets: np.ndarray
) -> None:
    logs = log_costs(space, nets)[:, 0]
    some = np.random.default_rng(6).permutation(len(nets))[:16]
    column = Column.of(Target("latency", "cifar10", "board"))
    archs = [space.format(net) for net in nets[some]]
    frame = pd.DataFrame({"arch": archs, column.name: np.exp(logs[some])})
    table = Table("mine", space.name, "Mine", (column,), frame, options=space.options)
    smoothed = smooth_costs(space, [table]).costs[0]
    found = net_feature_matrix(space, nets, (ENCODING,)) @ np.array(smoothed.coefficients)
    macs = count_genotypes(space, nets)[:, 1]
    assert smoothed.n_nets == 16
    assert spearmanr(found, logs).statistic > 0.95 > spearmanr(macs, logs).statistic
