"""Which architectures of a space to measure, so that a few say as much as they can of all others.

Chosen one by one, each so that the prior of a device's cost leaves the least unknown of the nets
that are not measured. Nets nearest to centres of clusters say less: they are all of a middling
kind, and what sets sources apart shows at the edges.

References:
    Cohn 1996, Neural Network Exploration Using Optimal Experiment Design,
    https://doi.org/10.1016/0893-6080(95)00137-9 (the variance that is left, averaged over inputs)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features import feature_matrix, net_feature_matrix
from hwnas.fitting.device_prior import Sources, cost_sets, has_prior, prior_of_costs

Coordinates = Callable[[np.ndarray], np.ndarray]
"""From genotypes ``(n_nets, n_genes)`` to ``(n_nets, n_coordinates)``."""
MEASURED_NOISE = 0.03
"""Variance of what a measurement holds beyond the prior, of that of costs over the space.

Of .003 to .3, what ranked best on random splits of FBNet's and NAS-Bench-201's devices.
"""
_FREE = 3.0
"""Deviation a priori of the mean of all costs, in units of theirs: next to nothing is known."""
_N_POOL = 2000
"""Nets to choose among and to learn of: the time that a choice takes is their number squared."""
_N_DESIGNED = 500
"""Nets that are chosen for what they tell; of more, the rest is drawn at random.

Of one pool, few would be left to choose among, and each 500 more take as long again.
"""


def choose_to_measure(
    space: SearchSpace,
    n: int,
    seed: int = 0,
    known: np.ndarray | None = None,
    sources: Sources | None = None,
    among: np.ndarray | None = None,
) -> np.ndarray:
    """Nets whose cost on a device says most of what all others cost.

    Args:
        space: Search space.
        n: Number of nets.
        seed: Seed of the random pool that they are chosen from.
        known: Genotypes that are measured already, shape ``(n_known, n_genes)``: they are not
            chosen again, nor is what they tell.
        sources: The known costs that will be learned from; all that ship by default.
        among: Genotypes to choose from, shape ``(n_nets, n_genes)``, such as those of
            ``measurable_nets`` that a device can run; every valid one of the space by default.

    Returns:
        Distinct pruned genotypes, shape ``(n, n_genes)``, the first ones the most telling; those
        after the first 500 are drawn at random.

    Raises:
        ConfigError: ``n`` is below 1, or more than there are to choose.
        ShapeError: Genotypes have another shape.
    """
    if n < 1:
        raise ConfigError(f"The number of architectures to choose must be at least 1; got {n}.")
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    measured = np.empty((0, len(space.genes)), np.int64) if known is None else known
    measured = space.pruned_genotypes(measured)
    nets = measurable_nets(space, n + len(measured), rng) if among is None else _nets(space, among)
    nets = _without(nets, measured)
    if n > len(nets):
        raise ConfigError(
            f"At most {len(nets):,} architectures of {space.label} are left to measure; got {n:,}. "
            "Ask for fewer."
        )
    # One thread: sums in another order could choose other nets on another machine.
    with threadpool_limits(1):
        place = _coordinates(space, sources)
        pool = nets[np.sort(rng.permutation(len(nets))[:_N_POOL])]
        chosen = pool[_most_telling(_given(place(pool), place(measured)), min(_N_DESIGNED, n))]
    left = _without(nets, chosen)
    return np.concatenate([chosen, left[rng.permutation(len(left))[: n - len(chosen)]]])


def measurable_nets(space: SearchSpace, n: int, rng: np.random.Generator) -> np.ndarray:
    """Nets that could be measured: valid, without dead operations, each once.

    Args:
        space: Search space.
        n: Number of nets that are wanted; where a space cannot be listed, several times as many
            are drawn.
        rng: Source of random numbers.

    Returns:
        Sorted genotypes, shape ``(n_nets, n_genes)``; all of the space where it can be listed.
    """
    every = space.all_genotypes()
    return _nets(space, space.sample_genotypes(_N_POOL + 4 * n, rng) if every is None else every)


def _nets(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    genotypes = space.check_genotypes(genotypes)
    valid = genotypes[space.valid_mask(genotypes)]
    return np.unique(space.pruned_genotypes(valid), axis=0)


def _without(nets: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Nets ``(n_nets, n_genes)`` that are none of others ``(n_others, n_genes)``."""
    taken = set(genotype_keys(others))
    return nets[[key not in taken for key in genotype_keys(nets)]]


def _coordinates(space: SearchSpace, sources: Sources | None) -> Coordinates:
    """Where nets stand: a priori, costs are the sum of coordinates with standard normal weights."""
    if not has_prior(space):
        return lambda nets: feature_matrix(space, nets, ("one_hot",)) / np.sqrt(len(space.genes))
    prior, sets = prior_of_costs(space, sources), cost_sets(space)
    weights = {
        name: np.mean([setting.get(name, 0.0) for setting in prior.settings])
        for name in prior.blocks
    }
    directions = [np.sqrt(weights[name]) * block for name, block in prior.blocks.items()]
    joined = np.concatenate(directions, axis=1)
    return lambda nets: net_feature_matrix(space, nets, sets).astype(float) @ joined


def _given(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Coordinates ``(n_nets, n_coordinates)`` once nets at ``(n_seen, n_coordinates)`` are known.

    The mean of all costs is one coordinate more. Products are what the known nets leave unknown.
    """
    centre = places.mean(axis=0)
    places, seen = (
        np.column_stack([each - centre, np.full(len(each), _FREE)]) for each in (places, seen)
    )
    precision = np.eye(places.shape[1]) + seen.T @ seen / MEASURED_NOISE
    return np.asarray(np.linalg.solve(np.linalg.cholesky(precision), places.T).T)


def _most_telling(places: np.ndarray, n: int) -> np.ndarray:
    """Rows of ``n`` nets, one by one, that leave the least variance of all, shape ``(n,)``."""
    unknown = places @ places.T
    is_left = np.ones(len(places), dtype=bool)
    rows = []
    for _ in range(n):
        variance = np.diag(unknown) + MEASURED_NOISE
        gains = np.einsum("ij,ij->j", unknown, unknown) / variance
        row = int(np.argmax(np.where(is_left, gains, -1.0)))
        rows.append(row)
        is_left[row] = False
        unknown -= np.outer(unknown[row] / variance[row], unknown[row])
    return np.array(rows)
