"""How a predictor is fitted and how wrong it is: fitted to everything, measured out of fold.

References:
    Barber et al. 2021, Predictive Inference with the Jackknife+,
    https://arxiv.org/abs/1905.02928 (CV+)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core.quantity import Quantity
from hwnas.fitting.calibration import cross_calibrate
from hwnas.fitting.conversion import to_onnx
from hwnas.fitting.members import Layout
from hwnas.fitting.metrics import best_fifth, kendall_tau, regression_metrics
from hwnas.fitting.procedure import NO_BETTER, Chosen, Sample, procedure_for, scales_of
from hwnas.predictors.card import CROSS_VALIDATED, TRANSFORMS, Evaluation, Sizes
from hwnas.predictors.intervals import Intervals

N_FIFTHS = 5
MIN_FOR_FIFTHS = 200
"""Of fewer classes, a fifth is too few to say how many of it an interval holds."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A fitted model and how wrong it is.

    Args:
        sample: What it was fitted to.
        chosen: What was picked and fitted.
        model: Serialised ONNX model.
        evaluation: How wrong it is for classes that were not fitted on.
        interval: Its intervals.
    """

    sample: Sample
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
    """Pick and fit a model of a quantity to all classes; measure it on predictions out of fold.

    Args:
        quantity: What the values are of.
        layout: Columns of each feature set.
        features: Shape ``(n_classes, n_features)``.
        values: Shape ``(n_classes,)``, in the quantity's unit.
        seed: Seed of folds and estimators.
        tolerance: How far below the best a smaller model may rank to be preferred, where there are
            many classes.

    Raises:
        TableError: The values that are fitted do not vary.
        ArtifactError: The estimator cannot be turned into ONNX.
    """
    scales = scales_of(quantity, layout, values)
    procedure = procedure_for(len(values), quantity, layout, scales, tolerance)
    sample = Sample(procedure, quantity, features, values, layout, seed)
    chosen = sample.fit()
    model = to_onnx(chosen.candidate.estimator_, features)
    in_unit = sample.out_of_fold()
    y, predicted = (TRANSFORMS[chosen.scale.transform](each) for each in (values, in_unit))
    intervals, is_inside = cross_calibrate(y, predicted, sample.fold_of)
    figures = regression_metrics(values, in_unit) | _where_it_matters(
        quantity, values, in_unit, is_inside
    )
    sizes = Sizes(len(values), len(values), len(values))
    evaluation = Evaluation(CROSS_VALIDATED, sizes, figures, float(is_inside.mean()))
    return FittedModel(sample, chosen, model, evaluation, intervals)


def _where_it_matters(
    quantity: Quantity, values: np.ndarray, predicted: np.ndarray, is_inside: np.ndarray
) -> dict[str, float | None]:
    """How well the best are ranked, and where intervals hold least: what an average hides.

    Args:
        quantity: What the values are of.
        values: Shape ``(n_classes,)``.
        predicted: Predictions out of fold, in the same unit, shape ``(n_classes,)``.
        is_inside: Whether each value is inside its interval, shape ``(n_classes,)``.
    """
    if len(values) < MIN_FOR_FIFTHS:
        return {}
    best = best_fifth(values, quantity.direction)

    def least_covered(by: np.ndarray) -> float:
        fifths = np.array_split(is_inside[np.argsort(by, kind="stable")], N_FIFTHS)
        return float(100 * min(fifth.mean() for fifth in fifths))

    return {
        "kendall_tau_best_fifth": kendall_tau(values[best], predicted[best]),
        "coverage_worst_fifth_pct": least_covered(predicted),
        "coverage_worst_true_fifth_pct": least_covered(values),
    }
