"""Counts and shapes of single operators, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.graph import KINDS, GraphBuilder, Operation, OperationGraph


def test_convolution_counts_by_hand() -> None:
    conv = Operation("conv", (-1,), (3, 32, 32), (16, 32, 32), kernel=3)
    assert conv.params == 16 * 3 * 9 == 432
    assert conv.macs == 32 * 32 * 432


def test_bias_adds_a_parameter_a_channel_and_no_macs() -> None:
    plain = Operation("conv", (-1,), (4, 8, 8), (8, 8, 8))
    biased = Operation("conv", (-1,), (4, 8, 8), (8, 8, 8), has_bias=True)
    assert biased.params - plain.params == 8
    assert biased.macs == plain.macs


def test_depthwise_convolution_counts_by_hand() -> None:
    depthwise = Operation("conv", (-1,), (32, 14, 14), (32, 7, 7), kernel=5, stride=2, groups=32)
    assert depthwise.params == 32 * 25
    assert depthwise.macs == 7 * 7 * 32 * 25


def test_linear_layer_counts_by_hand() -> None:
    linear = Operation("linear", (-1,), (64,), (10,), has_bias=True)
    assert linear.params == 650
    assert linear.macs == 640


def test_batch_norm_has_a_scale_and_a_shift_a_channel_and_no_macs() -> None:
    norm = Operation("batch_norm", (-1,), (16, 8, 8), (16, 8, 8))
    assert (norm.params, norm.macs) == (32, 0)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"conv", "linear", "batch_norm"}))
def test_operators_without_weights_count_nothing(kind: str) -> None:
    operation = Operation(kind, (-1,), (16, 8, 8), (16, 8, 8), kernel=3)
    assert (operation.params, operation.macs) == (0, 0)


def test_graph_counts_are_the_sums_of_its_operators() -> None:
    builder = GraphBuilder((3, 8, 8))
    conv = builder.conv(-1, 4, kernel=3)
    builder.linear(builder.global_avg_pool(builder.same("relu", conv)), 5)
    graph = builder.build()
    assert graph.params == 4 * 27 + 5 * 4 + 5
    assert graph.macs == 64 * 4 * 27 + 5 * 4
    assert [operation.kind for operation in graph] == ["conv", "relu", "global_avg_pool", "linear"]


def test_empty_graph_counts_nothing() -> None:
    graph = OperationGraph(())
    assert (len(graph), graph.params, graph.macs) == (0, 0, 0)


def test_builder_follows_shapes_and_stages() -> None:
    builder = GraphBuilder((3, 9, 9), stage="stem")
    conv = builder.conv(-1, 6, kernel=3, stride=2)
    builder.stage = "head"
    pooled = builder.avg_pool(conv, kernel=2, stride=2)
    total = builder.same("add", pooled, pooled)
    graph = builder.build()
    assert builder.shape(-1) == (3, 9, 9)
    assert builder.shape(conv) == (6, 5, 5)
    assert builder.shape(total) == (6, 3, 3)
    assert [operation.stage for operation in graph] == ["stem", "head", "head"]
    assert graph.operations[total].inputs == (pooled, pooled)


def test_pools_shuffles_and_weights_know_their_shapes() -> None:
    builder = GraphBuilder((6, 9, 9))
    pooled = builder.max_pool(-1, kernel=3, stride=2)
    shuffled = builder.channel_shuffle(pooled, groups=3)
    weights = builder.global_avg_pool(shuffled)
    weighted = builder.same("mul", shuffled, weights)
    operations = builder.build().operations
    assert [operation.kind for operation in operations] == [
        "max_pool",
        "channel_shuffle",
        "global_avg_pool",
        "mul",
    ]
    assert builder.shape(pooled) == builder.shape(shuffled) == builder.shape(weighted) == (6, 5, 5)
    assert builder.shape(weights) == (6,)
    assert (operations[pooled].kernel, operations[shuffled].groups) == (3, 3)
    assert operations[weighted].inputs == (shuffled, weights)


@given(st.integers(1, 4), st.integers(1, 17), st.sampled_from([1, 3, 5]), st.integers(1, 3))
def test_convolution_shapes_and_counts_are_torchs(
    channels: int, side: int, kernel: int, stride: int
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    builder = GraphBuilder((channels, side, side))
    builder.conv(-1, 2 * channels, kernel, stride, groups=channels, has_bias=True)
    (operation,) = builder.build()
    layer = torch.nn.Conv2d(
        channels, 2 * channels, kernel, stride, padding=kernel // 2, groups=channels
    )
    images = torch.zeros(1, channels, side, side)
    assert tuple(layer(images).shape[1:]) == operation.out_shape
    assert sum(parameter.numel() for parameter in layer.parameters()) == operation.params
    assert operation.macs == np.prod(operation.out_shape) * layer.weight[0].numel()
