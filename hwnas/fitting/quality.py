"""Accuracy and robustness carried from one space to another, where no table knows them.

What is carried is where an architecture stands in its space: large or small, deep or shallow, high
or low by each zero-cost proxy. That such a model ranks another space at all is measured where both
spaces know the accuracy; where nothing is known of the goal, it is a guess and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix
from hwnas.features.relative import RELATIVE
from hwnas.fitting.calibration import LEVEL, conformal_quantile
from hwnas.fitting.carrying import Known
from hwnas.fitting.columns import Fitted
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.metrics import kendall_tau
from hwnas.fitting.transfer import extrapolated_card
from hwnas.predictors.trust import QualityTrust, Transfer
from hwnas.proxies.feature_set import SCORES, has_scores
from hwnas.proxies.shipped import shipped_scores
from hwnas.tables import ClassMeans, class_means

FEATURES = ("relative",)
ESTIMATOR = "random_forest"
# A leaf holds 30, and a tree is grown on two thirds of them: of fewer it could hardly be split.
MIN_CLASSES = 100


def carried_sets(start: Known, goal: SearchSpace) -> list[tuple[str, ...]]:
    """Feature sets that can be carried from what is known on one space to another.

    Proxy scores are among them if those of both spaces ship, and enough of what is known has any.
    """
    with_scores = (*FEATURES, SCORES)
    ours, theirs = shipped_scores(start.space), shipped_scores(goal)
    if ours is None or theirs is None or ours.names != theirs.names:
        return [FEATURES]
    return [FEATURES, with_scores] if _is_enough(start, with_scores) else [FEATURES]


def _means(known: Known, sets: Sequence[str]) -> ClassMeans:
    means = class_means(known.space, known.table, known.column.name)
    return means.where(has_scores(known.space, means.genotypes)) if SCORES in sets else means


def _is_enough(known: Known, sets: Sequence[str]) -> bool:
    return len(_means(known, sets).values) >= MIN_CLASSES


def _forest(x: np.ndarray, values: np.ndarray) -> Any:
    """A forest of large leaves: the finer a model knows one space, the less of it carries."""
    from sklearn.ensemble import RandomForestRegressor

    from hwnas.fitting._composed import RankTargetRegressor

    forest = RandomForestRegressor(
        n_estimators=100, min_samples_leaf=30, max_features=0.3, random_state=0
    )
    return RankTargetRegressor(forest).fit(x, values)


def measure_quality_transfer(start: Known, goal: Known, sets: Sequence[str]) -> QualityTrust:
    """How well a model fitted on one space ranks another, where both are known.

    Args:
        start: Values to fit on.
        goal: Values of the other space.
        sets: One of ``carried_sets``.
    """
    means, truth = _means(start, sets), _means(goal, sets)
    model = _forest(feature_matrix(start.space, means.genotypes, sets), means.values)
    predicted = model.predict(feature_matrix(goal.space, truth.genotypes, sets))
    sizes = feature_matrix(goal.space, truth.genotypes, FEATURES)
    params, macs = (
        kendall_tau(truth.values, sizes[:, RELATIVE.index(name)]) for name in ("params", "macs")
    )
    return QualityTrust(
        quantity=str(start.column.quantity),
        from_space=start.space.name,
        to_space=goal.space.name,
        feature_sets=tuple(sets),
        n_classes=len(truth.values),
        kendall_tau=kendall_tau(truth.values, predicted),
        kendall_tau_params=params,
        kendall_tau_macs=macs,
    )


def measure_trust(
    start: Known | None, others: Sequence[Known], sets: Sequence[str]
) -> list[QualityTrust]:
    """How well models of a space's accuracy rank other spaces, as far as that can be measured.

    Args:
        start: The accuracy of the space to fit on; None if it is not known.
        others: The accuracy of other spaces.
        sets: One of ``carried_sets``.

    Returns:
        What ``measure_quality_transfer`` says of each.
    """
    if start is None or not _is_enough(start, sets):
        return []
    return [
        measure_quality_transfer(start, other, sets)
        for other in others
        if sets in carried_sets(start, other.space) and _is_enough(other, sets)
    ]


def extrapolate_quality(
    start: Known, goal: SearchSpace, sets: Sequence[str], trust: Sequence[QualityTrust]
) -> Fitted:
    """A model of accuracy or robustness, fitted on one space, for another.

    Args:
        start: What is known, on the space to fit on.
        goal: Search space, with its data set, to value.
        sets: One of ``carried_sets``.
        trust: How far such models carried where it could be measured (``measure_trust``).

    Returns:
        The predictor. Since nothing is known of its errors on the goal, its intervals are as wide
        as if it told nothing: they hold nine tenths of the values of the space it was fitted on,
        whichever of them it predicts.

    Raises:
        TableError: Too few functional classes have a value.
    """
    from threadpoolctl import threadpool_limits

    means = _means(start, sets)
    if len(means.values) < MIN_CLASSES:
        raise TableError(
            f"{start.column.name} must have values for at least {MIN_CLASSES} functional classes "
            f"to be extrapolated; it has {len(means.values)}. Choose another space to start from."
        )
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
        n_classes=len(x),
        detail=(
            f"extrapolated, untested on {goal.name}: {start.column.detail} of a network of "
            f"{start.space.name} that stands there as this one does here"
        ),
        transform="identity",
        estimator=ESTIMATOR,
        half_width=half_width,
        transfer=Transfer(start.space.name, start.space.dataset, qualities=tuple(trust)),
    )
    return Fitted(card, data, None)
