"""Any ONNX file as what backends run, and a table of those that cannot be one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwnas.errors import ArtifactError, ConfigError, HwnasError, MeasurementError
from hwnas.measure.backends.ort import OnnxRuntime
from hwnas.measure.files import read_model

_GB = 10**9


def _node(kind: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def _numbers(name: str, *numbers: int) -> TensorProto:
    return numpy_helper.from_array(np.array(numbers, dtype=np.int64), name)


def _weights(*shape: int, name: str = "w") -> TensorProto:
    return numpy_helper.from_array(np.full(shape, 0.5, dtype=np.float32), name)


def _proto(
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[TensorProto] = (),
    shape: Sequence[int | str | None] | None = (1, 4),
    kind: int = TensorProto.FLOAT,
    inputs: Sequence[onnx.ValueInfoProto] | None = None,
    out_kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    if inputs is None:
        inputs = [helper.make_tensor_value_info("x", kind, shape)]
    graph = helper.make_graph(
        nodes, "made", inputs, [helper.make_tensor_value_info("y", out_kind, None)], tensors
    )
    opsets = [helper.make_opsetid(each, 1) for each in {node.domain for node in nodes} - {""}]
    opsets.append(helper.make_opsetid("", 20))
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _linear(shape: Sequence[int | str | None] | None = (1, 4)) -> onnx.ModelProto:
    return _proto([_node("MatMul", "x w")], [_weights(4, 3)], shape)


def _relu(shape: Sequence[int | str | None] | None) -> onnx.ModelProto:
    return _proto([_node("Relu", "x")], (), shape)


def _saved(path: Path, proto: onnx.ModelProto) -> Path:
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    return folder / "made.onnx"


# --- files that can be read ----------------------------------------------------------------------


def test_model_of_fixed_shape_runs_on_inputs_of_that_shape(file: Path) -> None:
    model = read_model(_saved(file, _linear((2, 4))))
    assert model.name == "made.onnx"
    assert {name: values.shape for name, values in model.inputs.items()} == {"x": (2, 4)}
    (outputs,) = OnnxRuntime().open(model, 1).outputs()
    np.testing.assert_allclose(outputs, model.inputs["x"] @ np.full((4, 3), 0.5), rtol=1e-5)


def test_batch_size_closes_the_open_first_axis_of_every_input(file: Path) -> None:
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4]),
        helper.make_tensor_value_info("z", TensorProto.FLOAT, [None, 4]),
    ]
    model = read_model(_saved(file, _proto([_node("Add", "x z")], inputs=inputs)), batch=5)
    assert {name: values.shape for name, values in model.inputs.items()} == {
        "x": (5, 4),
        "z": (5, 4),
    }
    graph = onnx.load_model_from_string(model.data).graph
    assert [
        [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    ] == [[5, 4]] * 3


def test_given_shape_closes_other_axes_and_all_of_the_same_name(file: Path) -> None:
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "height"]),
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", "height"]),
    ]
    path = _saved(file, _proto([_node("Add", "x z")], inputs=inputs))
    model = read_model(path, shapes={"x": (2, 7)})
    assert [values.shape for values in model.inputs.values()] == [(2, 7), (2, 7)]


def test_stored_weights_among_the_inputs_are_no_inputs(file: Path) -> None:
    proto = _linear()
    proto.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 3]))
    assert list(read_model(_saved(file, proto)).inputs) == ["x"]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (TensorProto.FLOAT, np.float32),
        (TensorProto.FLOAT16, np.float16),
        (TensorProto.DOUBLE, np.float64),
    ],
)
def test_inputs_are_normal_numbers_of_the_models_precision(
    kind: int, dtype: type, file: Path
) -> None:
    proto = _proto([_node("Identity", "x")], (), (500, 4), kind, out_kind=kind)
    values = read_model(_saved(file, proto)).inputs["x"]
    assert values.dtype == dtype
    assert abs(values.mean()) < 0.1
    assert 0.9 < values.std() < 1.1


def test_same_seed_gives_the_same_inputs(file: Path) -> None:
    path = _saved(file, _linear())
    first = read_model(path, seed=3).inputs["x"]
    assert np.array_equal(read_model(path, seed=3).inputs["x"], first)
    assert not np.array_equal(read_model(path, seed=4).inputs["x"], first)


def _with_external(path: Path, location: str = "made.data") -> Path:
    """A file whose weights lie at a location; that they are there is left to others."""
    proto = _linear()
    (tensor,) = proto.graph.initializer
    onnx.external_data_helper.set_external_data(tensor, location, offset=0, length=48)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return _saved(path, proto)


def test_weights_beside_the_file_are_brought_into_the_model(file: Path) -> None:
    (file.parent / "made.data").write_bytes(np.full(12, 2.0, dtype=np.float32).tobytes())
    model = read_model(_with_external(file))
    (tensor,) = onnx.load_model_from_string(model.data).graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), np.full((4, 3), 2.0))
    assert tensor.data_location == TensorProto.DEFAULT


def test_link_inside_the_folder_is_followed(file: Path) -> None:
    (file.parent / "real.data").write_bytes(bytes(48))
    (file.parent / "made.data").symlink_to("real.data")
    assert read_model(_with_external(file)).data


# --- files that cannot ---------------------------------------------------------------------------


def _refused(
    kind: type[HwnasError], words: str, attempt: Callable[[], object]
) -> pytest.ExceptionInfo[HwnasError]:
    with pytest.raises(kind, match=words) as caught:
        attempt()
    assert "\n" not in str(caught.value)
    return caught


def test_missing_file_is_told(file: Path) -> None:
    _refused(ArtifactError, r"made\.onnx must be an ONNX file; .*No such", lambda: read_model(file))


def test_folder_is_no_file(file: Path) -> None:
    _refused(ArtifactError, "it is a folder or a device", lambda: read_model(file.parent))


def test_pipe_is_no_file(file: Path) -> None:
    os.mkfifo(file)
    _refused(ArtifactError, "it is a folder or a device", lambda: read_model(file))


@pytest.mark.parametrize("data", [b"#!/bin/sh\necho no model\n", b"\x80\x04\x95pickle", b""])
def test_file_that_is_not_onnx_is_told(data: bytes, file: Path) -> None:
    file.write_bytes(data)
    _refused(ArtifactError, "must be an ONNX file", lambda: read_model(file))


def test_truncated_file_is_told_wherever_it_ends(file: Path) -> None:
    data = _linear().SerializeToString()
    for n_bytes in range(len(data)):
        file.write_bytes(data[:n_bytes])
        _refused(HwnasError, r"made\.onnx", lambda: read_model(file, available_bytes=_GB))


@pytest.mark.parametrize("letter", [b"\n", b"\x1b", b"\xff"])
def test_damaged_names_are_told(letter: bytes, file: Path) -> None:
    data = _linear().SerializeToString()
    file.write_bytes(data.replace(b"MatMul", b"Mat" + letter + b"ul"))
    _refused(ArtifactError, "names in it are no printable text", lambda: read_model(file))


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("../outside.data", r"refers to '\.\./outside\.data', which lies outside"),
        ("/etc/hostname", r"refers to '/etc/hostname', which lies outside"),
        ("link.data", r"refers to 'link\.data', which lies outside"),
        ("missing.data", r"there is no file 'missing\.data' in its folder"),
        (".", r"there is no file '\.' in its folder"),
        ("", "which lies outside"),
        ("short.data", r"'short\.data' must have at least 48 bytes for 'w'; it has 47"),
        # By this name ONNX Runtime would read its own memory.
        ("*/_ORT_MEM_ADDR_/*", "there is no file"),
        ("long" * 2000, "there is no file"),
    ],
)
def test_weights_elsewhere_or_not_whole_are_refused(location: str, words: str, file: Path) -> None:
    outside = file.parent.parent / "outside.data"
    outside.write_bytes(bytes(48))
    (file.parent / "short.data").write_bytes(bytes(47))
    (file.parent / "link.data").symlink_to(outside)
    _with_external(file, location)
    _refused(ArtifactError, words, lambda: read_model(file))


@pytest.mark.parametrize(("key", "value"), [("offset", "-4"), ("offset", "x"), ("length", "12")])
def test_weights_at_no_place_are_refused(key: str, value: str, file: Path) -> None:
    (file.parent / "made.data").write_bytes(bytes(48))
    proto = onnx.load_model(_with_external(file), load_external_data=False)
    for entry in proto.graph.initializer[0].external_data:
        if entry.key == key:
            entry.value = value
    _saved(file, proto)
    _refused(ArtifactError, "must say where in 'made.data' the 48 bytes", lambda: read_model(file))


def test_weights_of_operators_elsewhere_are_refused(file: Path) -> None:
    tensor = _weights(4, 3, name="hidden")
    onnx.external_data_helper.set_external_data(tensor, "/etc/hostname")
    tensor.ClearField("raw_data")
    nodes = [helper.make_node("Constant", [], ["w"], value=tensor), _node("MatMul", "x w")]
    _saved(file, _proto(nodes))
    _refused(ArtifactError, "lies outside", lambda: read_model(file))


def test_more_than_one_file_can_hold_is_told_before_it_is_read(file: Path) -> None:
    proto = _proto([_node("MatMul", "x w")], [_weights(1, 1)], (1, 24_000))
    (tensor,) = proto.graph.initializer
    tensor.dims[:] = [24_000, 24_000]
    onnx.external_data_helper.set_external_data(tensor, "made.data")
    tensor.ClearField("raw_data")
    with (file.parent / "made.data").open("wb") as data:
        data.truncate(24_000**2 * 4)
    _saved(file, proto)
    _refused(
        ArtifactError,
        r"must be smaller than 2 GiB .*; it is 2\.1 GiB",
        lambda: read_model(file, available_bytes=100 * _GB),
    )


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        (["n", 4], {}, r"leaves axis 0 \('n'\) of input 'x' \(n, 4\) open.*: batch=1\.$"),
        ([None, 4], {}, r"leaves axis 0 of input 'x' \(\?, 4\) open"),
        ([-1, 4], {}, r"leaves axis 0 of input 'x' \(\?, 4\) open"),
        (
            ["n", "wide"],
            {"batch": 2},
            r"axis 1 \('wide'\) .*open\. Give its size: shapes=\{.x.: \[2,1\]\} \(",
        ),
        (["n", "wide"], {}, r"batch=1, or shapes=\{.x.: \[1,1\]\}"),
        (
            None,
            {},
            r"does not say the shape of input 'x'\. Give it: shapes=\{.x.: \[1,3,224,224\]\}",
        ),
        ([1, 4], {"batch": 8}, r"batch= must be 1, which made\.onnx is fixed at; got 8"),
        (["n", 4], {"batch": 0}, r"batch= must be at least 1; got 0"),
        (["n", 4], {"shapes": {"x": (2, 5)}}, r"must fit \(n, 4\) of made\.onnx; got 2,5"),
        (["n", 4], {"shapes": {"x": (2, 4, 1)}}, r"must fit \(n, 4\) of made\.onnx; got 2,4,1"),
        (["n", 4], {"shapes": {"x": (0, 4)}}, r"Sizes of input 'x' .* at least 1; got 0,4"),
        (["n", 4], {"shapes": {"z": (2, 4)}}, r"must name an input of made\.onnx, one of x; got"),
    ],
)
def test_sizes_that_are_missing_or_cannot_be_are_told(
    shape: Sequence[int | str | None] | None, options: dict[str, Any], words: str, file: Path
) -> None:
    _saved(file, _relu(shape))
    _refused(ConfigError, words, lambda: read_model(file, **options))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (TensorProto.INT64, "int64"),
        (TensorProto.STRING, "string"),
        (TensorProto.BOOL, "bool"),
        (TensorProto.BFLOAT16, "bfloat16"),
    ],
)
def test_inputs_that_are_not_float_are_told(kind: int, word: str, file: Path) -> None:
    _saved(file, _proto([_node("Identity", "x")], (), (1, 4), kind, out_kind=kind))
    _refused(
        MeasurementError, f"float32, float16 or double.*'x' is {word}", lambda: read_model(file)
    )


def test_input_that_is_no_tensor_is_told(file: Path) -> None:
    inputs = [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [1, 4])]
    _saved(file, _proto([_node("ConcatFromSequence", "x", axis=0)], inputs=inputs))
    _refused(MeasurementError, "'x' is sequence", lambda: read_model(file))


def test_model_without_inputs_is_told(file: Path) -> None:
    _saved(file, _proto([_node("Relu", "w")], [_weights(1, 4)], inputs=[]))
    _refused(MeasurementError, "must have an input", lambda: read_model(file))


def test_all_operators_that_are_not_supported_are_named(file: Path) -> None:
    nodes = [
        _node("MadeUp", "x", "a", domain="org.made"),
        _node("Other", "a", "b", domain="org.made"),
        _node("Nonsense", "b", "c"),
        _node("Relu", "c"),
    ]
    _saved(file, _proto(nodes))
    words = (
        r"does not support Nonsense, org\.made\.MadeUp, org\.made\.Other, or not in this precision"
    )
    _refused(MeasurementError, words, lambda: read_model(file))


def test_operator_that_the_runtime_does_not_have_in_a_precision_is_named(file: Path) -> None:
    weights = numpy_helper.from_array(np.ones((1, 1, 3, 3)), "w")
    kind = TensorProto.DOUBLE
    _saved(file, _proto([_node("Conv", "x w")], [weights], (1, 1, 8, 8), kind, out_kind=kind))
    words = r"does not support Conv, or not in this precision\. Export"
    _refused(MeasurementError, words, lambda: read_model(file))


def test_shapes_that_do_not_fit_are_told_in_the_runtimes_words(file: Path) -> None:
    _saved(file, _linear((1, 5)))
    _refused(
        MeasurementError, "ONNX Runtime must run the model; it cannot", lambda: read_model(file)
    )


# --- memory --------------------------------------------------------------------------------------


def _filled(*sides: int) -> onnx.ModelProto:
    """A tiny file that makes a tensor of any size."""
    nodes = [
        _node("ConstantOfShape", "sides", "made"),
        _node("Add", "x made", "sum"),
        _node("ReduceMax", "sum", keepdims=0),
    ]
    return _proto(nodes, [_numbers("sides", *sides)], (1,))


def test_activations_that_do_not_fit_are_told_with_both_numbers(file: Path) -> None:
    _saved(file, _filled(25, 10**6, 10**6))
    _refused(
        MeasurementError,
        r"needs about 200,000\.00 GB of memory \(weights of 0\.00 GB 3 times, inputs and "
        r"activations of 200,000\.00 GB\); 8\.00 GB are free here",
        lambda: read_model(file, available_bytes=8 * _GB),
    )


def test_expanded_input_is_seen(file: Path) -> None:
    nodes = [_node("Expand", "x sides", "made"), _node("ReduceMax", "made", keepdims=0)]
    _saved(file, _proto(nodes, [_numbers("sides", 10**7, 10**7)], (1,)))
    _refused(MeasurementError, r"needs about 400,000\.00 GB", lambda: read_model(file))


def test_weights_that_are_only_claimed_are_seen(file: Path) -> None:
    proto = _linear((1, 10**7))
    proto.graph.initializer[0].dims[:] = [10**7, 10**7]
    _saved(file, proto)
    _refused(MeasurementError, r"weights of 400,000\.00 GB", lambda: read_model(file))


def test_batch_that_does_not_fit_is_told_before_inputs_are_drawn(file: Path) -> None:
    _saved(file, _relu(["n", 4]))
    words = r"needs about 48,000\.00 GB .*Choose a smaller batch="
    _refused(MeasurementError, words, lambda: read_model(file, batch=10**12))


def test_file_itself_may_be_too_large_to_be_read(file: Path) -> None:
    _saved(file, _proto([_node("MatMul", "x w")], [_weights(1000, 100)], (1, 1000)))
    words = r"needs about 0\.00 GB of memory"
    _refused(MeasurementError, words, lambda: read_model(file, available_bytes=1_000_000))


def test_model_that_fits_is_read(file: Path) -> None:
    _saved(file, _proto([_node("MatMul", "x w")], [_weights(1000, 100)], (1, 1000)))
    assert read_model(file, available_bytes=_GB).inputs["x"].shape == (1, 1000)


def test_size_that_only_shows_as_it_runs_is_an_error_and_no_killed_process(file: Path) -> None:
    nodes = [
        _node("Exp", "x", "many"),
        _node("Mul", "many scale", "wide"),
        _node("Cast", "wide", "sides", to=TensorProto.INT64),
        _node("ConstantOfShape", "sides", "made"),
        _node("ReduceMax", "made", keepdims=0),
    ]
    scale = numpy_helper.from_array(np.array([1e5], dtype=np.float32), "scale")
    _saved(file, _proto(nodes, [scale], (3,)))
    _refused(
        MeasurementError,
        r"needs more than 2\.00 GB of memory .*not counting what shapes do not tell: "
        r"ConstantOfShape \(1\)",
        lambda: read_model(file, available_bytes=2 * _GB),
    )
