"""Shipped proxy scores as features of predictors, so that they are read without torch."""

from __future__ import annotations

import numpy as np

from hwnas.core.feature_set import feature_set
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.proxies.shipped import ShippedScores, normal_scores_by_rank, shipped_scores

SCORES = "proxies"
"""Feature set of the shipped scores."""


def has_scores(space: SearchSpace, genotypes: np.ndarray, is_canonical: bool = False) -> np.ndarray:
    """Whether the functional class of each genotype has shipped scores; shape ``(n_archs,)``.

    Args:
        space: Search space.
        genotypes: Shape ``(n_archs, n_genes)``.
        is_canonical: Whether they are canonical already, as the caller knows.
    """
    known = shipped_scores(space)
    if known is None:
        return np.zeros(len(genotypes), dtype=bool)
    return known.knows(genotypes if is_canonical else space.canonical_genotypes(genotypes))


def scores_sha256(space: SearchSpace) -> str:
    """Hash of the file of shipped scores: other scores are other features.

    Raises:
        ConfigError: None ship for the space.
    """
    return _scores(space).sha256


def _scores(space: SearchSpace) -> ShippedScores:
    known = shipped_scores(space)
    if known is None:
        options = ", ".join(f"{name}={value}" for name, value in space.options.items())
        raise ConfigError(
            f"No scores of zero-cost proxies ship for {space.name}"
            f"{f' with {options}' if options else ''}. Choose other feature sets."
        )
    return known


def _names(space: SearchSpace) -> list[str]:
    return list(_scores(space).names)


@feature_set(SCORES, _names, scores_sha256)
def _values(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Normal scores of each proxy's ranks among all shipped scores; the median where unknown.

    Ranks are alike whatever the scale of a proxy, which may span orders of magnitude.
    """
    scores = _scores(space)
    values = scores.look_up(genotypes)
    ranked = np.zeros(values.shape, dtype=np.float32)
    for column in range(len(scores.names)):
        places, heights = normal_scores_by_rank(scores, column)
        is_known = np.isfinite(values[:, column])
        # A proxy may have no value at all, and there is nothing to interpolate.
        if is_known.any():
            ranked[is_known, column] = np.interp(values[is_known, column], places, heights)
    return ranked
