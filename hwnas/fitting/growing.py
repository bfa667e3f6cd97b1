"""A Gaussian process on a sample that grows while a search goes on.

The kernel is a sum: one term sees all features, weighted by how much random trees make of them, the
others a group of features each. Distances to what was seen are kept from one fit to the next, and
the kernel's parameters start where they ended.

References:
    Rasmussen and Williams 2006, Gaussian Processes for Machine Learning,
    https://gaussianprocess.org/gpml/
    Geurts et al. 2006, Extremely Randomized Trees, https://doi.org/10.1007/s10994-006-6226-1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.fitting.kernel_posterior import (
    BOUNDS,
    MAX_DEVIATIONS,
    N_TUNED,
    negative_log_posterior,
    prior_parameters,
)

N_TREES = 60
N_WEIGHTED = 40
"""Features at most that the weighted term tells apart, those of which trees make the most."""
WEIGHTED_SHARE = 0.7
"""How much of the weighted term's metric is by importance; the rest sees all features alike."""
LEARNED_AGAIN = 1.1
"""Growth of the sample after which the kernel's parameters are learned again."""
_MOST_STEPS, _MOST_STEPS_AGAIN = 60, 15
_MOST_VARIANCE = 1e8
"""Variances of values, of a standardised target, above which they tell nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Scale of features: their mean and spread among what may be met, not among what was seen.

    Args:
        columns: Which features vary, those of one group after those of another.
        stops: Where each group ends among these columns.
        mean: Shape ``(n_columns,)``.
        deviation: Shape ``(n_columns,)``.
    """

    columns: np.ndarray
    stops: tuple[int, ...]
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, groups: Sequence[Sequence[int]]) -> Scale:
        """The scale of a sample of what may be met.

        Args:
            features: Shape ``(n_archs, n_features)``. Where none varies, all are alike.
            groups: Columns of each group.
        """
        varies = np.ptp(features, axis=0) > 0
        # Distances are between columns, if only zero.
        varies[0] |= not varies.any()
        kept = [[column for column in group if varies[column]] for group in groups]
        columns = np.array([column for group in kept for column in group], dtype=int)
        stops = np.cumsum([len(group) for group in kept if group])
        chosen = features[:, columns].astype(float)
        deviation = chosen.std(axis=0)
        deviation[deviation == 0] = 1.0
        return cls(columns, tuple(stops.tolist()), chosen.mean(axis=0), deviation)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features ``(n_archs, n_features)`` on this scale, shape ``(n_archs, n_columns)``."""
        scaled = (features[:, self.columns] - self.mean) / self.deviation
        return np.asarray(np.clip(scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Columns of all features, and of each group where there are several: start and end."""
        starts = (0, *self.stops[:-1])
        groups = list(zip(starts, self.stops, strict=True))
        return [(0, self.stops[-1]), *(groups if len(groups) > 1 else [])]


class Sightings:
    """Distances from architectures to those of a sample that grows.

    Args:
        scaled: Features of the ``n_archs`` architectures on their scale, ``(n_archs, n_columns)``.
        spans: Columns of each term of a kernel, all features first.
    """

    def __init__(self, scaled: np.ndarray, spans: Sequence[tuple[int, int]]) -> None:
        self._scaled, self._spans = scaled, spans
        self._seen = np.empty((0, scaled.shape[1]))
        # Single precision halves the time that kernels of thousands of rows take.
        self._distances = [np.empty((len(scaled), 0), dtype=np.float32) for _ in spans]

    def __len__(self) -> int:
        return len(self._scaled)

    def see(self, sample: np.ndarray) -> None:
        """Say what the sample is by now, shape ``(n_seen, n_columns)``: what it was, and more."""
        new = sample[len(self._seen) :]
        for term, (start, stop) in enumerate(self._spans):
            # Distances of a group do not grow with its number of columns.
            found = _distances(self._scaled[:, start:stop], new[:, start:stop])
            found /= np.float32((stop - start) ** 0.5)
            self._distances[term] = np.hstack([self._distances[term], found])
        self._seen = sample

    def distances(self, importances: np.ndarray) -> list[np.ndarray]:
        """Distances as each term of a kernel sees them, each of shape ``(n_archs, n_seen)``.

        Args:
            importances: How much trees make of each feature, shape ``(n_columns,)``, sum 1.
        """
        chosen = np.argsort(-importances, kind="stable")[:N_WEIGHTED]
        roots = np.sqrt(importances[chosen])
        found = _distances(self._scaled[:, chosen] * roots, self._seen[:, chosen] * roots)
        joint, *groups = self._distances
        weighted = np.sqrt(WEIGHTED_SHARE * found**2 + (1 - WEIGHTED_SHARE) * joint**2)
        return [weighted, *groups]


