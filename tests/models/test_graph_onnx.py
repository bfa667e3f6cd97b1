"""Operation graphs written in ONNX: each kind against torch, counts against the graph."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.operation import KINDS, Operation
from hwnas.core.shapes import Shape
from hwnas.errors import ConfigError, ExportError, ShapeError
from hwnas.models import _onnx_rules
from hwnas.models.building import model_onnx
from hwnas.models.graph_onnx import Rule, add_rule, graph_to_onnx, serialized
from hwnas.models.graph_weights import fresh_weights, random_inputs
from hwnas.models.onnx_graph import fold_batch_norms, read_onnx_data
from hwnas.models.sessions import open_session
from hwnas.spaces import SPACES, load_space

MAP, SEQUENCE = (4, 7, 9), (5, 12)
Net = GraphBuilder


def _run(graph: OperationGraph, inputs: np.ndarray, batch: int | None = None) -> np.ndarray:
    """What onnxruntime makes of a graph with fresh weights."""
    data = serialized(graph_to_onnx(graph, fresh_weights(graph), batch))
    (outputs,) = open_session(data).run(None, {"input": inputs})
    return outputs


def _made(shape: Shape, add: Callable[[Net], int]) -> OperationGraph:
    net = GraphBuilder(shape)
    add(net)
    return net.build()


# --- each kind against torch ---------------------------------------------------------------------


def _conv(x: Any, w: Any, **how: Any) -> Any:
    return _functional().conv2d(x, w[0]["weight"], w[0].get("bias"), **how)


def _functional() -> Any:
    import torch

    return torch.nn.functional


def _padded(x: Any, *sides: int, value: float = 0.0) -> Any:
    return _functional().pad(x, sides, value=value)


def _heads(x: Any) -> Any:
    return x.reshape(len(x), 5, 3, 4).transpose(1, 2)


def _attention(x: Any, _: Any) -> Any:
    heads = _functional().scaled_dot_product_attention(_heads(x), _heads(x), _heads(x))
    return heads.transpose(1, 2).reshape(len(x), 5, 12)


def _batch_norm(x: Any, weights: Any) -> Any:
    mean, variance, weight, bias = (
        weights[name] for name in ("mean", "variance", "weight", "bias")
    )
    return _functional().batch_norm(x, mean, variance, weight, bias, eps=0.0)


# What is built, and what torch makes of the same input and weights.
_CASES: dict[str, tuple[Shape, Callable[[Net], Any], Callable[[Any, Any], Any]]] = {
    "conv": (
        MAP,
        lambda net: net.conv(-1, 6, 3, stride=2, groups=2, has_bias=True, dilation=2),
        lambda x, w: _conv(x, w, stride=2, padding=2, dilation=2, groups=2),
    ),
    "conv of a rectangle": (
        MAP,
        lambda net: net.conv(-1, 6, (1, 5)),
        lambda x, w: _conv(x, w, padding=(0, 2)),
    ),
    "conv of an even window": (
        MAP,
        lambda net: net.conv(-1, 6, 4),
        lambda x, w: _conv(_padded(x, 1, 2, 1, 2), w),
    ),
    "conv of patches": (
        (3, 8, 8),
        lambda net: net.conv(-1, 6, 4, stride=4),
        lambda x, w: _conv(x, w, stride=4),
    ),
    "linear": (
        (7,),
        lambda net: net.linear(-1, 3),
        lambda x, w: _functional().linear(x, w[0]["weight"], w[0]["bias"]),
    ),
    "linear of a sequence": (
        SEQUENCE,
        lambda net: net.linear(-1, 3),
        lambda x, w: _functional().linear(x, w[0]["weight"], w[0]["bias"]),
    ),
    "linear without bias": (
        SEQUENCE,
        lambda net: net.linear(-1, 3, has_bias=False),
        lambda x, w: _functional().linear(x, w[0]["weight"]),
    ),
    "embedding": (
        (6,),
        lambda net: net.embedding(-1, 20, 8),
        lambda x, w: _functional().embedding(x, w[0]["weight"]),
    ),
    "matmul": (SEQUENCE, lambda net: net.attention(-1, -1, -1, heads=3), _attention),
    "batch_norm": (MAP, lambda net: net.same("batch_norm", -1), lambda x, w: _batch_norm(x, w[0])),
    "batch_norm of a vector": (
        (7,),
        lambda net: net.same("batch_norm", -1),
        lambda x, w: _batch_norm(x, w[0]),
    ),
    "batch_norm after conv": (
        MAP,
        lambda net: net.same("batch_norm", net.conv(-1, 6, 3, has_bias=True)),
        lambda x, w: _batch_norm(_conv(x, w, padding=1), w[1]),
    ),
    "layer_norm": (
        SEQUENCE,
        lambda net: net.layer_norm(-1),
        lambda x, w: _functional().layer_norm(x, (12,), w[0]["weight"], w[0]["bias"]),
    ),
    "layer_norm without bias": (
        SEQUENCE,
        lambda net: net.layer_norm(-1, has_bias=False),
        lambda x, w: _functional().layer_norm(x, (12,), w[0]["weight"]),
    ),
    **{
        kind: (
            MAP,
            lambda net, kind=kind: net.same(kind, net.add(-1, -1, -1)),
            lambda x, _, name=name: getattr(_functional(), name)(3 * x),
        )
        for kind, name in {
            "relu": "relu",
            "relu6": "relu6",
            "silu": "silu",
            "sigmoid": "sigmoid",
            "hard_swish": "hardswish",
            "hard_sigmoid": "hardsigmoid",
            "tanh": "tanh",
            "gelu": "gelu",
        }.items()
    },
    "softmax": (SEQUENCE, lambda net: net.same("softmax", -1), lambda x, _: x.softmax(-1)),
    "avg_pool": (
        MAP,
        lambda net: net.avg_pool(-1, 3, stride=2),
        lambda x, _: _functional().avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    ),
    "avg_pool of an odd map by two": (
        MAP,
        lambda net: net.avg_pool(-1, 2, stride=2),
        lambda x, _: _functional().avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False),
    ),
    "max_pool": (
        MAP,
        lambda net: net.max_pool(-1, 3, stride=2),
        lambda x, _: _functional().max_pool2d(x, 3, 2, 1),
    ),
    "global_avg_pool": (MAP, lambda net: net.global_avg_pool(-1), lambda x, _: x.mean((2, 3))),
    "global_avg_pool of tokens": (
        SEQUENCE,
        lambda net: net.global_avg_pool(-1),
        lambda x, _: x.mean(1),
    ),
    "add": (MAP, lambda net: net.add(-1, net.same("relu", -1), -1), lambda x, _: 2 * x + x.relu()),
    "mul": (
        MAP,
        lambda net: net.mul(-1, net.global_avg_pool(-1), -1),
        lambda x, _: x * x.mean((2, 3), keepdim=True) * x,
    ),
    "concat": (
        MAP,
        lambda net: net.concat(-1, net.same("relu", -1)),
        lambda x, _: _cat([x, x.relu()], 1),
    ),
    "concat of tokens": (
        SEQUENCE,
        lambda net: net.concat(-1, -1, axis=0),
        lambda x, _: _cat([x, x], 1),
    ),
    "channel_shuffle": (
        MAP,
        lambda net: net.channel_shuffle(-1, 2),
        lambda x, _: x[:, [0, 2, 1, 3]],
    ),
    "reshape": (MAP, lambda net: net.flatten(-1), lambda x, _: x.flatten(1)),
    "reshape to tokens": (
        MAP,
        lambda net: net.to_tokens(-1),
        lambda x, _: x.flatten(2).transpose(1, 2),
    ),
    "transpose": (
        SEQUENCE,
        lambda net: net._append("transpose", (-1,), (12, 5)),
        lambda x, _: x.transpose(1, 2),
    ),
    "slice": (
        SEQUENCE,
        lambda net: net._append("slice", (-1,), (5, 4)),
        lambda x, _: x[:, :, :4],
    ),
    "slice of one token": (
        SEQUENCE,
        lambda net: net._append("slice", (-1,), (12,)),
        lambda x, _: x[:, 0],
    ),
    "identity": (MAP, lambda net: net.same("identity", -1), lambda x, _: x),
    "zero": (MAP, lambda net: net.zero(-1), lambda x, _: 0 * x),
    "zero in a sum": (MAP, lambda net: net.add(net.zero(-1), -1), lambda x, _: x),
    "sum of zeros": (
        MAP,
        lambda net: net.same("sigmoid", net.add(net.zero(-1), net.zero(-1))),
        lambda x, _: (0 * x).sigmoid(),
    ),
    "zero of another shape": (
        MAP,
        lambda net: net.same("sigmoid", net.zero(-1, 6, stride=2)),
        lambda x, _: (0 * x[:, [0] * 6, ::2, ::2]).sigmoid(),
    ),
}  # fmt: skip


def _cat(parts: list[Any], axis: int) -> Any:
    import torch

    return torch.cat(parts, axis)


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize("case", list(_CASES))
def test_each_kind_computes_what_torch_does(case: str, batch: int | None) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    shape, add, reference = _CASES[case]
    graph = _made(shape, add)
    inputs = random_inputs(graph, 2, seed=1)
    weights = [
        {name: torch.from_numpy(array).float() for name, array in arrays.items()}
        for arrays in fresh_weights(graph)
    ]
    expected = reference(torch.from_numpy(inputs), weights).numpy()
    assert expected.shape[1:] == graph.operations[-1].out_shape
    np.testing.assert_allclose(_run(graph, inputs, batch), expected, rtol=1e-4, atol=1e-5)


def test_every_kind_has_a_rule_and_a_case() -> None:
    assert {*_onnx_rules.RULES} == {*KINDS} == {case.split()[0] for case in _CASES} - {"sum"}


def test_tied_matrix_is_stored_once() -> None:
    net = GraphBuilder((6,))
    tokens = net.embedding(-1, 20, 8)
    net.linear(tokens, 20, has_bias=False, tied_to=tokens)
    graph = net.build()
    (matrix,) = (tensor for tensor in graph_to_onnx(graph, fresh_weights(graph)).graph.initializer)
    rows = onnx.numpy_helper.to_array(matrix)
    inputs = random_inputs(graph, 2, seed=1)
    np.testing.assert_allclose(_run(graph, inputs), rows[inputs] @ rows.T, rtol=1e-4, atol=1e-5)


# --- models --------------------------------------------------------------------------------------

_OPTIONS = {"nasbench201": {"channels": 4, "cells": 1}, "mnasnet": {"resolution": 64}}


@pytest.mark.parametrize("name", list(SPACES))
def test_what_is_written_counts_what_the_graph_counts(name: str) -> None:
    space = load_space(name, **_OPTIONS.get(name, {}))
    for arch in space.sample(4, np.random.default_rng(1)):
        graph = space.graph(arch)
        read = read_onnx_data(str(arch), model_onnx(space, arch))
        assert read.graph.macs == graph.macs
        assert read.graph.params == fold_batch_norms(graph).params
        assert read.n_shared == 0


@pytest.mark.parametrize("name", list(SPACES))
def test_model_puts_out_finite_numbers_of_a_common_size(name: str) -> None:
    space = load_space(name, **_OPTIONS.get(name, {}))
    for arch in space.sample(2, np.random.default_rng(2)):
        session = open_session(model_onnx(space, arch))
        (outputs,) = session.run(None, {"input": random_inputs(space.graph(arch), 2, 0)})
        assert outputs.shape == (2, space.n_outputs)
        assert 0.01 < np.abs(outputs).max() < 100


def test_model_is_valid_and_tells_what_it_is() -> None:
    space = load_space("nasbench201", channels=4, cells=1)
    arch = space.sample(1, np.random.default_rng(3))[0]
    model = onnx.load_model_from_string(model_onnx(space, arch, seed=5))
    onnx.checker.check_model(model, full_check=True)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert (told["arch"], told["weights"]) == (str(arch), "fresh weights, seed 5: untrained")
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 20)]


def test_one_seed_makes_one_model_and_another_another() -> None:
    space = load_space("nasbench_macro")
    arch = space.parse("12010220")
    assert model_onnx(space, arch) == model_onnx(space, arch) != model_onnx(space, arch, seed=1)


@pytest.mark.parametrize(("batch", "axis"), [(None, "batch"), (4, 4)])
def test_batch_is_free_or_written_into_the_model(batch: int | None, axis: int | str) -> None:
    space = load_space("nasbench201", channels=4, cells=1)
    arch = space.sample(1, np.random.default_rng(3))[0]
    session = open_session(model_onnx(space, arch, batch=batch))
    assert session.get_inputs()[0].shape == [axis, 3, 32, 32]
    assert session.get_outputs()[0].shape == [axis, 10]


def test_model_of_a_batch_computes_what_that_of_any_batch_does() -> None:
    space = load_space("mnasnet", resolution=32)
    arch = space.parse("-".join(["e4k5l2se"] * 7))
    images = random_inputs(space.graph(arch), 3, seed=1)
    free, fixed = (
        open_session(model_onnx(space, arch, batch=batch)).run(None, {"input": images})[0]
        for batch in (None, 3)
    )
    np.testing.assert_allclose(fixed, free, rtol=1e-5, atol=1e-6)


def test_nodes_are_named_by_stage_position_and_kind() -> None:
    net = GraphBuilder((3, 8, 8), stage="stem")
    net.same("silu", net.same("batch_norm", net.conv(-1, 4, 3)))
    graph = net.build()
    nodes = graph_to_onnx(graph, fresh_weights(graph)).graph.node
    assert [node.name for node in nodes] == [
        "stem/0_conv/Conv", "stem/2_silu/Sigmoid", "stem/2_silu/Mul",
    ]  # fmt: skip


_WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from hwnas.models.building import model_onnx
from hwnas.spaces import load_space
space = load_space("nasbench_macro")
print(len(model_onnx(space, space.parse("12010220"))) > 10_000)
"""


