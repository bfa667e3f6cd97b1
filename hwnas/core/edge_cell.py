"""Cells of fixed edges whose operations are searched, and when two of them are one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hwnas.core.cell import LabelledGraph, paths_between
from hwnas.core.cell_classes import CellClasses, enumerate_classes, prune
from hwnas.errors import ConfigError

MAX_ENUMERATED = 100_000
"""Cells of which all are listed to find their functional classes."""


@dataclass(frozen=True)
class EdgeCell:
    """A cell of fixed edges; each gene chooses the operation of one edge.

    Args:
        edges: Start and end node of each of the ``n_edges`` edges, sorted by end node.
        operations: Names of the ``n_operations`` operations.
        absent: The operation that means no edge.
        identity: The operation that passes its input on.
        weights: Relative number of parameters of each operation; equal functions are represented by
            the cell with the least. That of the identity counts where it is none.
        first_gene: Gene of the first edge; those of the others follow.
        is_identity_at_input: Whether the identity passes the cell's input on. Where a network
            halves or widens its input within a cell, it cannot: on edges from the input it is
            an operation then.

    Raises:
        ConfigError: The edges are not sorted, ``absent`` or ``identity`` is no operation, or
            weights are too few or below 0.
    """

    edges: tuple[tuple[int, int], ...]
    operations: tuple[str, ...]
    absent: str
    identity: str
    weights: tuple[float, ...] = ()
    first_gene: int = 0
    is_identity_at_input: bool = True

    def __post_init__(self) -> None:
        ends = [end for _, end in self.edges]
        if ends != sorted(ends) or any(start >= end for start, end in self.edges):
            raise ConfigError(
                f"Edges of a cell must lead to a larger node and be sorted by it; got {self.edges}."
            )
        for name in (self.absent, self.identity):
            if name not in self.operations:
                raise ConfigError(
                    f"Operations of a cell must hold '{name}'; got {', '.join(self.operations)}."
                )
        if self.weights and (len(self.weights) != len(self.operations) or min(self.weights) < 0):
            raise ConfigError(
                f"weights of a cell must be a number of at least 0 for each of "
                f"{len(self.operations)} operations; got {self.weights}."
            )

    @property
    def n_nodes(self) -> int:
        """Nodes of the graph, input and output among them."""
        return self.edges[-1][1] + 1

    @property
    def longest(self) -> int:
        """Edges on the longest path."""
        return max(map(len, self.paths))

    @property
    def gene_names(self) -> tuple[str, ...]:
        """Names for the genes of the edges: ``edge 0-1``."""
        return tuple(f"edge {start}-{end}" for start, end in self.edges)

    @property
    def choice_names(self) -> tuple[tuple[str, ...], ...]:
        """The operations of each gene."""
        return (self.operations,) * len(self.edges)

    @property
    def genes(self) -> slice:
        """The cell's genes among those of the space."""
        return slice(self.first_gene, self.first_gene + len(self.edges))

    @cached_property
    def paths(self) -> tuple[tuple[int, ...], ...]:
        """All paths from input to output, each a tuple of edges."""
        return paths_between(self.edges, self.n_nodes - 1)

    def graph(self, genotype: Sequence[int]) -> LabelledGraph:
        """The labelled graph of a genotype of the space; absent edges are labelled as such."""
        names = tuple(self.operations[choice] for choice in genotype[self.genes])
        return LabelledGraph(self.n_nodes, self.edges, on_edges=names)

    def is_working(self, operation: str, is_from_input: bool) -> bool:
        """Whether an operation changes what it reads and passes it on."""
        is_idle = operation == self.identity and (self.is_identity_at_input or not is_from_input)
        return not (is_idle or operation == self.absent)

    def picture(self) -> Mapping[str, Any]:
        """Edges and operations, the absent one and the identity, and number of nodes."""
        return {
            "edges": self.edges,
            "operations": self.operations,
            "absent": self.absent,
            "identity": self.identity,
            "n_nodes": self.n_nodes,
        }

    def is_connected(self, genotypes: np.ndarray) -> np.ndarray:
        """Whether a path leads from input to output, shape ``(n_archs,)``.

        Args:
            genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.
        """
        pruned = self.pruned(genotypes)[:, self.genes]
        return np.asarray((pruned != self.operations.index(self.absent)).any(axis=1))

    def pruned(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes with no edge in place of operations that no path uses.

        Args:
            genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.
        """
        return self._replaced(genotypes, self._pruned_choices(genotypes[:, self.genes]))

    def canonical(self, genotypes: np.ndarray) -> np.ndarray:
        """Genotypes with the representative of the functional class.

        Two cells are of one class when they compute the same sum of the same terms, the weights
        of equal terms being equal: dead operations do nothing, an absent edge adds nothing, an
        identity passes on what it reads, and sums commute. That average pooling distributes over
        sums, which would join some more, is left out. The representative is the pruned member with
        the least weight, then the most absent edges, then the fewest operations, then the first in
        lexicographic order. Of more than 100,000 cells not all can be listed: there, cells are as
        different as their pruned forms.

        Args:
            genotypes: Genotypes of the space, shape ``(n_archs, n_genes)``.
        """
        choices = genotypes[:, self.genes]
        if self._is_enumerable:
            classes = self.classes
            forms = classes.representative[classes.class_of[classes.code(choices)]]
        else:
            forms = self._pruned_choices(choices)
        return self._replaced(genotypes, forms)

    @property
    def _is_enumerable(self) -> bool:
        """Whether there are few enough cells to list them all."""
        n_cells: int = len(self.operations) ** len(self.edges)
        return n_cells <= MAX_ENUMERATED

    @cached_property
    def classes(self) -> CellClasses:
        """Functional classes of all cells."""
        return enumerate_classes(
            self.edges,
            n_operations=len(self.operations),
            absent=self.operations.index(self.absent),
            identity=self.operations.index(self.identity),
            weights=self.weights or (1.0,) * len(self.operations),
            is_identity_at_input=self.is_identity_at_input,
        )

    def _pruned_choices(self, choices: np.ndarray) -> np.ndarray:
        if self._is_enumerable:
            return np.asarray(self.classes.pruned[self.classes.code(choices)])
        return prune(choices, self.edges, self.operations.index(self.absent))

    def _replaced(self, genotypes: np.ndarray, choices: np.ndarray) -> np.ndarray:
        """Genotypes with other choices for the cell's genes."""
        if choices.shape == genotypes.shape:
            return choices
        replaced = genotypes.copy()
        replaced[:, self.genes] = choices
        return replaced

    def lay_out(
        self,
        genotype: Sequence[int],
        start: int,
        operate: Callable[[int, str, bool], int],
        add: Callable[..., int],
    ) -> int:
        """Put the cell into a network: each node sums the operations on its incoming edges.

        Args:
            genotype: Genotype of the space.
            start: The node of the network that is the cell's input.
            operate: Applies an operation, given the node it reads, its name, and whether that
                node is the cell's input; returns the node that it makes.
            add: Sums nodes.

        Returns:
            The node of the network that is the cell's output.
        """
        names = [self.operations[choice] for choice in genotype[self.genes]]
        nodes = [start]
        for target in range(1, self.n_nodes):
            incoming = [
                operate(nodes[source], name, source == 0)
                for (source, end), name in zip(self.edges, names, strict=True)
                if end == target
            ]
            nodes.append(incoming[0] if len(incoming) == 1 else add(*incoming))
        return nodes[-1]
