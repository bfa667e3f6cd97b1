"""Which architectures promise the largest gain in hypervolume, alone and together.

The gain that an architecture is expected to bring is the integral, over all points that nothing
known dominates, of the probability that it does: so one sum over points drawn at random serves
all architectures. Of several the next is the one that adds most to those chosen before, as if their
values were independent.

References:
    Emmerich et al. 2006, Single- and Multiobjective Evolutionary Optimization Assisted by Gaussian
    Random Field Metamodels (expected hypervolume improvement),
    https://doi.org/10.1109/TEVC.2005.859463
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.algorithms._scales import ValueScale
from hwnas.objectives.indicators import non_dominated

OPTIMISM = 2.5
"""Standard deviations by which a value may be better than predicted, and still be hoped for."""
N_POINTS = 2000
"""Points that stand for the volume which may be gained."""
N_SHORTLISTED = 400
"""Architectures that are compared at all points; the others drop out at one point in eight."""
_AT_ONCE = 40_000
_MOST_ROUNDS = 8
_LEAST_POINTS = 20
_SMALLEST_DEVIATION = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What is predicted of candidates.

    Args:
        mean: On the scale of each objective's model, all minimised, ``(n_archs, n_objectives)``.
        deviation: Standard deviations, of the same shape; 0 for what is known.
        probability: That each keeps all limits and has all values, shape ``(n_archs,)``.
        scales: Scale of each objective's model.
    """

    mean: np.ndarray
    deviation: np.ndarray
    probability: np.ndarray
    scales: Sequence[ValueScale]

    def part(self, rows: np.ndarray) -> Outlook:
        """That of some of the candidates."""
        return Outlook(self.mean[rows], self.deviation[rows], self.probability[rows], self.scales)

    def hoped(self, n_deviations: float) -> np.ndarray:
        """Values that are so many standard deviations better than predicted, all minimised."""
        best = self.mean - n_deviations * self.deviation
        return np.stack([s.back(column) for s, column in zip(self.scales, best.T, strict=True)], 1)

    def dominating(self, points: np.ndarray) -> np.ndarray:
        """Probability that each feasibly dominates each point, shape ``(n_archs, n_points)``."""
        from scipy.special import ndtr

        found = np.repeat(self.probability[:, None].astype(np.float32), len(points), axis=1)
        deviation = np.maximum(self.deviation, _SMALLEST_DEVIATION)
        for place, scale in enumerate(self.scales):
            aims = scale.to(points[:, place]) - self.mean[:, place, None]
            # What is known is infinitely many deviations away.
            with np.errstate(over="ignore"):
                found *= ndtr((aims / deviation[:, place, None]).astype(np.float32))
        return found


def most_promising(
    outlook: Outlook,
    known: np.ndarray,
    worst: np.ndarray,
    n: int,
    rng: np.random.Generator,
    waiting: Outlook | None = None,
) -> np.ndarray:
    """Candidates that together promise the largest gain, the most promising first.

    Args:
        outlook: What is predicted of the candidates.
        known: Values of what is feasible so far, all minimised, ``(n_known, n_objectives)``.
        worst: Reference point of the hypervolume, shape ``(n_objectives,)``.
        n: How many.
        rng: Random numbers.
        waiting: What is predicted of those that are being evaluated.

    Returns:
        Positions among the candidates, shape ``(n_chosen,)``; fewer where no more promise anything.
    """
    front = known[non_dominated(known)]
    hoped = outlook.hoped(OPTIMISM)
    is_hope = (hoped < worst).all(axis=1) & (outlook.probability > 0)
    rows = np.flatnonzero(is_hope)
    rows = np.asarray(rows[~dominated(hoped[rows], front)])
    if not len(rows):
        return rows
    points = _points(hoped[rows], front, worst, rng)
    if len(points) < _LEAST_POINTS:
        return np.asarray(rows[rng.permutation(len(rows))[:n]])
    weights = np.ones(len(points), dtype=np.float32)
    if waiting is not None:
        weights = np.prod(1 - waiting.dominating(points), axis=0)
    n_kept = max(N_SHORTLISTED, 4 * n)
    if len(rows) > n_kept:
        few = slice(None, None, 8)
        gains = outlook.part(rows).dominating(points[few]) @ weights[few]
        rows = rows[np.argsort(-gains, kind="stable")[:n_kept]]
    return np.asarray(rows[_greedy(outlook.part(rows).dominating(points), weights, n)])


def _greedy(dominating: np.ndarray, weights: np.ndarray, n: int) -> np.ndarray:
    """Rows that together leave the least weight of points undominated, one after the other."""
    chosen: list[int] = []
    for _ in range(min(n, len(dominating))):
        gains = dominating @ weights
        gains[chosen] = -1
        chosen.append(int(np.argmax(gains)))
        weights = weights * (1 - dominating[chosen[-1]])
    return np.array(chosen, dtype=int)


def _points(
    hoped: np.ndarray, front: np.ndarray, worst: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Points drawn uniformly where something may be gained, ``(n_points, n_objectives)``."""
    best_hopes = hoped[non_dominated(hoped)]
    lowest = best_hopes.min(axis=0)
    found = np.empty((0, len(worst)))
    for _ in range(_MOST_ROUNDS):
        drawn = lowest + rng.random((_AT_ONCE, len(worst))) * (worst - lowest)
        drawn = drawn[~dominated(drawn, front)]
        found = np.concatenate([found, drawn[dominated(drawn, best_hopes)]])
        if len(found) >= N_POINTS:
            break
    return found[:N_POINTS]


def dominated(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which points some other is as good as or better in every objective, shape ``(n_points,)``.

    Args:
        points: All minimised, shape ``(n_points, n_objectives)``.
        others: Shape ``(n_others, n_objectives)``.
    """
    left = np.arange(len(points))
    # What dominates most is asked first, so that few points are left for the rest.
    for other in others[np.argsort(others.sum(axis=1), kind="stable")]:
        is_below = points[left, 0] < other[0]
        for place in range(1, points.shape[1]):
            is_below |= points[left, place] < other[place]
        left = left[is_below]
    found = np.ones(len(points), dtype=bool)
    found[left] = False
    return found
