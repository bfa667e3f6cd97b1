"""Cells: small labelled graphs that a network repeats, with operations on edges or on nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class LabelledGraph:
    """A directed acyclic graph with an operation on each edge or on each inner node.

    Node 0 is the input, the last node the output; an edge leads from a smaller node to a larger.

    Args:
        n_nodes: Nodes, input and output among them.
        edges: Start and end node of each of the ``n_edges`` edges.
        on_edges: Operation of each edge; empty where nodes have them.
        on_nodes: Operation of each of the ``n_nodes - 2`` inner nodes; empty where edges have them.
    """

    n_nodes: int
    edges: tuple[tuple[int, int], ...]
    on_edges: tuple[str, ...] = ()
    on_nodes: tuple[str, ...] = ()

    def paths(self) -> tuple[tuple[int, ...], ...]:
        """All paths from input to output, each a tuple of positions in ``edges``."""
        return paths_between(self.edges, self.n_nodes - 1)

    def along(self, path: Sequence[int]) -> tuple[str, ...]:
        """The operations that a path applies, in order."""
        if self.on_edges:
            return tuple(self.on_edges[edge] for edge in path)
        return tuple(self.on_nodes[self.edges[edge][1] - 1] for edge in path[:-1])

    def labels(self, edge: int) -> frozenset[str]:
        """Operations that an edge needs: its own, or those of its ends."""
        if self.on_edges:
            return frozenset([self.on_edges[edge]])
        inner = (node for node in self.edges[edge] if 0 < node < self.n_nodes - 1)
        return frozenset(self.on_nodes[node - 1] for node in inner)

    def live_nodes(self) -> frozenset[int]:
        """Nodes on some path from input to output; none where there is no path."""
        return frozenset(
            node for path in self.paths() for edge in path for node in self.edges[edge]
        )


def paths_between(edges: Sequence[tuple[int, int]], last: int) -> tuple[tuple[int, ...], ...]:
    """Paths from node 0 to node ``last``, short ones first."""

    def walk(node: int) -> list[tuple[int, ...]]:
        if node == last:
            return [()]
        return [
            (edge, *rest)
            for edge, (start, end) in enumerate(edges)
            if start == node
            for rest in walk(end)
        ]

    return tuple(sorted(walk(0), key=lambda path: (len(path), path)))


class Cell(Protocol):
    """A cell of a search space: which labelled graph a genotype gives it."""

    def __hash__(self) -> int:
        """Cells are frozen data; what is computed of one is kept by it."""
        ...

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the ``n_operations`` operations."""
        ...

    @property
    def n_nodes(self) -> int:
        """Nodes of the graph, input and output among them."""
        ...

    @property
    def longest(self) -> int:
        """Operations on the longest path that a graph can have."""
        ...

    def graph(self, genotype: Sequence[int]) -> LabelledGraph:
        """The labelled graph of a genotype of the space."""
        ...

    def is_working(self, operation: str, is_from_input: bool) -> bool:
        """Whether an operation changes what it reads and passes it on; an identity does not.

        Args:
            operation: Its name.
            is_from_input: Whether it reads the cell's input.
        """
        ...

    def picture(self) -> Mapping[str, Any]:
        """What all genotypes have in common, to draw them: edges, operations, number of nodes."""
        ...

    def is_connected(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether a path leads from input to output, shape ``(n_archs,)``.

        Args:
            genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.
        """
        ...

    def pruned(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes of the space ``(n_archs, n_genes)`` without the cell's dead operations."""
        ...

    def canonical(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes ``(n_archs, n_genes)`` with the representative of the cell's class."""
        ...


@dataclass(frozen=True)
class SearchedCell:
    """A cell whose edges are searched, too: a function says what a genotype wires.

    Args:
        operations: Names of the ``n_operations`` operations.
        n_nodes: Nodes of the graph, input and output among them.
        wire: The labelled graph of a genotype of the space.
        is_on_nodes: Whether nodes have the operations, not edges.
        identity: The operation that passes its input on; empty for none.
    """

    operations: tuple[str, ...]
    n_nodes: int
    wire: Callable[[Sequence[int]], LabelledGraph]
    is_on_nodes: bool = True
    identity: str = ""

    @property
    def longest(self) -> int:
        """Operations on the longest path that a graph can have."""
        return self.n_nodes - 1 - self.is_on_nodes

    def graph(self, genotype: Sequence[int]) -> LabelledGraph:
        """The labelled graph of a genotype of the space."""
        return self.wire(genotype)

    def is_working(self, operation: str, is_from_input: bool) -> bool:  # noqa: ARG002
        """Whether an operation changes what it reads."""
        return operation != self.identity

    def picture(self) -> Mapping[str, Any]:
        """Operations and number of nodes: edges are what is searched."""
        return {"operations": self.operations, "n_nodes": self.n_nodes}

    def is_connected(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether a path leads from input to output, shape ``(n_archs,)``.

        Args:
            genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.
        """
        return np.array([bool(self.graph(row).paths()) for row in genotypes.tolist()], dtype=bool)

    def pruned(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes as they are: what is dead, the space's active genes say."""
        return genotypes

    def canonical(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes as they are: what is dead, the space's active genes say."""
        return genotypes
