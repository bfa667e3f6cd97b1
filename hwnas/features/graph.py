"""Graph features (GRAF) of cells: paths, degrees and counts for every subset of operations.

References:
    Kadlecova et al. 2024, Surprisingly Strong Performance Prediction with Neural Graph Features,
    https://openreview.net/forum?id=EhPpZV6KLk
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import lru_cache, singledispatch

import numpy as np

from hwnas.core.cell import Cell, LabelledGraph
from hwnas.core.edge_cell import EdgeCell

KINDS = ("min_path_len", "max_on_path", "out_degree_input", "in_degree_output", "mean_degree")
MAX_LISTED_EDGES = 14
"""Edges of a cell of which all sets are listed in tables."""
MAX_KEPT = 20_000
"""Graphs of which features are kept."""

Features = Callable[[Cell, np.ndarray], np.ndarray]


@lru_cache(maxsize=64)
def _subsets(n_operations: int) -> tuple[tuple[int, ...], ...]:
    """All non-empty subsets of operations, small ones first."""
    sizes = range(1, n_operations + 1)
    return tuple(s for size in sizes for s in itertools.combinations(range(n_operations), size))


def graph_feature_names(cell: Cell) -> list[str]:
    """Names of the columns of ``graph_features``."""
    names = [f"n_{operation}" for operation in cell.operations]
    subsets = [
        "+".join(cell.operations[operation] for operation in subset)
        for subset in _subsets(len(cell.operations))
    ]
    return names + [f"{kind}({subset})" for kind in KINDS for subset in subsets]


@singledispatch
def graph_features(cell: Cell, genotypes: np.ndarray) -> np.ndarray:
    """Graph features of cells.

    For each operation, how often it occurs; then for each subset of operations: the number of
    edges on the shortest path from input to output that uses only the subset (one more than the
    number of nodes where there is none); the largest number of the subset's operations on any
    path; the number of the subset's edges that leave the input, that enter the output, and their
    mean per node. Where nodes have the operations, an edge is of a subset if the inner nodes at
    its ends are.

    Cells of fixed edges are looked up in tables, all at once; others are walked graph by graph,
    and the last ones are remembered.

    Departs from the reference code in two ways: the largest number on a path is the maximum over
    all paths (there it is the number on the path with the largest excess over other operations),
    and mean in- and out-degree, which are equal by definition, are one column.

    Args:
        cell: The cell.
        genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.

    Returns:
        Shape ``(n_archs, n_features)``, float32, columns as ``graph_feature_names`` says.

    References:
        Kadlecova et al. 2024, https://openreview.net/forum?id=EhPpZV6KLk
    """
    rows = [_walked(cell.graph(row), cell.operations) for row in genotypes.tolist()]
    n_columns = len(cell.operations) + len(KINDS) * len(_subsets(len(cell.operations)))
    return np.array(rows, dtype=np.float32).reshape(len(genotypes), n_columns)


@graph_features.register
def _(cell: EdgeCell, genotypes: np.ndarray) -> np.ndarray:
    if len(cell.edges) > MAX_LISTED_EDGES:
        walk: Features = graph_features.dispatch(object)
        return walk(cell, genotypes)
    choices = genotypes[:, cell.genes]
    n_operations, n_edges = len(cell.operations), len(cell.edges)
    edge_counts = np.stack([(choices == op).sum(axis=1) for op in range(n_operations)], axis=1)
    # Everything about a subset depends only on which edges it allows: look it up by that bit set.
    bits = np.stack([(choices == op) @ (1 << np.arange(n_edges)) for op in range(n_operations)])
    allowed = np.stack(
        [bits[list(subset)].sum(axis=0) for subset in _subsets(n_operations)], axis=1
    )
    tables = _edge_set_tables(cell)
    return np.concatenate(
        [edge_counts, *(table[allowed] for table in tables)], axis=1, dtype=np.float32
    )


@lru_cache(maxsize=16)
def _edge_set_tables(cell: EdgeCell) -> list[np.ndarray]:
    """For each set of edges (as bits): path lengths and degrees; each ``(2 ** n_edges,)``."""
    n_edges = len(cell.edges)
    holds = (np.arange(2**n_edges)[:, None] >> np.arange(n_edges)) & 1
    on_path = np.zeros((len(cell.paths), n_edges), dtype=np.int64)
    for row, path in enumerate(cell.paths):
        on_path[row, list(path)] = 1
    lengths = on_path.sum(axis=1)
    n_on_path = holds @ on_path.T
    shortest = np.where(n_on_path == lengths, lengths, cell.n_nodes + 1).min(axis=1)
    starts, ends = np.array(cell.edges).T
    return [
        shortest,
        n_on_path.max(axis=1),
        holds[:, starts == 0].sum(axis=1),
        holds[:, ends == cell.n_nodes - 1].sum(axis=1),
        holds.sum(axis=1) / cell.n_nodes,
    ]


@lru_cache(maxsize=MAX_KEPT)
def _walked(graph: LabelledGraph, operations: tuple[str, ...]) -> tuple[float, ...]:
    """Graph features of one labelled graph, by the definitions."""
    occurring = graph.on_edges or graph.on_nodes
    paths = graph.paths()
    columns: list[list[float]] = [[] for _ in KINDS]
    for subset in _subsets(len(operations)):
        inside = {operations[operation] for operation in subset}
        edges = [edge for edge in range(len(graph.edges)) if graph.labels(edge) <= inside]
        lengths = [len(path) for path in paths if set(path) <= set(edges)]
        on_paths = [sum(name in inside for name in graph.along(path)) for path in paths]
        values = (
            min(lengths, default=graph.n_nodes + 1),
            max(on_paths, default=0),
            sum(graph.edges[edge][0] == 0 for edge in edges),
            sum(graph.edges[edge][1] == graph.n_nodes - 1 for edge in edges),
            len(edges) / graph.n_nodes,
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    counted = (float(occurring.count(operation)) for operation in operations)
    return (*counted, *itertools.chain.from_iterable(columns))


def path_names(cell: Cell) -> list[str]:
    """Names of the columns of ``path_counts``."""
    return ["paths(" + ">".join(word) + ")" for word in path_words(cell)]


@singledispatch
def path_counts(cell: Cell, genotypes: np.ndarray) -> np.ndarray:
    """How many paths from input to output apply each sequence of operations.

    Identities are left out of a sequence and a path with an absent edge does not count, so that
    dead operations are not seen and cells of one functional class get equal numbers.

    Args:
        cell: The cell.
        genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.

    Returns:
        Shape ``(n_archs, n_sequences)``, float32, columns as ``path_names`` says.
    """
    counted = np.zeros((len(genotypes), len(path_words(cell))), dtype=np.float32)
    for row, genotype in enumerate(genotypes.tolist()):
        np.add.at(counted[row], _columns_of_paths(cell, cell.graph(genotype)), 1)
    return counted


@lru_cache(maxsize=MAX_KEPT)
def _columns_of_paths(cell: Cell, graph: LabelledGraph) -> list[int]:
    """The column in ``path_counts`` of each path from input to output."""
    columns = _columns(cell)
    return [columns[_word(cell, graph.along(path))] for path in graph.paths()]


@path_counts.register
def _(cell: EdgeCell, genotypes: np.ndarray) -> np.ndarray:
    choices = genotypes[:, cell.genes]
    words = _columns(cell)
    counted = np.zeros((len(choices), len(words)), dtype=np.float32)
    rows = np.arange(len(choices))
    for path in cell.paths:
        column_of = np.array(
            [
                -1 if cell.absent in names else words[_word(cell, names)]
                for names in itertools.product(cell.operations, repeat=len(path))
            ]
        )
        sequence = choices[:, list(path)] @ len(cell.operations) ** np.arange(len(path))[::-1]
        columns = column_of[sequence]
        is_live = columns >= 0
        np.add.at(counted, (rows[is_live], columns[is_live]), 1)
    return counted


def _word(cell: Cell, names: Sequence[str]) -> tuple[str, ...]:
    """The operations of a path without those that change nothing."""
    return tuple(name for step, name in enumerate(names) if cell.is_working(name, step == 0))


@lru_cache(maxsize=64)
def _columns(cell: Cell) -> dict[tuple[str, ...], int]:
    return {word: column for column, word in enumerate(path_words(cell))}


@lru_cache(maxsize=64)
def path_words(cell: Cell) -> tuple[tuple[str, ...], ...]:
    """All sequences that a path of the cell can apply, short ones first."""
    working = [
        name
        for name in cell.operations
        if any(cell.is_working(name, is_first) for is_first in (True, False))
    ]
    return tuple(
        word
        for length in range(cell.longest + 1)
        for word in itertools.product(working, repeat=length)
        if _word(cell, word) == word
    )
