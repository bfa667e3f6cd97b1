"""How a predictor is fitted and how wrong it is: classes held out or, of few, cross-validation.

References:
    Barber et al. 2021, Predictive Inference with the Jackknife+,
    https://arxiv.org/abs/1905.02928 (CV+)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core.quantity import Quantity
from hwnas.fitting.calibration import calibrate, cross_calibrate
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.members import Layout
from hwnas.fitting.metrics import regression_metrics
from hwnas.fitting.procedure import NO_BETTER, Chosen, Sample, procedure_for, scales_of
from hwnas.fitting.splits import MIN_HELD_OUT, Split
from hwnas.models.sessions import run_onnx
from hwnas.predictors.card import (
    CROSS_VALIDATED,
    HELD_OUT,
    TRANSFORMS,
    Evaluation,
    Sizes,
    to_unit,
)
from hwnas.predictors.intervals import Intervals


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted model and how wrong it is.

    Args:
        chosen: What was picked and fitted.
        model: Serialised ONNX model.
        evaluation: How wrong it is for classes that were not fitted on.
        interval: Its intervals.
    """

    chosen: Chosen
    model: bytes
    evaluation: Evaluation
    interval: Intervals


def fit_and_measure(
    quantity: Quantity,
    layout: Layout,
    features: np.ndarray,
    values: np.ndarray,
    seed: int = 0,
    tolerance: float = NO_BETTER,
) -> FittedModel:
    """Pick, fit and measure a model of a quantity.

    Args:
        quantity: What the values are of.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``.
        values: Shape ``(n_classes,)``, in the quantity's unit.
        seed: Seed of splits, folds and estimators.
        tolerance: How far below the best Kendall tau a smaller model may be to be preferred, where
            there are many classes.

    Raises:
        TableError: The values that are fitted do not vary.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    # Which scales suit is asked of all values, also of those that are not fitted.
    scales = scales_of(quantity, layout, values)

    def sample(rows: np.ndarray | slice) -> Sample:
        x, y = features[rows], values[rows]
        procedure = procedure_for(len(y), layout, scales, tolerance)
        return Sample(procedure, quantity, x, y, layout, seed)

    if len(values) < MIN_HELD_OUT:
        return _cross_validated(sample(slice(None)))
    split = Split.draw(len(values), seed)
    return _held_out(sample(split.train), split, features, values)


def _held_out(
    sample: Sample, split: Split, features: np.ndarray, values: np.ndarray
) -> FittedModel:
    """Fitted to most classes, calibrated on some others, measured on the rest."""
    chosen = sample.fit()
    model = to_onnx(chosen.candidate.estimator_, features)
    y = TRANSFORMS[chosen.scale.transform](values)
    predicted = run_onnx(model, features) * chosen.deviation + chosen.mean
    intervals = calibrate(y[split.calibrate], predicted[split.calibrate])
    coverage = intervals.coverage(y[split.test], predicted[split.test])
    in_unit = to_unit(predicted, chosen.scale.transform, sample.quantity)
    figures = regression_metrics(values[split.test], in_unit[split.test])
    evaluation = Evaluation(HELD_OUT, split.sizes(), figures, coverage)
    return FittedModel(chosen, model, evaluation, intervals)


def _cross_validated(sample: Sample) -> FittedModel:
    """Fitted to all classes; calibrated and measured on out-of-fold predictions of them."""
    chosen, values = sample.fit(), sample.values
    model = to_onnx(chosen.candidate.estimator_, sample.features)
    y = TRANSFORMS[chosen.scale.transform](values)
    predicted = sample.out_of_fold() * chosen.deviation + chosen.mean
    intervals, coverage = cross_calibrate(y, predicted, sample.fold_of)
    in_unit = to_unit(predicted, chosen.scale.transform, sample.quantity)
    figures = regression_metrics(values, in_unit)
    sizes = Sizes(len(values), len(values), len(values))
    evaluation = Evaluation(CROSS_VALIDATED, sizes, figures, coverage)
    return FittedModel(chosen, model, evaluation, intervals)
