"""Conformal prediction intervals from residuals out of fold, each end by residuals nearby.

References:
    Barber et al. 2021, Predictive Inference with the Jackknife+,
    https://arxiv.org/abs/1905.02928 (CV+)
    Lei et al. 2018, Distribution-Free Predictive Inference for Regression,
    https://arxiv.org/abs/1604.04173 (the rank of a quantile; residuals scaled by where they are)
    Romano et al. 2019, Conformalized Quantile Regression, https://arxiv.org/abs/1905.03222 (each
    end by its own quantile)
"""

from __future__ import annotations

import numpy as np

from hwnas.predictors.intervals import Intervals

LEVEL = 0.90
MAX_KNOTS = 30
MIN_NEAR = 100
"""Residuals around a knot, at least; of fewer, 5 % are too few to be a quantile."""
# Of what is neither so few that it is luck nor so many that they are far away.
NEAR_SHARE = 1 / 15


def conformal_quantile(residuals: np.ndarray, level: float) -> float:
    """The ``ceil((n + 1) level)``-th smallest of ``n`` residuals; the largest if there are too few.

    Example:
        >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
        18.0
    """
    # A level such as 0.95 is no exact binary number; its rank must not be one too high for that.
    rank = int(np.ceil(round((len(residuals) + 1) * level, 9)))
    return float(np.sort(residuals)[min(rank, len(residuals)) - 1])


def calibrate(truth: np.ndarray, predicted: np.ndarray, level: float = LEVEL) -> Intervals:
    """Intervals from architectures that the predictor was not fitted on.

    Around each of up to ``MAX_KNOTS`` predictions, evenly spaced in rank, the residuals nearest in
    rank give both ends: an equal share of them lies beyond either. Those around the first and the
    last knot reach as far as predictions do.

    Args:
        truth: Shape ``(n,)``.
        predicted: Shape ``(n,)``.
        level: Share of true values that should lie inside.

    Returns:
        Intervals with one knot for every ``MIN_NEAR / 2`` architectures, at least one.
    """
    n = len(truth)
    order = np.argsort(predicted, kind="stable")
    places, residuals = predicted[order], (truth - predicted)[order]
    n_knots = max(1, min(MAX_KNOTS, n // (MIN_NEAR // 2) - 1))
    n_near = max(MIN_NEAR, round(NEAR_SHARE * n)) if n_knots > 1 else n
    beyond = 1 - (1 - level) / 2
    found: dict[float, tuple[float, float]] = {}
    for start in np.linspace(0, n - n_near, n_knots).round().astype(int):
        # Equal predictions are equally near.
        first = np.searchsorted(places, places[start], side="left")
        last = np.searchsorted(places, places[start + n_near - 1], side="right")
        near = residuals[first:last]
        below, above = (conformal_quantile(side, beyond) for side in (-near, near))
        found[float(places[start + n_near // 2])] = max(0.0, below), max(0.0, above)
    ends = list(found.values())
    return Intervals(
        level, tuple(found), tuple(end[0] for end in ends), tuple(end[1] for end in ends)
    )


def cross_calibrate(
    truth: np.ndarray, predicted: np.ndarray, fold_of: np.ndarray, level: float = LEVEL
) -> tuple[Intervals, np.ndarray]:
    """Intervals from out-of-fold predictions, around those of a predictor fitted to everything.

    Args:
        truth: Shape ``(n,)``.
        predicted: Shape ``(n,)``, each by a predictor that was not fitted to the value's fold.
        fold_of: Shape ``(n,)``, number of the fold of each.
        level: Share of true values that should lie inside.

    Returns:
        The intervals, and whether each true value is inside of the one that the other folds'
        residuals give, shape ``(n,)``.

    References:
        Barber et al. 2021, Predictive Inference with the Jackknife+,
        https://arxiv.org/abs/1905.02928 (CV+). Theirs are around the predictions of every fold's
        model; ours are around one, which is fitted to more and errs no more than these.
    """
    is_inside = np.empty(len(truth), dtype=bool)
    for fold in np.unique(fold_of):
        is_out = fold_of == fold
        others = calibrate(truth[~is_out], predicted[~is_out], level)
        is_inside[is_out] = others.holds(truth[is_out], predicted[is_out])
    return calibrate(truth, predicted, level), is_inside


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
    return Intervals.uniform(level, half_width), float(np.mean(residuals <= half_widths))
