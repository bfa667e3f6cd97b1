"""Models in 8-bit integers through ONNX Runtime's static quantisation, for their latency alone.

Calibration data are random, so that no data set is needed: the integers take as long as those of a
well calibrated model, and what they compute is of no use.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hwnas.errors import MeasurementError
from hwnas.measure.backends import Model
from hwnas.models.sessions import new_session, onnxruntime_library

if TYPE_CHECKING:
    import onnx

QUANTIZATION_LABEL = "int8, static, calibrated with random data: for latency only"
"""What a quantised model says of itself, under ``quantization`` in its metadata."""

# Ranges of activations need not be good ones; a second batch would cost time.
_CALIBRATION_BATCHES = 1

# By this entry ONNX Runtime's quantiser knows that its advice to prepare the model was followed.
_PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")

_QUANTIZED = ("QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "ConvInteger")


def quantize_static(model: Model, seed: int = 0) -> Model:
    """A model in 8-bit integers, for the measurement of its latency only.

    Weights and activations are signed integers; weights of convolutions have a scale a channel.
    Operators are fused and constants folded first, as ONNX Runtime advises.

    Args:
        model: The model in floating point, and inputs that calibration data are to be like.
        seed: Of the calibration data; the same one gives the same bytes.

    Returns:
        The model of the same name and inputs, labelled by ``QUANTIZATION_LABEL``.

    Raises:
        MeasurementError: It cannot be quantised, holds nothing to be, or is quantised already; or
            what ONNX Runtime needs for it is not installed.
    """
    if _operators(model.data) & set(_QUANTIZED):
        raise MeasurementError(
            f"{model.name}: --precision int8 needs a model in floating point; it is quantised "
            "already. Leave --precision out."
        )
    with tempfile.TemporaryDirectory(prefix="hwnas-") as folder, _quiet():
        try:
            data = _quantized(model, Path(folder), np.random.default_rng(seed))
        except ImportError as error:
            raise MeasurementError(
                f"{model.name}: ONNX Runtime quantises with {error.name or 'a package'}, which is "
                f"not installed or too old ({error}). Install it with: pip install ml_dtypes"
            ) from error
        except Exception as error:  # whatever class the quantiser raises
            raise MeasurementError(
                f"{model.name}: ONNX Runtime must quantise the model; it cannot "
                f"({' '.join(str(error).split()) or type(error).__name__})."
            ) from error
    if not _operators(data) & set(_QUANTIZED):
        raise MeasurementError(
            f"{model.name}: --precision int8 needs operators that ONNX Runtime can quantise, such "
            "as convolutions; it found none. Leave --precision out."
        )
    return replace(model, data=data)


def _operators(data: bytes) -> set[str]:
    import onnx

    return {node.op_type for node in onnx.load_model_from_string(data).graph.node}


def _quantized(model: Model, folder: Path, rng: np.random.Generator) -> bytes:
    from onnxruntime import quantization

    prepared, result = folder / "prepared.onnx", folder / "quantized.onnx"
    _prepare(model.data, prepared)
    quantization.quantize_static(
        prepared,
        result,
        _RandomData(model.inputs, rng),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax,
    )
    return _labelled(result)


def _prepare(data: bytes, path: Path) -> None:
    """Write a model with its operators fused and its constants folded."""
    import onnx

    library = onnxruntime_library()
    options = library.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = library.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    new_session(data, options)
    proto = onnx.load_model(path)
    _set_property(proto, *_PREPARED)
    path.write_bytes(proto.SerializeToString())


def _labelled(path: Path) -> bytes:
    import onnx

    proto = onnx.load_model(path)
    _set_property(proto, "quantization", QUANTIZATION_LABEL)
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def _set_property(proto: onnx.ModelProto, key: str, value: str) -> None:
    properties = {each.key: each.value for each in proto.metadata_props} | {key: value}
    del proto.metadata_props[:]
    # ONNX Runtime leaves them in the order of a hash table.
    for name in sorted(properties):
        proto.metadata_props.add(key=name, value=properties[name])


class _RandomData:
    """Calibration data as ONNX Runtime asks for them.

    Args:
        inputs: What the data are to be like.
        rng: Source of the data.
    """

    def __init__(self, inputs: Mapping[str, np.ndarray], rng: np.random.Generator) -> None:
        self._inputs, self._rng = inputs, rng
        self._n_left = _CALIBRATION_BATCHES

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        while (batch := self.get_next()) is not None:
            yield batch

    def get_next(self) -> dict[str, np.ndarray] | None:
        """A batch, or None after the last."""
        if not self._n_left:
            return None
        self._n_left -= 1
        return {name: self._like(values) for name, values in self._inputs.items()}

    def _like(self, values: np.ndarray) -> np.ndarray:
        # Whole numbers, such as tokens, have bounds that only who drew them knows.
        if not np.issubdtype(values.dtype, np.floating):
            return values
        return self._rng.standard_normal(values.shape).astype(values.dtype)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the quantiser logs and prints, which is advice to its programmers."""
    root = logging.getLogger()
    handlers, disabled = root.handlers[:], root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)
        # Logging without a handler adds one.
        root.handlers[:] = handlers
