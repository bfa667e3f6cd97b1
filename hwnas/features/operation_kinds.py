"""How many operations of each kind a network runs, counted from the operation graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from hwnas.core.graph import OperationGraph
from hwnas.core.operation import run_kinds
from hwnas.core.space import SearchSpace
from hwnas.features.measured import graph_by_graph
from hwnas.features.memory import scheduled


def measure_kinds(graph: OperationGraph) -> dict[str, int]:
    """Operations of each kind, those alone that the output needs; all kinds are named."""
    schedule = scheduled(graph)
    found = Counter(schedule.operations[position].kind for position in schedule.order)
    return {kind: found[kind] for kind in run_kinds()}


def count_kinds(space: SearchSpace, genotypes: np.ndarray, kinds: Collection[str]) -> np.ndarray:
    """Operations of some kinds that architectures run, integers of shape ``(n_archs,)``.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``; dead operations are not run.
        kinds: Which kinds.
    """
    counted = graph_by_graph(space, measure_kinds)
    columns = [place for place, name in enumerate(counted.names) if name in kinds]
    pruned = space.pruned_genotypes(space.check_genotypes(genotypes))
    return np.asarray(counted.values(pruned)[:, columns].sum(axis=1))
