"""Graph features (GRAF) of cells: paths, degrees and counts for every subset of operations.

References:
    Kadlecova et al. 2024, Surprisingly Strong Performance Prediction with Neural Graph Features,
    https://openreview.net/forum?id=EhPpZV6KLk
"""

from __future__ import annotations

import itertools

import numpy as np

from hwnas.core.cell import CellGraph


def graph_feature_names(cell: CellGraph) -> list[str]:
    """Names of the columns of ``graph_features``."""
    kinds = ("min_path_len", "max_on_path", "out_degree_input", "in_degree_output", "mean_degree")
    names = [f"n_{operation}" for operation in cell.operations]
    return names + [f"{kind}({cell.name(s)})" for kind in kinds for s in cell.subsets]


def graph_features(cell: CellGraph, choices: np.ndarray) -> np.ndarray:
    """Graph features of cells.

    For each operation, how often it occurs; then for each subset of operations: the number of
    edges on the shortest path from input to output that uses only the subset (one more than the
    number of nodes where there is none); the largest number of the subset's operations on any
    path; the number of the subset's edges that leave the input, that enter the output, and their
    mean per node.

    Departs from the reference code in two ways: the largest number on a path is the maximum over
    all paths (there it is the number on the path with the largest excess over other operations),
    and mean in- and out-degree, which are equal by definition, are one column.

    Args:
        cell: The graph.
        choices: Operation of each edge, shape ``(n_archs, n_edges)``.

    Returns:
        Shape ``(n_archs, n_features)``, float32, columns as ``graph_feature_names`` says.

    References:
        Kadlecova et al. 2024, https://openreview.net/forum?id=EhPpZV6KLk
    """
    n_operations, n_edges = len(cell.operations), len(cell.edges)
    edge_counts = np.stack([(choices == op).sum(axis=1) for op in range(n_operations)], axis=1)
    # Everything about a subset depends only on which edges it allows: look it up by that bit set.
    bits = np.stack([(choices == op) @ (1 << np.arange(n_edges)) for op in range(n_operations)])
    allowed = np.stack([bits[list(subset)].sum(axis=0) for subset in cell.subsets], axis=1)
    tables = _edge_set_tables(cell)
    return np.concatenate(
        [edge_counts, *(table[allowed] for table in tables)], axis=1, dtype=np.float32
    )


def _edge_set_tables(cell: CellGraph) -> list[np.ndarray]:
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


def path_names(cell: CellGraph) -> list[str]:
    """Names of the columns of ``path_counts``."""
    return ["paths(" + ">".join(word) + ")" for word in _words(cell)]


def path_counts(cell: CellGraph, choices: np.ndarray) -> np.ndarray:
    """How many paths from input to output apply each sequence of operations.

    Identities are left out of a sequence and a path with an absent edge does not count, so that
    dead operations are not seen and cells of one functional class get equal numbers.

    Args:
        cell: The graph.
        choices: Operation of each edge, shape ``(n_archs, n_edges)``.

    Returns:
        Shape ``(n_archs, n_sequences)``, float32, columns as ``path_names`` says.
    """
    words = {word: column for column, word in enumerate(_words(cell))}
    counted = np.zeros((len(choices), len(words)), dtype=np.float32)
    rows = np.arange(len(choices))
    for path in cell.paths:
        column_of = np.array(
            [
                -1 if (word := _word(cell, operations)) is None else words[word]
                for operations in itertools.product(range(len(cell.operations)), repeat=len(path))
            ]
        )
        sequence = choices[:, list(path)] @ len(cell.operations) ** np.arange(len(path))[::-1]
        columns = column_of[sequence]
        is_live = columns >= 0
        np.add.at(counted, (rows[is_live], columns[is_live]), 1)
    return counted


def _word(cell: CellGraph, operations: tuple[int, ...]) -> tuple[str, ...] | None:
    """The sequence of operations without identities; None if one of them is absent."""
    names = [cell.operations[operation] for operation in operations]
    if cell.absent in names:
        return None
    return tuple(name for name in names if name != cell.identity)


def _words(cell: CellGraph) -> list[tuple[str, ...]]:
    """All sequences that a path of the cell can apply, short ones first."""
    working = [name for name in cell.operations if name not in (cell.absent, cell.identity)]
    longest = max(len(path) for path in cell.paths)
    return [
        word for length in range(longest + 1) for word in itertools.product(working, repeat=length)
    ]
