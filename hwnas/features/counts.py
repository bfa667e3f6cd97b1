"""Parameters and multiply-accumulates, exact, counted from the operation graph."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("params", "macs")


def _graph_counts(space: SearchSpace, genotype: Sequence[int]) -> np.ndarray:
    graph = space.graph(space.architecture(genotype))
    return np.array([graph.params, graph.macs], dtype=np.int64)


@lru_cache(maxsize=64)
def _terms(space: SearchSpace) -> tuple[np.ndarray, list[np.ndarray]]:
    """Counts of the all-zeros genotype, and what each group's choices add to them.

    Genes of different groups do not interact, so one graph for each combination of choices
    within a group is enough to know every architecture.
    """
    origin = [0] * len(space.genes)
    base = _graph_counts(space, origin)
    added = []
    for group in space.independent_genes:
        sizes = [space.n_choices[gene] for gene in group]
        table = np.empty((*sizes, len(COLUMNS)), dtype=np.int64)
        for choices in itertools.product(*(range(size) for size in sizes)):
            genotype = origin.copy()
            for gene, choice in zip(group, choices, strict=True):
                genotype[gene] = choice
            table[choices] = _graph_counts(space, genotype) - base
        added.append(table)
    return base, added


def count_genotypes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Parameters and multiply-accumulates of genotypes.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``.

    Returns:
        Integers of shape ``(n_archs, 2)``: ``params`` and ``macs`` of one image.
    """
    genotypes = space.check_genotypes(genotypes)
    base, added = _terms(space)
    total = np.repeat(base[None], len(genotypes), axis=0)
    for group, table in zip(space.independent_genes, added, strict=True):
        total += table[tuple(genotypes[:, list(group)].T)]
    return total


def counts(space: SearchSpace, archs: Sequence[Architecture]) -> pd.DataFrame:
    """Parameters and multiply-accumulates of architectures, dead operations included.

    Args:
        space: Their search space; its data set decides input size and classes.
        archs: The ``n_archs`` architectures.

    Returns:
        One row an architecture in the order given, indexed by its string; columns ``params`` and
        ``macs`` (convolutions and linear layers, 1 MAC = 1, one image).

    Raises:
        ArchitectureError: One of them belongs to another space.
    """
    import pandas as pd

    values = count_genotypes(space, space.genotypes(archs))
    index = pd.Index([str(arch) for arch in archs], name="arch")
    return pd.DataFrame(values, columns=list(COLUMNS), index=index)
