"""How an estimator is picked and fitted: one procedure, set in one way for few and one for many.

Members compete alone and in averages, for each scale of the target; how well they rank in
cross-validation is known before a rule picks one of them, which is then fitted to everything.

References:
    Cawley and Talbot 2010, On Over-fitting in Model Selection and Subsequent Selection Bias in
    Performance Evaluation, https://jmlr.org/papers/v11/cawley10a.html (why a choice is tested on
    folds that it did not see, and why a small sample does not get to choose freely)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hwnas.core.quantity import Quantity
from hwnas.errors import ShapeError, TableError
from hwnas.fitting.members import LOOK_UP, Candidate, Layout, averages, of_few, of_many
from hwnas.fitting.metrics import best_fifth, kendall_tau
from hwnas.fitting.ranks import normal_scores, score_knots
from hwnas.fitting.splits import folds
from hwnas.predictors.card import TRANSFORMS, Transform, to_unit

N_SMALL = 1500
"""Fewer architectures than this are few."""
N_FOLDS = 5
N_NESTED = 200
"""Of fewer architectures, what is picked may be luck, and no tau of it is told that chose it."""
MIN_ARCHS = 10
NO_BETTER = 0.001
"""A difference in Kendall tau that is not worth a larger model."""
N_FOR_FOREST = 100
"""Architectures from which on randomised trees are better taken into the average than left out."""
# In units of 1 / sqrt(n_archs): differences of Kendall tau that are no more than the luck of folds.
CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """What is predicted of a value.

    Args:
        transform: What a model predicts of it.
        by_rank: Whether normal scores of that are fitted, and predictions turned back.
    """

    transform: Transform
    by_rank: bool = False


Contestant = tuple[Scale, str]
"""A scale, and names of members joined by ``+``."""
Taus = Mapping[Contestant, float]
"""How well each ranks in cross-validation (``agreement``), small ones first."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """How an estimator is picked.

    Args:
        members: Names of the members that compete, small ones first.
        scales: What may be predicted of a value, what is right a priori first.
        pick: The rule, from what each reached on how many architectures to the one to fit.
        is_nested: Whether a fold is predicted by what inner folds pick without it; else by what
            the other folds pick, whose models saw it.
    """

    members: tuple[str, ...]
    scales: tuple[Scale, ...]
    pick: Callable[[Taus, int], Contestant]
    is_nested: bool = False


def procedure_for(
    n_archs: int,
    quantity: Quantity,
    layout: Layout,
    scales: tuple[Scale, ...],
    tolerance: float = NO_BETTER,
) -> Procedure:
    """The procedure for a sample of a size.

    Args:
        n_archs: Architectures to fit to.
        quantity: What is predicted.
        layout: Columns of each feature set.
        scales: What may be predicted of a value (``scales_of``).
        tolerance: How far below the best Kendall tau a smaller model may be to be preferred, where
            there are many.
    """
    if n_archs < N_SMALL:
        # Few do not choose freely: the first scale, and the usual average unless another is
        # clearly better.
        rule = partial(usual_unless_clearly_better, scales[0])
        return Procedure(of_few(layout), scales[:1], rule, is_nested=n_archs < N_NESTED)
    members = of_many(layout, quantity.is_quality)
    return Procedure(members, scales, partial(smallest_within, tolerance))


def agreement(quantity: Quantity, truth: np.ndarray, predicted: np.ndarray) -> float:
    """How well predictions rank, as a search needs it: what the contestants are picked by.

    Args:
        quantity: What the values are of. Of a cost every part of the range is wanted by somebody;
            of a quality, such as accuracy, the best count as much as all the others, where these
            are enough to rank.
        truth: Shape ``(n_archs,)``.
        predicted: Shape ``(n_archs,)``.

    Returns:
        Kendall tau; of a quality, its mean with that among the best fifth. 0 where it is not
        defined.
    """
    overall = kendall_tau(truth, predicted) or 0.0
    if not quantity.is_quality or len(truth) < N_SMALL:
        return overall
    best = best_fifth(truth, quantity.direction)
    return (overall + (kendall_tau(truth[best], predicted[best]) or 0.0)) / 2


def scales_of(quantity: Quantity, layout: Layout, values: np.ndarray) -> tuple[Scale, ...]:
    """What a model may predict of a quantity, what is right a priori first.

    Errors in time are relative, sums of times are not; shares have long tails of bad networks.

    Args:
        quantity: What the values are of.
        layout: Columns of each feature set.
        values: Shape ``(n_classes,)``, in the quantity's unit.
    """
    if math.isfinite(quantity.upper):
        return (Scale("identity", by_rank=True),)
    if quantity.lower < 0 or not np.all(values > 0):
        return (Scale("identity"),)
    if LOOK_UP not in layout:
        return (Scale("log"),)
    # Times and energies add up over the parts of a network; of a rate, the reciprocal does.
    return Scale("log"), Scale("reciprocal" if quantity.direction == "max" else "identity")


def usual_unless_clearly_better(scale: Scale, taus: Taus, n_archs: int) -> Contestant:
    """The usual candidate, or the best where it is better beyond the luck of folds."""
    usual = scale, preferred(n_archs, scale.by_rank)
    best = max(taus, key=lambda contestant: taus[contestant])
    return best if taus[best] - taus[usual] > CLEARLY / np.sqrt(n_archs) else usual


def smallest_within(tolerance: float, taus: Taus, _: int) -> Contestant:
    """The first that is within a tolerance of the best."""
    best = max(taus.values())
    return next(each for each, tau in taus.items() if tau >= best - tolerance)


def preferred(n_archs: int, by_rank: bool) -> str:
    """The candidate that is taken of few unless another is clearly better.

    Of tens of architectures, cross-validation says little. Where ranks are fitted, trees find the
    thresholds that accuracy has; times and energies nearly add up.

    Args:
        n_archs: Architectures to choose by.
        by_rank: Whether normal scores are fitted.
    """
    if not by_rank:
        return "ridge+gaussian_process"
    average = "small_gradient_boosting+gaussian_process"
    return average if n_archs < N_FOR_FOREST else f"extra_trees+{average}"


@dataclass(frozen=True, eq=False)
class Chosen:
    """The candidate that was picked, fitted to everything.

    Args:
        scale: What it predicts of a value.
        mean: Mean of that target.
        deviation: Standard deviation of that target.
        taus: ``agreement`` of each candidate in cross-validation, by name.
        candidate: It, fitted to the standardised target.
    """

    scale: Scale
    mean: float
    deviation: float
    taus: dict[str, float]
    candidate: Candidate


class Sample:
    """Architectures to learn from, and the fits that leave out some folds; each is made once.

    Args:
        procedure: How an estimator is picked.
        quantity: What the values are of.
        features: Shape ``(n_archs, n_features)``.
        values: Shape ``(n_archs,)``, in the quantity's unit; one architecture a functional class,
            so that folds never share one.
        layout: Columns of each feature set; a Gaussian process gives each set its own scales.
        seed: Seed of folds and estimators.

    Raises:
        ShapeError: Features and values disagree, or there are too few.
    """

    def __init__(
        self,
        procedure: Procedure,
        quantity: Quantity,
        features: np.ndarray,
        values: np.ndarray,
        layout: Layout,
        seed: int = 0,
    ) -> None:
        if features.shape[:1] != values.shape or len(values) < MIN_ARCHS:
            raise ShapeError(
                f"features and values must have shapes (n_archs, n_features) and (n_archs,) with "
                f"n_archs at least {MIN_ARCHS}; got {features.shape} and {values.shape}."
            )
        self.procedure, self.quantity = procedure, quantity
        self.features, self.values = features, values
        self.layout, self.seed = layout, seed
        self.fold_of = folds(len(values), N_FOLDS, seed)
        self._targets = {scale: _target(scale, quantity, values) for scale in procedure.scales}
        self._fits: dict[tuple[Scale, str, frozenset[int]], np.ndarray] = {}

    def fit(self) -> Chosen:
        """The candidate that is picked, fitted to everything."""
        (scale, name), taus = self.pick()
        z, mean, deviation = self._targets[scale]
        candidate = Candidate(name, self.seed, self.layout, scale.by_rank).fit(self.features, z)
        told = {name: tau for (_, name), tau in taus.items()}
        return Chosen(scale, mean, deviation, told, candidate)

    def pick(self, *left_out: int) -> tuple[Contestant, Taus]:
        """What the rule picks by the values of all folds but some, and what every one reached.

        In which scale costs add up, the first member tells; the others compete in that one.
        """
        members = self.procedure.members

        def reached(scale: Scale) -> float:
            return self._agreement((scale, members[0]), *left_out)

        scale = max(self.procedure.scales, key=reached)
        taus = {
            (scale, name): self._agreement((scale, name), *left_out) for name in averages(members)
        }
        return self.procedure.pick(taus, int((~np.isin(self.fold_of, left_out)).sum())), taus

    def _agreement(self, contestant: Contestant, *left_out: int) -> float:
        """``agreement`` of a contestant's predictions out of fold, without some folds' values."""
        is_in = ~np.isin(self.fold_of, left_out)
        unseen = left_out if self.procedure.is_nested else ()
        predicted = np.empty(len(self.values))
        for fold in np.unique(self.fold_of[is_in]):
            rows = self.fold_of == fold
            predicted[rows] = self._scores(contestant, int(fold), *unseen)[rows]
        told = self._comparable(contestant[0], predicted[is_in])
        return agreement(self.quantity, self.values[is_in], told)

    def out_of_fold(self) -> np.ndarray:
        """Every fold predicted by what is picked by the other folds' values and fitted to these.

        Where picking is nested, the inner folds are the other outer ones, so that a fit that
        leaves out two serves both.

        Returns:
            Predictions in the quantity's unit, shape ``(n_archs,)``.
        """
        predicted = np.empty(len(self.values))
        for fold in range(N_FOLDS):
            is_out = self.fold_of == fold
            contestant, _ = self.pick(fold)
            found = self._predicted(contestant, fold)
            predicted[is_out] = self._in_unit(contestant[0], found)[is_out]
        return predicted

    def without(self, fold: int) -> Callable[[np.ndarray], np.ndarray]:
        """What the other folds' values pick, fitted to these.

        Returns:
            From features ``(n, n_features)`` to predictions in the quantity's unit, ``(n,)``.
        """
        (scale, name), _ = self.pick(fold)
        rows = self.fold_of != fold
        fitted = Candidate(name, self.seed, self.layout, scale.by_rank).fit(
            self.features[rows], self._targets[scale][0][rows]
        )
        return lambda features: self._in_unit(scale, fitted.estimator_.predict(features))

    def _comparable(self, scale: Scale, predicted: np.ndarray) -> np.ndarray:
        """Predictions as they are compared with values: in the unit, or by their scores."""
        return predicted if scale.by_rank else self._in_unit(scale, predicted)

    def _in_unit(self, scale: Scale, predicted: np.ndarray) -> np.ndarray:
        """The standardised target, shape ``(n,)``, in the quantity's unit."""
        _, mean, deviation = self._targets[scale]
        return to_unit(predicted * deviation + mean, scale.transform, self.quantity)

    def _predicted(self, contestant: Contestant, *left_out: int) -> np.ndarray:
        """The standardised target ``(n_archs,)`` from what is fitted without some folds."""
        scores = self._scores(contestant, *left_out)
        scale = contestant[0]
        if not scale.by_rank:
            return scores
        seen = self._targets[scale][0][~np.isin(self.fold_of, left_out)]
        return np.asarray(np.interp(scores, *score_knots(seen)))

    def _scores(self, contestant: Contestant, *left_out: int) -> np.ndarray:
        """The same before normal scores are turned back."""
        # What an average predicts is the average of what its members predict.
        scale, name = contestant
        found = [self._member(scale, member, frozenset(left_out)) for member in name.split("+")]
        return np.asarray(np.mean(found, axis=0))

    def _member(self, scale: Scale, member: str, left_out: frozenset[int]) -> np.ndarray:
        """Predictions ``(n_archs,)`` of a member fitted without some folds, of these alone."""
        key = (scale, member, left_out)
        if key not in self._fits:
            rows = ~np.isin(self.fold_of, list(left_out))
            seen = self._targets[scale][0][rows]
            z = normal_scores(seen) if scale.by_rank else seen
            fitted = Candidate(member, self.seed, self.layout).fit(self.features[rows], z)
            found = np.full(len(rows), np.nan)
            found[~rows] = fitted.estimator_.predict(self.features[~rows])
            self._fits[key] = found
        return self._fits[key]


def _target(
    scale: Scale, quantity: Quantity, values: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """What a model is fitted to, standardised, with its mean and standard deviation.

    Raises:
        TableError: It does not vary.
    """
    y = TRANSFORMS[scale.transform](values)
    mean, deviation = float(y.mean()), float(y.std())
    if deviation == 0:
        raise TableError(
            f"{quantity.title} varies among too few functional classes to be split; "
            "there is nothing to predict. Choose another column."
        )
    return (y - mean) / deviation, mean, deviation