class GrowingProcess:
    """Predicts a target from a sample that grows from one fit to the next.

    Args:
        spans: Columns of each term of the kernel, as a ``Scale`` has them.
        seed: Seed of the trees.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], seed: int) -> None:
        self._spans, self._seed = spans, seed
        self._parameters: np.ndarray | None = None
        self._n_learned = 0

    def fit(
        self, sample: np.ndarray, known: np.ndarray, target: np.ndarray, variance: np.ndarray
    ) -> GrowingProcess:
        """Fit to what is known.

        Args:
            sample: Features on their scale, shape ``(n_seen, n_columns)``.
            known: Rows of the sample that have the target, shape ``(n_known,)``.
            target: Their values, shape ``(n_known,)``.
            variance: What is known of each value's own variance, shape ``(n_known,)``; 0 for none.
        """
        from scipy.linalg import cho_solve, cholesky

        self._known = known
        self._mean, self._deviation = float(target.mean()), float(target.std())
        if self._deviation**2 == 0:
            self._deviation = 0.0
            return self
        z = (target - self._mean) / self._deviation
        with np.errstate(over="ignore"):
            own = np.minimum(variance / self._deviation**2, _MOST_VARIANCE)
        self._importances = self._learn_importances(sample[known], z)
        within = Sightings(sample[known], self._spans)
        within.see(sample[known])
        distances = np.stack(within.distances(self._importances)).astype(float)
        if len(z) >= LEARNED_AGAIN * self._n_learned:
            self._tune(distances, z, own)
        covariance = self._kernel(distances) + np.diag(self._noise + own)
        self._factor = cholesky(covariance, lower=True)
        self._dual = cho_solve((self._factor, True), z)
        return self

    def predict(self, archs: Sightings) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the target, the noise that all values share included.

        Args:
            archs: ``n_archs`` architectures, which have seen the sample that was fitted.

        Returns:
            Two arrays of shape ``(n_archs,)``; the deviation is 0 where all that is known is equal.

        References:
            Rasmussen and Williams 2006, equations 2.25 and 2.26.
        """
        from scipy.linalg import solve_triangular

        if self._deviation == 0:
            return np.full(len(archs), self._mean), np.zeros(len(archs))
        distances = archs.distances(self._importances)
        kernel = self._kernel([each[:, self._known] for each in distances])
        explained = (solve_triangular(self._factor, kernel.T, lower=True) ** 2).sum(axis=0)
        variance = np.maximum(self._weights.sum() - explained, 0.0) + self._noise
        mean = kernel @ self._dual
        return mean * self._deviation + self._mean, np.sqrt(variance) * self._deviation

    def _learn_importances(self, sample: np.ndarray, z: np.ndarray) -> np.ndarray:
        from sklearn.ensemble import ExtraTreesRegressor

        trees = ExtraTreesRegressor(N_TREES, max_features=0.4, random_state=self._seed)
        found = np.asarray(trees.fit(sample.astype(np.float32), z).feature_importances_)
        # Of too few values trees make nothing.
        return found if found.sum() > 0 else np.full(len(found), 1 / len(found))

    def _tune(self, distances: np.ndarray, z: np.ndarray, own: np.ndarray) -> None:
        """Find the parameters of the highest posterior, from where they were."""
        from scipy.optimize import minimize

        prior = prior_parameters(len(distances))
        # Spread over the sample, whose order is that of the search.
        tuned = np.linspace(0, len(z) - 1, min(N_TUNED, len(z))).round().astype(int)
        found = minimize(
            negative_log_posterior,
            prior if self._parameters is None else self._parameters,
            (prior, distances[:, tuned][:, :, tuned], z[tuned], own[tuned]),
            method="L-BFGS-B",
            jac=True,
            bounds=np.tile(np.log(BOUNDS), (len(prior), 1)),
            options={"maxiter": _MOST_STEPS if self._parameters is None else _MOST_STEPS_AGAIN},
        )
        self._parameters, self._n_learned = np.asarray(found.x), len(z)

    @property
    def _noise(self) -> float:
        assert self._parameters is not None
        return float(np.exp(self._parameters[-1]))

    @property
    def _weights(self) -> np.ndarray:
        assert self._parameters is not None
        return np.asarray(np.exp(self._parameters[:-1:2]))

    def _kernel(self, distances: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
        """Covariance without noise, of the shape of each of the distances."""
        assert self._parameters is not None
        lengths = np.exp(self._parameters[1::2])
        kernel = np.zeros_like(distances[0])
        for distance, weight, length in zip(distances, self._weights, lengths, strict=True):
            reach = distance * distance.dtype.type(3**0.5 / length)
            kernel += distance.dtype.type(weight) * (1 + reach) * np.exp(-reach)
        return kernel


def _distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(rows, others), dtype=np.float32)
