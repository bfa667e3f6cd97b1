"""What the paths through a cell have in common: where operations stand on them, and how often.

The order of operations decides how a cell filters what passes, as pooling before a convolution does
not do what pooling behind it does; graph features count operations without their order, and counts
of whole paths are too many numbers to learn from few architectures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hwnas.core.cell import Cell
from hwnas.features.graph import path_counts, path_words


def path_statistic_names(cell: Cell) -> list[str]:
    """Names of the columns of ``path_statistics``."""
    shares, numbers = _sums(cell)[0], _lengths(cell)[0]
    return [
        *(f"paths {name}" for name in shares),
        *(f"share of paths {name}" for name in shares),
        *(f"{what} {name} on a path" for what in ("mean", "largest", "least") for name in numbers),
    ]


def path_statistics(cell: Cell, genotypes: np.ndarray) -> np.ndarray:
    """What the paths of cells have in common.

    For each operation that computes something, on how many of the paths from input to output it
    comes first, last, or at all; for each pair, on how many the one comes somewhere before the
    other; how many paths have each length: as numbers and as shares of all paths. Then the mean,
    largest and least number of operations on a path: of each, of all others, and in all.
    Identities are left out, and a path with an absent edge does not count.

    Args:
        cell: The cell.
        genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.

    Returns:
        Shape ``(n_archs, n_columns)``, float32; zeros where no path leads to the output.
    """
    counts = path_counts(cell, genotypes)
    n_paths = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    has_property, lengths = _sums(cell)[1], _lengths(cell)[1]
    numbers = counts @ has_property
    is_there = counts > 0
    is_any = is_there.any(axis=1)
    extremes = [
        np.where(is_any, ends(np.where(is_there, length, other), axis=1), 0)
        for ends, other in ((np.max, -np.inf), (np.min, np.inf))
        for length in lengths.T
    ]
    means = counts @ lengths / n_paths
    columns = [numbers, numbers / n_paths, means, np.stack(extremes, axis=1)]
    return np.concatenate(columns, axis=1, dtype=np.float32)


@lru_cache(maxsize=16)
def _sums(cell: Cell) -> tuple[list[str], np.ndarray]:
    """Properties that a path has or not: names, and ``(n_words, n_properties)`` of 0 and 1."""
    words = path_words(cell)
    operations = sorted({name for word in words for name in word})
    columns = {}
    for name in operations:
        columns[f"that begin with {name}"] = [word[:1] == (name,) for word in words]
        columns[f"that end with {name}"] = [word[-1:] == (name,) for word in words]
        columns[f"with {name}"] = [name in word for word in words]
    for first in operations:
        for second in operations:
            columns[f"with {first} before {second}"] = [
                first in word and second in word[word.index(first) + 1 :] for word in words
            ]
    for length in range(max(map(len, words)) + 1):
        columns[f"of {length} operations"] = [len(word) == length for word in words]
    return list(columns), np.array(list(columns.values()), dtype=np.float32).T


@lru_cache(maxsize=16)
def _lengths(cell: Cell) -> tuple[list[str], np.ndarray]:
    """How many operations a path has: names of what is counted, and ``(n_words, n_counted)``."""
    words = path_words(cell)
    operations = sorted({name for word in words for name in word})
    columns = {name: [word.count(name) for word in words] for name in operations}
    columns |= {
        f"other than {name}": [len(word) - word.count(name) for word in words]
        for name in operations
    }
    columns["operations"] = [len(word) for word in words]
    return list(columns), np.array(list(columns.values()), dtype=np.float32).T
