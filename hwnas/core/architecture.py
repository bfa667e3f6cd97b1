"""An architecture: a point of a search space, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, order=True, slots=True)
class Architecture:
    """A point of a search space.

    Args:
        space: Name of the search space.
        genotype: One choice per gene, each an index into the gene's choices.
        text: The field's published string for it; not part of equality.
    """

    space: str
    genotype: tuple[int, ...]
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text


def genotype_keys(genotypes: np.ndarray) -> list[bytes]:
    """Genotypes, shape ``(n_archs, n_genes)``, as what a dictionary can hold."""
    return [row.tobytes() for row in np.ascontiguousarray(genotypes, dtype=np.int64)]
