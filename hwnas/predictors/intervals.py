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
    """

    level: float
    edges: tuple[float, ...]
    half_widths: tuple[float, ...]

    def half_width(self, predicted: np.ndarray) -> np.ndarray:
        """Half-width for each prediction, shape ``(n,)``."""
        return np.asarray(self.half_widths)[np.searchsorted(self.edges, predicted, side="right")]

    def coverage(self, truth: np.ndarray, predicted: np.ndarray) -> float:
        """Share of true values, shape ``(n,)``, inside the intervals of their predictions."""
        return float(np.mean(np.abs(truth - predicted) <= self.half_width(predicted)))
