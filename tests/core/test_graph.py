"""Graphs that the builder makes: shapes followed, counts added up, what does not fit refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.shapes import Shape
from hwnas.errors import ConfigError, ShapeError, UnknownNameError
from hwnas.tables.pickles import read_pickle


def test_graph_counts_are_the_sums_of_its_operators() -> None:
    builder = GraphBuilder((3, 8, 8))
    conv = builder.conv(-1, 4, kernel=3)
    builder.linear(builder.global_avg_pool(builder.same("relu", conv)), 5)
    graph = builder.build()
    assert graph.params == 4 * 27 + 5 * 4 + 5
    assert graph.macs == 64 * 4 * 27 + 5 * 4
    assert graph.matmul_macs == 0
    assert [operation.kind for operation in graph] == ["conv", "relu", "global_avg_pool", "linear"]


def test_empty_graph_counts_nothing() -> None:
    graph = OperationGraph(())
    assert (len(graph), graph.params, graph.macs) == (0, 0, 0)


def test_builder_follows_shapes_and_stages() -> None:
    builder = GraphBuilder((3, 9, 9), stage="stem")
    conv = builder.conv(-1, 6, kernel=3, stride=2)
    builder.stage = "head"
    pooled = builder.avg_pool(conv, kernel=2, stride=2)
    total = builder.add(pooled, pooled)
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
    weighted = builder.mul(shuffled, weights)
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


@given(
    st.integers(1, 4),
    st.integers(1, 17),
    st.sampled_from([1, 3, 5, (1, 7), (3, 1)]),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_convolution_shapes_and_counts_are_torchs(
    channels: int, side: int, kernel: int | tuple[int, int], stride: int, dilation: int
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    builder = GraphBuilder((channels, side, side))
    builder.conv(-1, 2 * channels, kernel, stride, channels, has_bias=True, dilation=dilation)
    (operation,) = builder.build()
    padding = tuple(dilation * (size // 2) for size in operation.window)
    layer = torch.nn.Conv2d(
        channels, 2 * channels, kernel, stride, padding, dilation, groups=channels
    )
    images = torch.zeros(1, channels, side, side)
    assert tuple(layer(images).shape[1:]) == operation.out_shape
    assert sum(parameter.numel() for parameter in layer.parameters()) == operation.params
    assert operation.macs == np.prod(operation.out_shape) * layer.weight[0].numel()


def test_strided_dilated_convolution_by_hand() -> None:
    # DARTS's dil_conv_5x5 of a reduction cell: depthwise, dilated, halving; then pointwise.
    builder = GraphBuilder((16, 32, 32))
    depthwise = builder.conv(-1, 16, kernel=5, stride=2, groups=16, dilation=2)
    builder.conv(depthwise, 16, kernel=1)
    graph = builder.build()
    assert [operation.out_shape for operation in graph] == [(16, 16, 16), (16, 16, 16)]
    assert graph.params == 16 * 25 + 16 * 16
    assert graph.macs == 16 * 16 * (16 * 25 + 16 * 16)
    assert graph.operations[0].dilation == 2


def test_zeros_may_be_strided_and_widening() -> None:
    builder = GraphBuilder((16, 9, 9))
    plain = builder.zero(-1)
    strided = builder.zero(-1, stride=2)
    both = builder.zero(-1, out_channels=32, stride=2)
    assert [builder.shape(node) for node in (plain, strided, both)] == [
        (16, 9, 9), (16, 5, 5), (32, 5, 5),
    ]  # fmt: skip
    assert builder.build().params == 0


@pytest.mark.parametrize(
    ("shape", "axis", "expected"),
    [
        ((4, 8, 8), None, (8, 8, 8)),
        ((7, 64), None, (7, 128)),
        ((7, 64), 0, (14, 64)),
        ((64,), None, (128,)),
    ],
)
def test_concatenation_joins_channels_or_features(
    shape: Shape, axis: int | None, expected: Shape
) -> None:
    builder = GraphBuilder(shape)
    assert builder.shape(builder.concat(-1, builder.same("identity", -1), axis=axis)) == expected


def test_maps_become_tokens_and_tokens_a_mean() -> None:
    builder = GraphBuilder((3, 32, 32))
    tokens = builder.to_tokens(builder.conv(-1, 48, kernel=4, stride=4))
    assert builder.shape(tokens) == (64, 48)
    assert builder.shape(builder.global_avg_pool(tokens)) == (48,)
    assert builder.shape(builder.flatten(tokens)) == (64 * 48,)


# --- transformers --------------------------------------------------------------------------------


def _block(net: GraphBuilder, node: int, width: int, heads: int, hidden: int) -> int:
    """A pre-norm transformer block with biases."""
    read = net.layer_norm(node)
    queries, keys, values = (net.linear(read, width) for _ in range(3))
    node = net.add(node, net.linear(net.attention(queries, keys, values, heads), width))
    inside = net.same("gelu", net.linear(net.layer_norm(node), hidden))
    return net.add(node, net.linear(inside, width))


def test_transformer_block_by_hand() -> None:
    builder = GraphBuilder((10, 64))
    end = _block(builder, -1, width=64, heads=4, hidden=256)
    graph = builder.build()
    matrices = 4 * 64 * 64 + 2 * 64 * 256
    assert builder.shape(end) == (10, 64)
    assert graph.params == matrices + 5 * 64 + 256 + 2 * 2 * 64
    assert graph.macs == 10 * matrices
    # 10 x 10 scores and 10 x 10 weighted vectors, 64 products for each.
    assert graph.matmul_macs == 2 * 10 * 10 * 64
    assert sum(operation.kind == "softmax" for operation in graph) == 1


def test_transformer_block_has_torchs_parameters() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    builder = GraphBuilder((10, 64))
    _block(builder, -1, width=64, heads=4, hidden=128)
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128)
    expected = sum(parameter.numel() for parameter in layer.parameters())
    assert builder.build().params == expected


def test_output_layer_may_share_the_embeddings_matrix() -> None:
    def language_model(tied: bool) -> OperationGraph:
        net = GraphBuilder((12,))
        embedded = net.embedding(-1, n_entries=100, n_features=16)
        net.linear(embedded, 100, has_bias=False, tied_to=embedded if tied else None)
        return net.build()

    own, tied = language_model(tied=False), language_model(tied=True)
    assert (own.params, tied.params) == (2 * 1600, 1600)
    assert own.macs == tied.macs == 12 * 1600


def _gpt(arch: dict, tokens: int) -> OperationGraph:
    """HW-GPT-Bench's networks: gated MLPs, heads of 64, untied head, norms with bias."""
    width, has_bias = arch["sample_embed_dim"], arch["sample_bias"]
    net = GraphBuilder((tokens,))
    node = net.embedding(-1, 50_254, width)
    layers = range(arch["sample_n_layer"])
    for _, heads, ratio in zip(
        layers, arch["sample_n_head"], arch["sample_mlp_ratio"], strict=False
    ):
        read = net.layer_norm(node)
        queries, keys, values = (net.linear(read, 64 * heads, has_bias) for _ in range(3))
        mixed = net.attention(queries, keys, values, heads)
        node = net.add(node, net.linear(mixed, width, has_bias))
        read = net.layer_norm(node)
        gate, inside = (net.linear(read, ratio * width, has_bias) for _ in range(2))
        product = net.mul(net.same("silu", gate), inside)
        node = net.add(node, net.linear(product, width, has_bias))
    net.linear(net.layer_norm(node), 50_254, has_bias=False)
    return net.build()


