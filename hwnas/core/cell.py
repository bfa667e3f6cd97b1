"""A cell: a small directed graph whose edges carry operations, as cell-based spaces have."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class CellGraph:
    """A directed acyclic graph whose edges carry operations.

    Node 0 is the input, the last node the output; an edge leads from a smaller node to a larger.

    Args:
        edges: Start and end node of each of the ``n_edges`` edges.
        operations: Names of the ``n_operations`` operations.
        absent: The operation that means no edge.
        identity: The operation that passes its input on.
    """

    edges: tuple[tuple[int, int], ...]
    operations: tuple[str, ...]
    absent: str
    identity: str

    @property
    def n_nodes(self) -> int:
        """Nodes of the graph, input and output among them."""
        return max(end for _, end in self.edges) + 1

    @cached_property
    def subsets(self) -> tuple[tuple[int, ...], ...]:
        """All non-empty subsets of operations, small ones first."""
        every = range(len(self.operations))
        return tuple(
            subset
            for size in range(1, len(self.operations) + 1)
            for subset in itertools.combinations(every, size)
        )

    @cached_property
    def paths(self) -> tuple[tuple[int, ...], ...]:
        """All paths from input to output, each a tuple of edges."""

        def walk(node: int) -> list[tuple[int, ...]]:
            if node == self.n_nodes - 1:
                return [()]
            return [
                (edge, *rest)
                for edge, (start, end) in enumerate(self.edges)
                if start == node
                for rest in walk(end)
            ]

        return tuple(sorted(walk(0), key=lambda path: (len(path), path)))

    def name(self, subset: Sequence[int]) -> str:
        """Name of a subset: its operations joined by ``+``."""
        return "+".join(self.operations[operation] for operation in subset)
