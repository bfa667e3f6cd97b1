"""A linear model of few values, with a prior of how much each kind of feature explains.

The kinds are blocks of directions in the features, whose weights are normal a priori. How much
each block counts, and how much is noise, is averaged over by the evidence, since ten values say
little of it. All is in closed form, also what a value would be predicted as without it.

References:
    Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, sections 2.7 and 5.4.2,
    https://gaussianprocess.org/gpml/ (explicit basis functions, leaving out in closed form)
    Hoeting et al. 1999, Bayesian Model Averaging: A Tutorial,
    https://doi.org/10.1214/ss/1009212519
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

NOISES = tuple(np.geomspace(1e-3, 10.0, 13).tolist())
"""Variances of noise that are averaged over; a block of weight one explains a variance of one."""
NEGLIGIBLE = 1e-6
"""A setting whose evidence is this part of the best one's is left out of the average."""
Setting = Mapping[str, float]
"""Weights of blocks by name."""


@dataclass(frozen=True, eq=False)
class LinearPrior:
    """What is likely of a linear model before a value is known.

    Args:
        blocks: Directions of each block by name, shape ``(n_features, n_directions)``, scaled so
            that over the space a block of weight one explains a variance of one.
        settings: Weights of the blocks, to average over.
        noises: Variances of noise, to average over beside each setting.
    """

    blocks: Mapping[str, np.ndarray]
    settings: Sequence[Setting]
    noises: Sequence[float] = NOISES


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A fitted linear model.

    Args:
        coefficients: Shape ``(n_features,)``.
        intercept: What is added.
        left_out: What each value is predicted as without its group, shape ``(n_nets,)``.
    """

    coefficients: np.ndarray
    intercept: float
    left_out: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The target, shape ``(n_nets,)``, of features ``(n_nets, n_features)``."""
        return np.asarray(features.astype(float) @ self.coefficients + self.intercept)


@dataclass(frozen=True, eq=False)
class _Fit:
    """The posterior under one setting and noise.

    Args:
        setting: Weights of the blocks.
        evidence: Logarithm of the marginal likelihood, less a constant.
        back: From principal axes to values, shape ``(n_nets, n_nets - 1)``.
        along: The target along the axes, shape ``(n_nets - 1,)``.
        precision: Reciprocal of its variance along them.
    """

    setting: Setting
    evidence: float
    back: np.ndarray
    along: np.ndarray
    precision: np.ndarray

    @property
    def dual(self) -> np.ndarray:
        """Weight of each value's kernel, shape ``(n_nets,)``."""
        return np.asarray(self.back @ (self.along * self.precision))

    def errors_left_out(self, groups: Sequence[np.ndarray]) -> np.ndarray:
        """Values less what the others' groups predict, shape ``(n_nets,)``."""
        dual = self.dual
        errors = dual / ((self.back * self.back) @ self.precision)
        for rows in groups:
            part = self.back[rows]
            errors[rows] = np.linalg.solve((part * self.precision) @ part.T, dual[rows])
        return np.asarray(errors)


def fit_with_prior(
    prior: LinearPrior, features: np.ndarray, target: np.ndarray, group_of: np.ndarray | None = None
) -> LinearModel:
    """The posterior mean of a linear model with a free intercept and scale.

    Args:
        prior: What is likely.
        features: Shape ``(n_nets, n_features)``.
        target: Shape ``(n_nets,)``.
        group_of: Number of each one's group, shape ``(n_nets,)``; those of a group, such as nets
            of one functional class, are left out together. Each alone by default.
    """
    rows = features.astype(float)
    rows -= rows.mean(axis=0)
    parts = {name: rows @ block for name, block in prior.blocks.items()}
    fits = _fits(prior, {name: part @ part.T for name, part in parts.items()}, target)
    evidences = np.array([each.evidence for each in fits])
    shares = np.exp(evidences - evidences.max())
    shares[shares < NEGLIGIBLE] = 0.0
    shares /= shares.sum()
    groups = _shared(group_of)
    coefficients, errors = np.zeros(features.shape[1]), np.zeros(len(target))
    for share, fit in zip(shares, fits, strict=True):
        if not share:
            continue
        errors += share * fit.errors_left_out(groups)
        for name, weight in fit.setting.items():
            coefficients += share * weight * (prior.blocks[name] @ (parts[name].T @ fit.dual))
    intercept = float(target.mean() - features.mean(axis=0, dtype=float) @ coefficients)
    return LinearModel(coefficients, intercept, target - errors)


def _fits(prior: LinearPrior, kernels: Mapping[str, np.ndarray], target: np.ndarray) -> list[_Fit]:
    """The posterior under every setting and noise, from kernels ``(n_nets, n_nets)`` of blocks."""
    n = len(target)
    # The mean is free: what is left of n values has n - 1 dimensions.
    contrasts = np.linalg.qr(np.eye(n)[:, 1:] - 1 / n)[0]
    z = contrasts.T @ target
    fits = []
    for setting in prior.settings:
        kernel = sum(weight * kernels[name] for name, weight in setting.items())
        found, axes = np.linalg.eigh(contrasts.T @ kernel @ contrasts)
        found, along, back = np.maximum(found, 0.0), axes.T @ z, contrasts @ axes
        for noise in prior.noises:
            precision = 1 / (found + noise)
            scale = float(np.mean(along**2 * precision))
            evidence = float(np.log(precision).sum() - (n - 1) * np.log(scale)) / 2
            fits.append(_Fit(setting, evidence, back, along, precision))
    return fits


def _shared(group_of: np.ndarray | None) -> list[np.ndarray]:
    """Rows of each group of more than one."""
    if group_of is None:
        return []
    names, counts = np.unique(group_of, return_counts=True)
    return [np.flatnonzero(group_of == name) for name in names[counts > 1]]