def test_model_is_made_without_torch() -> None:
    command = [sys.executable, "-c", _WITHOUT_TORCH]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("True\n", "")


# --- what cannot be written ----------------------------------------------------------------------


def test_kind_without_a_rule_is_named() -> None:
    graph = OperationGraph((Operation("fourier", (-1,), (4, 8, 8), (4, 8, 8)),))
    with pytest.raises(ExportError, match="must have a rule to be written in ONNX; 'fourier' has"):
        fresh_weights(graph)


def test_rule_of_another_kind_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_onnx_rules, "RULES", {**_onnx_rules.RULES})
    add_rule("negative", Rule(lambda call: call.add("Neg", *call.inputs)))
    graph = OperationGraph((Operation("negative", (-1,), (3,), (3,)),))
    inputs = np.array([[1.0, -2.0, 3.0]], dtype=np.float32)
    np.testing.assert_array_equal(_run(graph, inputs), -inputs)


def test_kind_has_one_rule() -> None:
    with pytest.raises(ExportError, match="'relu' has a rule for ONNX already"):
        add_rule("relu", Rule(lambda call: call.add("Relu", *call.inputs)))


def test_weights_of_another_shape_are_refused() -> None:
    graph = _made(MAP, lambda net: net.conv(-1, 6, 3))
    weights = {"weight": np.zeros((6, 4, 1, 1))}
    with pytest.raises(ShapeError, match=r"operation 0 \(conv\) must be .*\(6, 4, 3, 3\).*; got"):
        graph_to_onnx(graph, [weights])


