"""A fitted predictor with its intervals, and several that answer together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwnas.core.feature_set import FEATURE_SETS
from hwnas.core.objective import Estimate
from hwnas.core.space import SearchSpace
from hwnas.features import net_feature_matrix
from hwnas.models.sessions import run_session
from hwnas.predictors.batches import run_together
from hwnas.predictors.card import Card, to_unit
from hwnas.proxies.feature_set import has_scores


class Predictor:
    """A fitted predictor with intervals.

    Args:
        card: What it predicts and how wrong it is.
        space: Search space with its data set.
        model: onnxruntime session that predicts the standardised target.
        support: Session that scores whether the device runs an architecture, or None.

    Attributes:
        fallback: The predictor to ask where this one reads proxy scores and there are none;
            None where there is no other.
    """

    fallback: Predictor | None = None

    def __init__(self, card: Card, space: SearchSpace, model: Any, support: Any = None) -> None:
        self.card = card
        self.space = space
        self._model = model
        self._support = support

    @property
    def sessions(self) -> list[Any]:
        """What reads the features: the model, then what scores support where there is any."""
        return [self._model] if self._support is None else [self._model, self._support]

    def lacks_scores(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether it reads proxy scores that an architecture does not have.

        Args:
            genotypes: Canonical genotypes, shape ``(n_archs, n_genes)``.

        Returns:
            Booleans of shape ``(n_archs,)``.
        """
        if not self.card.reads_scores:
            return np.zeros(len(genotypes), dtype=bool)
        # A cell that does not connect has no scores, and no value either.
        has_value = self.space.valid_mask(genotypes)
        return np.asarray(has_value & ~has_scores(self.space, genotypes, is_canonical=True))

    def predict(self, genotypes: np.ndarray) -> Estimate:
        """Values with 90 % intervals of the functional classes of architectures.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            Values in the card's unit, shape ``(n_archs,)``; NaN where the input does not reach the
            output or the device cannot run the architecture. Ends are NaN, too, where the card has
            no interval.
        """
        return predict_together([self], genotypes)[0]

    @property
    def tells_nets_apart(self) -> bool:
        """Whether nets that compute the same may differ to it: it learned from nets."""
        return any(FEATURE_SETS[name].of_nets for name in self.card.features.sets)

    def predict_nets(self, genotypes: np.ndarray) -> Estimate:
        """Values with 90 % intervals of nets as they stand, not of their functional classes.

        Nets that compute the same differ on a device. Predictors that learned from nets tell them
        apart; others give each the value of its class.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.

        Returns:
            As ``predict``.
        """
        features = net_feature_matrix(self.space, genotypes, self.card.features.sets)
        outputs = [run_session(session, features) for session in self.sessions]
        return self.estimate(genotypes, np.stack(outputs))

    def estimate(self, genotypes: np.ndarray, outputs: np.ndarray) -> Estimate:
        """What the sessions' outputs mean.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.
            outputs: Shape ``(n_sessions, n_archs)``.

        Returns:
            As ``predict``.
        """
        target = outputs[0] * self.card.model.scale + self.card.model.mean
        is_known = self.space.valid_mask(genotypes)
        if self.card.support is not None:
            is_known &= outputs[1] >= self.card.support.threshold
        quantity = self.card.target.meaning
        interval = self.card.interval
        unknown = np.full(len(target), np.nan)
        ends = interval.ends(target) if interval else (unknown, unknown)
        values = [to_unit(end, self.card.model.transform, quantity) for end in (target, *ends)]
        # A reciprocal turns the ends of an interval round.
        values[1:] = np.minimum(*values[1:]), np.maximum(*values[1:])
        return Estimate(*(np.where(is_known, value, np.nan) for value in values))


def predict_together(
    predictors: Sequence[Predictor],
    genotypes: np.ndarray,
    n_threads: int | None = None,
    is_canonical: bool = False,
) -> list[Estimate]:
    """Predictions of several predictors, which share the features that they read.

    Args:
        predictors: Predictors of one search space, whatever their data sets.
        genotypes: Shape ``(n_archs, n_genes)``.
        n_threads: Threads at most; one for each core by default. No bit of a result depends on it.
        is_canonical: Whether the genotypes are canonical already, as the caller knows.

    Returns:
        For each predictor what its ``predict`` gives, bit for bit.
    """
    if predictors and not is_canonical:
        genotypes = predictors[0].space.canonical_genotypes(genotypes)
    lacking = [one.lacks_scores(genotypes) for one in predictors]
    asked = list(predictors)
    asked += [
        one.fallback
        for one, lacks in zip(predictors, lacking, strict=True)
        if one.fallback is not None and lacks.any()
    ]
    tasks = [(one.space, one.card.features.sets, one.sessions) for one in asked]
    outputs = run_together(tasks, genotypes, n_threads)
    found = {
        id(one): one.estimate(genotypes, output) for one, output in zip(asked, outputs, strict=True)
    }
    return [
        _filled(found[id(one)], lacks, found.get(id(one.fallback)))
        for one, lacks in zip(predictors, lacking, strict=True)
    ]


def _filled(estimate: Estimate, lacks: np.ndarray, other: Estimate | None) -> Estimate:
    """An estimate, and another one where it lacks what it needs, shape ``(n_archs,)``."""
    if not lacks.any():
        return estimate
    if other is None:
        other = Estimate.exact(np.full(len(lacks), np.nan))
    return Estimate(
        np.where(lacks, other.value, estimate.value),
        np.where(lacks, other.lower, estimate.lower),
        np.where(lacks, other.upper, estimate.upper),
    )