def test_counts_of_language_models_are_the_published_ones(upstream: Path) -> None:
    folder = upstream / "HW-GPT-Bench" / "data_collection" / "raw_results_hw" / "latency_a100"
    path = folder / "efficiency_observations_0_2500.pkl"
    rows = read_pickle(path.read_bytes(), path.name)[::25]
    assert {row["arch"]["sample_bias"] for row in rows} == {True, False}
    # 8,192 tokens in all; attention's own products depend on how they are split, and are not in it.
    graphs = [_gpt(row["arch"], tokens=1024) for row in rows]
    assert [graph.params for graph in graphs] == [row["params"] for row in rows]
    assert [8 * graph.macs for graph in graphs] == [row["macs"] for row in rows]


# --- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("add", "sentence"),
    [
        (lambda net: net.add(-1, net.conv(-1, 8, 3)),
         r"Operation add must read and put out one shape; it reads \(3, 9, 9\), \(8, 9, 9\) and"),
        (lambda net: net.add(), r"Operation add must read at least one node; it reads none"),
        (lambda net: net.conv(-1, 8, 3, groups=2), r"whose channels its groups divide; it reads"),
        (lambda net: net.conv(-1, 0, 3), r"sizes, groups and steps of at least 1; it reads"),
        (lambda net: net.conv(net.flatten(-1), 8, 3), r"conv must read .* it reads \(243,\)"),
        (lambda net: net.linear(-1, 10), r"linear must read a vector \(features,\) or a sequence"),
        (lambda net: net.mul(-1, net.linear(net.global_avg_pool(-1), 4)), r"one number a channel"),
        (lambda net: net.concat(-1, net.max_pool(-1, 3, 2)), r"concat must read shapes that agree"),
        (lambda net: net.concat(-1, net.flatten(-1)), r"one length with an axis 0; it reads"),
        (lambda net: net.concat(-1, axis=3), r"one length with an axis 3; it reads \(3, 9, 9\)"),
        (lambda net: net.concat(), r"Operation concat must read at least one node"),
        (lambda net: net.embedding(-1, 10, 4), r"embedding must read tokens \(tokens,\)"),
        (lambda net: net.attention(*[net.to_tokens(-1)] * 3, heads=2), r"heads dividing the feat"),
        (lambda net: net.linear(net.flatten(-1), 10, tied_to=-1), r"got the input of the network"),
        (lambda net: net.linear(net.flatten(-1), 10, tied_to=0), r"must be tied to an embedding"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused_where_they_are_added(
    add: Callable[[GraphBuilder], int], sentence: str
) -> None:
    with pytest.raises(ShapeError, match=sentence):
        add(GraphBuilder((3, 9, 9)))


def test_embedding_of_another_size_cannot_be_tied() -> None:
    net = GraphBuilder((12,))
    embedded = net.embedding(-1, n_entries=100, n_features=16)
    with pytest.raises(ShapeError, match=r"\(out_features, in_features\) = \(99, 16\)"):
        net.linear(embedded, 99, tied_to=embedded)


def test_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown kind of operation 'rellu'\. Did you mean"):
        GraphBuilder((3, 9, 9)).same("rellu", -1)


@pytest.mark.parametrize("node", [-2, 1])
def test_node_that_was_never_added_is_refused(node: int) -> None:
    builder = GraphBuilder((3, 9, 9))
    builder.same("relu", -1)
    with pytest.raises(ConfigError, match=rf"A node must be -1 \(the input\) to 0; got {node}"):
        builder.same("relu", node)


def test_stride_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"stride of an operation must be at least 1; got 0"):
        GraphBuilder((3, 9, 9)).conv(-1, 8, kernel=3, stride=0)
