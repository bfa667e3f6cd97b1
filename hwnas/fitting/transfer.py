"""Cost models that carry from one space to another, and how far they do.

A device's cost is taken as a sum of non-negative terms in what every network has: operators,
multiply-accumulates, weights and bytes of traffic. Fitted on one space, it values another. Cells
have too few kinds of operations to tell the four rates apart, so a model fitted on them carries as
far as it was measured to, and no further.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_matrix
from hwnas.fitting.calibration import LEVEL, conformal_quantile
from hwnas.fitting.estimators import to_onnx
from hwnas.fitting.metrics import regression_metrics
from hwnas.fitting.procedure import Fitted, versions
from hwnas.predictors.artifacts import names_sha256
from hwnas.predictors.card import Card
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


def measure_transfer(start: Known, goal: Known) -> dict[str, Any]:
    """How far a cost model fitted on one space carries to another, where both are known.

    Returns:
        ``from`` and ``to`` (names of the spaces), ``device``, ``spearman``, ``scale`` (the one
        factor by which predictions are off, as a median), ``within_10_pct`` once it is divided
        out, and ``log_error``: the quantile of ``|ln(predicted / true)|``, factor included, that
        an interval must cover.
    """
    model, _ = _cost_model(start)
    means = class_means(goal.space, goal.table, goal.column.name)
    log_predicted = model.predict(feature_matrix(goal.space, means.genotypes, FEATURES))
    log_error = log_predicted - np.log(means.values)
    factor = float(np.median(log_error))
    figures = regression_metrics(means.values, np.exp(log_predicted - factor))
    return {
        "device": goal.column.device,
        "from": start.space.name,
        "to": goal.space.name,
        "spearman": figures["spearman"],
        "scale": math.exp(factor),
        "within_10_pct": figures["within_10_pct"],
        "log_error": conformal_quantile(np.abs(log_error), LEVEL),
    }


def extrapolate(start: Known, goal: SearchSpace, trust: Sequence[Mapping[str, Any]]) -> Fitted:
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
    alike = [entry for entry in trust if entry["from"] == start.space.name]
    if not alike:
        raise TableError(
            "How far a cost model carries must be measured on a device that two spaces know; "
            "no such pair of tables is in the cache. Run: hwnas tables import all --from DIR"
        )
    column = start.column
    model, x = _cost_model(start)
    own = [entry for entry in alike if entry["device"] == column.device]
    half_width = max(float(entry["log_error"]) for entry in own or alike)
    data = to_onnx(model, x)
    card = extrapolated_card(
        start,
        goal,
        data,
        feature_sets=FEATURES,
        n_features=x.shape[1],
        n_classes={"train": len(x), "calibrate": 0, "test": 0},
        detail=f"extrapolated from {start.space.name} by a cost model; untested on {goal.name}",
        column=column.name,
        transform="log",
        estimator="non_negative_least_squares",
        half_width=half_width,
        trust=trust,
    )
    return Fitted(card, data, None)


def extrapolated_card(
    start: Known,
    goal: SearchSpace,
    model: bytes,
    half_width: float,
    trust: Sequence[Mapping[str, Any]],
    **what: Any,
) -> Card:
    """Card of a model that was fitted on one space for another, where nothing can be held out.

    Args:
        start: What it was fitted on.
        goal: The space that it values.
        model: Serialised ONNX model.
        half_width: Of its intervals, in what it predicts.
        trust: How far such models carried where it could be measured.
        **what: What else a card says: ``feature_sets``, ``n_features``, ``n_classes``,
            ``detail``, ``column``, ``transform`` and ``estimator``.
    """
    column, table = start.column, start.table
    return Card(
        space=goal.name,
        dataset=goal.dataset,
        device=column.device,
        quantity=str(column.quantity),
        # Costs at another batch size are not carried; which attack robustness is under stays.
        variant="" if column.device else column.variant,
        is_default=True if column.device else column.is_default,
        unit=column.unit,
        table={
            "name": table.name,
            "column": column.name,
            "sha256": table.sha256,
            "sources": list(table.sources),
        },
        features_sha256=names_sha256(goal, tuple(what["feature_sets"])),
        mean=0.0,
        scale=1.0,
        candidates={},
        held_out={"kendall_tau": None, "within_10_pct": None},
        interval={"level": LEVEL, "edges": [], "half_widths": [half_width], "coverage": None},
        sha256=sha256_bytes(model),
        seed=0,
        versions=versions(),
        transfer={
            "from_space": start.space.name,
            "from_dataset": start.space.dataset,
            "trust": [dict(entry) for entry in trust],
        },
        **what,
    )
