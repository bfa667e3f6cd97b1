"""How good the front was after each evaluation: hypervolume, and the gap to a front to reach.

References:
    Lindauer and Hutter 2020, Best Practices for Scientific Research on Neural Architecture Search,
    JMLR 21(243), https://arxiv.org/abs/1909.02453: performance over time, over several runs.
    Zitzler and Thiele 1999, Multiobjective Evolutionary Algorithms, IEEE TEVC 3(4)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.errors import ConfigError, ShapeError
from hwnas.objectives.indicators import REFERENCE, Normalisation, hypervolume

_ROUNDING = 1e-12
LEVELS_PCT = (5.0, 1.0, 0.5)
"""Gaps that are told by how many evaluations they take."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What fronts are measured by: one scale, one reference point and the front to reach.

    Args:
        normalisation: Ranges that bring the objectives to one scale.
        front: Values of the front to reach, shape ``(n_points, n_objectives)``, each objective in
            its own unit and direction; any other points among them change nothing.
        reference: Where the reference point lies on that scale, the same for each objective: 1 is
            the worst of the ranges.

    Raises:
        ConfigError: No point of the front is better than the reference point in every objective,
            so that there is no hypervolume to reach.

    Example:
        >>> scale = Normalisation(best=(0.0, 0.0), worst=(4.0, 4.0))
        >>> yardstick = Yardstick(scale, np.array([[1.0, 0.0], [0.0, 1.0]]))
        >>> yardstick.gaps(np.array([[4.0, 4.0], [2.0, 0.0], [0.0, 1.0]])).round(3)
        array([1.   , 0.467, 0.067])
    """

    normalisation: Normalisation
    front: np.ndarray
    reference: float = REFERENCE

    def __post_init__(self) -> None:
        if self.whole <= 0:
            raise ConfigError(
                "A front to reach must have a point that is better than the reference point in "
                f"every objective; none of its {len(self.front)} is."
            )

    @property
    def whole(self) -> float:
        """Hypervolume of the front to reach."""
        return hypervolume(self.normalisation.scale(self.front), self._reference)

    @property
    def _reference(self) -> np.ndarray:
        return np.full(len(self.normalisation.best), self.reference)

    def hypervolumes(self, values: np.ndarray) -> np.ndarray:
        """Hypervolume after each evaluation, shape ``(n_evaluated,)``; it never falls.

        Args:
            values: Values of what was evaluated, in that order, shape ``(n_evaluated,
                n_objectives)``, each objective in its own unit and direction. A row with NaN counts
                as an evaluation and adds nothing: one that failed, broke a limit or lacks a value.

        Raises:
            ShapeError: ``values`` has another number of objectives.
        """
        n_objectives = len(self.normalisation.best)
        if values.ndim != 2 or values.shape[1] != n_objectives:
            raise ShapeError(
                f"values must have shape (n_evaluated, n_objectives) = (n, {n_objectives}); got "
                f"{values.shape}."
            )
        scaled, front = self.normalisation.scale(values), np.empty((0, n_objectives))
        volumes, last = np.empty(len(scaled)), 0.0
        for place, point in enumerate(scaled):
            # Comparisons with NaN are false: what lacks a value is never inside.
            if (point < self.reference).all() and not (front <= point).all(axis=1).any():
                front = np.concatenate([front[~(front >= point).all(axis=1)], point[None]])
                # Rounding may differ by the order of the points; more of them cover no less.
                last = max(last, hypervolume(front, self._reference))
            volumes[place] = last
        return volumes

    def gaps(self, values: np.ndarray) -> np.ndarray:
        """Share of the hypervolume to reach that is still missing after each evaluation.

        Args:
            values: As for ``hypervolumes``.

        Returns:
            Shape ``(n_evaluated,)``, from 1 (nothing is reached) to 0 (all is); below 0 where what
            was evaluated is better than the front to reach.

        Raises:
            ShapeError: ``values`` has another number of objectives.
        """
        return self.gap_of(self.hypervolumes(values))

    def gap_of(self, hypervolumes: np.ndarray) -> np.ndarray:
        """Share of the hypervolume to reach that each of some hypervolumes misses, any shape."""
        gaps = 1 - hypervolumes / self.whole
        # A front that is reached in another order differs in the last bits.
        return np.where(np.abs(gaps) < _ROUNDING, 0.0, gaps)


@dataclass(frozen=True, slots=True)
class Band:
    """Several curves as one: their mean and its standard error after each evaluation.

    Args:
        mean: Shape ``(n_evaluated,)``.
        error: Standard error of the mean, shape ``(n_evaluated,)``; NaN for a single curve.
        median: Shape ``(n_evaluated,)``.
        n_curves: How many there are.
    """

    mean: np.ndarray
    error: np.ndarray
    median: np.ndarray
    n_curves: int

    @classmethod
    def of(cls, curves: Sequence[np.ndarray]) -> Band:
        """The band of curves of shape ``(n_evaluated,)`` each, as far as all of them reach.

        Raises:
            ConfigError: There is none.
        """
        if not curves:
            raise ConfigError("A band needs at least one curve; got none.")
        length = min(len(curve) for curve in curves)
        table = np.stack([curve[:length] for curve in curves])
        error = np.full(length, np.nan)
        if len(curves) > 1:
            error = table.std(axis=0, ddof=1) / np.sqrt(len(curves))
        return cls(table.mean(axis=0), error, np.median(table, axis=0), len(curves))

    def __len__(self) -> int:
        return len(self.mean)


def evaluations_to(gaps: np.ndarray, level: float) -> int | None:
    """After how many evaluations a gap is at most ``level``; None where it never is.

    Args:
        gaps: After each evaluation, shape ``(n_evaluated,)``.
        level: As a share, such as 0.01.

    Example:
        >>> evaluations_to(np.array([1.0, 0.04, 0.01]), 0.05)
        2
    """
    reached = np.flatnonzero(gaps <= level)
    return int(reached[0]) + 1 if len(reached) else None
