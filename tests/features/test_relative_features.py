"""Where architectures stand in their space: paths by hand and over all paths, ranks by counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from hwnas.core.graph import GraphBuilder, OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.features import feature_matrix, feature_names
from hwnas.features.additive import additive_table
from hwnas.features.counting import count_genotypes
from hwnas.features.relative import N_REFERENCE, RELATIVE, measure_paths, measure_sizes
from hwnas.spaces import SPACES, load_space
from hwnas.spaces.nasbench201 import NasBench201

CHAINS = [name for name in SPACES if not load_space(name).cell_types]


def _paths(graph: OperationGraph) -> tuple[int, int]:
    measured = measure_paths(graph)
    return measured["longest path"], measured["shortest path"]


def _relative(space: SearchSpace, genotypes: np.ndarray) -> dict[str, np.ndarray]:
    matrix = feature_matrix(space, genotypes, ["relative"])
    return dict(zip(feature_names(space, ["relative"]), matrix.T, strict=True))


# --- paths by hand -------------------------------------------------------------------------------


def test_in_a_chain_every_convolution_is_on_the_path_and_nothing_else_counts() -> None:
    builder = GraphBuilder((3, 8, 8))
    node = builder.same("relu", builder.conv(-1, 4, kernel=3))
    node = builder.avg_pool(builder.same("batch_norm", node), kernel=2, stride=2)
    node = builder.conv(builder.conv(node, 8, kernel=1), 8, kernel=5, groups=8)
    builder.linear(builder.global_avg_pool(node), 10)
    assert _paths(builder.build()) == (3, 3)


def test_a_shortcut_is_the_shortest_path() -> None:
    builder = GraphBuilder((3, 8, 8))
    stem = builder.conv(-1, 4, kernel=3)
    inside = builder.conv(builder.conv(stem, 4, kernel=3), 4, kernel=3)
    builder.same("add", inside, stem)
    assert _paths(builder.build()) == (3, 1)


def test_a_shortcut_may_begin_at_the_input() -> None:
    builder = GraphBuilder((3, 8, 8))
    builder.same("add", builder.conv(-1, 3, kernel=3), -1)
    assert _paths(builder.build()) == (1, 0)


def test_no_path_leads_through_zeros() -> None:
    builder = GraphBuilder((3, 8, 8))
    stem = builder.conv(-1, 4, kernel=3)
    short = builder.same("zero", stem)
    long = builder.same("zero", builder.conv(builder.conv(stem, 4, kernel=3), 4, kernel=3))
    builder.same("add", short, builder.conv(stem, 4, kernel=3), long)
    assert _paths(builder.build()) == (2, 2)


def test_where_zeros_part_input_and_output_there_is_no_path() -> None:
    builder = GraphBuilder((3, 8, 8))
    builder.conv(builder.same("zero", builder.conv(-1, 4, kernel=3)), 4, kernel=3)
    assert _paths(builder.build()) == (0, 0)


def test_convolutions_of_one_pixel_squeeze_and_are_no_layers() -> None:
    builder = GraphBuilder((3, 8, 8))
    node = builder.conv(-1, 4, kernel=3)
    squeezed = builder.conv(builder.avg_pool(node, kernel=8, stride=8), 4, kernel=1)
    builder.same("mul", node, builder.same("sigmoid", squeezed))
    assert _paths(builder.build()) == (1, 1)


# --- paths of networks, over all paths -----------------------------------------------------------


def _lengths_of_all_paths(graph: OperationGraph, node: int, known: dict[int, set[int]]) -> set[int]:
    """How many convolutions of maps the paths from the input to an operator may have."""
    if node < 0:
        return {0}
    if node not in known:
        operation = graph.operations[node]
        own = int(operation.kind == "conv" and operation.in_shape[1:] != (1, 1))
        known[node] = set()
        if operation.kind != "zero":
            for before in operation.inputs:
                known[node] |= {own + n for n in _lengths_of_all_paths(graph, before, known)}
    return known[node]


@pytest.mark.parametrize("name", CHAINS)
def test_paths_of_chains_add_up_over_their_independent_genes(name: str) -> None:
    space = load_space(name)
    genotypes = space.sample_genotypes(15, np.random.default_rng(2))
    table = additive_table(space, measure_paths)
    for genotype, values in zip(genotypes, table.values(genotypes), strict=True):
        graph = space.graph(space.architecture(genotype))
        lengths = _lengths_of_all_paths(graph, len(graph) - 1, {})
        assert dict(zip(table.names, values.tolist(), strict=True)) == {
            "longest path": max(lengths), "shortest path": min(lengths),
        }  # fmt: skip


def test_paths_of_a_stack_of_cells_are_those_of_one_cell_many_times() -> None:
    # Three stages of two cells; between them two reductions, of two convolutions or a shortcut
    # with one; one convolution before them.
    space = NasBench201(cells=2)
    (cell,) = space.cell_types
    has_weights = {cell.operations.index(name) for name in ("nor_conv_1x1", "nor_conv_3x3")}
    for genotype in space.sample_genotypes(60, np.random.default_rng(0)):
        open_paths = [path for path in cell.paths if all(genotype[edge] for edge in path)]
        lengths = [sum(genotype[edge] in has_weights for edge in path) for path in open_paths]
        expected = (6 * max(lengths) + 1 + 4, 6 * min(lengths) + 1 + 2)
        assert _paths(space.graph(space.architecture(genotype))) == expected


@pytest.mark.parametrize("column", ["longest path", "shortest path"])
def test_ranks_of_cells_by_their_paths_are_those_of_the_network(column: str) -> None:
    space = NasBench201(cells=1)
    genotypes = space.sample_genotypes(200, np.random.default_rng(0))
    graphs = [space.graph(space.architecture(genotype)) for genotype in genotypes]
    measured = [measure_paths(graph)[column] for graph in graphs]
    ranked = _relative(space, genotypes)[column]
    pairs = sorted(set(zip(measured, ranked.tolist(), strict=True)))
    assert len(pairs) == len({length for length, _ in pairs}) == len({rank for _, rank in pairs})
    assert [rank for _, rank in pairs] == sorted(rank for _, rank in pairs)


# --- sizes ---------------------------------------------------------------------------------------


def test_sizes_by_hand() -> None:
    builder = GraphBuilder((3, 8, 8), stage="body")
    node = builder.same("relu", builder.conv(-1, 4, kernel=3, stride=2))
    squeeze = builder.same("silu", builder.linear(builder.global_avg_pool(node), 2))
    excite = builder.same("sigmoid", builder.linear(squeeze, 4))
    node = builder.same("mul", node, excite)
    node = builder.conv(node, 8, kernel=1)
    builder.linear(builder.global_avg_pool(node), 10)
    graph = builder.build()
    sizes = measure_sizes(graph)
    traffic = {"bytes": sizes.pop("bytes")}
    assert sizes == {
        "params": graph.params,
        "macs": graph.macs,
        "convolutions": 2,
        "activations": 3,
        "activated numbers": 4 * 16 + 2 + 4,
        "spatial macs": 4 * 16 * 27,
    }
    numbers_read = 3 * 64 + 4 * 16 + 4 * 16 + 4 + 2 + 2 + 4 + (4 * 16 + 4) + 4 * 16 + 8 * 16 + 8
    numbers_written = 4 * 16 + 4 * 16 + 4 + 2 + 2 + 4 + 4 + 4 * 16 + 8 * 16 + 8 + 10
    assert traffic == {"bytes": 4 * (numbers_read + numbers_written + graph.params)}


# --- ranks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SPACES))
def test_columns_have_the_same_names_in_every_space(name: str) -> None:
    space = load_space(name)
    assert feature_names(space, ["relative"]) == list(RELATIVE)
    matrix = feature_matrix(
        space, space.sample_genotypes(4, np.random.default_rng(0)), ["relative"]
    )
    assert matrix.shape == (4, len(RELATIVE))
    assert matrix.dtype == np.float32


@pytest.mark.parametrize("name", list(SPACES))
def test_a_column_is_the_normal_score_of_a_rank_among_random_architectures(name: str) -> None:
    space = load_space(name)
    drawn = space.sample_genotypes(N_REFERENCE, np.random.default_rng(0))
    reference = count_genotypes(space, space.canonical_genotypes(drawn))
    genotypes = space.sample_genotypes(20, np.random.default_rng(1))
    counted = count_genotypes(space, space.canonical_genotypes(genotypes))
    relative = _relative(space, genotypes)
    for column, quantity in enumerate(("params", "macs")):
        for value, score in zip(counted[:, column], relative[quantity], strict=True):
            n_below = sum(other < value for other in reference[:, column])
            n_equal = sum(other == value for other in reference[:, column])
            # Between two neighbours it would be between their ranks, from 1 on.
            rank = n_below + (n_equal + 1) / 2
            assert score == pytest.approx(norm.ppf(rank / (N_REFERENCE + 1)), abs=1e-6)


def test_only_the_order_counts() -> None:
    # Another data set changes the classifier alone: all sizes rise by a constant. Smaller images
    # divide all work on maps, but not the weights in the traffic.
    spaces = [NasBench201(dataset) for dataset in NasBench201.datasets]
    genotypes = spaces[0].sample_genotypes(100, np.random.default_rng(4))
    first, second, small = (_relative(space, genotypes) for space in spaces)
    for name in RELATIVE:
        np.testing.assert_array_equal(first[name], second[name])
        assert (name == "bytes") != np.array_equal(first[name], small[name])


@pytest.mark.parametrize("name", CHAINS)
def test_the_median_architecture_is_near_zero(name: str) -> None:
    space = load_space(name)
    relative = _relative(space, space.sample_genotypes(2000, np.random.default_rng(9)))
    for column in ("params", "macs", "bytes"):
        # The median of 2,000 of a normal variable has a variance of pi / 2 / 2000, and so has that
        # of the reference.
        assert abs(np.median(relative[column])) < 4 * np.sqrt(np.pi / 2000)
        assert np.std(relative[column]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", list(SPACES))
def test_ranks_are_one_half_on_average_also_where_many_are_equal(name: str) -> None:
    space = load_space(name)
    relative = _relative(space, space.sample_genotypes(2000, np.random.default_rng(9)))
    for ranks in map(norm.cdf, relative.values()):
        # Of uniform ranks the variance is 1 / 12, of those with ties less; and the reference's.
        assert abs(ranks.mean() - 0.5) < 4 * np.sqrt(2 / 12 / 2000)


def test_what_is_larger_than_all_random_architectures_is_half_a_rank_above_them() -> None:
    space = load_space("fbnet")
    largest = np.full((1, len(space.genes)), 7)
    expected = norm.ppf((N_REFERENCE + 0.5) / (N_REFERENCE + 1))
    for name in ("params", "macs", "bytes", "activated numbers"):
        assert _relative(space, largest)[name][0] == pytest.approx(expected)


def test_dead_operations_are_not_seen(nasbench201: SearchSpace) -> None:
    twins = [
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
    ]
    genotypes = nasbench201.genotypes([nasbench201.parse(text) for text in twins])
    one, other = feature_matrix(nasbench201, genotypes, ["relative"])
    np.testing.assert_array_equal(one, other)


def test_paths_of_cells_that_are_not_alike_are_those_of_the_whole_network() -> None:
    class Widening(NasBench201):
        cell_types = (replace(NasBench201.cell_types[0], is_identity_at_input=False),)

    space = Widening(cells=1, channels=2)
    genotypes = space.canonical_genotypes(space.sample_genotypes(40, np.random.default_rng(0)))
    ranked = _relative(space, genotypes)["longest path"]
    lengths = [_paths(space.graph(space.architecture(genotype)))[0] for genotype in genotypes]
    order = np.argsort(lengths, kind="stable")
    assert (np.diff(ranked[order]) >= 0).all()
    assert len(set(ranked.tolist())) == len(set(lengths))
