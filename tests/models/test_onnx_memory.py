"""Memory of ONNX models, estimated from shapes: counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hwnas.models.onnx_memory import NeededMemory, needed_memory


def _node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def _needed(
    nodes: Sequence[onnx.NodeProto], tensors: Sequence[TensorProto] = (), width: int = 10
) -> NeededMemory:
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    return needed_memory(onnx.shape_inference.infer_shapes(model, data_prop=True))


def _tensor(name: str, *shape: int) -> TensorProto:
    return numpy_helper.from_array(np.zeros(shape, dtype=np.float32), name)


def test_chain_holds_two_tensors_at_once() -> None:
    nodes = [_node("Relu", "x", "a"), _node("Abs", "a", "b"), _node("Neg", "b", "y")]
    assert _needed(nodes) == NeededMemory(0, 40, 2 * 40, {})


def test_branch_is_alive_until_its_last_reader() -> None:
    nodes = [_node("Relu", "x", "a"), _node("Abs", "a", "b"), _node("Add", "b x", "y")]
    # x and a, b or y, and one between.
    assert _needed(nodes).activations_bytes == 3 * 40


def test_matrix_product_needs_its_weights_once() -> None:
    needed = _needed([_node("MatMul", "x w", "y")], [_tensor("w", 10, 300)])
    assert needed == NeededMemory(12_000, 40, 40 + 1200, {})


def test_what_is_made_of_constants_is_kept() -> None:
    nodes = [
        _node("Abs", "w", "v"),
        _node("Add", "x v", "a"),
        _node("Relu", "a", "b"),
        _node("Neg", "b", "y"),
    ]
    assert _needed(nodes, [_tensor("w", 1, 10)]).activations_bytes == 3 * 40


def test_output_that_nothing_reads_is_let_go() -> None:
    nodes = [_node("Abs", "x", "unread"), _node("Relu", "x", "a"), _node("Neg", "a", "y")]
    assert _needed(nodes).activations_bytes == 2 * 40


def test_constants_of_operators_are_weights() -> None:
    constant = helper.make_node("Constant", [], ["w"], value=_tensor("w", 1, 10))
    needed = _needed([constant, _node("Add", "x w", "y")])
    assert (needed.weights_bytes, needed.activations_bytes) == (40, 80)


def test_branch_of_a_condition_counts_what_it_holds() -> None:
    def body(*nodes: onnx.NodeProto) -> onnx.GraphProto:
        out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, "body", [], [out])

    nodes = [
        _node("ReduceMax", "x", "most", keepdims=0),
        _node("Cast", "most", "is_any", to=TensorProto.BOOL),
        helper.make_node(
            "If", ["is_any"], ["y"],
            then_branch=body(_node("Concat", "x x x", "wide", axis=1),
                             _node("ReduceSum", "wide", "out")),
            else_branch=body(_node("ReduceSum", "x", "out")),
        ),
    ]  # fmt: skip
    # The input, the condition, three inputs beside each other and the two outputs of one number.
    assert _needed(nodes).activations_bytes == 40 + 1 + 120 + 4 + 4


def test_operators_of_unknown_shape_are_named() -> None:
    nodes = [_node("NonZero", "x", "places"), _node("Cast", "places", "y", to=1)]
    needed = _needed(nodes)
    assert needed.unknown == {"Cast": 1, "NonZero": 1}
    assert needed.activations_bytes == 40
