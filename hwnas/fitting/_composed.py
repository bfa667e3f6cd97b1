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


class LogCost(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The logarithm of a cost: a weighted sum of logarithms of costs that add up, and of features.

    Args:
        rates: What a unit of each feature adds to each cost, shape ``(n_costs, n_features)``.
        constants: What each costs besides, shape ``(n_costs,)``.
        weights: Weight of each cost's logarithm, shape ``(n_costs,)``.
        slopes: What a unit of each feature adds to the logarithm, shape ``(n_features,)``.
        intercept: The rest of the logarithm.
    """

    def __init__(
        self,
        rates: np.ndarray,
        constants: np.ndarray,
        weights: np.ndarray,
        slopes: np.ndarray,
        intercept: float,
    ) -> None:
        self.rates = rates
        self.constants = constants
        self.weights = weights
        self.slopes = slopes
        self.intercept = intercept
        self.n_features_in_ = len(slopes)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Logarithms, shape ``(n_archs,)``."""
        x = np.asarray(features, dtype=float)
        logs = np.log(x @ self.rates.T + self.constants)
        return np.asarray(logs @ self.weights + x @ self.slopes + self.intercept)


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
