"""How a predictor is fitted and how wrong it is: classes held out or, of few, cross-validation.

References:
    Barber et al. 2021, Predictive Inference with the Jackknife+,
    https://arxiv.org/abs/1905.02928 (CV+)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwnas.fitting.calibration import calibrate, cross_calibrate
from hwnas.fitting.choice import Choice, choose, cross_choose, transforms_of
from hwnas.fitting.estimators import Layout, to_onnx
from hwnas.fitting.metrics import regression_metrics
from hwnas.fitting.splits import MIN_HELD_OUT, Split
from hwnas.models.sessions import run_onnx
from hwnas.predictors.card import CROSS_VALIDATED, HELD_OUT, TRANSFORMS, to_unit
from hwnas.predictors.intervals import Intervals
from hwnas.tables import Column


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A fitted model and how wrong it is.

    Args:
        choice: What it predicts, and how it was chosen.
        model: Serialised ONNX model.
        evaluation: ``held_out`` or ``cross_validated``.
        n_classes: Functional classes used to ``train``, ``calibrate`` and ``test``.
        figures: Metrics of predictions for classes that were not fitted on.
        interval: Intervals, as a card has them.
    """

    choice: Choice
    model: bytes
    evaluation: str
    n_classes: dict[str, int]
    figures: dict[str, float | None]
    interval: dict[str, Any]


def evaluate(
    column: Column,
    layout: Layout,
    features: np.ndarray,
    values: np.ndarray,
    seed: int,
    tolerance: float,
) -> Evaluated:
    """Choose, fit and measure a model of a column.

    Args:
        column: What the values are of.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``.
        values: Shape ``(n_classes,)``, in the column's unit.
        seed: Seed of splits, folds and estimators.
        tolerance: How far below the best Kendall tau a smaller model may be to be preferred.

    Raises:
        TableError: The values that are fitted do not vary.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    if len(values) < MIN_HELD_OUT:
        return _cross_validated(column, layout, features, values, seed)
    return _held_out(column, layout, features, values, seed, tolerance)


def _held_out(
    column: Column,
    layout: Layout,
    features: np.ndarray,
    values: np.ndarray,
    seed: int,
    tolerance: float,
) -> Evaluated:
    """Fitted to most classes, calibrated on some others, measured on the rest."""
    split = Split.draw(len(values), seed)
    train = split.train
    transforms = transforms_of(column, layout, values)
    choice = choose(column, layout, features[train], values[train], seed, tolerance, transforms)
    model = to_onnx(choice.estimator, features)
    y = TRANSFORMS[choice.transform](values)
    predicted = run_onnx(model, features) * choice.scale + choice.mean
    intervals = calibrate(y[split.calibrate], predicted[split.calibrate])
    coverage = intervals.coverage(y[split.test], predicted[split.test])
    in_unit = to_unit(predicted, choice.transform, column.unit)
    figures = regression_metrics(values[split.test], in_unit[split.test])
    interval = _interval(intervals, coverage)
    return Evaluated(choice, model, HELD_OUT, split.sizes(), figures, interval)


def _cross_validated(
    column: Column, layout: Layout, features: np.ndarray, values: np.ndarray, seed: int
) -> Evaluated:
    """Fitted to all classes; calibrated and measured on out-of-fold predictions of them."""
    choice, crossed = cross_choose(column, layout, features, values, seed)
    model = to_onnx(choice.estimator, features)
    y = TRANSFORMS[choice.transform](values)
    predicted = crossed.predicted * choice.scale + choice.mean
    interval = _interval(*cross_calibrate(y, predicted, crossed.fold_of))
    figures = regression_metrics(values, to_unit(predicted, choice.transform, column.unit))
    sizes = dict.fromkeys(("train", "calibrate", "test"), len(values))
    return Evaluated(choice, model, CROSS_VALIDATED, sizes, figures, interval)


def _interval(intervals: Intervals, coverage: float) -> dict[str, Any]:
    return {
        "level": intervals.level,
        "edges": list(intervals.edges),
        "half_widths": list(intervals.half_widths),
        "coverage": coverage,
    }
