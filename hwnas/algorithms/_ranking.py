"""Which of several architectures are better: feasible first, then by dominance, then by crowding.

References:
    Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II (constrained
    domination, crowding distance), https://doi.org/10.1109/4235.996017
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.algorithms import Told

_IGNORED = 0.0
"""Stands for the values of what is not feasible, which play no part and may be unknown."""


def ranks(values: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Rank by constrained domination, 0 for the best; equals share one.

    The feasible are ranked by non-dominated sorting; all others come behind them, by how far from
    feasible they are.

    Args:
        values: Shape ``(n_archs, n_objectives)``, all minimised; read where feasible.
        distance: Shape ``(n_archs,)``, 0 where feasible; see ``Told.distance``.

    Returns:
        Integers of shape ``(n_archs,)``.

    Example:
        >>> ranks(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 3.0], [0.0, 0.0]]),
        ...       np.array([0.0, 0.0, 0.0, 0.5])).tolist()
        [0, 0, 1, 2]
    """
    import moocore

    found = np.zeros(len(values), dtype=np.int64)
    is_feasible = distance == 0
    if is_feasible.any():
        # In memory of its own: moocore reads rows one after the other.
        found[is_feasible] = moocore.pareto_rank(np.array(values[is_feasible], dtype=float))
    n_fronts = found.max(initial=-1, where=is_feasible) + 1
    found[~is_feasible] = n_fronts + np.unique(distance[~is_feasible], return_inverse=True)[1]
    return found


def crowding(values: np.ndarray) -> np.ndarray:
    """Crowding distance among points of one front: the larger, the fewer are near.

    The sum over objectives of the gap between both neighbours, in shares of the front's range; the
    ends of the front are infinitely far. Of one objective it is 0: a front of it is one point.
    Crowding and not hypervolume breaks ties, since it needs no reference point and costs no more
    with many objectives; it is what NSGA-II does, too.

    Args:
        values: Shape ``(n_points, n_objectives)``.

    Returns:
        Shape ``(n_points,)``.
    """
    n_points, n_objectives = values.shape
    found = np.zeros(n_points)
    if n_objectives == 1:
        return found
    for column in values.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        if span > 0:
            found[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
            found[order[[0, -1]]] = np.inf
    return found


def standings(values: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Place by rank and then by crowding within it, 0 for the best; equals share one.

    Args:
        values: Shape ``(n_archs, n_objectives)``, all minimised; read where feasible.
        distance: Shape ``(n_archs,)``, 0 where feasible.

    Returns:
        Integers of shape ``(n_archs,)``.
    """
    rank = ranks(values, distance)
    sparse = np.zeros(len(values))
    for front in np.unique(rank[distance == 0]):
        rows = np.flatnonzero(rank == front)
        sparse[rows] = crowding(values[rows])
    keys = np.stack([rank, -sparse], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Architectures and what they are worth, as algorithms keep them.

    Args:
        genotypes: Shape ``(n_archs, n_genes)``.
        values: Shape ``(n_archs, n_objectives)``, all minimised; 0 for what is not feasible.
        distance: How far from feasible, shape ``(n_archs,)``; 0 where it is.
    """

    genotypes: np.ndarray
    values: np.ndarray
    distance: np.ndarray

    @classmethod
    def of(cls, told: Told) -> Members:
        """Those that an algorithm was told about."""
        values = np.where(told.is_feasible[:, None], told.values, _IGNORED)
        return cls(told.genotypes, values, told.distance)

    def __len__(self) -> int:
        return len(self.genotypes)

    def part(self, rows: np.ndarray | slice) -> Members:
        """Some of them, by position or mask."""
        return Members(self.genotypes[rows], self.values[rows], self.distance[rows])

    def followed_by(self, others: Members) -> Members:
        """These and then others."""
        return Members(
            np.concatenate([self.genotypes, others.genotypes]),
            np.concatenate([self.values, others.values]),
            np.concatenate([self.distance, others.distance]),
        )

    def ranks(self) -> np.ndarray:
        """Rank of each by constrained domination, integers of shape ``(n_archs,)``."""
        return ranks(self.values, self.distance)

    def standings(self) -> np.ndarray:
        """Place of each, 0 for the best, integers of shape ``(n_archs,)``; equals share one."""
        return standings(self.values, self.distance)

    def best(self, n: int) -> np.ndarray:
        """Rows of the ``n`` best, best first; of equals the earlier."""
        return np.argsort(self.standings(), kind="stable")[:n]

    def are_no_worse(self, others: Members) -> np.ndarray:
        """Whether each weakly dominates the other of its row, booleans of shape ``(n_archs,)``.

        Nearer to feasible is better; of two that are feasible, whatever is as good or better in
        every objective. One on either side stands for all rows.
        """
        is_as_good = (self.values <= others.values).all(axis=1)
        is_level = self.distance == others.distance
        return np.asarray((self.distance < others.distance) | (is_level & is_as_good))

    def beat(self, others: Members) -> np.ndarray:
        """Whether each dominates the other of its row, booleans of shape ``(n_archs,)``."""
        return np.asarray(self.are_no_worse(others) & ~others.are_no_worse(self))
