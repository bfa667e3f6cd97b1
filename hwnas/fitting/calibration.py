"""Split-conformal prediction intervals whose width depends on the prediction.

References:
    Lei et al. 2018, Distribution-Free Predictive Inference for Regression,
    https://arxiv.org/abs/1604.04173
    Vovk 2012, Conditional Validity of Inductive Conformal Predictors,
    https://arxiv.org/abs/1209.2673 (the bins: Mondrian taxonomies)
"""

from __future__ import annotations

import numpy as np

from hwnas.predictors.intervals import Intervals

LEVEL = 0.90
MAX_BINS = 5
MIN_PER_BIN = 50


def conformal_quantile(residuals: np.ndarray, level: float) -> float:
    """The ``ceil((n + 1) level)``-th smallest of ``n`` residuals; the largest if there are too few.

    Example:
        >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
        18.0
    """
    rank = int(np.ceil((len(residuals) + 1) * level))
    return float(np.sort(residuals)[min(rank, len(residuals)) - 1])


def calibrate(truth: np.ndarray, predicted: np.ndarray, level: float = LEVEL) -> Intervals:
    """Intervals from architectures that the predictor was not fitted on.

    Args:
        truth: Shape ``(n,)``.
        predicted: Shape ``(n,)``.
        level: Share of true values that should lie inside.

    Returns:
        Up to ``MAX_BINS`` bins of equal size, each of at least ``MIN_PER_BIN`` where there are so
        many; the guarantee holds within each bin.
    """
    n_bins = max(1, min(MAX_BINS, len(truth) // MIN_PER_BIN))
    quantiles = np.quantile(predicted, np.arange(1, n_bins) / n_bins)
    edges = np.unique(quantiles)
    bins = np.searchsorted(edges, predicted, side="right")
    residuals = np.abs(truth - predicted)
    half_widths = [
        conformal_quantile(
            residuals[bins == number] if np.any(bins == number) else residuals, level
        )
        for number in range(len(edges) + 1)
    ]
    return Intervals(level, tuple(edges.tolist()), tuple(half_widths))


def cross_calibrate(
    truth: np.ndarray, predicted: np.ndarray, fold_of: np.ndarray, level: float = LEVEL
) -> tuple[Intervals, float]:
    """Intervals from out-of-fold predictions, around those of a predictor fitted to everything.

    Args:
        truth: Shape ``(n,)``.
        predicted: Shape ``(n,)``, each by a predictor that was not fitted to the value's fold.
        fold_of: Shape ``(n,)``, number of the fold of each.
        level: Share of true values that should lie inside.

    Returns:
        The intervals, and the share of true values inside of those that the other folds give.

    References:
        Barber et al. 2021, Predictive Inference with the Jackknife+,
        https://arxiv.org/abs/1905.02928 (CV+). Theirs are around the predictions of every fold's
        model; ours are symmetric around one, which is fitted to more and errs no more than these.
    """
    is_inside = np.empty(len(truth), dtype=bool)
    for fold in np.unique(fold_of):
        is_out = fold_of == fold
        others = calibrate(truth[~is_out], predicted[~is_out], level)
        half_width = others.half_width(predicted[is_out])
        is_inside[is_out] = np.abs(truth[is_out] - predicted[is_out]) <= half_width
    return calibrate(truth, predicted, level), float(is_inside.mean())


def interpolated_quantile(residuals: np.ndarray, level: float) -> float:
    """The ``(n + 1) level``-th smallest of ``n`` residuals, between two of them where it must be.

    Of few, the next larger one (``conformal_quantile``) would hold more than was asked for.

    Example:
        >>> interpolated_quantile(np.arange(1.0, 11.0), 0.9)
        9.9
    """
    places = np.arange(1, len(residuals) + 1)
    return float(np.interp((len(residuals) + 1) * level, places, np.sort(residuals)))


def calibrate_few(
    truth: np.ndarray, left_out: np.ndarray, level: float = LEVEL
) -> tuple[Intervals, float]:
    """Intervals of one width from what each value is predicted as without it.

    Args:
        truth: Shape ``(n,)``.
        left_out: Predictions, shape ``(n,)``.
        level: Share of true values that should lie inside.

    Returns:
        The intervals, and the share of true values inside of those that the others give.

    References:
        Barber et al. 2021, Predictive Inference with the Jackknife+,
        https://arxiv.org/abs/1905.02928 (the jackknife, around the model of all values)
    """
    residuals = np.abs(truth - left_out)
    others = (np.delete(residuals, place) for place in range(len(residuals)))
    half_widths = np.array([interpolated_quantile(each, level) for each in others])
    half_width = interpolated_quantile(residuals, level)
    return Intervals(level, (), (half_width,)), float(np.mean(residuals <= half_widths))
