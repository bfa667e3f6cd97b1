"""ONNX files read as operation graphs: counted by hand, by torch, and against the spaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwnas.core.graph import GraphBuilder
from hwnas.errors import ArtifactError
from hwnas.models.onnx_graph import OnnxGraph, fold_batch_norms, read_onnx
from hwnas.spaces import SPACES, load_space

_FREE = "batch"


def _tensor(name: str, *shape: int, value: float = 0.5) -> TensorProto:
    return numpy_helper.from_array(np.full(shape, value, dtype=np.float32), name)


def _numbers(name: str, *numbers: int) -> TensorProto:
    return numpy_helper.from_array(np.array(numbers, dtype=np.int64), name)


def _saved(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    tensors: Sequence[TensorProto] = (),
    shape: Sequence[int | str] = (_FREE, 4, 8, 8),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """A file of a model that reads ``x`` and puts out ``y``."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    path.write_bytes(model.SerializeToString())
    return path


def _node(kind: str, inputs: str, output: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made.onnx"


def _only(read: OnnxGraph) -> tuple:
    (operation,) = read.graph
    return operation.kind, operation.params, operation.macs, operation.out_shape


# --- counted by hand -----------------------------------------------------------------------------


def test_strided_dilated_grouped_convolution_by_hand(file) -> None:
    how = {"group": 2, "strides": [2, 2], "dilations": [2, 2], "pads": [2, 2, 2, 2]}
    _saved(file, [_node("Conv", "x w b", **how)], [_tensor("w", 6, 2, 3, 3), _tensor("b", 6)])
    read = read_onnx(file)
    assert _only(read) == ("conv", 6 * 2 * 9 + 6, 6 * 4 * 4 * 2 * 9, (6, 4, 4))
    (conv,) = read.graph
    assert (conv.kernel, conv.stride, conv.dilation, conv.groups) == (3, 2, 2, 2)


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm_is_a_linear_layer(transposed: int, file) -> None:
    size = (5, 7) if transposed else (7, 5)
    tensors = [_tensor("w", *size), _tensor("b", 5)]
    _saved(file, [_node("Gemm", "x w b", transB=transposed)], tensors, (_FREE, 7))
    assert _only(read_onnx(file)) == ("linear", 40, 35, (5,))


def test_product_with_a_matrix_and_a_sum_are_one_linear_layer(file) -> None:
    nodes = [_node("MatMul", "x w", "p"), _node("Add", "b p", "y")]
    _saved(file, nodes, [_tensor("w", 7, 5), _tensor("b", 5)], (_FREE, 3, 7))
    read = read_onnx(file)
    assert _only(read) == ("linear", 40, 3 * 35, (3, 5))
    assert read.uncounted_tensors == {}


def test_products_of_what_flows_are_counted_apart(file) -> None:
    nodes = [_node("Transpose", "x", "t", perm=[0, 2, 1]), _node("MatMul", "x t")]
    graph = read_onnx(_saved(file, nodes, shape=(_FREE, 3, 7))).graph
    assert (graph.macs, graph.matmul_macs) == (0, 3 * 3 * 7)


def test_statistics_of_a_batch_norm_are_no_parameters(file) -> None:
    tensors = [_tensor(name, 4) for name in "sbmv"]
    read = read_onnx(_saved(file, [_node("BatchNormalization", "x s b m v")], tensors))
    assert _only(read) == ("batch_norm", 8, 0, (4, 8, 8))
    assert read.uncounted_tensors == {}


def test_embedding_norm_and_mean_of_tokens_by_hand(file) -> None:
    nodes = [
        _node("Gather", "e x", "g"),
        _node("LayerNormalization", "g s b", "n"),
        _node("ReduceMean", "n axes", keepdims=0),
    ]
    tensors = [_tensor("e", 100, 6), _tensor("s", 6), _tensor("b", 6), _numbers("axes", 1)]
    read = read_onnx(_saved(file, nodes, tensors, (_FREE, 9), TensorProto.INT64))
    assert [operation.kind for operation in read.graph] == [
        "embedding",
        "layer_norm",
        "global_avg_pool",
    ]
    assert (read.graph.params, read.graph.macs) == (612, 0)
    assert read.graph.operations[-1].out_shape == (6,)


def test_what_depends_on_sizes_alone_costs_nothing(file) -> None:
    nodes = [
        _node("Shape", "x", "s"),
        _node("Gather", "s first", "n"),
        _node("Concat", "n rest", "to", axis=0),
        _node("Reshape", "x to", "r"),
        _node("Gemm", "r w"),
    ]
    tensors = [_numbers("first", 0), _numbers("rest", 256), _tensor("w", 256, 3)]
    read = read_onnx(_saved(file, nodes, tensors))
    assert [operation.kind for operation in read.graph] == ["reshape", "linear"]
    assert read.graph.macs == 256 * 3


def test_counts_by_kind_add_up(file) -> None:
    nodes = [_node("Conv", "x w", "c"), _node("Relu", "c", "r"), _node("Conv", "r w2")]
    _saved(file, nodes, [_tensor("w", 4, 4, 1, 1), _tensor("w2", 2, 4, 1, 1)])
    counts = read_onnx(file).counts
    assert counts["conv"] == {"n": 2, "params": 24, "macs": 64 * 24, "matmul_macs": 0}
    assert counts["relu"] == {"n": 1, "params": 0, "macs": 0, "matmul_macs": 0}


def test_clip_to_six_is_an_activation(file) -> None:
    tensors = [_tensor("low", value=0.0), _tensor("high", value=6.0)]
    read = read_onnx(_saved(file, [_node("Clip", "x low high")], tensors))
    assert [operation.kind for operation in read.graph] == ["relu6"]


# --- what cannot be counted is named -------------------------------------------------------------


def test_operator_that_nobody_can_count_is_named(file) -> None:
    nodes = [
        _node("Conv", "x w", "c"),
        _node("Mish", "c", "m"),
        _node("ConvTranspose", "m w", "t"),
        _node("Mish", "t"),
    ]
    read = read_onnx(_saved(file, nodes, [_tensor("w", 4, 4, 1, 1)]))
    assert read.uncounted == {"ConvTranspose": 1, "Mish": 2}
    assert read.counts["conv"]["macs"] == 64 * 16
    with pytest.raises(ArtifactError, match=r"also holds ConvTranspose \(1\), Mish \(2\)"):
        _ = read.graph


def test_sum_after_what_could_not_be_read_is_no_bias(file) -> None:
    nodes = [_node("MatMul", "x w", "p"), _node("Mish", "p", "m"), _node("Add", "m b")]
    read = read_onnx(_saved(file, nodes, [_tensor("w", 7, 5), _tensor("b", 5)], (_FREE, 3, 7)))
    assert read.counts["linear"]["params"] == 35
    assert read.uncounted_tensors == {"b": 5}


def test_operator_of_another_domain_is_named_with_it(file) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], domain="com.example")
    model = onnx.load(_saved(file, [node], [_tensor("w", 4, 4, 1, 1)]))
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    file.write_bytes(model.SerializeToString())
    read = read_onnx(file)
    assert read.uncounted == {"com.example.Conv": 1}
    assert read.uncounted_tensors == {"w": 16}


