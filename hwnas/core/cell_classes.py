"""Which cells compute the same function, where edges are fixed and carry operations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class CellClasses:
    """Functional classes of all cells, indexed by code: the choices as digits of a number.

    Args:
        n_operations: Number of operations, the base of the codes.
        class_of: Shape ``(n_cells,)``, number of each cell's class; class 0 is disconnected.
        representative: Shape ``(n_classes, n_edges)``, the canonical choices of each class.
        pruned: Shape ``(n_cells, n_edges)``, each cell without dead operations.
    """

    n_operations: int
    class_of: np.ndarray
    representative: np.ndarray
    pruned: np.ndarray

    def code(self, choices: np.ndarray) -> np.ndarray:
        """Codes of choices ``(n_cells, n_edges)``, shape ``(n_cells,)``, in lexicographic order."""
        return np.asarray(choices @ self.n_operations ** np.arange(choices.shape[1] - 1, -1, -1))


def prune(choices: np.ndarray, edges: Sequence[tuple[int, int]], absent: int) -> np.ndarray:
    """Cells with no edge in place of operations that no path from input to output uses.

    Args:
        choices: Operation of each edge, shape ``(n_cells, n_edges)``.
        edges: Start and end node of each edge, sorted by end node.
        absent: The operation that means no edge.

    Returns:
        Shape ``(n_cells, n_edges)``.
    """
    n_nodes = edges[-1][1] + 1
    from_input = np.zeros((len(choices), n_nodes), dtype=bool)
    to_output = np.zeros((len(choices), n_nodes), dtype=bool)
    from_input[:, 0] = to_output[:, -1] = True
    is_used = choices != absent
    for edge, (start, end) in enumerate(edges):
        from_input[:, end] |= is_used[:, edge] & from_input[:, start]
    for edge, (start, end) in reversed(list(enumerate(edges))):
        to_output[:, start] |= is_used[:, edge] & to_output[:, end]
    starts, ends = np.array(edges).T
    return np.where(from_input[:, starts] & to_output[:, ends], choices, absent)


class _Sums:
    """Numbers for the functions that nodes compute: sums of terms, equal sums equal numbers.

    A term is the input itself or an operation applied to a sum. Sums commute, the identity passes
    all terms of its node on, no edge and anything applied to an empty sum vanish.

    Args:
        absent: The operation that means no edge.
        identity: The operation that passes its input on.
        is_identity_at_input: Whether it does so on edges from the input.
    """

    EMPTY = 0

    def __init__(self, absent: int, identity: int, is_identity_at_input: bool) -> None:
        self._absent = absent
        self._identity = identity
        self._numbers: dict[tuple[int, ...], int] = {(): self.EMPTY}
        self._terms: list[tuple[int, ...]] = [()]
        self._applied: dict[tuple[int, int], int] = {}
        self.input = self._number((-1,))
        self._unlike = None if is_identity_at_input else self.input

    def _number(self, terms: tuple[int, ...]) -> int:
        if terms not in self._numbers:
            self._numbers[terms] = len(self._terms)
            self._terms.append(terms)
        return self._numbers[terms]

    def _through(self, operation: int, node: int) -> tuple[int, ...]:
        """Terms that reach the end of an edge from a node that computes sum ``node``."""
        if operation == self._absent or node == self.EMPTY:
            return ()
        if operation == self._identity and node != self._unlike:
            return self._terms[node]
        return (self._applied.setdefault((operation, node), len(self._applied)),)

    def add(self, edges: Iterator[tuple[int, int]]) -> int:
        """Number of the sum over edges, each an operation and the sum it reads."""
        terms = [term for operation, node in edges for term in self._through(operation, node)]
        return self._number(tuple(sorted(terms)))


def _outputs(edges: Sequence[tuple[int, int]], n_operations: int, sums: _Sums) -> Iterator[int]:
    """Number of the sum at the output of every cell, cells in lexicographic order."""
    n_nodes = edges[-1][1] + 1
    starts = [[start for start, end in edges if end == node] for node in range(n_nodes)]

    def walk(nodes: tuple[int, ...]) -> Iterator[int]:
        reads = [nodes[start] for start in starts[len(nodes)]]
        for choices in itertools.product(range(n_operations), repeat=len(reads)):
            number = sums.add(zip(choices, reads, strict=True))
            if len(nodes) == n_nodes - 1:
                yield number
            else:
                yield from walk((*nodes, number))

    return walk((sums.input,))


def enumerate_classes(
    edges: Sequence[tuple[int, int]],
    *,
    n_operations: int,
    absent: int,
    identity: int,
    weights: Sequence[float],
    is_identity_at_input: bool = True,
) -> CellClasses:
    """Functional classes of all ``n_operations ** n_edges`` cells, as ``EdgeCell`` defines them.

    Args:
        edges: Start and end node of each of the ``n_edges`` edges, sorted by end node.
        n_operations: Number of operations.
        absent: The operation that means no edge.
        identity: The operation that passes its input on.
        weights: Relative number of parameters of each operation, ``n_operations`` of them.
        is_identity_at_input: Whether the identity is one on edges from the input.
    """
    outputs = list(_outputs(edges, n_operations, _Sums(absent, identity, is_identity_at_input)))
    # Disconnected cells compute the empty sum, whose number is the smallest: class 0.
    _, class_of = np.unique(outputs, return_inverse=True)
    every = np.indices((n_operations,) * len(edges)).reshape(len(edges), -1)
    choices = np.ascontiguousarray(every.T)
    pruned = prune(choices, edges, absent)
    is_idle = choices == identity
    if not is_identity_at_input:
        is_idle &= np.array([start > 0 for start, _ in edges])
    is_absent = choices == absent
    n_absent, n_idle = is_absent.sum(axis=1), is_idle.sum(axis=1)
    weight = np.where(is_idle | is_absent, 0, np.asarray(weights)[choices]).sum(axis=1)
    # Pruning takes weight away or leaves more edges absent: who comes first here is pruned.
    lexicographic = np.arange(len(choices))
    order = np.lexsort((lexicographic, -n_idle, -n_absent, weight))
    _, first = np.unique(class_of[order], return_index=True)
    return CellClasses(n_operations, class_of, choices[order[first]], pruned)
