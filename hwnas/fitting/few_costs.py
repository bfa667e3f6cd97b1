"""A predictor of what a device costs from few nets: known devices, counts and operations.

Ten nets say little of a device that nothing else is known of; next to what other devices ask for
every net, they say which of these it is like. Learned is from nets as they stand, since those of
one functional class differ on a device; asked is for classes, the mean over their nets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hwnas._files import sha256_bytes
from hwnas.core.quantity import Quantity
from hwnas.core.space import SearchSpace
from hwnas.errors import TableError
from hwnas.features import feature_layout, net_feature_matrix
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
from hwnas.fitting.linear_prior import LinearModel, LinearPrior, fit_with_prior, with_column
from hwnas.fitting.metrics import kendall_tau, regression_metrics
from hwnas.fitting.operator_sum import (
    ENCODING,
    OperatorSum,
    fit_operator_sum,
    has_operator_sum,
)
from hwnas.predictors.card import CROSS_VALIDATED, Evaluation, Model, Sizes, to_unit
from hwnas.predictors.intervals import Intervals
from hwnas.tables import Column, NetMeans

MIN_NETS = 10
MAX_CLASSES = 1500
"""From so many functional classes on, a predictor is chosen from all kinds of estimators."""
USUAL = "linear_prior"
OPERATOR_SUM = "operator_sum"
"""The linear prior with a sum over operators among its features, of enough nets."""
_SUM_WEIGHTS = (0.0, 0.1, 1.0, 10.0)
"""How much the sum explains a priori, next to the known devices: averaged over."""
_N_FOLDS = 5
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
    features, encoding = _features(space, nets)
    target = np.log(nets.values)
    mean, deviation = float(target.mean()), float(target.std())
    if deviation == 0:
        raise TableError(
            f"{quantity.title} is the same for every net; there is nothing to predict. "
            "Choose another column."
        )
    data = _Nets(space, features, encoding, (target - mean) / deviation, nets.class_of, deviation)
    name, found, taus = _picked(prior_of_costs(space, sources), data)
    model = linear_to_onnx(
        found.linear.coefficients[: features.shape[1]],
        found.linear.intercept,
        features,
        found.predict(features),
        found.log_sum,
    )
    left_out = found.linear.left_out * deviation + mean
    interval, coverage = calibrate_few(target, left_out)
    figures = regression_metrics(nets.values, to_unit(left_out, "log", quantity))
    n_classes = len(np.unique(nets.class_of))
    sizes = Sizes(n_classes, n_classes, n_classes)
    return FewCosts(
        model=Model(sha256_bytes(model), "log", mean, deviation, name, taus),
        data=model,
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
    features, encoding = _features(space, nets)
    target = np.log(nets.values[rows])
    mean, deviation = float(target.mean()), float(target.std())
    z = (target - mean) / deviation
    data = _Nets(space, features[rows], encoding, z, nets.class_of[rows], deviation)
    _, found, _ = _picked(prior_of_costs(space, sources), data)
    return np.exp(found.predict(features) * deviation + mean)


@dataclass(frozen=True, eq=False)
class _Nets:
    """Nets that are learned from.

    Args:
        space: Search space.
        features: Those of ``cost_sets``, shape ``(n_nets, n_features)``.
        encoding: Which columns of them are the encoding.
        target: Logarithms of costs, standardised, shape ``(n_nets,)``.
        class_of: Number of each one's class, shape ``(n_nets,)``.
        deviation: Standard deviation of the logarithms.
    """

    space: SearchSpace
    features: np.ndarray
    encoding: range
    target: np.ndarray
    class_of: np.ndarray
    deviation: float

    def rows(self, rows: np.ndarray) -> _Nets:
        """Some of them."""
        return replace(
            self,
            features=self.features[rows],
            target=self.target[rows],
            class_of=self.class_of[rows],
        )


@dataclass(frozen=True, eq=False)
class _CostModel:
    """A linear model of features and, where there is one, of the logarithm of a sum.

    Args:
        linear: Its coefficients are of the features, then of that logarithm.
        encoding: Which columns of the features are the encoding.
        operators: The sum over operators; None where there is none.
    """

    linear: LinearModel
    encoding: range
    operators: OperatorSum | None = None

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Standardised logarithms ``(n_nets,)`` of features ``(n_nets, n_features)``."""
        return self.linear.predict(self._extended(features))

    def _extended(self, features: np.ndarray) -> np.ndarray:
        if self.operators is None:
            return features
        return _with_log(features, self.encoding, self.operators)

    @property
    def log_sum(self) -> tuple[np.ndarray, float, float] | None:
        """The sum as ``linear_to_onnx`` takes it."""
        if self.operators is None:
            return None
        coefficients = self.linear.coefficients
        parts = np.zeros(len(coefficients) - 1)
        parts[self.encoding.start : self.encoding.stop] = self.operators.parts
        return parts, self.operators.start, float(coefficients[-1])


