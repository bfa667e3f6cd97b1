"""Cost models that carry from one space to another, and how far they do.

A device's cost is taken as a sum of non-negative terms in what every network has: operators,
multiply-accumulates, weights and bytes of traffic. Fitted on one space, it values another. Cells
have too few kinds of operations to tell the four rates apart, so a model fitted on them carries as
far as it was measured to, and no further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix
from hwnas.fitting.calibration import LEVEL, conformal_quantile
from hwnas.fitting.columns import Fitted, features_of, origin_of, target_of, versions
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.metrics import regression_metrics
from hwnas.predictors.card import HELD_OUT, Card, Evaluation, Model, Sizes, Transform
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.trust import CostTrust, Transfer
from hwnas.tables import Column, Table, class_means

FEATURES = ("totals",)


@dataclass(frozen=True, slots=True)
class Known:
    """Values of a quantity of a device on a space.

    Args:
        space: Search space with its data set.
        table: The table.
        column: Its column of the quantity.
    """

    space: SearchSpace
    table: Table
    column: Column


def _cost_model(known: Known) -> tuple[Any, np.ndarray]:
    """Non-negative least squares of relative errors, and the features it was fitted on."""
    from sklearn.linear_model import LinearRegression

    from hwnas.fitting._composed import LogOf

    means = class_means(known.space, known.table, known.column.name)
    if not (means.values > 0).all():
        raise TableError(
            f"{known.column.name} must be positive for a cost model to be fitted; it is not. "
            "Choose a latency or an energy."
        )
    x = feature_matrix(known.space, means.genotypes, FEATURES)
    # In double precision and columns of size one: MACs and parameters nearly go together.
    size = x.mean(axis=0, dtype=float)
    model = LinearRegression(positive=True).fit(x / size, means.values, 1 / means.values**2)
    model.coef_ = model.coef_ / size
    # A negative constant could outweigh the terms of a small network.
    model.intercept_ = max(float(model.intercept_), 0.0)
    return LogOf(model), x


def measure_transfer(start: Known, goal: Known) -> CostTrust:
    """How far a cost model fitted on one space carries to another, where both are known."""
    model, _ = _cost_model(start)
    means = class_means(goal.space, goal.table, goal.column.name)
    log_predicted = model.predict(feature_matrix(goal.space, means.genotypes, FEATURES))
    log_error = log_predicted - np.log(means.values)
    factor = float(np.median(log_error))
    figures = regression_metrics(means.values, np.exp(log_predicted - factor))
    return CostTrust(
        device=str(goal.column.device),
        from_space=start.space.name,
        to_space=goal.space.name,
        spearman=figures["spearman"],
        scale=math.exp(factor),
        within_10_pct=float(figures["within_10_pct"] or 0.0),
        log_error=conformal_quantile(np.abs(log_error), LEVEL),
    )


def extrapolate(start: Known, goal: SearchSpace, trust: Sequence[CostTrust]) -> Fitted:
    """A cost model of a device, fitted on one space, for another.

    Args:
        start: What is known of the device.
        goal: Search space, with its data set, to value.
        trust: How far such models carried between spaces (``measure_transfer``). The intervals
            cover the errors of those from the same space: of the same device, or of all devices
            where it has none.

    Raises:
        TableError: The column is not positive, or nothing says how far such a model carries.
    """
    alike = [entry for entry in trust if entry.from_space == start.space.name]
    if not alike:
        raise TableError(
            "How far a cost model carries must be measured on a device that two spaces know; "
            "no such pair of tables is in the cache. Run: hwnas tables import all --from DIR"
        )
    column = start.column
    model, x = _cost_model(start)
    own = [entry for entry in alike if entry.device == column.device]
    half_width = max(entry.log_error for entry in own or alike)
    data = to_onnx(model, x)
    card = extrapolated_card(
        start,
        goal,
        data,
        feature_sets=FEATURES,
        n_classes=len(x),
        detail=f"extrapolated from {start.space.name} by a cost model; untested on {goal.name}",
        transform="log",
        estimator="non_negative_least_squares",
        half_width=half_width,
        transfer=Transfer(start.space.name, start.space.dataset, costs=tuple(trust)),
    )
    return Fitted(card, data, None)


def extrapolated_card(
    start: Known,
    goal: SearchSpace,
    model: bytes,
    *,
    feature_sets: tuple[str, ...],
    n_classes: int,
    detail: str,
    transform: Transform,
    estimator: str,
    half_width: float,
    transfer: Transfer,
) -> Card:
    """Card of a model that was fitted on one space for another, where nothing can be held out.

    Args:
        start: What it was fitted on.
        goal: The space that it values.
        model: Serialised ONNX model.
        feature_sets: What it reads.
        n_classes: Functional classes that it was fitted on.
        detail: One line on what exactly is predicted.
        transform: What it predicts of a value.
        estimator: Name of the estimator.
        half_width: Of its intervals, in what it predicts.
        transfer: Where it comes from, and how far such models carried.
    """
    column = start.column
    target = replace(target_of(column), dataset=goal.dataset)
    return Card(
        # Costs at another batch size are not carried; which attack robustness is under stays.
        target=target.usual if column.device else target,
        space=goal.name,
        options=dict(goal.options),
        is_default=True if column.device else column.is_default,
        detail=detail,
        table=origin_of(start.table, column),
        features=features_of(goal, feature_sets),
        model=Model(sha256_bytes(model), transform, 0.0, 1.0, estimator, {}),
        evaluation=Evaluation(
            HELD_OUT,
            Sizes(n_classes, 0, 0),
            {"kendall_tau": None, "within_10_pct": None},
            coverage=None,
        ),
        interval=Intervals.uniform(LEVEL, half_width),
        seed=0,
        versions=versions(),
        transfer=transfer,
    )
