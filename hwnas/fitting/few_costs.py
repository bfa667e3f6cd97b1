"""A predictor of what a device costs from few nets: known devices, counts and operations.

Ten nets say little of a device that nothing else is known of; next to what other devices ask for
every net, they say which of these it is like. Learned is from nets as they stand, since those of
one functional class differ on a device; asked is for classes, the mean over their nets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import net_feature_matrix
from hwnas.fitting.calibration import calibrate_few
from hwnas.fitting.conversion import linear_to_onnx
from hwnas.fitting.device_prior import (
    ONE_NUMBER,
    Sources,
    cost_sets,
    has_prior,
    is_cost,
    only,
    prior_of_costs,
)
from hwnas.fitting.linear_prior import LinearModel, LinearPrior, fit_with_prior
from hwnas.fitting.metrics import kendall_tau, regression_metrics
from hwnas.predictors.card import CROSS_VALIDATED, Evaluation, Model, Sizes, to_unit
from hwnas.predictors.intervals import Intervals
from hwnas.tables import Column, NetMeans

MIN_NETS = 10
MAX_CLASSES = 1500
"""From so many functional classes on, a predictor is chosen from all kinds of estimators."""
USUAL = "linear_prior"
# In units of 1 / sqrt(n_nets): a difference of Kendall tau that is more than luck.
CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class FewCosts:
    """A predictor from few nets.

    Args:
        model: What its model is, and how it was chosen.
        data: Serialised ONNX model.
        evaluation: How wrong it is for nets that were left out.
        interval: Its intervals.
    """

    model: Model
    data: bytes
    evaluation: Evaluation
    interval: Intervals


def is_few_costs(space: SearchSpace, column: Column, values: np.ndarray) -> bool:
    """Whether a column is fitted here: the positive cost of a device, of few classes.

    Args:
        space: Search space.
        column: The column.
        values: Class means, shape ``(n_classes,)``.
    """
    is_small = len(values) < MAX_CLASSES
    return is_small and is_cost(column) and has_prior(space) and bool(np.all(values > 0))


def fit_few_costs(
    space: SearchSpace,
    quantity: Quantity,
    nets: NetMeans,
    sources: Sources | None = None,
) -> FewCosts:
    """Fit, measure and calibrate a model of a device's cost.

    The usual model is linear in what known devices ask, counts and operations; a model of
    parameters or multiply-accumulates alone takes its place where it is clearly better. What each
    class is predicted as without its nets gives figures and intervals.

    Args:
        space: Search space.
        quantity: What the values are of.
        nets: Nets as they stand with positive values.
        sources: The known costs to learn from; all that ship by default.

    Raises:
        TableError: The values do not vary.
        ArtifactError: The model cannot be turned into ONNX.
    """
    features = net_feature_matrix(space, nets.genotypes, cost_sets(space))
    target = np.log(nets.values)
    mean, deviation = float(target.mean()), float(target.std())
    if deviation == 0:
        raise TableError(
            f"{quantity.title} is the same for every net; there is nothing to predict. "
            "Choose another column."
        )
    z = (target - mean) / deviation
    name, found, taus = _picked(prior_of_costs(space, sources), features, z, nets.class_of)
    data = linear_to_onnx(found.coefficients, found.intercept, features, found.predict(features))
    left_out = found.left_out * deviation + mean
    interval, coverage = calibrate_few(target, left_out)
    figures = regression_metrics(nets.values, to_unit(left_out, "log", quantity))
    n_classes = len(np.unique(nets.class_of))
    sizes = Sizes(n_classes, n_classes, n_classes)
    return FewCosts(
        model=Model(sha256_bytes(data), "log", mean, deviation, name, taus),
        data=data,
        evaluation=Evaluation(CROSS_VALIDATED, sizes, figures, coverage),
        interval=interval,
    )


def fit_and_predict(
    space: SearchSpace, nets: NetMeans, rows: np.ndarray, sources: Sources | None = None
) -> np.ndarray:
    """What a model that was fitted on some nets says of all of them, shape ``(n_nets,)``.

    Args:
        space: Search space.
        nets: Nets as they stand with positive values.
        rows: Places of those to fit on; their values vary.
        sources: The known costs to learn from; all that ship by default.
    """
    features = net_feature_matrix(space, nets.genotypes, cost_sets(space))
    target = np.log(nets.values[rows])
    mean, deviation = float(target.mean()), float(target.std())
    prior, z = prior_of_costs(space, sources), (target - mean) / deviation
    _, found, _ = _picked(prior, features[rows], z, nets.class_of[rows])
    return np.exp(found.predict(features) * deviation + mean)


def _picked(
    prior: LinearPrior, features: np.ndarray, target: np.ndarray, class_of: np.ndarray
) -> tuple[str, LinearModel, dict[str, float]]:
    """Name and model of the candidate to use, and each one's Kendall tau with classes left out."""
    priors = {name: only(prior, name) for name in ONE_NUMBER if name in prior.blocks}
    fitted = {
        name: fit_with_prior(each, features, target, class_of)
        for name, each in {**priors, USUAL: prior}.items()
    }
    taus = {name: kendall_tau(target, each.left_out) or 0.0 for name, each in fitted.items()}
    best = max(taus, key=lambda name: taus[name])
    is_luck = taus[best] - taus[USUAL] <= CLEARLY / np.sqrt(len(target))
    name = USUAL if is_luck else best
    return name, fitted[name], taus
