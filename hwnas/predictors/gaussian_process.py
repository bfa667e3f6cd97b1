"""Gaussian process over groups of features, for samples of tens to hundreds of architectures.

References:
    Rasmussen and Williams 2006, Gaussian Processes for Machine Learning,
    https://gaussianprocess.org/gpml/
    Duvenaud et al. 2011, Additive Gaussian Processes, https://arxiv.org/abs/1112.4394
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    Kernel,
    Matern,
    Sum,
    WhiteKernel,
)

SMOOTHNESS = 1.5
"""Of the Matern kernels: once differentiable, between smooth and jagged."""
N_TUNED = 300
"""Architectures that the kernel's parameters are tuned on; all condition the prediction."""
# Features of a new architecture may lie far outside what was seen.
MAX_DEVIATIONS = 4.0
# A priori, the logarithm of each parameter is normal around these, so that tens of architectures
# do not talk it into extremes; lengths are in standard deviations of a feature.
_PRIOR_LENGTH, _PRIOR_WEIGHT, _PRIOR_JOINT_WEIGHT, _PRIOR_NOISE = 1.5, 0.2, 0.5, 0.1
_PRIOR_DEVIATION = 1.5
_BOUNDS = (1e-4, 1e4)


class OnColumns(Kernel):  # type: ignore[misc]
    """A kernel of some columns of the features.

    Args:
        kernel: The kernel.
        start: First column.
        stop: One past the last.
    """

    def __init__(self, kernel: Kernel, start: int, stop: int) -> None:
        self.kernel = kernel
        self.start = start
        self.stop = stop

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name, those of the kernel under ``kernel__``."""
        own: dict[str, Any] = {"kernel": self.kernel, "start": self.start, "stop": self.stop}
        if deep:
            inner = self.kernel.get_params().items()
            own.update((f"kernel__{name}", value) for name, value in inner)
        return own

    @property
    def hyperparameters(self) -> list[Any]:
        """Those of the kernel."""
        return [
            type(each)(f"kernel__{each.name}", each.value_type, each.bounds, each.n_elements)
            for each in self.kernel.hyperparameters
        ]

    @property
    def theta(self) -> np.ndarray:
        """Logarithms of the kernel's free parameters."""
        return np.asarray(self.kernel.theta)

    @theta.setter
    def theta(self, theta: np.ndarray) -> None:
        self.kernel.theta = theta

    @property
    def bounds(self) -> np.ndarray:
        """Bounds of ``theta``."""
        return np.asarray(self.kernel.bounds)

    # scikit-learn gives names to arguments: X and Y.
    def __call__(
        self,
        X: np.ndarray,  # noqa: N803
        Y: np.ndarray | None = None,  # noqa: N803
        eval_gradient: bool = False,
    ) -> Any:
        """The kernel between rows of ``X`` and of ``Y``."""
        of_y = None if Y is None else Y[:, self.start : self.stop]
        return self.kernel(X[:, self.start : self.stop], of_y, eval_gradient)

    def diag(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """The kernel of each row of ``X`` with itself."""
        return np.asarray(self.kernel.diag(X[:, self.start : self.stop]))

    def is_stationary(self) -> bool:
        """Whether the kernel is stationary."""
        return bool(self.kernel.is_stationary())

    def __repr__(self) -> str:
        return f"{self.kernel}[{self.start}:{self.stop}]"


class _WithPrior(GaussianProcessRegressor):  # type: ignore[misc]
    """A Gaussian process whose parameters have a log-normal prior around where they start."""

    def log_marginal_likelihood(
        self, theta: Any = None, eval_gradient: bool = False, clone_kernel: bool = True
    ) -> Any:
        found = super().log_marginal_likelihood(theta, eval_gradient, clone_kernel)
        if theta is None:
            return found
        off = (np.asarray(theta) - self.kernel.theta) / _PRIOR_DEVIATION
        if not eval_gradient:
            return found - off @ off / 2
        value, gradient = found
        return value - off @ off / 2, gradient - off / _PRIOR_DEVIATION


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
        varies = np.ptp(features, axis=0) > 0
        varying = ([column for column in group if varies[column]] for group in self.groups)
        groups = [group for group in varying if group]
        if not groups:
            raise ValueError("some feature of a group must vary; none does")
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self.spans_ = [(end - len(group), end) for end, group in zip(ends, groups, strict=True)]
        self.columns_ = np.array([column for group in groups for column in group])
        chosen = features[:, self.columns_]
        self.mean_ = chosen.mean(axis=0)
        # A group's distances do not grow with its number of columns.
        roots = np.concatenate([np.full(len(group), len(group) ** 0.5) for group in groups])
        self.scale_ = chosen.std(axis=0) * roots
        self.limit_ = MAX_DEVIATIONS / roots
        self.n_features_in_ = features.shape[1]
        self.target_mean_, self.target_scale_ = float(target.mean()), float(target.std()) or 1.0
        self.rows_ = self._scaled(features)
        z = (target - self.target_mean_) / self.target_scale_
        process = _WithPrior(_kernel(self.spans_)).fit(self.rows_[:N_TUNED], z[:N_TUNED])
        if len(z) > N_TUNED:
            process = GaussianProcessRegressor(process.kernel_, optimizer=None).fit(self.rows_, z)
        self.kernel_: Kernel = process.kernel_
        self.dual_ = np.asarray(process.alpha_) * self.target_scale_
        return self

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        """Standardised columns of the groups, shape ``(n_archs, n_columns)``."""
        chosen = np.asarray(features, dtype=float)[:, self.columns_]
        return np.asarray(np.clip((chosen - self.mean_) / self.scale_, -self.limit_, self.limit_))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Posterior mean, shape ``(n_archs,)``."""
        return np.asarray(self.kernel_(self._scaled(features), self.rows_) @ self.dual_) + (
            self.target_mean_
        )

    def terms(self) -> list[tuple[tuple[int, int], float, float]]:
        """Span of columns, weight and length of each Matern kernel."""
        return _terms(self.kernel_, (0, len(self.columns_)))


def _terms(kernel: Kernel, span: tuple[int, int]) -> list[tuple[tuple[int, int], float, float]]:
    if isinstance(kernel, Sum):
        return _terms(kernel.k1, span) + _terms(kernel.k2, span)
    if isinstance(kernel, WhiteKernel):
        return []
    weight, inner = kernel.k1.constant_value, kernel.k2
    if isinstance(inner, OnColumns):
        inner, span = inner.kernel, (inner.start, inner.stop)
    return [(span, float(weight), float(inner.length_scale))]


def _kernel(spans: Sequence[tuple[int, int]]) -> Kernel:
    """Weighted Matern kernels of each span of columns and of all, and noise."""

    def matern() -> Matern:
        return Matern(_PRIOR_LENGTH, _BOUNDS, nu=SMOOTHNESS)

    total = ConstantKernel(_PRIOR_JOINT_WEIGHT, _BOUNDS) * matern()
    for start, stop in spans:
        total += ConstantKernel(_PRIOR_WEIGHT, _BOUNDS) * OnColumns(matern(), start, stop)
    return total + WhiteKernel(_PRIOR_NOISE, _BOUNDS)
