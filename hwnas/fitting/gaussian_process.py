"""Gaussian process over groups of features, for samples of tens to hundreds of architectures.

scikit-learn's has no prior on the parameters of its kernel, without which tens of architectures
talk them into extremes.

References:
    Rasmussen and Williams 2006, Gaussian Processes for Machine Learning,
    https://gaussianprocess.org/gpml/
    Duvenaud et al. 2011, Additive Gaussian Processes, https://arxiv.org/abs/1112.4394
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from hwnas.fitting.kernel_posterior import (
    BOUNDS,
    MAX_DEVIATIONS,
    N_TUNED,
    negative_log_posterior,
    prior_parameters,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A Matern 3/2 kernel, once differentiable, between smooth and jagged.

    Args:
        start: First column it sees.
        stop: One past the last.
        weight: Variance that it explains, of a standardised target.
        length: Its length scale, in the unit of the columns.
    """

    start: int
    stop: int
    weight: float
    length: float

    def __call__(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The kernel between rows ``(n, n_columns)`` and others ``(m, n_columns)``, ``(n, m)``."""
        reach = _distances(rows, others, self.start, self.stop) * (3**0.5 / self.length)
        return np.asarray(self.weight * (1 + reach) * np.exp(-reach))


class GroupedGaussianProcess(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A Gaussian process whose kernel is a sum over groups of features, and one of all together.

    Each group has a Matern kernel with a weight and a length scale of its own; a last kernel sees
    all groups at once. The parameters are those of the highest posterior.

    Args:
        groups: Columns of each group.
    """

    def __init__(self, groups: Sequence[Sequence[int]]) -> None:
        self.groups = groups

    def fit(self, features: np.ndarray, target: np.ndarray) -> GroupedGaussianProcess:
        """Fit to features of shape ``(n_archs, n_features)`` and a target ``(n_archs,)``.

        Raises:
            ValueError: No feature of any group varies.
        """
        features = np.asarray(features, dtype=float)
        spans = self._standardise(features)
        self.rows_ = self._scaled(features)
        self.target_mean_, self.target_scale_ = float(target.mean()), float(target.std()) or 1.0
        z = (target - self.target_mean_) / self.target_scale_
        # Spread over the rows, which may be sorted.
        tuned = np.linspace(0, len(z) - 1, min(N_TUNED, len(z))).round().astype(int)
        parameters = np.exp(_tuned(self.rows_[tuned], z[tuned], spans))
        pairs = parameters[:-1].reshape(-1, 2).tolist()
        self.terms_ = [Term(*span, *pair) for span, pair in zip(spans, pairs, strict=True)]
        self.noise_ = float(parameters[-1])
        covariance = self._kernel(self.rows_) + self.noise_ * np.eye(len(z))
        self.dual_ = np.linalg.solve(covariance, z) * self.target_scale_
        return self

    def _standardise(self, features: np.ndarray) -> list[tuple[int, int]]:
        """Learn scales of the columns that vary; returns the span of all and of each group."""
        varies = np.ptp(features, axis=0) > 0
        varying = ([column for column in group if varies[column]] for group in self.groups)
        groups = [group for group in varying if group]
        if not groups:
            raise ValueError("some feature of a group must vary; none does")
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self.n_features_in_ = features.shape[1]
        self.columns_ = np.array([column for group in groups for column in group])
        chosen = features[:, self.columns_]
        self.mean_ = chosen.mean(axis=0)
        # A group's distances do not grow with its number of columns.
        roots = np.concatenate([np.full(len(group), len(group) ** 0.5) for group in groups])
        self.scale_ = chosen.std(axis=0) * roots
        self.limit_ = MAX_DEVIATIONS / roots
        return [
            (0, ends[-1]),
            *((end - len(group), end) for end, group in zip(ends, groups, strict=True)),
        ]

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        """Standardised columns of the groups, shape ``(n_archs, n_columns)``."""
        chosen = np.asarray(features, dtype=float)[:, self.columns_]
        return np.asarray(np.clip((chosen - self.mean_) / self.scale_, -self.limit_, self.limit_))

    def _kernel(self, rows: np.ndarray) -> np.ndarray:
        """Covariance of rows ``(n, n_columns)`` and of those fitted to, without noise."""
        return np.asarray(sum(term(rows, self.rows_) for term in self.terms_))

    def predict(
        self, features: np.ndarray, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Posterior mean, and perhaps the standard deviation of a value, noise included.

        Args:
            features: Shape ``(n_archs, n_features)``.
            return_std: Whether to give the standard deviations, too.

        Returns:
            The mean, shape ``(n_archs,)``, or a pair of it and the standard deviations, in the
            target's unit and of the same shape.

        References:
            Rasmussen and Williams 2006, equations 2.25 and 2.26, https://gaussianprocess.org/gpml/
        """
        kernel = self._kernel(self._scaled(features))
        mean = np.asarray(kernel @ self.dual_ + self.target_mean_)
        return (mean, self._deviation(kernel)) if return_std else mean

    def _deviation(self, kernel: np.ndarray) -> np.ndarray:
        """Standard deviations from the covariances with what was fitted to, ``(n, n_seen)``."""
        from scipy.linalg import cho_factor, cho_solve

        seen = self._kernel(self.rows_) + self.noise_ * np.eye(len(self.rows_))
        explained = (kernel * cho_solve(cho_factor(seen, lower=True), kernel.T).T).sum(axis=1)
        prior = sum(term.weight for term in self.terms_)
        variance = np.maximum(prior - explained, 0.0) + self.noise_
        return np.asarray(self.target_scale_ * np.sqrt(variance))


def _distances(rows: np.ndarray, others: np.ndarray, start: int, stop: int) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(rows[:, start:stop], others[:, start:stop]))


def _tuned(rows: np.ndarray, z: np.ndarray, spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """Logarithms of weight and length of each span's kernel and of the noise."""
    from scipy.optimize import minimize

    start = prior_parameters(len(spans))
    distances = np.stack([_distances(rows, rows, *span) for span in spans])
    bounds = np.tile(np.log(BOUNDS), (len(start), 1))
    found = minimize(
        negative_log_posterior,
        start,
        (start, distances, z),
        method="L-BFGS-B",
        jac=True,
        bounds=bounds,
    )
    return np.asarray(found.x)
