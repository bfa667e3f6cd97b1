"""Parameters and multiply-accumulates, exact, counted from the operation graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwnas.core import given
from hwnas.core.architecture import Architecture
from hwnas.core.arguments import checked
from hwnas.core.graph import OperationGraph
from hwnas.core.space import SearchSpace
from hwnas.features.measured import measured

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("params", "macs")


def measure_counts(graph: OperationGraph) -> dict[str, int]:
    """Parameters and multiply-accumulates of a network."""
    return {"params": graph.params, "macs": graph.macs}


def count_genotypes(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Parameters and multiply-accumulates of genotypes.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``.

    Returns:
        Integers of shape ``(n_archs, 2)``: ``params`` and ``macs`` of one image.
    """
    genotypes = space.check_genotypes(genotypes)
    return measured(space, measure_counts).values(genotypes)


@checked(space=given.loaded_space)
def counts(space: SearchSpace, archs: Sequence[Architecture]) -> pd.DataFrame:
    """Parameters and multiply-accumulates of architectures, dead operations included.

    Args:
        space: Their search space; its data set decides input size and classes.
        archs: The ``n_archs`` architectures, each as ``SearchSpace.as_arch`` takes it.

    Returns:
        One row an architecture in the order given, indexed by its string; columns ``params`` and
        ``macs`` (convolutions and linear layers, 1 MAC = 1, one image).

    Raises:
        ArchitectureError: One of them belongs to another space.
    """
    import pandas as pd

    found = space.as_archs(archs)
    values = count_genotypes(space, space.genotypes(found))
    index = pd.Index(map(str, found), name="arch")
    return pd.DataFrame(values, columns=list(COLUMNS), index=index)
