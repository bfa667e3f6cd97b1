"""Smoothed costs of known devices: sums by hand, classes as means over their nets."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas import load_space
from hwnas.errors import ConfigError
from hwnas.features import FEATURE_SETS, feature_matrix, feature_names, net_feature_matrix
from hwnas.features.device_costs import DEVICE_COSTS, device_costs
from hwnas.features.nets import class_nets

SPACES = ("nasbench201", "fbnet", "mnasnet")


@pytest.mark.parametrize("name", SPACES)
def test_a_cost_is_its_intercept_and_the_coefficients_of_what_a_net_has(name: str) -> None:
    space = load_space(name)
    known = device_costs(space)
    assert known is not None
    nets = space.pruned_genotypes(space.sample_genotypes(5, np.random.default_rng(0)))
    hot = net_feature_matrix(space, nets, ("encoding",))
    found = net_feature_matrix(space, nets, (DEVICE_COSTS,))
    for column, cost in enumerate(known.costs):
        by_hand = [
            cost.intercept + sum(cost.coefficients[place] for place in np.flatnonzero(row))
            for row in hot
        ]
        assert found[:, column] == pytest.approx(by_hand, abs=1e-4)


def test_a_cell_has_a_one_for_each_operation_and_pair_of_operations() -> None:
    space = load_space("nasbench201")
    net = space.parse(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|none~1|none~2|"
    )
    names = np.array(feature_names(space, ("encoding",)))
    row = net_feature_matrix(space, space.genotypes([net]), ("encoding",))[0]
    assert row.sum() == 6 + 15
    genes = space.genotypes([net])[0]
    chosen = set(names[row == 1])
    first, second = space.genes[0], space.genes[1]
    assert f"{first}={genes[0]}, {second}={genes[1]}" in chosen


@pytest.mark.parametrize("feature_set", ["device_costs", "encoding", "net_counts"])
def test_a_class_has_the_mean_over_its_pruned_nets(feature_set: str) -> None:
    space = load_space("nasbench201")
    every = space.all_genotypes()
    assert every is not None
    nets = np.unique(space.pruned_genotypes(every), axis=0)
    classes, class_of = np.unique(space.canonical_genotypes(nets), axis=0, return_inverse=True)
    of_nets = net_feature_matrix(space, nets, (feature_set,))
    total = np.zeros((len(classes), of_nets.shape[1]))
    np.add.at(total, class_of.reshape(-1), of_nets)
    mean = total / np.bincount(class_of.reshape(-1))[:, None]
    found = feature_matrix(space, classes, (feature_set,))
    assert np.abs(found - mean).max() < 1e-4
    assert np.abs(found - net_feature_matrix(space, classes, (feature_set,))).max() > 0.1


def test_chains_have_one_net_a_class() -> None:
    space = load_space("mnasnet")
    nets = space.sample_genotypes(20, np.random.default_rng(0))
    assert class_nets(space) is None
    by_class = feature_matrix(space, nets, (DEVICE_COSTS,))
    assert np.array_equal(by_class, net_feature_matrix(space, nets, (DEVICE_COSTS,)))


def test_dead_operations_cost_as_much_as_others_where_they_stand() -> None:
    space = load_space("nasbench201")
    dead = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|"
    alive = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    nets = space.genotypes([space.parse(dead), space.parse(alive)])
    found = net_feature_matrix(space, nets, (DEVICE_COSTS,))
    assert (found[0] > found[1]).all()
    by_class = feature_matrix(space, nets, (DEVICE_COSTS,))
    assert np.array_equal(by_class[0], by_class[1])


@pytest.mark.parametrize("name", SPACES)
def test_no_cost_is_two_columns(name: str) -> None:
    names = feature_names(load_space(name), (DEVICE_COSTS,))
    assert len(names) == len(set(names))


def test_nets_of_other_options_have_no_known_costs() -> None:
    space = load_space("nasbench201", cells=1)
    assert device_costs(space) is None
    with pytest.raises(ConfigError, match=r"No costs of known devices ship for nasbench201"):
        feature_names(space, (DEVICE_COSTS,))


def test_costs_are_hashed_with_the_features() -> None:
    reads = FEATURE_SETS[DEVICE_COSTS].reads
    assert reads is not None
    assert reads(load_space("nasbench201")) != reads(load_space("fbnet"))