def test_weights_of_fewer_operations_are_refused() -> None:
    graph = _made(MAP, lambda net: net.conv(-1, 6, 3))
    with pytest.raises(ShapeError, match="arrays for each of 1 operations; got 0"):
        graph_to_onnx(graph, [])


def test_empty_batch_is_refused() -> None:
    graph = _made(MAP, lambda net: net.conv(-1, 6, 3))
    with pytest.raises(ConfigError, match="batch must be at least 1, or None for any; got 0"):
        graph_to_onnx(graph, fresh_weights(graph), batch=0)


def test_transpose_whose_order_of_axes_shapes_do_not_tell_is_refused() -> None:
    graph = OperationGraph((Operation("transpose", (-1,), (3, 3, 5), (5, 3, 3)),))
    with pytest.raises(ExportError, match=r"one order of axes .* there are 2"):
        graph_to_onnx(graph, [{}])


def test_slice_that_is_none_is_refused() -> None:
    graph = OperationGraph((Operation("slice", (-1,), (3, 4), (2,)),))
    with pytest.raises(ExportError, match=r"it makes \(2,\) of \(3, 4\)"):
        graph_to_onnx(graph, [{}])


def test_scores_are_scaled_by_the_root_of_a_heads_features() -> None:
    graph = _made((2, 8), lambda net: net.attention_scores(-1, -1, heads=2))
    ones = np.ones((1, 2, 8), dtype=np.float32)
    np.testing.assert_allclose(_run(graph, ones), 4 / math.sqrt(4))
