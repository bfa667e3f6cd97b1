"""Accuracy and robustness carried from one space to another, where no table knows them.

What is carried is where an architecture stands in its space: large or small, deep or shallow, high
or low by each zero-cost proxy. That such a model ranks another space at all is measured where both
spaces know the accuracy; where nothing is known of the goal, it is a guess and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix
from hwnas.features.relative import RELATIVE
from hwnas.predictors._composed import RankTargetRegressor
from hwnas.predictors.calibration import LEVEL, conformal_quantile
from hwnas.predictors.estimators import to_onnx
from hwnas.predictors.fitting import Fitted
from hwnas.predictors.metrics import kendall_tau
from hwnas.predictors.scores import SCORES, has_scores
from hwnas.predictors.transfer import Known, extrapolated_card
from hwnas.proxies.shipped import shipped_scores
from hwnas.tables import ClassMeans, class_means

FEATURES = ("relative",)
ESTIMATOR = "random_forest"
_BESIDE = ("params", "macs")


def carried_sets(start: SearchSpace, goal: SearchSpace) -> list[tuple[str, ...]]:
    """Feature sets that two spaces have in common: with proxy scores, if both have them shipped."""
    ours, theirs = shipped_scores(start), shipped_scores(goal)
    if ours is None or theirs is None or ours.names != theirs.names:
        return [FEATURES]
    return [FEATURES, (*FEATURES, SCORES)]


def _means(known: Known, sets: Sequence[str]) -> ClassMeans:
    means = class_means(known.space, known.table, known.column.name)
    return means.where(has_scores(known.space, means.genotypes)) if SCORES in sets else means


def _forest(x: np.ndarray, values: np.ndarray) -> Any:
    """A forest of large leaves: the finer a model knows one space, the less of it carries."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        n_estimators=100, min_samples_leaf=30, max_features=0.3, random_state=0
    )
    return RankTargetRegressor(forest).fit(x, values)


def measure_quality_transfer(start: Known, goal: Known, sets: Sequence[str]) -> dict[str, Any]:
    """How well a model fitted on one space ranks another, where both are known.

    Args:
        start: Values to fit on.
        goal: Values of the other space.
        sets: One of ``carried_sets``.

    Returns:
        ``from`` and ``to`` (names of the spaces), ``quantity``, ``feature_sets``, ``n_classes`` of
        the goal, ``kendall_tau``, and beside it the tau of ``params`` and of ``macs`` alone.
    """
    means, truth = _means(start, sets), _means(goal, sets)
    model = _forest(feature_matrix(start.space, means.genotypes, sets), means.values)
    predicted = model.predict(feature_matrix(goal.space, truth.genotypes, sets))
    sizes = feature_matrix(goal.space, truth.genotypes, FEATURES)
    beside = {
        f"kendall_tau_{name}": kendall_tau(truth.values, sizes[:, RELATIVE.index(name)])
        for name in _BESIDE
    }
    return {
        "quantity": start.column.quantity,
        "from": start.space.name,
        "to": goal.space.name,
        "feature_sets": list(sets),
        "n_classes": len(truth.values),
        "kendall_tau": kendall_tau(truth.values, predicted),
        **beside,
    }


def extrapolate_quality(
    start: Known, goal: SearchSpace, sets: Sequence[str], trust: Sequence[Mapping[str, Any]]
) -> Fitted:
    """A model of accuracy or robustness, fitted on one space, for another.

    Args:
        start: What is known, on the space to fit on.
        goal: Search space, with its data set, to value.
        sets: One of ``carried_sets``.
        trust: How far such models carried where it could be measured
            (``measure_quality_transfer``).

    Returns:
        The predictor. Since nothing is known of its errors on the goal, its intervals are as wide
        as if it told nothing: they hold nine tenths of the values of the space it was fitted on,
        whichever of them it predicts.
    """
    from threadpoolctl import threadpool_limits

    means = _means(start, sets)
    x = feature_matrix(start.space, means.genotypes, sets)
    with threadpool_limits(1):
        model = _forest(x, means.values)
        data = to_onnx(model, x)
    shuffled = np.random.default_rng(0).permutation(means.values)
    half_width = conformal_quantile(np.abs(model.predict(x) - shuffled), LEVEL)
    card = extrapolated_card(
        start,
        goal,
        data,
        feature_sets=tuple(sets),
        n_features=x.shape[1],
        n_classes={"train": len(x), "calibrate": 0, "test": 0},
        detail=(
            f"extrapolated, untested on {goal.name}: {start.column.detail} of a network of "
            f"{start.space.name} that stands there as this one does here"
        ),
        column=f"{goal.dataset}_{start.column.name.partition('_')[2]}",
        transform="identity",
        estimator=ESTIMATOR,
        half_width=half_width,
        trust=trust,
    )
    return Fitted(card, data, None)
