"""Architectures that travel together: one matrix of genotypes for all that value them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

import numpy as np

from hwnas.core.architecture import Architecture

if TYPE_CHECKING:
    from hwnas.core.space import SearchSpace


class Batch(Sequence[Architecture]):
    """Architectures of one space with their genotypes; made one by one only if they are asked for.

    Args:
        space: Their search space.
        genotypes: Shape ``(n_archs, n_genes)``; not to be changed afterwards.
        archs: The ``n_archs`` architectures, where they are made already.

    Raises:
        ShapeError: ``genotypes`` has another shape.
        ArchitectureError: A gene is out of range.
    """

    def __init__(
        self,
        space: SearchSpace,
        genotypes: np.ndarray,
        archs: Sequence[Architecture] | None = None,
    ) -> None:
        self.space = space
        self.genotypes = space.check_genotypes(genotypes)
        if archs is None:
            space.check_choices(self.genotypes)
        self._given = archs

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
