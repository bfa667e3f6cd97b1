"""One function that picks an estimator for a small sample and fits it; one that tests all of that.

References:
    Cawley and Talbot 2010, On Over-fitting in Model Selection and Subsequent Selection Bias in
    Performance Evaluation, https://jmlr.org/papers/v11/cawley10a.html (why a choice is tested on
    folds that it did not see, and why a small sample does not get to choose freely)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.errors import ShapeError
from hwnas.fitting.estimators import (
    Layout,
    averages,
    fit_candidate,
    make_candidate,
    small_members,
)
from hwnas.fitting.metrics import kendall_tau
from hwnas.fitting.ranks import normal_scores, score_knots

N_SMALL = 1500
"""Fewer architectures than this are a small sample."""
MIN_ARCHS = 10
N_FOLDS = 5
N_FOR_FOREST = 100
"""Architectures from which on randomised trees are better taken into the average than left out."""
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


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """The best estimator of a sample, and what each part of it would have been predicted to be.

    Args:
        best: Fitted to all of the sample.
        predicted: Shape ``(n_archs,)``: predictions by the candidate that was chosen and fitted
            without the architecture's fold.
        fold_of: Shape ``(n_archs,)``: number of each architecture's fold.
    """

    best: Best
    predicted: np.ndarray
    fold_of: np.ndarray


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
    return _Sample(features, target, layout, seed, by_rank).fit()


def cross_fit(
    features: np.ndarray,
    target: np.ndarray,
    layout: Layout,
    seed: int = 0,
    by_rank: bool = True,
) -> CrossFitted:
    """``fit_best``, tested by nested cross-validation: every fold predicted by a choice without it.

    The inner folds are the other outer ones, so that a fit that leaves out two folds serves both.

    Args:
        features: Shape ``(n_archs, n_features)``, from 10 to 1,499 architectures.
        target: Shape ``(n_archs,)``, in any unit.
        layout: Columns of each feature set.
        seed: Seed of folds and estimators.
        by_rank: As for ``fit_best``.

    Returns:
        What ``fit_best`` gives, bit for bit, and out-of-fold predictions.

    Raises:
        ShapeError: Features and target disagree, or there are too few or too many architectures.
    """
    sample = _Sample(features, target, layout, seed, by_rank)
    predicted = np.empty(len(target))
    for fold in range(N_FOLDS):
        is_out = sample.fold_of == fold
        predicted[is_out] = sample.predict(sample.choose(fold)[0], fold)[is_out]
    return CrossFitted(sample.fit(), predicted, sample.fold_of)


class _Sample:
    """A small sample, its folds, and the fits that leave some of them out; each is made once.

    Args:
        features: Shape ``(n_archs, n_features)``.
        target: Shape ``(n_archs,)``.
        layout: Columns of each feature set.
        seed: Seed of folds and estimators.
        by_rank: Whether normal scores of the target are fitted.
    """

    def __init__(
        self, features: np.ndarray, target: np.ndarray, layout: Layout, seed: int, by_rank: bool
    ) -> None:
        n_archs = len(target)
        if features.shape[:1] != target.shape or not MIN_ARCHS <= n_archs < N_SMALL:
            raise ShapeError(
                f"features and target must have shapes (n_archs, n_features) and (n_archs,) with "
                f"n_archs from {MIN_ARCHS} to {N_SMALL - 1}; got {features.shape} and "
                f"{target.shape}."
            )
        self.features, self.target = features, target
        self.layout, self.seed, self.by_rank = layout, seed, by_rank
        self.fold_of = folds(n_archs, seed)
        self._fits: dict[frozenset[int], dict[str, np.ndarray]] = {}

    def fit(self) -> Best:
        """The chosen candidate, fitted to everything."""
        from hwnas.fitting._composed import RankTargetRegressor

        name, taus = self.choose()
        estimator = make_candidate(name, self.seed, self.layout)
        estimator = RankTargetRegressor(estimator) if self.by_rank else estimator
        return Best(estimator.fit(self.features, self.target), name, taus)

    def choose(self, *left_out: int) -> tuple[str, dict[str, float]]:
        """The candidate that cross-validation without some folds chooses, and every one's tau."""
        inside = [fold for fold in range(N_FOLDS) if fold not in left_out]
        order = np.concatenate([np.flatnonzero(self.fold_of == fold) for fold in inside])
        predicted = {
            name: np.concatenate(
                [self._scores(name, fold, *left_out)[self.fold_of == fold] for fold in inside]
            )
            for name in averages(small_members(self.layout))
        }
        truth = self.target[order]
        taus = {name: kendall_tau(truth, values) or 0.0 for name, values in predicted.items()}
        best, usual = max(taus, key=lambda name: taus[name]), preferred(len(truth), self.by_rank)
        is_clear = taus[best] - taus[usual] > CLEARLY / np.sqrt(len(truth))
        return (best if is_clear else usual), taus

    def predict(self, name: str, *left_out: int) -> np.ndarray:
        """Predictions ``(n_archs,)`` of the target by a candidate fitted without some folds."""
        scores = self._scores(name, *left_out)
        if not self.by_rank:
            return scores
        seen = self.target[~np.isin(self.fold_of, left_out)]
        return np.asarray(np.interp(scores, *score_knots(seen)))

    def _scores(self, name: str, *left_out: int) -> np.ndarray:
        """The same before normal scores are turned back."""
        # What an average predicts is the average of what its members predict.
        fits = self._members(frozenset(left_out))
        return np.asarray(np.mean([fits[member] for member in name.split("+")], axis=0))

    def _members(self, left_out: frozenset[int]) -> dict[str, np.ndarray]:
        """Predictions ``(n_archs,)`` of every member fitted without some folds."""
        if left_out not in self._fits:
            rows = ~np.isin(self.fold_of, list(left_out))
            seen = self.target[rows]
            z = normal_scores(seen) if self.by_rank else seen
            self._fits[left_out] = {
                member: fit_candidate(
                    member, self.seed, self.layout, self.features[rows], z
                ).predict(self.features)
                for member in small_members(self.layout)
            }
        return self._fits[left_out]


def preferred(n_archs: int, by_rank: bool) -> str:
    """The candidate that is taken unless another is clearly better.

    Of tens of architectures, cross-validation says little. Where ranks are fitted, trees find the
    thresholds that accuracy has; times and energies nearly add up.

    Args:
        n_archs: Architectures to choose by.
        by_rank: As for ``fit_best``.
    """
    if not by_rank:
        return "ridge+gaussian_process"
    average = "small_gradient_boosting+gaussian_process"
    return average if n_archs < N_FOR_FOREST else f"extra_trees+{average}"


def folds(n_archs: int, seed: int) -> np.ndarray:
    """Number of the fold of each architecture, shape ``(n_archs,)``."""
    from sklearn.model_selection import KFold

    fold_of = np.empty(n_archs, dtype=int)
    folds = KFold(N_FOLDS, shuffle=True, random_state=seed).split(fold_of)
    for number, (_, test) in enumerate(folds):
        fold_of[test] = number
    return fold_of