def _features(space: SearchSpace, nets: NetMeans) -> tuple[np.ndarray, range]:
    sets = cost_sets(space)
    return (
        net_feature_matrix(space, nets.genotypes, sets),
        feature_layout(space, sets)[ENCODING],
    )


def _with_log(features: np.ndarray, encoding: range, operators: OperatorSum) -> np.ndarray:
    log = operators.log(features[:, encoding.start : encoding.stop])
    return np.concatenate([features.astype(float), log[:, None]], axis=1)


def _fit_with_sum(prior: LinearPrior, nets: _Nets) -> _CostModel:
    """A linear model that has the logarithm of a sum over operators among its features."""
    encoding = nets.features[:, nets.encoding.start : nets.encoding.stop]
    operators = fit_operator_sum(nets.space, encoding, np.exp(nets.target * nets.deviation))
    rows = _with_log(nets.features, nets.encoding, operators)
    with_sum = with_column(prior, OPERATOR_SUM, rows[:, -1], _SUM_WEIGHTS)
    linear = fit_with_prior(with_sum, rows, nets.target, nets.class_of)
    return _CostModel(linear, nets.encoding, operators)


def _left_out(prior: LinearPrior, nets: _Nets) -> np.ndarray:
    """What each net is predicted as by a model with a sum that saw no net of its class."""
    found = np.empty(len(nets.target))
    classes, class_of = np.unique(nets.class_of, return_inverse=True)
    fold_of = np.random.default_rng(0).permutation(np.arange(len(classes)) % _N_FOLDS)[class_of]
    for fold in range(_N_FOLDS):
        is_out = fold_of == fold
        model = _fit_with_sum(prior, nets.rows(np.flatnonzero(~is_out)))
        found[is_out] = model.predict(nets.features[is_out])
    return found


def _picked(prior: LinearPrior, nets: _Nets) -> tuple[str, _CostModel, dict[str, float]]:
    """Name and model of the candidate to use, and each one's Kendall tau with classes left out."""
    priors = {name: only(prior, name) for name in ONE_NUMBER if name in prior.blocks}
    fitted = {
        name: _CostModel(
            fit_with_prior(each, nets.features, nets.target, nets.class_of), nets.encoding
        )
        for name, each in {**priors, USUAL: prior}.items()
    }
    usual = USUAL
    if has_operator_sum(nets.space, len(nets.target)):
        model = _fit_with_sum(prior, nets)
        linear = replace(model.linear, left_out=_left_out(prior, nets))
        fitted[OPERATOR_SUM], usual = replace(model, linear=linear), OPERATOR_SUM
    taus = {
        name: kendall_tau(nets.target, each.linear.left_out) or 0.0 for name, each in fitted.items()
    }
    best = max(taus, key=lambda name: taus[name])
    is_luck = taus[best] - taus[usual] <= CLEARLY / np.sqrt(len(nets.target))
    name = usual if is_luck else best
    return name, fitted[name], taus
