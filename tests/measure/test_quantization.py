"""Models in 8-bit integers: how near they are to the model, how small, and what cannot be one."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwnas.errors import MeasurementError
from hwnas.measure.backends import Model
from hwnas.measure.quantization import QUANTIZATION_LABEL, quantize_static
from hwnas.models.building import model_onnx
from hwnas.models.sessions import open_session
from hwnas.spaces import load_space

_ARCHS = {
    "nasbench201": "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+"
    "|skip_connect~0|none~1|nor_conv_3x3~2|",
    "mnasnet": "e1k3l1-e4k3l1se-e1k5l1-e1k3l1-e1k3l1-e1k3l1-e1k3l1",
}


def _model(name: str = "nasbench201") -> Model:
    space = load_space(name)
    data = model_onnx(space, space.parse(_ARCHS[name]), batch=1)
    (graph_input,) = onnx.load_model_from_string(data).graph.input
    shape = [axis.dim_value for axis in graph_input.type.tensor_type.shape.dim]
    inputs = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    return Model(name, data, {graph_input.name: inputs})


def _outputs(model: Model) -> np.ndarray:
    return open_session(model.data).run(None, dict(model.inputs))[0]


@pytest.mark.parametrize("name", _ARCHS)
def test_quantised_model_is_near_the_model(name: str) -> None:
    model = _model(name)
    expected, outputs = _outputs(model), _outputs(quantize_static(model))
    assert outputs.shape == expected.shape
    assert np.corrcoef(outputs.ravel(), expected.ravel())[0, 1] > 0.99
    assert np.abs(outputs - expected).max() < 0.3 * np.abs(expected).max()


def test_convolutions_read_integers() -> None:
    graph = onnx.load_model_from_string(quantize_static(_model()).data).graph
    producers = {name: node for node in graph.node for name in node.output}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    convs = [node for node in graph.node if node.op_type == "Conv"]
    assert convs
    for conv in convs:
        data, weights = (producers[name] for name in conv.input[:2])
        assert data.op_type == weights.op_type == "DequantizeLinear"
        assert tensors[weights.input[0]].data_type == TensorProto.INT8
        # One scale for each channel that it puts out.
        assert list(tensors[weights.input[1]].dims) == list(tensors[weights.input[0]].dims)[:1]


def test_large_model_shrinks_to_about_a_quarter() -> None:
    model = _model("mnasnet")
    assert len(quantize_static(model).data) < 0.4 * len(model.data)


def test_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    model = _model()
    first = quantize_static(model, seed=3).data
    assert quantize_static(model, seed=3).data == first
    assert quantize_static(model, seed=4).data != first


def test_quantised_model_says_what_it_is_good_for() -> None:
    proto = onnx.load_model_from_string(quantize_static(_model()).data)
    properties = {each.key: each.value for each in proto.metadata_props}
    assert properties["quantization"] == QUANTIZATION_LABEL
    assert properties["arch"] == _ARCHS["nasbench201"]


def test_nothing_is_printed_logged_or_left(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = logging.getLogger().handlers[:], logging.root.manager.disable
    quantize_static(_model("mnasnet"))
    assert capfd.readouterr() == ("", "")
    assert (logging.getLogger().handlers, logging.root.manager.disable) == before
    assert not list(tmp_path.iterdir())


def test_quantised_model_is_not_quantised_again() -> None:
    quantized = quantize_static(_model())
    with pytest.raises(MeasurementError, match=r"nasbench201: .* it is quantised already\. Leave"):
        quantize_static(quantized)


def _single(kind: str, tensor: TensorProto | None = None) -> Model:
    graph = helper.make_graph(
        [helper.make_node(kind, ["x"] if tensor is None else ["x", tensor.name], ["y"])],
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [] if tensor is None else [tensor],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    inputs = {"x": np.zeros((1, 4, 8, 8), dtype=np.float32)}
    return Model("made.onnx", proto.SerializeToString(), inputs)


def test_what_the_quantiser_lacks_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("onnxruntime.quantization")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("onnxruntime.quantization", raising=False)
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with contextlib.suppress(ImportError):
        importlib.import_module("onnxruntime.quantization")
        pytest.skip("this release of ONNX Runtime needs no ml_dtypes")
    message = r"with ml_dtypes, which is not installed .* Install it with: pip install ml_dtypes$"
    with pytest.raises(MeasurementError, match=message):
        quantize_static(_model())


def test_model_without_anything_to_quantise_is_told_so() -> None:
    with pytest.raises(MeasurementError, match=r"made\.onnx: .* can quantise.*; it found none"):
        quantize_static(_single("Erf"))


def test_model_that_cannot_be_run_is_one_line() -> None:
    weights = numpy_helper.from_array(np.zeros((4, 5, 3, 3), dtype=np.float32), "w")
    with pytest.raises(MeasurementError, match=r"made\.onnx: .*it cannot \(.*\)\.$") as caught:
        quantize_static(_single("Conv", weights))
    assert "\n" not in str(caught.value)


def test_inputs_that_are_no_fractions_are_calibrated_with_as_they_are() -> None:
    tensors = [
        numpy_helper.from_array(np.ones((4, 8), dtype=np.float32), "table"),
        numpy_helper.from_array(np.ones((8, 3), dtype=np.float32), "w"),
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "tokens"], ["rows"]),
            helper.make_node("MatMul", ["rows", "w"], ["y"]),
        ],
        "made",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 6, 3])],
        tensors,
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    model = Model("made", proto.SerializeToString(), {"tokens": np.full((1, 6), 3)})
    np.testing.assert_allclose(_outputs(quantize_static(model)), 8.0, rtol=0.02)
    # A token that the table has no row for is what calibration then stumbles over.
    with pytest.raises(MeasurementError, match="it cannot"):
        quantize_static(replace(model, inputs={"tokens": np.full((1, 6), 9)}))
