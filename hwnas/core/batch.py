"""Architectures that travel together: forms and features once for all that value them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, TypeVar, cast, overload

import numpy as np

from hwnas.core.architecture import Architecture, genotype_keys
from hwnas.core.space import SearchSpace

T = TypeVar("T")


class Batch(Sequence[Architecture]):
    """Architectures of one space with their genotypes; made one by one only if they are asked for.

    Canonical genotypes, keys and validity are computed when first asked for, and once.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``; not to be changed afterwards.
        archs: The ``n_archs`` architectures, where they are made already.
        is_canonical: Whether the genotypes are their own canonical forms, as the caller knows.
        fidelity: How thoroughly they are to be evaluated, such as epochs of training; None for in
            full.

    Raises:
        ShapeError: ``genotypes`` has another shape.
        ArchitectureError: A gene is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        genotypes: np.ndarray,
        archs: Sequence[Architecture] | None = None,
        is_canonical: bool = False,
        fidelity: float | None = None,
    ) -> None:
        self.space = space
        self.fidelity = fidelity
        self.genotypes = space.check_genotypes(genotypes)
        self._given = archs
        self._is_canonical = is_canonical
        self._known: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    @classmethod
    def of(cls, space: SearchSpace, archs: Sequence[Architecture]) -> Batch:
        """A batch of architectures; itself where it is one of this space already.

        Raises:
            ArchitectureError: One of them belongs to another space.
        """
        if isinstance(archs, Batch) and archs.space == space:
            return archs
        found = space.as_archs(archs)
        return cls(space, space.genotypes(found), found)

    @cached_property
    def canonical(self) -> np.ndarray:
        """Canonical genotypes, shape ``(n_archs, n_genes)``."""
        return (
            self.genotypes if self._is_canonical else self.space.canonical_genotypes(self.genotypes)
        )

    @cached_property
    def keys(self) -> list[bytes]:
        """Canonical genotypes as what a dictionary can hold, ``n_archs`` of them."""
        return genotype_keys(self.canonical)

    @cached_property
    def is_valid(self) -> np.ndarray:
        """Whether the input reaches the output, shape ``(n_archs,)``, boolean."""
        return self.space.valid_mask(self.canonical)

    def part(self, rows: np.ndarray) -> Batch:
        """Some of the architectures; the batch itself where these are all.

        Args:
            rows: Their positions, rising, shape ``(n_rows,)``.
        """
        if len(rows) == len(self):
            return self
        archs = None if self._given is None else [self._given[row] for row in rows]
        return Batch(self.space, self.genotypes[rows], archs, self._is_canonical, self.fidelity)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What ``compute`` gives, computed by the first who asks under ``key``.

        Args:
            key: What it is, the same for all who ask for the same.
            compute: Computes it from this batch.
        """
        with self._lock:
            if key not in self._known:
                self._known[key] = compute()
            return cast(T, self._known[key])

    @cached_property
    def _archs(self) -> Sequence[Architecture]:
        if self._given is not None:
            return self._given
        return [self.space.architecture(genotype) for genotype in self.genotypes]

    @overload
    def __getitem__(self, index: int) -> Architecture: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Architecture]: ...
    def __getitem__(self, index: int | slice) -> Architecture | Sequence[Architecture]:
        return self._archs[index]

    def __len__(self) -> int:
        return len(self.genotypes)
