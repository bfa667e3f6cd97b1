"""Work, weights and traffic by type of operator and by stage: by hand, and over all spaces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from feature_sets import sets_of

from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.space import SearchSpace
from hwnas.errors import UnknownNameError
from hwnas.features import counts, feature_matrix, feature_names
from hwnas.features.counting import count_genotypes
from hwnas.features.operators import (
    OPERATOR_TYPES,
    measure_operators,
    measure_stages,
    measure_totals,
    operator_type,
)
from hwnas.spaces import SPACES, load_space

_CHAIN_SETS = ["counts", "groups", "one_hot", "operators", "ordinal", "stages"]


def _graph() -> OperationGraph:
    """A convolution of 2 to 4 channels, weighted by squeeze-excite; a classifier of 3."""
    builder = GraphBuilder((2, 6, 6), stage="body")
    node = builder.conv(-1, 4, kernel=3, stride=2)
    squeeze = builder.linear(builder.global_avg_pool(node), 4)
    node = builder.mul(node, builder.same("sigmoid", squeeze))
    builder.stage = "head"
    builder.linear(builder.global_avg_pool(builder.same("identity", node)), 3)
    return builder.build()


def test_operators_by_hand() -> None:
    measured = measure_operators(_graph())
    expected = {
        "n(conv)": 1,
        "macs(conv)": 9 * 36 * 2,
        "params(conv)": 4 * 2 * 9,
        "bytes_read(conv)": 4 * 2 * 36,
        "bytes_written(conv)": 4 * 4 * 9,
        "n(pool)": 2,
        "macs(pool)": 0,
        "bytes_read(pool)": 4 * 2 * 36,
        "bytes_written(pool)": 4 * 2 * 4,
        "n(linear)": 2,
        "macs(linear)": 16 + 12,
        "params(linear)": 20 + 15,
        "bytes_read(linear)": 4 * 8,
        "bytes_written(linear)": 4 * 7,
        "n(activation)": 1,
        # 36 numbers of the image and one weight a channel.
        "n(elementwise)": 1,
        "bytes_read(elementwise)": 4 * (36 + 4),
        "bytes_written(elementwise)": 4 * 36,
        "n(depthwise)": 0,
    }
    assert {name: measured[name] for name in expected} == expected
    assert len(measured) == 5 * len(OPERATOR_TYPES)


def test_input_of_the_network_is_read_in_its_own_shape() -> None:
    builder = GraphBuilder((2, 6, 6))
    wide = builder.conv(-1, 4, kernel=3)
    builder.concat(wide, -1)
    assert measure_operators(builder.build())["bytes_read(shuffle)"] == 4 * (4 + 2) * 36


def test_stages_by_hand() -> None:
    head = {
        "layers(head)": 1,
        "macs(head)": 12,
        "params(head)": 15,
        "activations(head)": 3,
        "bytes(head)": 4 * (36 + 4 + 4 + 3 + 15),
    }
    body = {
        "layers(body)": 2,
        "macs(body)": 9 * 36 * 2 + 16,
        "params(body)": 72 + 20,
        "activations(body)": 36 + 4,
        "bytes(body)": 4 * ((72 + 36 + 72) + (36 + 4) + (4 + 4 + 20) + (4 + 4) + (36 + 4 + 36)),
    }
    assert measure_stages(_graph()) == body | head


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation("conv", (-1,), (8, 4, 4), (8, 4, 4), kernel=3), "conv"),
        (Operation("conv", (-1,), (8, 4, 4), (8, 4, 4)), "conv_1x1"),
        (Operation("conv", (-1,), (8, 4, 4), (8, 4, 4), groups=2), "grouped_conv"),
        (Operation("conv", (-1,), (8, 4, 4), (8, 4, 4), kernel=5, groups=8), "depthwise"),
        (Operation("max_pool", (-1,), (8, 4, 4), (8, 2, 2), kernel=2, stride=2), "pool"),
        (Operation("channel_shuffle", (-1,), (8, 4, 4), (8, 4, 4), groups=2), "shuffle"),
        (Operation("conv", (-1,), (8, 4, 4), (8, 4, 4), kernel=(1, 3)), "conv"),
        (Operation("gelu", (-1,), (7, 8), (7, 8)), "activation"),
        (Operation("concat", (-1, -1), (8, 4, 4), (16, 4, 4)), "shuffle"),
        (Operation("layer_norm", (-1,), (7, 8), (7, 8)), "layer_norm"),
        (Operation("identity", (-1,), (8, 4, 4), (8, 4, 4)), None),
        (Operation("zero", (-1,), (8, 4, 4), (8, 4, 4)), None),
    ],
)
def test_type_of_an_operator(operation: Operation, expected: str | None) -> None:
    assert operator_type(operation) == expected


@pytest.mark.parametrize("measure", [measure_operators, measure_stages, measure_totals])
def test_kind_that_nobody_can_count_is_an_error_and_not_zero(measure: Callable) -> None:
    graph = OperationGraph((Operation("deconv", (-1,), (8, 4, 4), (8, 4, 4)),))
    with pytest.raises(UnknownNameError, match="Unknown kind of operation 'deconv'"):
        measure(graph)


def _attention() -> OperationGraph:
    """Five tokens embedded in 4 of 9 features, attending to themselves; a tied output layer."""
    builder = GraphBuilder((5,), stage="body")
    embedded = builder.embedding(-1, n_entries=9, n_features=4)
    node = builder.layer_norm(builder.attention(embedded, embedded, embedded, heads=2))
    builder.stage = "head"
    builder.linear(node, 9, has_bias=False, tied_to=embedded)
    return builder.build()


def test_types_of_sequences_come_after_those_that_all_graphs_have() -> None:
    measured = measure_operators(_attention())
    names = list(measured)
    assert names[: 5 * len(OPERATOR_TYPES)] == list(measure_operators(_graph()))
    assert measured["matmul_macs(matmul)"] == 2 * 5 * 5 * 4
    assert measured["n(matmul)"] == 2
    assert measured["macs(matmul)"] == 0
    # Queries and keys of 20 numbers each; 2 x 25 weights and 20 numbers of values.
    assert measured["bytes_read(matmul)"] == 4 * (20 + 20 + 50 + 20)
    assert (measured["params(embedding)"], measured["params(layer_norm)"]) == (36, 8)
    assert (measured["params(linear)"], measured["macs(linear)"]) == (0, 5 * 4 * 9)
    assert measured["n(activation)"] == 1


def test_stages_of_sequences_by_hand() -> None:
    measured = measure_stages(_attention())
    assert (measured["matmul_macs(body)"], measured["macs(body)"]) == (200, 0)
    assert "matmul_macs(head)" not in measured
    # A tied matrix is read where it is used, of an embedding only a row a token.
    assert measured["bytes(head)"] == 4 * (20 + 45 + 36)
    embedding, scores, softmax, values, norm = 5 + 20 + 20, 40 + 50, 100, 70 + 20, 40 + 8
    assert measured["bytes(body)"] == 4 * (embedding + scores + softmax + values + norm)


def test_totals_of_sequences_tell_their_products() -> None:
    graph = _attention()
    totals = measure_totals(graph)
    assert (totals["params"], totals["macs"]) == (graph.params, graph.macs) == (44, 180)
    assert totals["matmul_macs"] == 200
    assert "matmul_macs" not in measure_totals(_graph())


@pytest.mark.parametrize("name", list(SPACES))
def test_every_set_of_every_space_names_its_columns(name: str) -> None:
    space = load_space(name)
    genotypes = space.sample_genotypes(6, np.random.default_rng(0))
    for chosen in sets_of(space):
        matrix = feature_matrix(space, genotypes, [chosen])
        names = feature_names(space, [chosen])
        assert matrix.shape == (6, len(names))
        assert len(set(names)) == len(names)
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all()


def test_columns_by_operator_type_are_the_same_in_every_space() -> None:
    names = {tuple(feature_names(load_space(name), ["operators"])) for name in SPACES}
    assert len(names) == 1


@pytest.mark.parametrize("name", list(SPACES))
@pytest.mark.parametrize("chosen", ["operators", "stages"])
def test_parts_add_up_to_the_counts(name: str, chosen: str) -> None:
    space = load_space(name)
    genotypes = space.canonical_genotypes(space.sample_genotypes(50, np.random.default_rng(0)))
    matrix = feature_matrix(space, genotypes, [chosen]).astype(float)
    names = feature_names(space, [chosen])
    for column, quantity in enumerate(("params", "macs")):
        parts = [matrix[:, i] for i, name in enumerate(names) if name.startswith(f"{quantity}(")]
        total = count_genotypes(space, genotypes)[:, column]
        # Single precision rounds each part to one in 2 ** 24.
        np.testing.assert_allclose(sum(parts), total, rtol=1e-6)


def test_ordinal_features_are_the_choices() -> None:
    space = load_space("mnasnet")
    genotypes = space.sample_genotypes(4, np.random.default_rng(0))
    np.testing.assert_array_equal(feature_matrix(space, genotypes, ["ordinal"]), genotypes)
    assert feature_names(space, ["ordinal"]) == list(space.genes)


def test_groups_mark_the_choices_of_each_block_together() -> None:
    space = load_space("mnasnet")
    text = "e1k3l1se-e6k3l2se-e6k5l2-e4k3l3se-e6k5l1-e4k5l4se-e6k3l1"
    arch = space.parse(text)
    names = feature_names(space, ["groups"])
    values = feature_matrix(space, space.genotypes([arch]), ["groups"])[0]
    assert len(names) == 6 * 36 + 48
    chosen = [f"{gene}={choice}" for gene, choice in zip(space.genes, arch.genotype, strict=True)]
    hot = [name for name, value in zip(names, values, strict=True) if value == 1]
    assert hot == [f"group({', '.join(chosen[i : i + 4])})" for i in range(0, 28, 4)]
    assert values.sum() == 7


def test_counts_are_linear_in_groups() -> None:
    space = load_space("mnasnet")
    genotypes = space.sample_genotypes(600, np.random.default_rng(0))
    hot = feature_matrix(space, genotypes, ["groups"]).astype(float)
    macs = count_genotypes(space, genotypes)[:, 1] / 1e6
    weights, *_ = np.linalg.lstsq(hot, macs, rcond=None)
    np.testing.assert_allclose(hot @ weights, macs, rtol=1e-9)


def test_groups_of_single_genes_are_one_hot(nasbench201: SearchSpace) -> None:
    genotypes = nasbench201.all_genotypes()
    np.testing.assert_array_equal(
        feature_matrix(nasbench201, genotypes, ["groups"]),
        feature_matrix(nasbench201, genotypes, ["one_hot"]),
    )


def test_layers_by_stage_of_a_chain_are_its_depth() -> None:
    space = load_space("fbnet")
    arch = space.parse("0-8188-0123-8888-4567-8888-8")
    names = feature_names(space, ["stages"])
    values = feature_matrix(space, space.genotypes([arch]), ["stages"])[0]
    named = dict(zip(names, values.tolist(), strict=True))
    depths = [
        named[f"layers({stage})"] for stage in ("stem", *(f"stage{i}" for i in range(1, 8)), "head")
    ]
    assert depths == [1, 3, 1 + 3, 12, 1, 12, 1, 1, 2]


def test_members_of_a_class_of_fbnet_have_equal_features() -> None:
    space = load_space("fbnet")
    archs = [
        space.parse(text)
        for text in ("8-8188-8888-8888-8888-8888-8", "8-8818-8888-8888-8888-8888-8")
    ]
    first, second = feature_matrix(space, space.genotypes(archs), _CHAIN_SETS)
    np.testing.assert_array_equal(first, second)
    # The published strings keep their own counts, which are the same.
    assert counts(space, archs).nunique().tolist() == [1, 1]
