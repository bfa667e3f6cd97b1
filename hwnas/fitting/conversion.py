"""How a fitted regressor becomes an ONNX model that agrees with it."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hwnas.errors import ArtifactError
from hwnas.models.sessions import run_onnx

if TYPE_CHECKING:
    from hwnas.fitting.gaussian_process import GroupedGaussianProcess, Term

OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
"""Of models that are written without the converter: what every supported onnxruntime reads."""
# Float32 arithmetic and rounding of tree thresholds, in units of the standardised target.
PARITY = 1e-3


def to_onnx(estimator: Any, features: np.ndarray) -> bytes:
    """A fitted regressor as an ONNX model that agrees with it.

    Args:
        estimator: Fitted on features of shape ``(n_archs, n_features)``.
        features: Rows on which both must agree, float32.

    Returns:
        The serialised model: input ``features`` of shape ``(n_archs, n_features)``, one output of
        shape ``(n_archs, 1)``.

    Raises:
        ArtifactError: The two disagree.
    """
    from skl2onnx import to_onnx as convert

    _register()
    model = convert(estimator, features[:1].astype(np.float32), target_opset=OPSET)
    # The converter lists operator sets as a set of texts comes, which differs between processes.
    imports = sorted(model.opset_import, key=lambda each: str(each.domain))
    del model.opset_import[:]
    model.opset_import.extend(imports)
    data: bytes = model.SerializeToString()
    return _checked(data, features, estimator.predict(features))


LEAST_SUM = 1e-6
"""What a sum of costs is at least, of costs of mean one: its logarithm must be finite."""


def linear_to_onnx(
    coefficients: np.ndarray,
    intercept: float,
    features: np.ndarray,
    expected: np.ndarray,
    log_sum: tuple[np.ndarray, float, float] | None = None,
) -> bytes:
    """A linear model as an ONNX model, without scikit-learn and its converter.

    Args:
        coefficients: Shape ``(n_features,)``.
        intercept: What is added.
        features: Rows on which both must agree, shape ``(n_archs, n_features)``.
        expected: What the model predicts of them, shape ``(n_archs,)``.
        log_sum: Coefficients ``(n_features,)`` and intercept of a sum that is positive, and the
            weight with which its logarithm is added; nothing by default.

    Returns:
        As ``to_onnx``.

    Raises:
        ArtifactError: The two disagree.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    def floats(name: str, width: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])

    constants = {"coefficients": coefficients[:, None], "intercept": np.array([intercept])}
    nodes = [helper.make_node("MatMul", ["features", "coefficients"], ["sum"])]
    total = "sum"
    if log_sum is not None:
        parts, start, weight = log_sum
        constants |= {
            "parts": parts[:, None],
            "start": np.array([start]),
            "least": np.array([LEAST_SUM]),
            "weight": np.array([weight]),
        }
        nodes += [
            helper.make_node("MatMul", ["features", "parts"], ["added"]),
            helper.make_node("Add", ["added", "start"], ["cost"]),
            helper.make_node("Max", ["cost", "least"], ["positive"]),
            helper.make_node("Log", ["positive"], ["log"]),
            helper.make_node("Mul", ["log", "weight"], ["weighted"]),
            helper.make_node("Add", ["sum", "weighted"], ["both"]),
        ]
        total = "both"
    nodes.append(helper.make_node("Add", [total, "intercept"], ["variable"]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [floats("features", len(coefficients))],
        [floats("variable", 1)],
        [
            numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in constants.items()
        ],
    )
    opset = helper.make_opsetid("", OPSET[""])
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    checker.check_model(model)
    return _checked(model.SerializeToString(), features, expected)


def _checked(data: bytes, features: np.ndarray, expected: np.ndarray) -> bytes:
    """A serialised model that agrees with its estimator.

    Raises:
        ArtifactError: It does not.
    """
    difference = np.abs(run_onnx(data, features) - expected).max()
    if not difference <= PARITY:
        raise ArtifactError(
            f"The ONNX model must agree with the estimator to {PARITY}; they differ by "
            f"{difference:.2g}. Choose another estimator."
        )
    return data


@cache
def _register() -> None:
    """Teach skl2onnx these regressors."""
    from onnx import TensorProto
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import OnnxAdd, OnnxCast, OnnxLog, OnnxMatMul, OnnxRelu, OnnxSub
    from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

    from hwnas.fitting._composed import LogCost, RankTargetRegressor, ResidualRegressor
    from hwnas.fitting.gaussian_process import GroupedGaussianProcess

    def convert_residual(scope: Any, operator: Any, container: Any) -> None:
        fitted = operator.raw_operator
        terms = _parts(operator, container, fitted.base_, fitted.residual_)
        _finish(OnnxAdd, scope, operator, container, *terms)

    def convert_log_cost(scope: Any, operator: Any, container: Any) -> None:
        fitted, version = operator.raw_operator, container.target_opset
        (features,) = operator.inputs
        sums = OnnxAdd(
            OnnxMatMul(features, _float(fitted.rates.T), op_version=version),
            _row(fitted.constants),
            op_version=version,
        )
        logs = OnnxMatMul(
            OnnxLog(sums, op_version=version), _column(fitted.weights), op_version=version
        )
        linear = OnnxAdd(
            OnnxMatMul(features, _column(fitted.slopes), op_version=version),
            _float([[fitted.intercept]]),
            op_version=version,
        )
        _finish(OnnxAdd, scope, operator, container, logs, linear)

    def convert_ranks(scope: Any, operator: Any, container: Any) -> None:
        fitted, version = operator.raw_operator, container.target_opset
        (found,) = _parts(operator, container, fitted.base_)
        # Piecewise linear: at each knot the slope changes, and it ends flat on both sides.
        slopes = np.diff(fitted.values_) / np.diff(fitted.knots_)
        changes = np.diff(slopes, prepend=0.0, append=0.0)[:, None]
        beyond = OnnxRelu(
            OnnxSub(found, _row(fitted.knots_), op_version=version), op_version=version
        )
        rise = OnnxMatMul(beyond, changes.astype(np.float32), op_version=version)
        _finish(OnnxAdd, scope, operator, container, rise, _row(fitted.values_[:1]))

    def convert_process(scope: Any, operator: Any, container: Any) -> None:
        version = container.target_opset
        total = _process(operator.raw_operator, operator.inputs[0], version)
        _finish(partial(OnnxCast, to=TensorProto.FLOAT), scope, operator, container, total)

    converters = (
        (ResidualRegressor, convert_residual),
        (LogCost, convert_log_cost),
        (RankTargetRegressor, convert_ranks),
        (GroupedGaussianProcess, convert_process),
    )
    for kind, convert in converters:
        shapes = calculate_linear_regressor_output_shapes
        update_registered_converter(kind, f"Hwnas{kind.__name__}", shapes, convert)


def _parts(operator: Any, container: Any, *fitted: Any) -> list[Any]:
    """What fitted estimators make of an operator's input, as ONNX nodes."""
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator

    version = container.target_opset
    return [OnnxSubEstimator(each, operator.inputs[0], op_version=version) for each in fitted]


def _finish(node: Any, scope: Any, operator: Any, container: Any, *inputs: Any) -> None:
    """Make a node the operator's output."""
    made = node(*inputs, op_version=container.target_opset, output_names=operator.outputs[:1])
    made.add_to(scope, container)


def _float(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


def _row(values: np.ndarray) -> np.ndarray:
    return _float(values)[None]


def _column(values: np.ndarray) -> np.ndarray:
    return _float(values)[:, None]


def _process(process: GroupedGaussianProcess, features: Any, version: Any) -> Any:
    """The posterior mean of a Gaussian process as ONNX nodes, in double precision.

    Squared distances are differences of large numbers, which single precision would lose.

    Args:
        process: The fitted process.
        features: ONNX input of shape ``(n_archs, n_features)``.
        version: Version of the operators.

    Returns:
        Output of shape ``(n_archs, 1)``.
    """
    from onnx import TensorProto
    from skl2onnx.algebra import onnx_ops as ops

    def node(name: str, *inputs: Any, **attributes: Any) -> Any:
        return getattr(ops, f"Onnx{name}")(*inputs, op_version=version, **attributes)

    def constant(value: Any) -> np.ndarray:
        return np.asarray(value, dtype=np.float64)

    def kernel(term: Term) -> Any:
        """The kernel, without its weight, between the input's rows and those fitted to."""
        inside = np.arange(term.start, term.stop, dtype=np.int64)
        ours, theirs = node("Gather", rows, inside, axis=1), process.rows_[:, inside]
        squares = node("MatMul", node("Mul", ours, ours), constant(np.ones((len(inside), 1))))
        products = node("MatMul", ours, constant(-2 * theirs.T))
        squared = node("Add", node("Add", products, squares), constant((theirs**2).sum(1)[None]))
        distance = node("Sqrt", node("Max", squared, constant([[0.0]])))
        reach = node("Mul", distance, constant([[3**0.5 / term.length]]))
        return node("Mul", node("Add", reach, constant([[1.0]])), node("Exp", node("Neg", reach)))

    chosen = node("Gather", features, process.columns_.astype(np.int64), axis=1)
    wide = node("Cast", chosen, to=TensorProto.DOUBLE)
    centred = node("Sub", wide, constant(process.mean_[None]))
    scaled = node("Div", centred, constant(process.scale_[None]))
    limit = constant(process.limit_[None])
    rows = node("Max", node("Min", scaled, limit), -limit)
    total = constant([[process.target_mean_]])
    for term in process.terms_:
        dual = constant(term.weight * process.dual_[:, None])
        total = node("Add", node("MatMul", kernel(term), dual), total)
    return total
