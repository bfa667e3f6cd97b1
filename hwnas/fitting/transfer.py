"""Cost models for another space than the one they were fitted on, and how far they carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix
from hwnas.features.counting import COLUMNS, count_genotypes
from hwnas.fitting.calibration import LEVEL, conformal_quantile
from hwnas.fitting.carrying import Carried, Costs, Known, Neighbours, carry
from hwnas.fitting.columns import Fitted, features_of, origin_of, target_of, versions
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.metrics import regression_metrics, spearman
from hwnas.predictors.card import HELD_OUT, Card, Evaluation, Model, Sizes, Transform
from hwnas.predictors.intervals import Intervals
from hwnas.predictors.trust import CostTrust, Order, Transfer, measured_alike

N_ORDERED = 2000
"""Random architectures of a space on which extrapolated values are set beside counts."""


def measure_transfer(
    start: Known, goal: Known, others: Neighbours | None = None, costs: Costs | None = None
) -> CostTrust:
    """How far a cost model fitted on one space carries to another, where both are known.

    Args:
        start: What is known of the device on the space to carry from.
        goal: The truth.
        others: Costs to make it up of. Those of the same board are left out: who needs the
            transfer has measured nothing on that board there.
        costs: What was made before.
    """
    costs = costs or Costs()
    strangers = others and others.without(start.column.device)
    carried = carry(start, goal.space, strangers, costs)
    means = costs.means(goal)
    x = costs.features(goal.space, means.genotypes, carried.sets)
    log_predicted = carried.model.predict(x)
    log_error = log_predicted - np.log(means.values)
    factor = float(np.median(log_error))
    as_it_stands, scaled = (
        regression_metrics(means.values, np.exp(log_predicted - shift)) for shift in (0.0, factor)
    )
    params, macs = count_genotypes(goal.space, means.genotypes).T
    return CostTrust(
        device=str(goal.column.device),
        from_space=start.space.name,
        to_space=goal.space.name,
        spearman=as_it_stands["spearman"],
        scale=math.exp(factor),
        within_10_pct_scaled=float(scaled["within_10_pct"] or 0.0),
        log_error=conformal_quantile(np.abs(log_error), LEVEL),
        within_10_pct=as_it_stands["within_10_pct"],
        spearman_macs=spearman(means.values, macs),
        spearman_params=spearman(means.values, params),
        quantity=target_of(start.column).quantity,
        conditions=target_of(start.column).condition_text,
        method=carried.method,
    )


def extrapolate(
    start: Known,
    goal: SearchSpace,
    trust: Sequence[CostTrust],
    others: Neighbours | None = None,
    costs: Costs | None = None,
) -> Fitted:
    """A cost model of a device, fitted on one space, for another.

    Args:
        start: What is known of the device.
        goal: Search space, with its data set, to value.
        trust: How far such models carried between spaces (``measure_transfer``). The intervals
            cover the errors of those of the same quantity that were carried in the same way from
            the same space: of the same device, or of all devices where it has none. Where there
            are none at all, nothing is known of the error and there are no intervals.
        others: Costs of other devices to make it up of.
        costs: What was made before.

    Raises:
        TableError: The column is not positive, or nothing at all was measured.
    """
    if not trust:
        raise TableError(
            "How far a cost model carries must be measured on a device that two spaces know; "
            "no such pair of tables is in the cache. Run: hwnas tables import all --from DIR"
        )
    costs = costs or Costs()
    carried = carry(start, goal, others, costs)
    target = target_of(start.column)
    alike = measured_alike(trust, target.quantity, target.device, start.space.name, carried.method)
    drawn = goal.sample_genotypes(N_ORDERED, np.random.default_rng(0))
    archs = np.unique(goal.canonical_genotypes(drawn), axis=0)
    x = feature_matrix(goal, archs, carried.sets)
    data = to_onnx(carried.model, x)
    card = extrapolated_card(
        start,
        goal,
        data,
        feature_sets=carried.sets,
        n_classes=len(costs.means(start).values),
        detail=f"extrapolated from {start.space.name} {_way(carried)}; untested on {goal.name}",
        transform="log",
        estimator="product_of_costs" if carried.weights else "non_negative_least_squares",
        half_width=max((each.log_error for each in alike), default=None),
        transfer=Transfer(
            start.space.name,
            start.space.dataset,
            costs=tuple(trust),
            method=carried.method,
            via_space=carried.via_space,
            weights=carried.weights,
            order=_order(goal, archs, carried.model.predict(x)),
        ),
    )
    return Fitted(card, data, None)


def _way(carried: Carried) -> str:
    """How a cost was carried, as part of a sentence."""
    if carried.method == "totals":
        return "by a cost model"
    through = f" through {carried.via_space}" if carried.via_space else ""
    return f"by what other devices take{through}"


def _order(space: SearchSpace, archs: np.ndarray, log_values: np.ndarray) -> Order:
    """How values order architectures, beside counts."""
    found = dict(zip(COLUMNS, count_genotypes(space, archs).T, strict=True))
    return Order(
        n_archs=len(archs),
        # As many digits as the model has in single precision.
        n_distinct=len(np.unique(log_values.round(6))),
        spearman_macs=spearman(log_values, found["macs"]),
        spearman_params=spearman(log_values, found["params"]),
    )


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
    half_width: float | None,
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
        half_width: Of its intervals, in what it predicts; None if nothing is known of its error.
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
        interval=None if half_width is None else Intervals.uniform(LEVEL, half_width),
        seed=0,
        versions=versions(),
        transfer=transfer,
    )
