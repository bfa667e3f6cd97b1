"""What a predictor rests on: how much worse it ranks unseen classes when features are permuted.

References:
    Breiman 2001, Random Forests, https://doi.org/10.1023/A:1010933404324
    Kadlecova et al. 2024, Surprisingly Strong Performance Prediction with Neural Graph Features
    (importances by task), https://openreview.net/forum?id=EhPpZV6KLk
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.features import feature_layout, feature_names
from hwnas.features.legend import kinds
from hwnas.predictors.importances import LEVELS, Drop, Importances

MIN_CLASSES = 200
"""Of fewer classes, a fifth is too small to tell what its ranking rests on."""
N_REPEATS = 20
N_LISTED = 20
"""The most kinds and the most single features that a card lists."""
# These permutations choose what to list, others measure it: what luck chose would otherwise look
# more important than it is.
N_CHOOSING = 3
# Beyond this, another machine's rounding may show.
_DECIMALS = 4
_LEAST = 10.0**-_DECIMALS

Predict = Callable[[np.ndarray], np.ndarray]
"""From features ``(n_archs, n_features)`` to predictions ``(n_archs,)``."""


class _Mixed:
    """A predictor of rows that take each group of their columns from another row.

    What scikit-learn permutes are columns; a column of row numbers permutes a whole group.

    Args:
        predict: The predictor.
        features: Shape ``(n_archs, n_features)``.
        groups: Columns of each of the ``n_groups`` groups, no column in two.
    """

    def __init__(
        self, predict: Predict, features: np.ndarray, groups: Sequence[Sequence[int]]
    ) -> None:
        self._predict = predict
        self._features = features
        self._groups = [np.array(columns) for columns in groups]

    def fit(self, *_: Any) -> _Mixed:
        """Nothing: scikit-learn asks for estimators that could be fitted."""
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Predictions ``(n_archs,)`` for row numbers of shape ``(n_archs, n_groups)``."""
        mixed = self._features.copy()
        for group in np.flatnonzero((rows != np.arange(len(rows))[:, None]).any(axis=0)):
            columns = self._groups[group]
            mixed[:, columns] = self._features[rows[:, group, None], columns]
        return self._predict(mixed)


def permutation_drops(
    predict: Predict,
    features: np.ndarray,
    truth: np.ndarray,
    groups: Sequence[Sequence[int]],
    n_repeats: int = N_REPEATS,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """By how much Kendall tau falls when groups of features are permuted, each group as one.

    Args:
        predict: The predictor.
        features: Shape ``(n_archs, n_features)``.
        truth: Shape ``(n_archs,)``, in any unit.
        groups: Columns of each of the ``n_groups`` groups, no column in two.
        n_repeats: Number of permutations, the same ones for every group.
        seed: Seed of the permutations.

    Returns:
        Mean and standard deviation over the permutations, each of shape ``(n_groups,)``. A
        ranking that is not defined, that of equal predictions, counts as a Kendall tau of 0.

    References:
        Breiman 2001, https://doi.org/10.1023/A:1010933404324
    """
    from sklearn.inspection import permutation_importance

    if not groups:
        return np.empty(0), np.empty(0)
    rows = np.repeat(np.arange(len(features))[:, None], len(groups), axis=1)
    found = permutation_importance(
        _Mixed(predict, features, groups),
        rows,
        truth,
        scoring=_kendall_tau,
        n_repeats=n_repeats,
        random_state=seed,
    )
    return found.importances_mean, found.importances_std


def _kendall_tau(model: _Mixed, rows: np.ndarray, truth: np.ndarray) -> float:
    from scipy.stats import kendalltau

    predicted = model.predict(rows)
    if len(np.unique(predicted)) < 2 or len(np.unique(truth)) < 2:
        return 0.0
    return float(kendalltau(truth, predicted).statistic)


def measure_importances(
    space: SearchSpace,
    sets: Sequence[str],
    predict: Predict,
    features: np.ndarray,
    truth: np.ndarray,
    seed: int = 0,
) -> Importances:
    """What a predictor's ranking of classes rests on, as its card says it.

    Args:
        space: Search space with its data set.
        sets: Names of the feature sets that it reads.
        predict: The predictor, fitted to other classes than these.
        features: Shape ``(n_classes, n_features)``.
        truth: Values of the classes, shape ``(n_classes,)``, in any unit.
        seed: Seed of the permutations.

    Returns:
        How far Kendall tau falls for every set, and for up to ``N_LISTED`` kinds, of sets that
        have several, and single features; largest first.
    """

    def ranked(rows: np.ndarray) -> np.ndarray:
        found = predict(rows)
        # Features that do not belong together may give a rate without a positive reciprocal:
        # one beyond every rate.
        return np.where(np.isnan(found), np.inf, found)

    found: dict[str, dict[str, Drop]] = {}
    for level in LEVELS:
        groups = _groups(space, sets, level)
        if level != "set":
            groups = _largest(groups, ranked, features, truth, seed)
        # The next seed: not the permutations that chose among the groups.
        drops, stds = permutation_drops(
            ranked, features, truth, list(groups.values()), N_REPEATS, seed + 1
        )
        names = list(groups)
        found[level] = {
            names[at]: Drop(_rounded(drops[at]), _rounded(stds[at]))
            for at in np.argsort(-drops, kind="stable")
        }
    return Importances(N_REPEATS, **found, n_classes=len(truth))


def _rounded(figure: float) -> float:
    # Plus zero: no minus zeros.
    return round(float(figure), _DECIMALS) + 0.0


def _groups(space: SearchSpace, sets: Sequence[str], level: str) -> dict[str, list[int]]:
    """Columns of what is permuted as one at a level, by ``set`` or ``set/name``."""
    layout = feature_layout(space, sets)
    if level == "set":
        return {feature_set: list(columns) for feature_set, columns in layout.items()}
    found: dict[str, list[int]] = {}
    for feature_set, columns in layout.items():
        names = feature_names(space, (feature_set,))
        parts = kinds(space, feature_set) if level == "kind" else names
        for column, part in zip(columns, parts, strict=True):
            if part:
                found.setdefault(f"{feature_set}/{part}", []).append(column)
    return found


def _largest(
    groups: Mapping[str, list[int]],
    predict: Predict,
    features: np.ndarray,
    truth: np.ndarray,
    seed: int,
) -> dict[str, list[int]]:
    """The groups whose permutation costs most; those where it costs nothing are left out."""
    varying = {
        name: columns
        for name, columns in groups.items()
        if np.ptp(features[:, columns], axis=0).any()
    }
    drops, _ = permutation_drops(predict, features, truth, list(varying.values()), N_CHOOSING, seed)
    names = list(varying)
    order = [at for at in np.argsort(-drops, kind="stable") if drops[at] >= _LEAST]
    return {names[at]: varying[names[at]] for at in order[:N_LISTED]}
