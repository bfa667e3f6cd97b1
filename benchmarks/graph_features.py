"""Times graph features of all NAS-Bench-201 cells beside a plain networkx version of GRAF.

Run: ``python benchmarks/graph_features.py``. GRAF's own code takes 3.2 ms an architecture, as its
paper states (https://openreview.net/forum?id=EhPpZV6KLk).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from _environment import environment, write_results
from page import section

from hwnas.core.edge_cell import EdgeCell
from hwnas.features.graph import graph_feature_names, graph_features
from hwnas.spaces import load_space

SEED = 0


def plain_features(networkx: Any, cell: EdgeCell, genotype: np.ndarray) -> list[float]:
    """Graph features of one cell, straight from GRAF's definitions, a graph at a time.

    Args:
        networkx: The module.
        cell: The graph.
        genotype: Operation of each edge, shape ``(n_edges,)``.

    Returns:
        Values in the order of ``graph_feature_names``.
    """
    names = [cell.operations[choice] for choice in genotype]
    last = cell.n_nodes - 1
    whole = networkx.DiGraph()
    whole.add_nodes_from(range(cell.n_nodes))
    for (start, end), name in zip(cell.edges, names, strict=True):
        whole.add_edge(start, end, operation=name)
    on_paths = [
        [whole.edges[edge]["operation"] for edge in path]
        for path in networkx.all_simple_edge_paths(whole, 0, last)
    ]
    columns: list[list[float]] = [[], [], [], [], []]
    for size in range(1, len(cell.operations) + 1):
        for subset in combinations(cell.operations, size):
            part = networkx.DiGraph()
            part.add_nodes_from(range(cell.n_nodes))
            part.add_edges_from(
                edge for edge, name in zip(cell.edges, names, strict=True) if name in subset
            )
            has_path = networkx.has_path(part, 0, last)
            shortest = networkx.shortest_path_length(part, 0, last) if has_path else last + 2
            largest = max(sum(name in subset for name in path) for path in on_paths)
            degrees = [degree for _, degree in part.in_degree()]
            values = (shortest, largest, part.out_degree(0), part.in_degree(last))
            for column, value in zip(columns, (*values, np.mean(degrees)), strict=True):
                column.append(float(value))
    counted = [float(names.count(operation)) for operation in cell.operations]
    return counted + [value for column in columns for value in column]


def median_s(run: Callable[[], object], repeats: int) -> float:
    """Median wall time of ``run`` in seconds, after one run that does not count."""
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Print the two times and their ratio, and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="timed runs of each version")
    parser.add_argument("--sample", type=int, default=100, help="cells for the plain version")
    arguments = parser.parse_args()
    try:
        import networkx
    except ImportError:
        parser.error("networkx is not installed. Install it with: pip install networkx")

    space = load_space("nasbench201")
    (cell,), everything = space.cell_types, space.all_genotypes()
    assert isinstance(cell, EdgeCell)
    assert everything is not None
    rng = np.random.default_rng(SEED)
    sample = everything[rng.choice(len(everything), size=arguments.sample, replace=False)]
    plain = np.array([plain_features(networkx, cell, genotype) for genotype in sample])
    # Two ways to one result, or the ratio means nothing.
    np.testing.assert_allclose(graph_features(cell, sample), plain, rtol=1e-6)

    ours_s = median_s(lambda: graph_features(cell, everything), arguments.repeats)
    plain_s = median_s(
        lambda: [plain_features(networkx, cell, genotype) for genotype in sample],
        max(arguments.repeats // 3, 1),
    )
    numbers = {
        "n_features": len(graph_feature_names(cell)),
        "versions": [
            {
                "version": "hwnas, in one batch",
                "n_cells": len(everything),
                "us_a_cell": ours_s / len(everything) * 1e6,
            },
            {
                "version": "networkx, one by one",
                "n_cells": len(sample),
                "us_a_cell": plain_s / len(sample) * 1e6,
            },
        ],
    }
    write_results("graph_features", numbers, environment(("hwnas", "numpy", "networkx"), SEED))
    print(section("graph_features"))


if __name__ == "__main__":
    main()
