"""An algorithm alone with a closed-form problem: what is told, and what it asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hwnas.algorithms import Algorithm, Told
from hwnas.core.space import SearchSpace

Values = Callable[[np.ndarray], np.ndarray]

WEIGHTS = np.array([3, 1, 4, 2, 5, 1])
BEST = np.array([3, 2, 3, 1, 1, 4])
"""The one genotype of nasbench201 whose ``squares`` are 0; it is its own canonical form."""


def squares(genotypes: np.ndarray) -> np.ndarray:
    """One objective, separable by gene, with a single best; shape ``(n_archs, 1)``."""
    return ((genotypes - BEST) ** 2 @ WEIGHTS)[:, None].astype(float)


def conflict(genotypes: np.ndarray) -> np.ndarray:
    """Two objectives, separable by gene, in conflict; shape ``(n_archs, 2)``."""
    weights = np.arange(1, 7)
    return np.stack([genotypes @ weights, (4 - genotypes) ** 2 @ weights], axis=1).astype(float)


def told(genotypes: np.ndarray, values: np.ndarray, violation: np.ndarray | None = None) -> Told:
    """What is told: feasible unless ``violation``, shape ``(n_archs,)``, is above 0."""
    broken = np.zeros(len(genotypes)) if violation is None else violation
    status = np.where(broken > 0, "infeasible", "done").astype(object)
    ends = np.full(values.shape, np.nan)
    return Told(genotypes, values, ends, ends, broken[:, None], status)


def searched(
    algorithm: Algorithm, space: SearchSpace, values: Values, n: int, at_once: int = 20
) -> np.ndarray:
    """The first ``n`` functional classes that are asked for, shape ``(n, n_genes)``."""
    found: dict[bytes, np.ndarray] = {}
    for _ in range(10 * n):
        asked = algorithm.ask(at_once)
        if not len(asked):
            break
        canonical = space.canonical_genotypes(asked)
        found |= {row.tobytes(): row for row in canonical if row.tobytes() not in found}
        if len(found) >= n:
            break
        algorithm.tell(told(asked, values(canonical)))
    return np.array(list(found.values()))[:n]