@pytest.mark.parametrize(
    ("nodes", "tensors", "name"),
    [
        ([_node("Relu", "w", "v"), _node("Conv", "x x")], [_tensor("w", 4, 4, 1, 1)], "Conv"),
        ([_node("Clip", "x low")], [_tensor("low", value=0.0)], "Clip"),
        ([_node("ReduceMean", "x axes")], [_numbers("axes", 1)], "ReduceMean"),
        ([_node("Conv", "x w", strides=[1, 2])], [_tensor("w", 4, 4, 1, 1)], "Conv"),
        ([_node("MatMul", "w x")], [_tensor("w", 8, 8)], "MatMul"),
        ([_node("MatMul", "x w")], [_tensor("w", 4, 8, 8)], "MatMul"),
        ([_node("LayerNormalization", "x s", axis=1)], [_tensor("s", 4, 8, 8)],
         "LayerNormalization"),
    ],
)  # fmt: skip
def test_operator_in_a_use_that_is_not_understood_is_named(nodes, tensors, name, file) -> None:
    shape = (4, 4, 1, 1) if nodes[-1].input[0] == nodes[-1].input[-1] else (_FREE, 4, 8, 8)
    assert read_onnx(_saved(file, nodes, tensors, shape)).uncounted == {name: 1}


def test_branches_are_named(file) -> None:
    def branch(name: str) -> onnx.GraphProto:
        out = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
        return helper.make_graph([_node("Relu", "x", "o")], name, [], [out])

    flag = numpy_helper.from_array(np.array(True), "flag")
    node = _node("If", "flag", then_branch=branch("a"), else_branch=branch("b"))
    assert read_onnx(_saved(file, [node], [flag])).uncounted == {"If": 1}


def test_tensor_that_no_operation_owns_is_named(file) -> None:
    nodes = [_node("Add", "x position", "p"), _node("Mul", "p scale")]
    read = read_onnx(_saved(file, nodes, [_tensor("position", 4, 8, 8), _tensor("scale")]))
    assert read.uncounted_tensors == {"position": 256, "scale": 1}
    assert read.graph.params == 0


def test_parameters_that_two_operations_count_are_told(file) -> None:
    nodes = [_node("Conv", "x w", "c"), _node("Conv", "c w")]
    read = read_onnx(_saved(file, nodes, [_tensor("w", 4, 4, 3, 3)]))
    assert (read.graph.params, read.n_shared) == (2 * 144, 144)


def test_image_of_unknown_size_leaves_nothing_to_count(file) -> None:
    shape = (_FREE, 4, "height", "width")
    read = read_onnx(_saved(file, [_node("Conv", "x w")], [_tensor("w", 4, 4, 1, 1)], shape))
    assert read.uncounted == {"Conv of unknown shape": 1}


