"""Dominance and hypervolume, on moocore; and the one place where signs are flipped.

References:
    Zitzler and Thiele 1999, Multiobjective Evolutionary Algorithms, IEEE TEVC 3(4)
    While et al. 2012, A Fast Way of Calculating Exact Hypervolumes, IEEE TEVC 16(1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ShapeError

REFERENCE = 1.0
"""Reference point of the normalised objectives, the same for each."""


def minimised(values: np.ndarray, objectives: Sequence[ObjectiveSpec]) -> np.ndarray:
    """Values ``(n_archs, n_objectives)`` with those to be maximised negated; undoes itself."""
    signs = [-1.0 if spec.direction == "max" else 1.0 for spec in objectives]
    return np.asarray(values * signs)


def non_dominated(values: np.ndarray) -> np.ndarray:
    """Which points no other point beats, all objectives minimised.

    Args:
        values: Shape ``(n_points, n_objectives)``.

    Returns:
        Booleans of shape ``(n_points,)``; equal points are all kept.
    """
    import moocore

    if not len(values):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(values, keep_weakly=True))


def hypervolume(values: np.ndarray, reference: np.ndarray) -> float:
    """Volume dominated by a set of points, all objectives minimised.

    Args:
        values: Points of shape ``(n_points, n_objectives)``; those not better than ``reference``
            in every objective add nothing.
        reference: Point of shape ``(n_objectives,)``.

    Returns:
        Volume in the product of the objectives' units; 0.0 for an empty set.

    Raises:
        ShapeError: The two arrays disagree on ``n_objectives``.

    References:
        While et al. 2012, https://doi.org/10.1109/TEVC.2010.2077298

    Example:
        >>> hypervolume(np.array([[1.0, 1.0]]), np.array([2.0, 3.0]))
        2.0
    """
    import moocore

    if values.ndim != 2 or reference.shape != values.shape[1:]:
        raise ShapeError(
            f"values and reference must have shapes (n_points, n_objectives) and "
            f"(n_objectives,); got {values.shape} and {reference.shape}."
        )
    inside = values[(values < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    if values.shape[1] == 1:
        return float(reference[0] - inside.min())
    return float(moocore.hypervolume(inside, ref=reference))


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Ranges that bring objectives to one scale, each best at 0 and worst at 1.

    Args:
        best: Best value of each objective, in its own unit and direction.
        worst: Worst value of each objective.
    """

    best: tuple[float, ...]
    worst: tuple[float, ...]

    @classmethod
    def of(cls, values: np.ndarray, objectives: Sequence[ObjectiveSpec]) -> Normalisation:
        """Ranges of values ``(n_archs, n_objectives)``, in their own units and directions."""
        flipped = minimised(values, objectives)
        best = minimised(flipped.min(axis=0), objectives)
        worst = minimised(flipped.max(axis=0), objectives)
        return cls(tuple(best.tolist()), tuple(worst.tolist()))

    def scale(self, values: np.ndarray) -> np.ndarray:
        """Values ``(n_archs, n_objectives)`` with 0 for the best and 1 for the worst."""
        best, worst = np.asarray(self.best), np.asarray(self.worst)
        span = np.where(worst == best, 1.0, worst - best)
        return np.asarray((values - best) / span)

    def hypervolume(self, values: np.ndarray) -> float:
        """Hypervolume of values ``(n_archs, n_objectives)`` once normalised."""
        return hypervolume(self.scale(values), np.full(len(self.best), REFERENCE))
