"""Regressors made of other ones.

References:
    Friedman 2001, Greedy Function Approximation: A Gradient Boosting Machine,
    https://doi.org/10.1214/aos/1013203451 (each stage fits the residuals of those before it)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone

from hwnas.fitting.ranks import normal_scores, score_knots

N_FOLDS = 5


class ResidualRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The sum of a base regressor and one of its out-of-fold residuals.

    Args:
        base: Unfitted regressor.
        residual: Unfitted regressor of what ``base`` leaves over.
    """

    def __init__(self, base: Any, residual: Any) -> None:
        self.base = base
        self.residual = residual

    def fit(self, features: np.ndarray, target: np.ndarray) -> ResidualRegressor:
        """Fit both.

        Args:
            features: Shape ``(n_archs, n_features)``.
            target: Shape ``(n_archs,)``.
        """
        from sklearn.model_selection import KFold, cross_val_predict

        # In-fold residuals would be too small, and the second regressor too timid.
        folds = KFold(N_FOLDS, shuffle=True, random_state=0)
        left_over = target - cross_val_predict(self.base, features, target, cv=folds)
        self.base_ = clone(self.base).fit(features, target)
        self.residual_ = clone(self.residual).fit(features, left_over)
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Sum of both, shape ``(n_archs,)``."""
        return np.asarray(self.base_.predict(features) + self.residual_.predict(features))


class LogOf(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The logarithm of a fitted regressor's positive predictions.

    Args:
        base: Fitted regressor.
    """

    def __init__(self, base: Any) -> None:
        self.base = base
        self.n_features_in_ = base.n_features_in_

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Logarithms, shape ``(n_archs,)``."""
        return np.asarray(np.log(self.base.predict(features)))


class RankTargetRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor of the target's normal scores, turned back into the target.

    The order is what is fitted, so that a heavy tail of bad networks does not take all attention;
    between ``N_KNOTS`` quantiles of the target the way back is linear, and it ends at the extremes.

    Args:
        base: Unfitted regressor.

    References:
        Van der Waerden 1952, Order tests for the two-sample problem and their power,
        https://doi.org/10.1016/S1385-7258(52)50063-5
    """

    def __init__(self, base: Any) -> None:
        self.base = base

    def fit(self, features: np.ndarray, target: np.ndarray) -> RankTargetRegressor:
        """Fit.

        Args:
            features: Shape ``(n_archs, n_features)``.
            target: Shape ``(n_archs,)``.
        """
        self.knots_, self.values_ = score_knots(target)
        self.base_ = clone(self.base).fit(features, normal_scores(target))
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The target, shape ``(n_archs,)``."""
        return self.turn_back(self.base_.predict(features))

    def turn_back(self, scores: np.ndarray) -> np.ndarray:
        """The target that normal scores stand for, shape ``(n_archs,)``."""
        return np.asarray(np.interp(scores, self.knots_, self.values_))
