"""Measures of the operation graph that add up over groups of genes: tables built once, then sums.

Genes of different groups do not interact (``SearchSpace.independent_genes``), so one graph for each
combination of choices within a group is enough to know every architecture of the space.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike

from hwnas.core.graph import OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError

Measure = Callable[[OperationGraph], Mapping[str, int]]
"""Integers of a graph by name, each a sum over its operators; a name left out is 0."""

# A table and a batch of sums stay in the cache of one core.
_MAX_ROWS = 2048
_BATCH_ROWS = 2048


@dataclass(frozen=True, slots=True)
class _GroupTable:
    """What the choices of some genes add to the columns they change.

    Args:
        genes: The genes, ``n_group_genes`` of them.
        sizes: Number of choices of each.
        columns: The span of columns that holds all they change.
        added: Shape ``(n_combinations, n_span_columns)``, combinations in lexicographic order.
    """

    genes: tuple[int, ...]
    sizes: tuple[int, ...]
    columns: slice
    added: np.ndarray

    def rows(self, genotypes: np.ndarray) -> np.ndarray:
        """Row of each genotype ``(n_archs, n_genes)``, shape ``(n_archs,)``."""
        found = np.zeros(len(genotypes), dtype=np.int64)
        for gene, size in zip(self.genes, self.sizes, strict=True):
            found *= size
            found += genotypes[:, gene]
        return found


@dataclass(frozen=True, slots=True)
class AdditiveTable:
    """A measure of every architecture of a space.

    Args:
        names: Names of the ``n_columns`` columns.
        origin: Shape ``(n_columns,)``, the measure of the genotype of zeros.
        groups: What the choices of each group of genes add to it.
    """

    names: tuple[str, ...]
    origin: np.ndarray
    groups: tuple[_GroupTable, ...]

    def values(self, genotypes: np.ndarray, dtype: DTypeLike = np.int64) -> np.ndarray:
        """The measure of genotypes.

        Args:
            genotypes: Shape ``(n_archs, n_genes)``.
            dtype: What to round the exact integers to.

        Returns:
            Shape ``(n_archs, n_columns)``.
        """
        values = np.empty((len(genotypes), len(self.names)), dtype=dtype)
        for start in range(0, len(genotypes), _BATCH_ROWS):
            batch = genotypes[start : start + _BATCH_ROWS]
            total = np.repeat(self.origin[None], len(batch), axis=0)
            for group in self.groups:
                total[:, group.columns] += group.added[group.rows(batch)]
            values[start : start + _BATCH_ROWS] = total
        return values


def independent_genes(space: SearchSpace) -> tuple[tuple[int, ...], ...]:
    """Groups of genes that do not interact, each a tuple of positions.

    Raises:
        ConfigError: The space has none.
    """
    if space.independent_genes is None:
        raise ConfigError(
            f"What adds up over groups of genes needs a space of independent genes; {space.name} "
            "has none. Choose other feature sets."
        )
    return space.independent_genes


@lru_cache(maxsize=64)
def additive_table(space: SearchSpace, measure: Measure) -> AdditiveTable:
    """The measure of every architecture of a space, from one graph for each combination of a group.

    Args:
        space: The space.
        measure: A sum over operators; a function of a module, since results are kept by it.

    Raises:
        ConfigError: The space has no independent genes.
    """
    independent = independent_genes(space)
    (origin, *_), *grouped = _graphs(space)
    base = measure(origin)
    measured = [[measure(graph) for graph in graphs] for graphs in grouped]
    # In order of first appearance, as a dictionary keeps it.
    names = tuple(
        dict.fromkeys(name for rows in ([base], *measured) for row in rows for name in row)
    )
    start = _vector(base, names)
    groups = []
    for genes, rows in zip(independent, measured, strict=True):
        sizes = tuple(space.n_choices[gene] for gene in genes)
        added = np.array([_vector(row, names) for row in rows]) - start
        groups.append(_trimmed(tuple(genes), sizes, added))
    return AdditiveTable(names, start, tuple(_merged(groups, len(names))))


@lru_cache(maxsize=4)
def _graphs(space: SearchSpace) -> list[list[OperationGraph]]:
    """The graph of zeros, then those of every combination of each group, for all measures alike."""
    origin = [[0] * len(space.genes)]
    groups = (_combinations(space, group) for group in independent_genes(space))
    return [
        [space.graph(space.architecture(genotype)) for genotype in genotypes]
        for genotypes in (origin, *groups)
    ]


def _combinations(space: SearchSpace, group: Sequence[int]) -> Iterator[list[int]]:
    """Genotypes of zeros but for a group of genes, in lexicographic order of its choices."""
    for choices in itertools.product(*(range(space.n_choices[gene]) for gene in group)):
        genotype = [0] * len(space.genes)
        for gene, choice in zip(group, choices, strict=True):
            genotype[gene] = choice
        yield genotype


def _vector(row: Mapping[str, int], names: Sequence[str]) -> np.ndarray:
    return np.array([row.get(name, 0) for name in names], dtype=np.int64)


def _trimmed(genes: tuple[int, ...], sizes: tuple[int, ...], added: np.ndarray) -> _GroupTable:
    """A table of the span of columns that change, from one of all columns."""
    changed = np.flatnonzero(added.any(axis=0))
    columns = slice(changed[0], changed[-1] + 1) if len(changed) else slice(0, 0)
    return _GroupTable(genes, sizes, columns, np.ascontiguousarray(added[:, columns]))


def _merged(groups: Sequence[_GroupTable], n_columns: int) -> list[_GroupTable]:
    """The same sums from fewer tables: neighbours whose columns overlap become one."""
    merged: list[_GroupTable] = []
    for group in groups:
        last = merged[-1] if merged else None
        if last is None or not _is_worth_merging(last, group):
            merged.append(group)
            continue
        added = np.zeros((len(last.added), len(group.added), n_columns), dtype=np.int64)
        added[:, :, last.columns] += last.added[:, None]
        added[:, :, group.columns] += group.added
        merged[-1] = _trimmed(
            last.genes + group.genes, last.sizes + group.sizes, added.reshape(-1, n_columns)
        )
    return merged


def _is_worth_merging(first: _GroupTable, second: _GroupTable) -> bool:
    overlaps = max(first.columns.start, second.columns.start) < min(
        first.columns.stop, second.columns.stop
    )
    return overlaps and len(first.added) * len(second.added) <= _MAX_ROWS
