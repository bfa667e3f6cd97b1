"""An architecture: a point of a search space, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hwnas._names import shown
from hwnas.errors import ArgumentError


@dataclass(frozen=True, order=True, slots=True)
class Architecture:
    """A point of a search space.

    Args:
        space: Name of the search space.
        genotype: One choice per gene, each an index into the gene's choices.
        text: The field's published string for it; not part of equality.

    Raises:
        ArgumentError: One of them is of another type. Whether the genes can be, a space says.
    """

    space: str
    genotype: tuple[int, ...]
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.space, str) and isinstance(self.text, str)):
            raise ArgumentError(
                "An architecture must have texts for the name of its space and for itself; "
                f"got {shown(self.space)} and {shown(self.text)}."
            )
        if not isinstance(self.genotype, tuple):
            raise ArgumentError(f"genotype must be a tuple; got {shown(self.genotype)}.")

    def __str__(self) -> str:
        return self.text


def genotype_keys(genotypes: np.ndarray) -> list[bytes]:
    """Genotypes, shape ``(n_archs, n_genes)``, as what a dictionary can hold."""
    return [row.tobytes() for row in np.ascontiguousarray(genotypes, dtype=np.int64)]
