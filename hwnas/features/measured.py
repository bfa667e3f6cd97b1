"""Measures of operation graphs for whole batches: summed from parts, or graph by graph."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError
from hwnas.features.additive import Measure, additive_table

N_REFERENCE = 64
"""Random architectures whose graphs say which columns a measure has."""
_SEED = 0
MAX_KEPT = 20_000
"""Architectures of which one measure is kept."""


class Measured(Protocol):
    """A measure of every architecture of a space."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the ``n_columns`` columns."""
        ...

    def values(self, genotypes: np.ndarray, dtype: DTypeLike = np.int64) -> np.ndarray:
        """The measure of genotypes ``(n_archs, n_genes)``, shape ``(n_archs, n_columns)``.

        Args:
            genotypes: The genotypes.
            dtype: What to round the exact integers to.
        """
        ...


def measured(space: SearchSpace, measure: Measure) -> Measured:
    """The measure of every architecture of a space.

    It is summed from a few graphs where the space has independent genes; else every graph asked
    for is measured, and what was measured last is kept.

    Args:
        space: The space.
        measure: A function of a module, since results are kept by it; where the space has
            independent genes, a sum over operators.
    """
    if space.independent_genes is not None:
        return additive_table(space, measure)
    return graph_by_graph(space, measure)


@lru_cache(maxsize=64)
def graph_by_graph(space: SearchSpace, measure: Measure) -> GraphByGraph:
    """The measure of every architecture of a space, each from its own graph.

    Args:
        space: The space.
        measure: A function of a module, since results are kept by it.
    """
    return GraphByGraph(space, measure)


class GraphByGraph:
    """A measure of one graph after another; the last ones are remembered.

    Its columns are those of the graphs of zeros and of ``N_REFERENCE`` random architectures.

    Args:
        space: The space.
        measure: Integers of a graph by name; a name left out is 0.
        max_kept: Architectures whose measure is remembered.
    """

    def __init__(self, space: SearchSpace, measure: Measure, max_kept: int = MAX_KEPT) -> None:
        self._space = space
        self._measure = measure
        self._max_kept = max_kept
        self._kept: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()
        drawn = space.sample_genotypes(N_REFERENCE, np.random.default_rng(_SEED))
        first = np.zeros((1, len(space.genes)), dtype=np.int64)
        rows = [self._of(genotype) for genotype in np.concatenate([first, drawn])]
        # In order of first appearance, as a dictionary keeps it.
        self.names = tuple(dict.fromkeys(name for row in rows for name in row))

    def values(self, genotypes: np.ndarray, dtype: DTypeLike = np.int64) -> np.ndarray:
        """The measure of genotypes ``(n_archs, n_genes)``, shape ``(n_archs, n_columns)``.

        Args:
            genotypes: The genotypes.
            dtype: What to round the exact integers to.

        Raises:
            ConfigError: A graph has something that no graph of the random sample had.
        """
        values = np.empty((len(genotypes), len(self.names)), dtype=dtype)
        for row, key in enumerate(genotype_keys(genotypes)):
            values[row] = self._remembered(key, genotypes[row])
        return values

    def _of(self, genotype: np.ndarray) -> dict[str, int]:
        arch = self._space.architecture(genotype.tolist())
        return dict(self._measure(self._space.graph(arch)))

    def _row(self, genotype: np.ndarray) -> tuple[int, ...]:
        found = self._of(genotype)
        if unforeseen := found.keys() - set(self.names):
            raise ConfigError(
                f"Graphs of {self._space.name} must be alike in what they are measured by, such as "
                f"their stages; {', '.join(sorted(unforeseen))} is in none of {N_REFERENCE} random "
                "ones. Name stages alike in all."
            )
        return tuple(found.get(name, 0) for name in self.names)

    def _remembered(self, key: bytes, genotype: np.ndarray) -> tuple[int, ...]:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        row = self._row(genotype)
        with self._lock:
            self._kept[key] = row
            if len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
        return row
