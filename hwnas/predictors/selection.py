"""One function that picks an estimator for a sample of architectures and fits it.

References:
    Cawley and Talbot 2010, On Over-fitting in Model Selection and Subsequent Selection Bias in
    Performance Evaluation, https://jmlr.org/papers/v11/cawley10a.html (why the choice is measured
    on folds inside the sample only, and why a small sample does not get to choose freely)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.errors import ShapeError
from hwnas.predictors._composed import RankTargetRegressor, normal_scores
from hwnas.predictors.estimators import (
    N_SMALL,
    Layout,
    cross_validate,
    fit_candidate,
    make_candidate,
)
from hwnas.predictors.metrics import kendall_tau

N_FOLDS = 5
MIN_ARCHS = 10
PREFERRED = {
    True: "small_gradient_boosting+gaussian_process",
    False: "ridge+gaussian_process",
}
"""Taken unless another candidate is clearly better, since of tens of architectures cross-validation
says little. Where ranks are fitted: accuracy has thresholds that trees find. Where not: times and
energies nearly add up."""
# In units of 1 / sqrt(n_archs): differences of Kendall tau that are no more than the luck of folds.
CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class Best:
    """A fitted estimator and what it was chosen from.

    Args:
        estimator: Fitted; ``predict`` gives the target, shape ``(n_archs,)``.
        name: The candidate it is.
        candidates: Kendall tau of each candidate in cross-validation.
    """

    estimator: Any
    name: str
    candidates: dict[str, float]


def fit_best(
    features: np.ndarray,
    target: np.ndarray,
    layout: Layout,
    seed: int = 0,
    by_rank: bool = True,
) -> Best:
    """Choose an estimator by cross-validation and fit it to all of a small sample.

    Args:
        features: Shape ``(n_archs, n_features)``, from 10 to 1,499 architectures.
        target: Shape ``(n_archs,)``, in any unit.
        layout: Columns of each feature set; a Gaussian process gives each set its own scales.
        seed: Seed of folds and estimators.
        by_rank: Fit the target's normal scores and turn predictions back: right where the order
            counts and bad networks have a long tail, as with accuracy. Fit the logarithm of a time
            or an energy instead.

    Returns:
        The estimator, its name and all that competed.

    Raises:
        ShapeError: Features and target disagree, or there are too few or too many architectures.
    """
    n_archs = len(target)
    if features.shape[:1] != target.shape or not MIN_ARCHS <= n_archs < N_SMALL:
        raise ShapeError(
            f"features and target must have shapes (n_archs, n_features) and (n_archs,) with "
            f"n_archs from {MIN_ARCHS} to {N_SMALL - 1}; got {features.shape} and {target.shape}."
        )
    z = normal_scores(target) if by_rank else (target - target.mean()) / (target.std() or 1.0)
    predicted = cross_validate(seed, layout, features, z, N_FOLDS, n_archs)
    taus = {name: kendall_tau(z, values) or 0.0 for name, values in predicted.items()}
    name = _choose(taus, PREFERRED[by_rank], n_archs)
    if by_rank:
        estimator = RankTargetRegressor(make_candidate(name, seed, layout)).fit(features, target)
    else:
        estimator = fit_candidate(name, seed, layout, features, target)
    return Best(estimator, name, taus)


def _choose(taus: dict[str, float], preferred: str, n_archs: int) -> str:
    """The preferred candidate, or one that is clearly better."""
    best = max(taus, key=lambda name: taus[name])
    is_clear = taus[best] - taus[preferred] > CLEARLY / np.sqrt(n_archs)
    return best if is_clear else preferred
