"""Prediction intervals whose width depends on the prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Intervals:
    """Half-widths of prediction intervals, one for each bin of predicted values.

    Args:
        level: Share of true values that should lie inside.
        edges: Inner edges of the bins, increasing, ``n_bins - 1`` of them.
        half_widths: ``n_bins`` half-widths, in the unit of the predictions.

    Raises:
        ValueError: There is not one half-width more than edges.
    """

    level: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.half_widths) != len(self.edges) + 1:
            raise ValueError(
                f"there must be one half-width more than edges; got {len(self.half_widths)} and "
                f"{len(self.edges)}"
            )

    def half_width(self, predicted: np.ndarray) -> np.ndarray:
        """Half-width for each prediction, shape ``(n,)``."""
        return np.asarray(self.half_widths)[np.searchsorted(self.edges, predicted, side="right")]

    def coverage(self, truth: np.ndarray, predicted: np.ndarray) -> float:
        """Share of true values, shape ``(n,)``, inside the intervals of their predictions."""
        return float(np.mean(np.abs(truth - predicted) <= self.half_width(predicted)))
