"""Prediction intervals whose two ends depend on the prediction, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Intervals:
    """How far the ends of prediction intervals lie from the prediction, at some predictions.

    Between two of them it changes linearly; beyond the first and the last it stays. What a model
    errs in one direction says little of the other, so each end has its own distance.

    Args:
        level: Share of true values that should lie inside; as many lie beyond one end as beyond
            the other.
        knots: Predictions, increasing, ``n_knots`` of them.
        below: How far below each the lower end lies, in the unit of the predictions.
        above: How far above each the upper end lies.

    Raises:
        ValueError: The three are not of one length of at least 1, knots do not increase, or a
            distance is negative.
    """

    level: float
    knots: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]

    def __post_init__(self) -> None:
        n_knots = len(self.knots)
        if n_knots == 0 or {len(self.below), len(self.above)} != {n_knots}:
            raise ValueError(
                f"there must be a distance below and above for each of at least one knot; got "
                f"{n_knots}, {len(self.below)} and {len(self.above)}"
            )
        if not np.all(np.diff(self.knots) > 0):
            raise ValueError("knots must increase")
        # Also refuses what is no number.
        if not all(distance >= 0 for distance in (*self.below, *self.above)):
            raise ValueError("distances must not be negative")

    @classmethod
    def uniform(cls, level: float, half_width: float) -> Intervals:
        """Intervals of one width, symmetric, whatever is predicted."""
        return cls(level, (0.0,), (half_width,), (half_width,))

    def ends(self, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end for each prediction, both of shape ``(n,)``."""
        below = np.interp(predicted, self.knots, self.below)
        above = np.interp(predicted, self.knots, self.above)
        return predicted - below, predicted + above

    def holds(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Whether true values, shape ``(n,)``, lie inside the intervals of their predictions."""
        lower, upper = self.ends(predicted)
        return np.asarray((lower <= truth) & (truth <= upper))
