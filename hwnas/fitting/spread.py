"""How far off predictions may be: the standard deviation of one more value around each.

Every spread holds two things: what the model does not know, which grows away from the data, and
the noise of a value, which does not. It follows scikit-learn's ``return_std``.

References:
    Bishop 2006, Pattern Recognition and Machine Learning, section 3.3.2 (linear models)
    Hutter et al. 2014, Algorithm runtime prediction, https://arxiv.org/abs/1211.0906 (forests:
    variance within leaves and between trees)
    Johansson et al. 2014, Regression conformal prediction with random forests,
    https://doi.org/10.1007/s10994-014-5453-0 (such a scatter gives the shape, errors the scale)
    Malinin et al. 2021, Uncertainty in Gradient Boosting via Ensembles,
    https://arxiv.org/abs/2006.10562 (boosting: its own later stages as an ensemble)
    Lakshminarayanan et al. 2017, Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles, https://arxiv.org/abs/1612.01474 (networks, and averages as mixtures)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Spread = Callable[[np.ndarray], np.ndarray]
"""From features ``(n_archs, n_features)`` to standard deviations ``(n_archs,)``."""

N_FOLDS = 5
N_STAGES = 10
"""Stages of boosting that are told apart, from the second half of them."""


def of_linear(fitted: Any, features: np.ndarray, target: np.ndarray) -> Spread:
    """Of a pipeline that ends in a ridge regression: that of the posterior in closed form.

    Args:
        fitted: The pipeline.
        features: What it was fitted to, shape ``(n_archs, n_features)``.
        target: Shape ``(n_archs,)``.
    """
    columns, ridge = fitted[:-1], fitted[-1]
    design = np.asarray(columns.transform(features), dtype=float)
    centre = design.mean(axis=0)
    gram = (design - centre).T @ (design - centre)
    inverse = np.linalg.pinv(gram + ridge.alpha_ * np.eye(len(gram)), hermitian=True)
    n_effective = 1 + np.trace(inverse @ gram)
    residual = target - ridge.predict(design)
    noise = residual @ residual / max(len(target) - n_effective, 1.0)

    def spread(rows: np.ndarray) -> np.ndarray:
        off = np.asarray(columns.transform(rows), dtype=float) - centre
        doubt = 1 / len(target) + np.einsum("ij,jk,ik->i", off, inverse, off)
        return np.asarray(np.sqrt(noise * (1 + np.maximum(doubt, 0.0))))

    return spread


def of_forest(fitted: Any, features: np.ndarray, target: np.ndarray) -> Spread:
    """Of a pipeline that ends in a forest: how its trees and leaves scatter, scaled.

    That is the scatter of single trees, wider than that of their mean: as a whole it is brought to
    the size of errors out of fold.
    """
    columns, forest = fitted[:-1], fitted[-1]

    def scatter(rows: np.ndarray) -> np.ndarray:
        chosen = columns.transform(rows)
        means = np.var([tree.predict(chosen) for tree in forest.estimators_], axis=0)
        within = [tree.tree_.impurity[tree.apply(chosen)] for tree in forest.estimators_]
        return np.asarray(means + np.mean(within, axis=0))

    noise, usual = _noise(fitted, features, target), scatter(features).mean()
    return lambda rows: np.sqrt(noise * (scatter(rows) / usual if usual else np.ones(len(rows))))


def of_boosting(fitted: Any, features: np.ndarray, target: np.ndarray) -> Spread:
    """Of boosted trees: what later stages change, and errors out of fold."""
    noise = _noise(fitted, features, target)
    return lambda rows: np.sqrt(noise + _between_stages(fitted, rows))


def of_residual(fitted: Any, features: np.ndarray, target: np.ndarray) -> Spread:
    """Of a base and boosted trees of what it leaves over, which hold the base's errors."""
    noise = _noise(fitted, features, target)
    return lambda rows: np.sqrt(noise + _between_stages(fitted.residual_, rows))


def of_networks(fitted: Any, features: np.ndarray, target: np.ndarray) -> Spread:
    """Of an average of networks, perhaps in a pipeline: where they differ; errors out of fold."""
    noise = _noise(fitted, features, target)

    def spread(rows: np.ndarray) -> np.ndarray:
        last, chosen = fitted, rows
        while hasattr(last, "steps"):
            last, chosen = last[-1], last[:-1].transform(chosen)
        apart = np.var([network.predict(chosen) for network in last.estimators_], axis=0, ddof=1)
        return np.asarray(np.sqrt(noise + apart))

    return spread


def of_process(fitted: Any, _: np.ndarray, __: np.ndarray) -> Spread:
    """Of a Gaussian process: that of its posterior."""
    return lambda rows: np.asarray(fitted.predict(rows, return_std=True)[1])


def of_average(fitted: Sequence[Any], spreads: Sequence[Spread]) -> Spread:
    """Of an average, as a mixture of its members: they may err alike, and may not agree.

    Args:
        fitted: The members.
        spreads: Their spreads.
    """

    def spread(rows: np.ndarray) -> np.ndarray:
        within = np.mean([each(rows) ** 2 for each in spreads], axis=0)
        between = np.var([each.predict(rows) for each in fitted], axis=0)
        return np.asarray(np.sqrt(within + between))

    return spread


def turned_back(fitted: Any, of_scores: Spread) -> Spread:
    """Of a regressor of ranks: half of how far the target goes from one deviation to the other.

    Args:
        fitted: The regressor, a ``RankTargetRegressor``.
        of_scores: Spread of the normal scores that it predicts.
    """

    def spread(rows: np.ndarray) -> np.ndarray:
        scores, off = fitted.base_.predict(rows), of_scores(rows)
        return np.asarray((fitted.turn_back(scores + off) - fitted.turn_back(scores - off)) / 2)

    return spread


def _between_stages(fitted: Any, rows: np.ndarray) -> np.ndarray:
    """Variance of what the later stages of boosting predict, shape ``(n_archs,)``."""
    boosted, chosen = fitted, rows
    if hasattr(fitted, "steps"):
        boosted, chosen = fitted[-1], fitted[:-1].transform(rows)
    stages = list(boosted.staged_predict(chosen))
    kept = np.linspace(len(stages) // 2, len(stages) - 1, N_STAGES).round().astype(int)
    return np.asarray(np.var([stages[stage] for stage in kept], axis=0))


def _noise(fitted: Any, features: np.ndarray, target: np.ndarray) -> float:
    """Mean squared error of the same estimator out of fold: in fold it would be too small."""
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, cross_val_predict

    folds = KFold(min(N_FOLDS, len(target)), shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        predicted = cross_val_predict(clone(fitted), features, target, cv=folds)
    return float(np.mean((target - predicted) ** 2))
