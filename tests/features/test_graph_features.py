"""Graph features: by hand, against a slow walk over paths, and over functional classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from hwnas.core.cell import LabelledGraph, SearchedCell
from hwnas.core.edge_cell import EdgeCell
from hwnas.features import feature_matrix, feature_names
from hwnas.features.graph import graph_feature_names, graph_features, path_counts, path_names
from hwnas.features.legend import KINDS, kinds
from hwnas.spaces.nasbench201 import EDGES, NasBench201

_SPACE = NasBench201()
(_CELL,) = _SPACE.cell_types

_DIAMOND = EdgeCell(
    edges=((0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)),
    operations=("gone", "same", "work"),
    absent="gone",
    identity="same",
)


def _features(cell: EdgeCell, genotype: tuple[int, ...]) -> dict[str, float]:
    values = graph_features(cell, np.array([genotype]))[0]
    return dict(zip(graph_feature_names(cell), values.tolist(), strict=True))


def _paths(cell: EdgeCell, genotype: tuple[int, ...]) -> dict[tuple[str, ...], float]:
    values = path_counts(cell, np.array([genotype]))[0].tolist()
    named = dict(zip(path_names(cell), values, strict=True))
    return {
        tuple(word for word in name[len("paths(") : -1].split(">") if word): value
        for name, value in named.items()
        if value
    }


def _walks(cell: EdgeCell, genotype: tuple[int, ...]) -> list[list[str]]:
    """Operations along every path from first to last node, each node set tried in turn."""
    operation_of = dict(zip(cell.edges, (cell.operations[c] for c in genotype), strict=True))
    last = max(end for _, end in cell.edges)
    walks = []
    for n_between in range(last):
        for between in combinations(range(1, last), n_between):
            steps = list(pairwise((0, *between, last)))
            if all(step in operation_of for step in steps):
                walks.append([operation_of[step] for step in steps])
    return walks


def _slow_features(cell: EdgeCell, genotype: tuple[int, ...]) -> dict[str, float]:
    """Every graph feature, by walking all paths for each subset of operations."""
    names = [cell.operations[choice] for choice in genotype]
    last = max(end for _, end in cell.edges)
    features = {f"n_{operation}": names.count(operation) for operation in cell.operations}
    walks = _walks(cell, genotype)
    for size in range(1, len(cell.operations) + 1):
        for subset in combinations(cell.operations, size):
            key = "+".join(subset)
            inside = [len(walk) for walk in walks if set(walk) <= set(subset)]
            features[f"min_path_len({key})"] = min(inside, default=last + 2)
            features[f"max_on_path({key})"] = max(
                sum(name in subset for name in walk) for walk in walks
            )
            chosen = [e for e, name in zip(cell.edges, names, strict=True) if name in subset]
            features[f"out_degree_input({key})"] = [start for start, _ in chosen].count(0)
            features[f"in_degree_output({key})"] = [end for _, end in chosen].count(last)
            features[f"mean_degree({key})"] = len(chosen) / (last + 1)
    return features


def test_features_of_a_residual_cell_by_hand() -> None:
    # 0 -3x3-> 1 -3x3-> 3 beside 0 -skip-> 3; everything else is absent.
    genotype = (3, 0, 0, 1, 3, 0)
    features = _features(_CELL, genotype)
    expected = {
        "n_none": 3,
        "n_skip_connect": 1,
        "n_nor_conv_3x3": 2,
        "n_avg_pool_3x3": 0,
        "min_path_len(skip_connect)": 1,
        "min_path_len(nor_conv_3x3)": 2,
        "min_path_len(skip_connect+nor_conv_3x3)": 1,
        # 0-2-3: both edges are absent, and "none" is an operation like any other here.
        "min_path_len(none)": 2,
        # No path of poolings: one more than the number of nodes.
        "min_path_len(avg_pool_3x3)": 5,
        "max_on_path(nor_conv_3x3)": 2,
        "max_on_path(skip_connect)": 1,
        "max_on_path(nor_conv_1x1)": 0,
        "out_degree_input(nor_conv_3x3)": 1,
        "out_degree_input(skip_connect+nor_conv_3x3)": 2,
        "in_degree_output(skip_connect+nor_conv_3x3)": 2,
        "mean_degree(nor_conv_3x3)": 0.5,
    }
    assert {name: features[name] for name in expected} == expected


def test_there_are_five_counts_and_five_features_of_31_subsets() -> None:
    names = graph_feature_names(_CELL)
    assert len(names) == len(set(names)) == 5 + 5 * 31
    assert graph_features(_CELL, np.zeros((2, 6), dtype=int)).shape == (2, 160)


@pytest.mark.parametrize("cell", [_CELL, _DIAMOND], ids=["nasbench201", "diamond"])
def test_every_feature_is_that_of_the_slow_walk(cell: EdgeCell) -> None:
    rng = np.random.default_rng(7)
    choices = rng.integers(len(cell.operations), size=(60, len(cell.edges)))
    for genotype in map(tuple, choices):
        expected = _slow_features(cell, genotype)
        found = _features(cell, genotype)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-6), (name, genotype)


@pytest.mark.parametrize("cell", [_CELL, _DIAMOND], ids=["nasbench201", "diamond"])
def test_path_counts_are_those_of_the_slow_walk(cell: EdgeCell) -> None:
    rng = np.random.default_rng(8)
    for genotype in map(tuple, rng.integers(len(cell.operations), size=(60, len(cell.edges)))):
        words = [
            tuple(name for name in walk if name != cell.identity)
            for walk in _walks(cell, genotype)
            if cell.absent not in walk
        ]
        assert _paths(cell, genotype) == {word: words.count(word) for word in words}


def test_path_counts_of_a_residual_cell_by_hand() -> None:
    assert _paths(_CELL, (3, 0, 0, 1, 3, 0)) == {(): 1, ("nor_conv_3x3", "nor_conv_3x3"): 1}


def test_path_counts_of_a_doubled_path_by_hand() -> None:
    # 0 -1x1-> 1, then skip to 3 directly and by node 2: the same convolution arrives twice.
    assert _paths(_CELL, (2, 0, 1, 0, 1, 1)) == {("nor_conv_1x1",): 2}


def test_path_counts_are_equal_within_functional_classes() -> None:
    everything = _SPACE.all_genotypes()
    np.testing.assert_array_equal(
        path_counts(_CELL, everything),
        path_counts(_CELL, _SPACE.canonical_genotypes(everything)),
    )


def test_disconnected_cells_have_no_live_path() -> None:
    everything = _SPACE.all_genotypes()
    has_path = path_counts(_CELL, everything).any(axis=1)
    np.testing.assert_array_equal(has_path, _SPACE.valid_mask(everything))


def test_cell_lists_its_paths_short_ones_first() -> None:
    assert _CELL.paths == ((3,), (0, 4), (1, 5), (0, 2, 5))
    assert _CELL.n_nodes == 4
    assert _CELL.edges == EDGES


# --- cells whose edges are searched --------------------------------------------------------------


@pytest.mark.parametrize("cell", [_CELL, _DIAMOND], ids=["nasbench201", "diamond"])
def test_walking_graphs_one_by_one_gives_what_the_tables_give(cell: EdgeCell) -> None:
    rng = np.random.default_rng(9)
    genotypes = rng.integers(len(cell.operations), size=(40, len(cell.edges)))
    walked = graph_features.dispatch(object)(cell, genotypes)
    np.testing.assert_array_equal(walked, graph_features(cell, genotypes))


def test_a_cell_of_too_many_edges_for_tables_is_walked() -> None:
    pairs = tuple((a, b) for b in range(1, 7) for a in range(b))
    cell = EdgeCell(pairs, ("gone", "work"), "gone", "work")
    everywhere, direct = np.ones((1, 21), dtype=int), np.zeros((1, 21), dtype=int)
    direct[0, pairs.index((0, 6))] = 1
    names = graph_feature_names(cell)
    found = graph_features(cell, np.concatenate([everywhere, direct]))
    assert found[:, names.index("n_work")].tolist() == [21, 1]
    assert found[:, names.index("min_path_len(work)")].tolist() == [1, 1]
    assert found[:, names.index("max_on_path(work)")].tolist() == [6, 1]
    assert found[:, names.index("out_degree_input(gone)")].tolist() == [0, 5]


def _wire(genotype: Sequence[int]) -> LabelledGraph:
    """0 to 1 to 3 and 0 to 2 to 3, and 1 to 2 where the first gene says so; operations after it."""
    crossing = ((1, 2),) if genotype[0] else ()
    edges = ((0, 1), (0, 2), *crossing, (1, 3), (2, 3))
    return LabelledGraph(4, edges, on_nodes=tuple("ab"[choice] for choice in genotype[1:]))


_SEARCHED = SearchedCell(("a", "b"), 4, _wire, identity="b")


def test_features_of_operations_on_nodes_by_hand() -> None:
    values = graph_features(_SEARCHED, np.array([[1, 0, 1], [0, 0, 0]]))
    crossed, plain = (
        dict(zip(graph_feature_names(_SEARCHED), row.tolist(), strict=True)) for row in values
    )
    assert crossed == {
        "n_a": 1, "n_b": 1,
        "min_path_len(a)": 2, "min_path_len(b)": 2, "min_path_len(a+b)": 2,
        "max_on_path(a)": 1, "max_on_path(b)": 1, "max_on_path(a+b)": 2,
        "out_degree_input(a)": 1, "out_degree_input(b)": 1, "out_degree_input(a+b)": 2,
        "in_degree_output(a)": 1, "in_degree_output(b)": 1, "in_degree_output(a+b)": 2,
        "mean_degree(a)": 0.5, "mean_degree(b)": 0.5, "mean_degree(a+b)": 1.25,
    }  # fmt: skip
    assert plain["n_b"] == plain["max_on_path(b)"] == plain["out_degree_input(b)"] == 0
    assert plain["min_path_len(b)"] == 5
    assert plain["mean_degree(a)"] == 1


def test_path_counts_of_operations_on_nodes_by_hand() -> None:
    names = path_names(_SEARCHED)
    assert names == ["paths()", "paths(a)", "paths(a>a)"]
    # Three paths: by a, by the identity, and by a and then the identity.
    assert path_counts(_SEARCHED, np.array([[1, 0, 1]])).tolist() == [[1, 2, 0]]
    assert path_counts(_SEARCHED, np.array([[1, 0, 0]])).tolist() == [[0, 2, 1]]


def test_a_skip_that_changes_the_cells_input_stands_in_its_paths() -> None:
    cell = replace(_DIAMOND, is_identity_at_input=False)
    # 0 -same-> 2 -same-> 4: the first is an operation, the second passes on.
    genotype = np.array([[0, 1, 0, 0, 0, 1, 0]])
    named = dict(zip(path_names(cell), path_counts(cell, genotype)[0].tolist(), strict=True))
    assert {name for name, value in named.items() if value} == {"paths(same)"}
    assert "paths(work>same)" not in named


def test_columns_of_a_second_cell_say_so() -> None:
    class Two(NasBench201):
        cell_types = (_CELL, _CELL)

    names = feature_names(Two(), ["graph", "paths"])
    assert names[0] == "n_none"
    assert names[160] == "n_none of cell 2"
    assert set(kinds(Two(), "graph")) == set(KINDS["graph"])
    assert len(names) == len(set(names))
    genotypes = np.array([[0, 1, 2, 3, 4, 0]])
    once = feature_matrix(_SPACE, genotypes, ["graph"])
    np.testing.assert_array_equal(
        feature_matrix(Two(), genotypes, ["graph"]), np.concatenate([once, once], axis=1)
    )
