"""Costs that are sums over operators: learned exactly where they are, and kept out of few nets."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.quantity import find_quantity
from hwnas.core.space import SearchSpace
from hwnas.features import net_feature_matrix
from hwnas.features.operators import measure_kernels
from hwnas.fitting.device_prior import cost_sets
from hwnas.fitting.few_costs import OPERATOR_SUM, USUAL, fit_and_predict, fit_few_costs
from hwnas.fitting.operator_sum import (
    ENCODING,
    fit_operator_sum,
    has_operator_sum,
    operator_terms,
)
from hwnas.models.sessions import run_onnx
from hwnas.spaces import load_space
from hwnas.tables import NetMeans


def _nets(space: SearchSpace, n: int) -> np.ndarray:
    drawn = space.sample_genotypes(4 * n, np.random.default_rng(5))
    return np.random.default_rng(6).permutation(np.unique(space.pruned_genotypes(drawn), axis=0))[
        :n
    ]


def _kernel_costs(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """A cost for each kernel: half a unit a call, one for a million multiply-accumulates."""
    values = []
    for genotype in genotypes:
        kernels = measure_kernels(space.graph(space.architecture(genotype)))
        calls = sum(value for name, value in kernels.items() if name.startswith("n("))
        macs = sum(value for name, value in kernels.items() if name.startswith("macs("))
        values.append(0.5 * calls + macs / 1e6)
    return np.array(values)


@pytest.mark.parametrize("name", ["mnasnet", "fbnet"])
def test_what_a_chains_kernels_cost_is_learned_exactly(name: str) -> None:
    space = load_space(name)
    nets = _nets(space, 400)
    values, encoding = _kernel_costs(space, nets), net_feature_matrix(space, nets, (ENCODING,))
    found = fit_operator_sum(space, encoding[:300], values[:300])
    predicted = np.exp(found.log(encoding[300:])) * values[:300].mean()
    assert predicted == pytest.approx(values[300:], rel=1e-4)


def test_what_a_cells_operations_cost_is_learned_exactly() -> None:
    space = load_space("nasbench201")
    nets = _nets(space, 100)
    each = np.array([0.0, 0.2, 1.0, 5.0, 0.7])
    values, encoding = 3.0 + each[nets].sum(axis=1), net_feature_matrix(space, nets, (ENCODING,))
    found = fit_operator_sum(space, encoding[:40], values[:40])
    predicted = np.exp(found.log(encoding[40:])) * values[:40].mean()
    assert predicted == pytest.approx(values[40:], rel=1e-6)


@pytest.mark.parametrize("name", ["nasbench201", "mnasnet", "fbnet", "nasbench_macro"])
def test_no_operator_costs_less_than_nothing(name: str) -> None:
    space = load_space(name)
    nets = _nets(space, 100)
    encoding = net_feature_matrix(space, nets, (ENCODING,))
    values = np.random.default_rng(0).lognormal(size=len(nets))
    found = fit_operator_sum(space, encoding, values)
    assert np.isfinite(found.log(encoding)).all()
    assert found.start >= 0 or not space.cell_types


def test_few_nets_are_not_learned_by_heart() -> None:
    space = load_space("mnasnet")
    n_terms = len(operator_terms(space).base)
    assert not has_operator_sum(space, 20)
    assert not has_operator_sum(space, 4 * n_terms)
    assert has_operator_sum(space, 4 * (n_terms + 1))


def test_a_device_that_sums_is_predicted_by_its_sum() -> None:
    space = load_space("nasbench201")
    nets = _nets(space, 150)
    values = 3.0 + np.array([0.0, 0.2, 1.0, 5.0, 0.7])[nets].sum(axis=1)
    means = NetMeans(nets, values, np.arange(len(nets)))
    predicted = fit_and_predict(space, means, np.arange(60))[60:]
    assert np.abs(predicted / values[60:] - 1).max() < 0.01
    found = fit_few_costs(space, find_quantity("latency"), means)
    assert found.model.estimator == OPERATOR_SUM
    assert {OPERATOR_SUM, USUAL} < {*found.model.candidates}


def test_the_model_that_is_written_says_what_the_fitted_one_does() -> None:
    space = load_space("nasbench201")
    nets = _nets(space, 60)
    values = 3.0 + np.array([0.0, 0.2, 1.0, 5.0, 0.7])[nets].sum(axis=1)
    means = NetMeans(nets, values, np.arange(len(nets)))
    found = fit_few_costs(space, find_quantity("latency"), means)
    z = run_onnx(found.data, net_feature_matrix(space, nets, cost_sets(space)))
    written = np.exp(z * found.model.scale + found.model.mean)
    assert written == pytest.approx(fit_and_predict(space, means, np.arange(60)), rel=1e-3)


def test_nets_that_are_left_out_are_not_looked_at_by_the_sum() -> None:
    space = load_space("nasbench201")
    nets = _nets(space, 60)
    # Pure noise: a sum that had seen a net would be nearer to it.
    values = np.random.default_rng(1).lognormal(sigma=0.3, size=len(nets))
    found = fit_few_costs(
        space, find_quantity("latency"), NetMeans(nets, values, np.arange(len(nets)))
    )
    tau = found.evaluation.figures["kendall_tau"]
    assert tau is not None
    assert tau < 0.3
