"""What a predictor predicts of a column, and the estimator that cross-validation chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.errors import TableError
from hwnas.fitting.estimators import (
    LOOK_UP,
    Layout,
    candidates,
    cross_validate,
    fit_candidate,
)
from hwnas.fitting.metrics import kendall_tau
from hwnas.fitting.selection import N_SMALL, CrossFitted, cross_fit, fit_best
from hwnas.predictors.card import TRANSFORMS, to_unit
from hwnas.tables import Column

N_FOLDS = 3
NO_BETTER = 0.001
"""A difference in Kendall tau that is not worth a larger model."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that cross-validation chose.

    Args:
        transform: What it predicts of a value.
        mean: Mean of that target.
        scale: Standard deviation of that target.
        name: Its name.
        candidates: Kendall tau of each candidate.
        estimator: It, fitted to the standardised target.
    """

    transform: str
    mean: float
    scale: float
    name: str
    candidates: dict[str, float]
    estimator: Any


def choose(
    column: Column,
    layout: Layout,
    features: np.ndarray,
    values: np.ndarray,
    seed: int,
    tolerance: float = NO_BETTER,
    transforms: tuple[str, ...] | None = None,
) -> Choice:
    """Choose what a model predicts of a value, and how, by cross-validation, and fit it.

    Args:
        column: What the values are of.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``.
        values: Shape ``(n_classes,)``, in the column's unit.
        seed: Seed of folds and estimators.
        tolerance: How far below the best Kendall tau a smaller model may be to be preferred, where
            there are many classes.
        transforms: What it may predict of a value; what suits these values by default. Where
            there are other values, to measure it on, they have a say too.

    Raises:
        TableError: The values do not vary.
    """
    if len(values) >= N_SMALL:
        return choose_of_many(column, layout, features, values, seed, tolerance, transforms)
    transform = (transforms or transforms_of(column, layout, values))[0]
    z, mean, scale = _target(column, transform, values)
    best = fit_best(features, z, layout, seed, _by_rank(column))
    return Choice(transform, mean, scale, best.name, best.candidates, best.estimator)


def choose_of_many(
    column: Column,
    layout: Layout,
    features: np.ndarray,
    values: np.ndarray,
    seed: int,
    tolerance: float = NO_BETTER,
    transforms: tuple[str, ...] | None = None,
) -> Choice:
    """``choose`` where there are many classes: every candidate may win, with every transform."""
    taus: dict[str, float] = {}
    best_of: dict[str, tuple[float, str]] = {}
    transforms = transforms or transforms_of(column, layout, values)
    for transform in transforms:
        z, mean, scale = _target(column, transform, values)
        predicted = cross_validate(seed, layout, features, z, N_FOLDS)
        for name, target in predicted.items():
            in_unit = to_unit(target * scale + mean, transform, column.unit)
            key = name if len(transforms) == 1 else f"{name} of {transform}"
            tau = kendall_tau(values, in_unit)
            taus[key] = -1.0 if tau is None else tau
            if name not in best_of or taus[key] > best_of[name][0]:
                best_of[name] = taus[key], transform
    best = max(taus.values())
    # Small models come first: one that is hardly better is not worth its size.
    chosen = next(name for name in candidates(layout) if best_of[name][0] >= best - tolerance)
    transform = best_of[chosen][1]
    z, mean, scale = _target(column, transform, values)
    estimator = fit_candidate(chosen, seed, layout, features, z)
    return Choice(transform, mean, scale, chosen, taus, estimator)


def cross_choose(
    column: Column, layout: Layout, features: np.ndarray, values: np.ndarray, seed: int
) -> tuple[Choice, CrossFitted]:
    """``choose`` of few classes, and its out-of-fold predictions, of the standardised target.

    Args:
        column: What the values are of.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``.
        values: Shape ``(n_classes,)``, in the column's unit.
        seed: Seed of folds and estimators.

    Raises:
        TableError: The values do not vary.
    """
    transform = transforms_of(column, layout, values)[0]
    z, mean, scale = _target(column, transform, values)
    crossed = cross_fit(features, z, layout, seed, _by_rank(column))
    best = crossed.best
    return Choice(transform, mean, scale, best.name, best.candidates, best.estimator), crossed


def _by_rank(column: Column) -> bool:
    """Whether a small sample is fitted by rank: shares have long tails of bad networks."""
    return column.unit == "%"


def _target(column: Column, transform: str, values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """What a model is fitted to, standardised, with its mean and standard deviation.

    Raises:
        TableError: It does not vary.
    """
    y = TRANSFORMS[transform](values)
    mean, scale = float(y.mean()), float(y.std())
    if scale == 0:
        raise TableError(
            f"{column.name} varies among too few functional classes to be split; "
            "there is nothing to predict. Choose another column."
        )
    return (y - mean) / scale, mean, scale


def transforms_of(column: Column, layout: Layout, values: np.ndarray) -> tuple[str, ...]:
    """What a model may predict of a column, what is right a priori first.

    Errors in time are relative, sums of times are not.

    Args:
        column: What the values are of.
        layout: Columns of each feature set.
        values: Shape ``(n_classes,)``, in the column's unit.
    """
    if column.unit == "%" or not np.all(values > 0):
        return ("identity",)
    if LOOK_UP not in layout:
        return ("log",)
    # Times and energies add up over the parts of a network; of a rate, the reciprocal does.
    return ("log", "reciprocal" if column.quantity == "throughput" else "identity")
