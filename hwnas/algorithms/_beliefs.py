"""What a search believes of architectures: what is known for free, and predictions of the rest."""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import Setting, Told
from hwnas.algorithms._gain import Outlook
from hwnas.algorithms._scales import ValueScale
from hwnas.fitting.growing import GrowingProcess, Scale, Sightings

LEAST_KNOWN = 3
"""Values of an objective from which its model is fitted."""
LEAST_FAILED = 3
"""Evaluations without a value from which it is learned where there may be none."""
_LEAST_HOPE = 0.05
"""Probability of having values that what looks like a failure keeps: it may be chance."""
_INTERVAL_90 = 3.29
"""Standard deviations from end to end of a 90 % interval."""
_HOLDS = 1e-3
"""A relative violation below this is none, to a model of violations."""


class Beliefs:
    """Models of whatever costs an evaluation, and knowledge of whatever does not.

    Args:
        setting: What the algorithm is built from.
        scale: Scale of the features.
    """

    def __init__(self, setting: Setting, scale: Scale) -> None:
        self._setting = setting
        self._spans, self._models = scale.spans, dict[str, GrowingProcess]()
        n_objectives = setting.n_objectives
        self._specs = [*setting.objectives, *[None] * n_objectives][:n_objectives]
        # Where each limit is on an objective; others on what costs have models of their own.
        columns = [spec.column if spec else None for spec in self._specs]
        self._limited = [
            columns.index(limit.column) if limit.column in columns else None
            for limit in setting.limits
        ]

    def learn(self, told: Told, sample: np.ndarray) -> bool:
        """Fit the models to all that is known; returns whether there was enough.

        Args:
            told: All that was evaluated.
            sample: Its features on their scale, shape ``(n_archs, n_columns)``.
        """
        self._fitted = dict[str, GrowingProcess]()
        self.scales = list[ValueScale]()
        free = self._free(told.genotypes)
        is_free = np.isfinite(free.values).any(axis=0)
        for place, values in enumerate(np.where(is_free, free.values, told.values).T):
            known = np.flatnonzero(np.isfinite(values))
            if len(known) < LEAST_KNOWN:
                return False
            if is_free[place]:
                # Nothing is predicted; others may have what has no logarithm.
                self.scales.append(ValueScale("plain"))
                continue
            scale = ValueScale.of(self._specs[place], values[known])
            self.scales.append(scale)
            error = (told.upper[known, place] - told.lower[known, place]) / _INTERVAL_90
            with np.errstate(over="ignore", invalid="ignore"):
                variance = np.nan_to_num(error * scale.slope(values[known]), nan=0.0) ** 2
            self._fit(_of_value(place), sample, known, scale.to(values[known]), variance)
        self._learn_limits(told, sample, free.violation)
        has_value = np.isin(told.status, ("done", "infeasible")).astype(float)
        if (has_value == 0).sum() >= LEAST_FAILED:
            self._fit(_HAS_VALUE, sample, np.arange(len(told)), has_value)
        return True

    def _learn_limits(self, told: Told, sample: np.ndarray, free: np.ndarray) -> None:
        """Models of violations, of limits that are neither known for free nor on an objective."""
        for place, of_objective in enumerate(self._limited):
            known = np.flatnonzero(np.isfinite(told.violation[:, place]))
            is_free = not np.isnan(free[:, place]).all()
            if of_objective is None and not is_free and len(known) >= LEAST_KNOWN:
                broken = np.log1p(told.violation[known, place])
                self._fit(_of_limit(place), sample, known, broken)

    def _fit(
        self,
        name: str,
        sample: np.ndarray,
        known: np.ndarray,
        target: np.ndarray,
        variance: np.ndarray | None = None,
    ) -> None:
        seed = self._setting.seed
        model = self._models.setdefault(name, GrowingProcess(self._spans, seed))
        own = np.zeros(len(known)) if variance is None else variance
        self._fitted[name] = model.fit(sample, known, target, own)

    def _free(self, genotypes: np.ndarray) -> Told:
        """What is known of genotypes without an evaluation, as if told; NaN for what is not."""
        setting = self._setting
        if setting.free is not None:
            return setting.free(genotypes)
        unknown = np.full((len(genotypes), setting.n_objectives), np.nan)
        spared = np.full((len(genotypes), len(setting.limits)), np.nan)
        status = np.full(len(genotypes), "asked", dtype=object)
        return Told(genotypes, unknown, unknown, unknown, spared, status)

    def outlook(self, genotypes: np.ndarray, archs: Sightings) -> Outlook:
        """What is known and predicted of architectures.

        Args:
            genotypes: Canonical, shape ``(n_archs, n_genes)``.
            archs: The same, which have seen what was learned from.
        """
        free = self._free(genotypes)
        mean = np.full((len(genotypes), len(self.scales)), np.nan)
        deviation = np.zeros_like(mean)
        for place, scale in enumerate(self.scales):
            model = self._fitted.get(_of_value(place))
            if model is None:
                mean[:, place] = scale.to(free.values[:, place])
            else:
                mean[:, place], deviation[:, place] = model.predict(archs)
        probability = self._probability(free, mean, deviation, archs)
        # What is known to have no value cannot be proposed; nothing compares with it.
        has_values = np.isfinite(mean).all(axis=1)
        probability[~has_values], mean[~has_values] = 0.0, 0.0
        return Outlook(mean, deviation, probability, self.scales)

    def _probability(
        self, free: Told, mean: np.ndarray, deviation: np.ndarray, archs: Sightings
    ) -> np.ndarray:
        """Probability that architectures have values and keep all limits, ``(n_archs,)``."""
        from scipy.special import ndtr

        found = np.ones(len(mean))
        for place, limit in enumerate(self._setting.limits):
            known, of_objective = free.violation[:, place], self._limited[place]
            if not np.isnan(known).all():
                found *= np.nan_to_num(known, nan=0.0, posinf=np.inf) == 0
            elif of_objective is not None:
                spec = self._setting.objectives[of_objective]
                is_flipped = spec.direction == "max"
                bound = np.array([-limit.bound if is_flipped else limit.bound])
                room = self.scales[of_objective].to(bound) - mean[:, of_objective]
                # A lower bound on what is minimised, or an upper one on what is maximised.
                is_against = (limit.relation == ">=") != is_flipped
                spread = np.maximum(deviation[:, of_objective], 1e-12)
                found *= ndtr((-room if is_against else room) / spread)
            elif _of_limit(place) in self._fitted:
                broken, spread = self._fitted[_of_limit(place)].predict(archs)
                found *= ndtr((_HOLDS - broken) / np.maximum(spread, 1e-12))
        if _HAS_VALUE in self._fitted:
            found *= np.clip(self._fitted[_HAS_VALUE].predict(archs)[0], _LEAST_HOPE, 1.0)
        return found


_HAS_VALUE = "has a value"


def _of_value(place: int) -> str:
    return f"objective {place}"


def _of_limit(place: int) -> str:
    return f"limit {place}"
