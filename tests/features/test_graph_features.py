"""Graph features: by hand, against a slow walk over paths, and over functional classes."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from hwnas.core.edge_cell import EdgeCell
from hwnas.features.graph import graph_feature_names, graph_features, path_counts, path_names
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
