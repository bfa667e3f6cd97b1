"""What every space has, told relative to the space: size, work, depth, each as a rank.

A network of 15 layers is deep in one space and shallow in another. A model fitted on one space can
only be asked about another in terms of where in its space an architecture stands.

References:
    Kadlecova et al. 2024, Surprisingly Strong Performance Prediction with Neural Graph Features,
    https://openreview.net/forum?id=EhPpZV6KLk (depth and paths; theirs are of one space)
"""

from __future__ import annotations

import math
from functools import lru_cache, singledispatch

import numpy as np

from hwnas.core.cell import Cell
from hwnas.core.edge_cell import EdgeCell
from hwnas.core.graph import OperationGraph
from hwnas.core.operation import Operation
from hwnas.core.space import SearchSpace
from hwnas.features.measured import graph_by_graph, measured
from hwnas.features.operators import measure_totals, operator_type

RELATIVE = (
    "params",
    "macs",
    "bytes",
    "convolutions",
    "activations",
    "activated numbers",
    "spatial macs",
    "longest path",
    "shortest path",
)
N_REFERENCE = 2000
"""Random architectures of a space among which one is ranked."""
_SEED = 0


def measure_sizes(graph: OperationGraph) -> dict[str, int]:
    """Sums over the operators of a network: all of ``RELATIVE`` but for paths."""
    totals = measure_totals(graph)
    convolutions = [each for each in graph if _is_layer(each)]
    activations = [each for each in graph if operator_type(each) == "activation"]
    return {
        "params": totals["params"],
        "macs": totals["macs"],
        "bytes": totals["bytes"],
        "convolutions": len(convolutions),
        "activations": len(activations),
        "activated numbers": sum(math.prod(each.out_shape) for each in activations),
        "spatial macs": sum(each.macs for each in convolutions if max(each.window) > 1),
    }


def measure_paths(graph: OperationGraph) -> dict[str, int]:
    """Convolutions of maps on the longest and on the shortest path from input to output.

    Of parts in series the lengths add up. Zeros end a path; where no path leads to the output,
    both are 0.
    """
    # The first is the network's input, whose position in a graph is -1.
    longest, shortest = [0.0], [0.0]
    for operation in graph:
        own = int(_is_layer(operation))
        before = [node + 1 for node in operation.inputs]
        is_end = operation.kind == "zero"
        longest.append(-math.inf if is_end else own + max(longest[node] for node in before))
        shortest.append(math.inf if is_end else own + min(shortest[node] for node in before))
    ends = (longest[-1], shortest[-1]) if math.isfinite(longest[-1]) else (0, 0)
    return {"longest path": int(ends[0]), "shortest path": int(ends[1])}


def _is_layer(operation: Operation) -> bool:
    """Whether it is a convolution of maps; those of squeeze-excite see one pixel."""
    return operation.kind == "conv" and math.prod(operation.in_shape[1:]) > 1


def relative_names(_: SearchSpace) -> list[str]:
    """Names of the columns of ``relative_features``, the same for every space."""
    return list(RELATIVE)


def relative_features(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Where in their space architectures stand.

    Args:
        space: Search space; paths add up over its independent genes, if it has any
            and no cells.
        genotypes: Canonical genotypes, shape ``(n_archs, n_genes)``.

    Returns:
        Shape ``(n_archs, n_columns)``, float32: for each of ``RELATIVE`` the normal score of its
        rank among ``N_REFERENCE`` random architectures of the space.
    """
    from scipy.stats import norm

    sizes = _measured(space, genotypes)
    ranked = np.empty(sizes.shape, dtype=np.float32)
    for column, reference in enumerate(_reference(space).T):
        below, upto = (
            np.searchsorted(reference, sizes[:, column], side=side) for side in ("left", "right")
        )
        # Equal values share the middle of their ranks; beyond the ends is a rank from them.
        ranked[:, column] = norm.ppf((below + upto + 1) / 2 / (len(reference) + 1))
    return ranked


@lru_cache(maxsize=16)
def _reference(space: SearchSpace) -> np.ndarray:
    """Sorted measures of random architectures, shape ``(N_REFERENCE, n_columns)``."""
    drawn = space.sample_genotypes(N_REFERENCE, np.random.default_rng(_SEED))
    return np.sort(_measured(space, space.canonical_genotypes(drawn)), axis=0)


def _measured(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    sizes = measured(space, measure_sizes).values(genotypes)
    return np.concatenate([sizes, _paths(space, genotypes)], axis=1)


def _paths(space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_paths`` of genotypes, or what ranks alike; shape ``(n_archs, 2)``."""
    if not space.cell_types:
        return measured(space, measure_paths).values(genotypes)
    # Lengths of paths through cells are maxima: they do not add up over genes.
    if len(space.cell_types) > 1:
        return graph_by_graph(space, measure_paths).values(genotypes)
    return _path_lengths(space.cell_types[0], space, genotypes)


@singledispatch
def _path_lengths(_: Cell, space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """``measure_paths`` of genotypes of a space of one cell, or what ranks alike."""
    return graph_by_graph(space, measure_paths).values(genotypes)


@_path_lengths.register
def _(cell: EdgeCell, space: SearchSpace, genotypes: np.ndarray) -> np.ndarray:
    """Operations with weights on the longest and shortest path of cells.

    Of stacked cells that are all alike, the network's paths are a constant and a multiple of these.
    """
    if not cell.is_identity_at_input:
        return graph_by_graph(space, measure_paths).values(genotypes)
    choices = genotypes[:, cell.genes]
    has_weights = _operations_with_weights(space, cell)
    is_absent = np.array([name == cell.absent for name in cell.operations])
    far = len(cell.edges) + 1
    lengths = np.stack(
        [has_weights[choices[:, list(path)]].sum(axis=1) for path in cell.paths], axis=1
    )
    is_open = np.stack(
        [~is_absent[choices[:, list(path)]].any(axis=1) for path in cell.paths], axis=1
    )
    longest = np.where(is_open, lengths, 0).max(axis=1)
    shortest = np.where(is_open, lengths, far).min(axis=1)
    return np.stack([longest, np.where(is_open.any(axis=1), shortest, 0)], axis=1)


@lru_cache(maxsize=16)
def _operations_with_weights(space: SearchSpace, cell: EdgeCell) -> np.ndarray:
    """Which operations of a cell add parameters, shape ``(n_operations,)``."""
    genotypes = np.zeros((len(cell.operations), len(space.genes)), dtype=np.int64)
    genotypes[:, cell.first_gene] = np.arange(len(cell.operations))
    params = measured(space, measure_sizes).values(genotypes)[:, RELATIVE.index("params")]
    return np.asarray(params > params.min())
