"""Regressors made of other ones, and how they become ONNX.

References:
    Friedman 2001, Greedy Function Approximation: A Gradient Boosting Machine,
    https://doi.org/10.1214/aos/1013203451 (each stage fits the residuals of those before it)
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone

from hwnas.fitting.gaussian_process import GroupedGaussianProcess, process_graph
from hwnas.fitting.ranks import normal_scores, score_knots

N_FOLDS = 5


class ResidualRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The sum of a base regressor and one of its out-of-fold residuals.

    Args:
        base: Unfitted regressor.
        residual: Unfitted regressor of what ``base`` leaves over.
    """

    def __init__(self, base: Any, residual: Any) -> None:
        self.base = base
        self.residual = residual

    def fit(self, features: np.ndarray, target: np.ndarray) -> ResidualRegressor:
        """Fit both.

        Args:
            features: Shape ``(n_archs, n_features)``.
            target: Shape ``(n_archs,)``.
        """
        from sklearn.model_selection import KFold, cross_val_predict

        # In-fold residuals would be too small, and the second regressor too timid.
        folds = KFold(N_FOLDS, shuffle=True, random_state=0)
        left_over = target - cross_val_predict(self.base, features, target, cv=folds)
        self.base_ = clone(self.base).fit(features, target)
        self.residual_ = clone(self.residual).fit(features, left_over)
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Sum of both, shape ``(n_archs,)``."""
        return np.asarray(self.base_.predict(features) + self.residual_.predict(features))


class LogOf(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The logarithm of a fitted regressor's positive predictions.

    Args:
        base: Fitted regressor.
    """

    def __init__(self, base: Any) -> None:
        self.base = base
        self.n_features_in_ = base.n_features_in_

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Logarithms, shape ``(n_archs,)``."""
        return np.asarray(np.log(self.base.predict(features)))


class RankTargetRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor of the target's normal scores, turned back into the target.

    The order is what is fitted, so that a heavy tail of bad networks does not take all attention;
    between ``N_KNOTS`` quantiles of the target the way back is linear, and it ends at the extremes.

    Args:
        base: Unfitted regressor.

    References:
        Van der Waerden 1952, Order tests for the two-sample problem and their power,
        https://doi.org/10.1016/S1385-7258(52)50063-5
    """

    def __init__(self, base: Any) -> None:
        self.base = base

    def fit(self, features: np.ndarray, target: np.ndarray) -> RankTargetRegressor:
        """Fit.

        Args:
            features: Shape ``(n_archs, n_features)``.
            target: Shape ``(n_archs,)``.
        """
        self.knots_, self.values_ = score_knots(target)
        self.base_ = clone(self.base).fit(features, normal_scores(target))
        self.n_features_in_ = features.shape[1]
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The target, shape ``(n_archs,)``."""
        return np.asarray(np.interp(self.base_.predict(features), self.knots_, self.values_))


@cache
def register_converters() -> None:
    """Teach skl2onnx these regressors."""
    from onnx import TensorProto
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator
    from skl2onnx.algebra.onnx_ops import OnnxAdd, OnnxCast, OnnxLog, OnnxMatMul, OnnxRelu, OnnxSub
    from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

    def parts(operator: Any, container: Any, *fitted: Any) -> list[Any]:
        version = container.target_opset
        return [OnnxSubEstimator(p, operator.inputs[0], op_version=version) for p in fitted]

    def finish(node: Any, scope: Any, operator: Any, container: Any, *inputs: Any) -> None:
        version = container.target_opset
        made = node(*inputs, op_version=version, output_names=operator.outputs[:1])
        made.add_to(scope, container)

    def convert_residual(scope: Any, operator: Any, container: Any) -> None:
        fitted = operator.raw_operator
        terms = parts(operator, container, fitted.base_, fitted.residual_)
        finish(OnnxAdd, scope, operator, container, *terms)

    def convert_log(scope: Any, operator: Any, container: Any) -> None:
        base = parts(operator, container, operator.raw_operator.base)
        finish(OnnxLog, scope, operator, container, *base)

    def convert_ranks(scope: Any, operator: Any, container: Any) -> None:
        fitted, version = operator.raw_operator, container.target_opset
        (found,) = parts(operator, container, fitted.base_)
        # Piecewise linear: at each knot the slope changes, and it ends flat on both sides.
        slopes = np.diff(fitted.values_) / np.diff(fitted.knots_)
        changes = np.diff(slopes, prepend=0.0, append=0.0)[:, None]
        beyond = OnnxRelu(
            OnnxSub(found, _row(fitted.knots_), op_version=version), op_version=version
        )
        rise = OnnxMatMul(beyond, changes.astype(np.float32), op_version=version)
        finish(OnnxAdd, scope, operator, container, rise, _row(fitted.values_[:1]))

    def convert_process(scope: Any, operator: Any, container: Any) -> None:
        version = container.target_opset
        total = process_graph(operator.raw_operator, operator.inputs[0], version)
        finish(partial(OnnxCast, to=TensorProto.FLOAT), scope, operator, container, total)

    converters = (
        (ResidualRegressor, convert_residual),
        (LogOf, convert_log),
        (RankTargetRegressor, convert_ranks),
        (GroupedGaussianProcess, convert_process),
    )
    for kind, convert in converters:
        shapes = calculate_linear_regressor_output_shapes
        update_registered_converter(kind, f"Hwnas{kind.__name__}", shapes, convert)


def _row(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)[None]
