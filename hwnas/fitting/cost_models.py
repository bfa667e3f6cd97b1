"""Costs of a device as a sum of what every network has, and as a product of other devices' costs.

What is fitted here on one space is asked about another, so each model is told in terms that both
have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hwnas.fitting._composed import LogCost

TOTALS = ("totals",)
"""Feature set that a sum of costs reads: operators, MACs, parameters and bytes of traffic."""
COUNTED = ("operators", "macs", "bytes")
"""Totals that stand beside other devices' costs. Parameters do not: in cells of few operations
they are a straight line in MACs, and what they earned there would mean nothing elsewhere."""
PENALTY = 0.5
"""Of squared weights of other devices, beside the sum of squared errors of logarithms. Chosen, like
the terms, between NAS-Bench-201 and FBNet on 18 settings of GPUs, phones and servers."""


def log_sum(totals: np.ndarray, values: np.ndarray) -> LogCost:
    """The logarithm of a non-negative sum of what networks hold, of least relative errors.

    Args:
        totals: Features of ``TOTALS``, shape ``(n_archs, n_totals)``.
        values: Positive costs, shape ``(n_archs,)``.
    """
    from sklearn.linear_model import LinearRegression

    from hwnas.fitting._composed import LogCost

    # In double precision and columns of size one: MACs and parameters nearly go together.
    size = totals.mean(axis=0, dtype=float)
    model = LinearRegression(positive=True).fit(totals / size, values, 1 / values**2)
    # A negative constant could outweigh the terms of a small network.
    constant = max(float(model.intercept_), 0.0)
    return LogCost(
        rates=(model.coef_ / size)[None],
        constants=np.array([constant]),
        weights=np.ones(1),
        slopes=np.zeros(totals.shape[1]),
        intercept=0.0,
    )


def weigh(log_terms: np.ndarray, log_values: np.ndarray) -> tuple[np.ndarray, float]:
    """Non-negative weights with which the logarithms of some costs make up another.

    Args:
        log_terms: Shape ``(n_archs, n_terms)``.
        log_values: Shape ``(n_archs,)``.

    Returns:
        Weights of shape ``(n_terms,)`` and the intercept.
    """
    from scipy.optimize import nnls

    n_terms, mean = log_terms.shape[1], log_terms.mean(axis=0)
    rows = np.vstack([log_terms - mean, np.sqrt(PENALTY) * np.eye(n_terms)])
    level = float(log_values.mean())
    weights, _ = nnls(rows, np.concatenate([log_values - level, np.zeros(n_terms)]))
    return weights, level - float(mean @ weights)


def product_of_costs(
    terms: Sequence[LogCost], counted: Sequence[int], weights: np.ndarray, intercept: float
) -> LogCost:
    """One model of what others make up, each to the power of its weight.

    Args:
        terms: Costs of other devices; all read the same features, those of ``TOTALS`` first.
        counted: Places of ``COUNTED`` among the features.
        weights: Of the ``terms``, then of the ``counted``.
        intercept: Added to the weighted logarithms.
    """
    from hwnas.fitting._composed import LogCost

    n_features = terms[0].n_features_in_
    alone = [
        LogCost(np.eye(n_features)[[place]], np.zeros(1), np.ones(1), np.zeros(n_features), 0.0)
        for place in counted
    ]
    used = [(each, w) for each, w in zip([*terms, *alone], weights, strict=True) if w > 0]
    return LogCost(
        rates=np.concatenate([np.zeros((0, n_features)), *(each.rates for each, _ in used)]),
        constants=np.concatenate([np.zeros(0), *(each.constants for each, _ in used)]),
        weights=np.concatenate([np.zeros(0), *(w * each.weights for each, w in used)]),
        slopes=np.sum([np.zeros(n_features), *(w * each.slopes for each, w in used)], axis=0),
        intercept=intercept + sum(w * each.intercept for each, w in used),
    )