# --- batches -------------------------------------------------------------------------------------


def test_file_of_a_fixed_batch_is_counted_for_one_image(file) -> None:
    _saved(file, [_node("Conv", "x w")], [_tensor("w", 4, 4, 1, 1)], (8, 4, 8, 8))
    assert read_onnx(file).graph.macs == 64 * 16


def test_batch_that_is_merged_with_tokens_counts_them_all(file) -> None:
    nodes = [_node("Reshape", "x to", "r"), _node("Gemm", "r w")]
    _saved(file, nodes, [_numbers("to", -1, 7), _tensor("w", 7, 5)], (_FREE, 3, 7))
    assert read_onnx(file).graph.macs == 3 * 35


def test_batch_that_is_written_into_the_model_is_no_count_of_one_image(file) -> None:
    nodes = [_node("Reshape", "x to", "r"), _node("Gemm", "r w")]
    _saved(file, nodes, [_numbers("to", 8, 7), _tensor("w", 7, 5)], (8, 7))
    assert read_onnx(file).uncounted == {"Reshape": 1}


# --- files ---------------------------------------------------------------------------------------


def test_weights_beside_the_file_are_not_needed(file) -> None:
    tensors = [_tensor("w", 64, 4, 3, 3), _tensor("b", 64)]
    model = onnx.load(_saved(file, [_node("Conv", "x w b")], tensors))
    onnx.save(model, file, save_as_external_data=True, location="weights", size_threshold=0)
    (file.parent / "weights").unlink()
    assert read_onnx(file).graph.params == 64 * 4 * 9 + 64


@pytest.mark.parametrize("data", [b"\xff\xff no protobuf", b"", b"PK\x03\x04"])
def test_file_that_is_no_onnx_is_refused(data: bytes, file) -> None:
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"made\.onnx must be an ONNX file"):
        read_onnx(file)


def test_missing_file_is_refused(file) -> None:
    with pytest.raises(ArtifactError, match=r"cannot be read \(No such file or directory\)"):
        read_onnx(file)


def test_model_of_two_inputs_is_refused(file) -> None:
    model = onnx.load(_saved(file, [_node("Add", "x z")]))
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 4, 8, 8)))
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ArtifactError, match="must be a model of one input; it has 2"):
        read_onnx(file)


def test_operator_that_reads_nothing_known_is_refused(file) -> None:
    _saved(file, [_node("Conv", "x w", "c"), _node("Relu", "lost")], [_tensor("w", 4, 4, 1, 1)])
    with pytest.raises(ArtifactError, match=r"made\.onnx must be a valid ONNX model"):
        read_onnx(file)


# --- against other counts ------------------------------------------------------------------------


def test_folding_moves_a_normalisation_into_the_convolution_it_alone_reads() -> None:
    net = GraphBuilder((3, 8, 8))
    stem = net.same("batch_norm", net.conv(-1, 4, kernel=3))
    forked = net.conv(stem, 4, kernel=1)
    total = net.add(net.same("batch_norm", forked), forked)
    net.same("batch_norm", total)
    folded = fold_batch_norms(net.build())
    assert [operation.kind for operation in folded] == [
        "conv", "conv", "batch_norm", "add", "batch_norm",
    ]  # fmt: skip
    assert [operation.inputs for operation in folded] == [(-1,), (0,), (1,), (2, 1), (3,)]
    assert net.build().params - folded.params == 4


def _trained(space, arch):
    """A model whose normalisations do something, as after training: no bias of it is zero."""
    torch = pytest.importorskip("torch")
    from hwnas.models.building import build_model

    model, generator = build_model(space, arch).eval(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.0, generator=generator)
    return model


@pytest.mark.long
@pytest.mark.parametrize("name", list(SPACES))
def test_exported_models_count_what_their_space_counts(name: str, file) -> None:
    pytest.importorskip("onnxscript")
    from hwnas.models.torch_onnx import to_onnx

    space = load_space(name)
    (arch,) = (space.canonical(each) for each in space.sample(1, np.random.default_rng(1)))
    graph = space.graph(arch)
    proto = to_onnx(_trained(space, arch), graph.operations[0].in_shape)
    file.write_bytes(proto.SerializeToString())
    read = read_onnx(file)
    assert read.graph.macs == graph.macs
    assert read.graph.params == fold_batch_norms(graph).params
    assert read.n_shared == 0
    assert set(read.uncounted_tensors.values()) <= {1}


@pytest.mark.long
def test_exported_transformer_counts_what_the_builder_counts(file) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from hwnas.models.torch_onnx import to_onnx

    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, activation="gelu", batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(0.1, 1.0, generator=torch.Generator().manual_seed(1))
    file.write_bytes(to_onnx(layer.eval(), (10, 64)).SerializeToString())
    read = read_onnx(file)
    assert read.graph.macs == 10 * (4 * 64 * 64 + 2 * 64 * 128)
    assert read.graph.matmul_macs == 2 * 10 * 10 * 64
    assert read.graph.params == sum(parameter.numel() for parameter in layer.parameters())
