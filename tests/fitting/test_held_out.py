"""Figures of nets that were left out, and what more nets would do."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.space import SearchSpace
from hwnas.fitting.few_costs import fit_and_predict
from hwnas.fitting.held_out import measure_held_out
from hwnas.spaces import load_space
from hwnas.tables import NetMeans


def _nets(space: SearchSpace, n: int, noise: float) -> NetMeans:
    """Nets whose cost goes with their multiply-accumulates, and noise."""
    rng = np.random.default_rng(0)
    genotypes = np.unique(space.pruned_genotypes(space.sample_genotypes(4 * n, rng)), axis=0)
    genotypes = rng.permutation(genotypes)[:n]
    macs = np.array([space.graph(space.architecture(each)).macs for each in genotypes])
    values = (1e6 + macs) * np.exp(noise * rng.standard_normal(n))
    return NetMeans(genotypes, values, np.arange(n))


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_space("nasbench201")


def test_noise_is_the_error_that_is_left(space: SearchSpace) -> None:
    found = measure_held_out(space, _nets(space, 40, noise=0.2))
    # Half of normal noise is within .674 deviations.
    assert found.median_error_pct.value == pytest.approx(100 * 0.2 * 0.674, rel=0.5)
    assert found.median_error_pct.low < found.median_error_pct.value < found.median_error_pct.high
    assert found.n_nets == 40


def test_what_is_learned_is_near_and_ranked_well(space: SearchSpace) -> None:
    found = measure_held_out(space, _nets(space, 40, noise=0.01))
    assert found.spearman.value > 0.97
    assert found.within_10_pct.value > 60
    assert found.at_twice_pct <= found.median_error_pct.value <= found.at_half_pct


def test_the_same_seed_gives_the_same_figures(space: SearchSpace) -> None:
    nets = _nets(space, 12, noise=0.1)
    assert measure_held_out(space, nets, seed=3) == measure_held_out(space, nets, seed=3)


def test_nets_that_are_left_out_are_not_looked_at(space: SearchSpace) -> None:
    nets = _nets(space, 20, noise=0.1)
    rows = np.arange(15)
    spoilt = nets.values.copy()
    spoilt[15:] *= 100
    other = NetMeans(nets.genotypes, spoilt, nets.class_of)
    one, two = (fit_and_predict(space, each, rows) for each in (nets, other))
    assert one.tolist() == two.tolist()
