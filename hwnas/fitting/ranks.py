"""Normal scores: a target by its order, and the way back to its values."""

from __future__ import annotations

import numpy as np

N_KNOTS = 33


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Standard normal quantiles of the ranks of values, shape ``(n,)``; equal values stay equal.

    Example:
        >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(2).tolist()
        [0.97, -0.97, 0.0]
    """
    from scipy.stats import norm, rankdata

    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))


def score_knots(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores, increasing, and the values that they stand for; between them it is linear.

    Args:
        target: Shape ``(n,)``.

    Returns:
        Two arrays of up to ``N_KNOTS`` quantiles, the extremes among them.
    """
    places = np.linspace(0, len(target) - 1, min(N_KNOTS, len(target))).round().astype(int)
    order = np.argsort(target, kind="stable")[places]
    # Equal values share one knot: a slope between two would divide by zero.
    knots, first = np.unique(normal_scores(target)[order], return_index=True)
    return knots, np.asarray(target[order], dtype=float)[first]
