"""Canonical forms of genotypes that come again and again, each computed once."""

from __future__ import annotations

import numpy as np

from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace


class Forms:
    """Canonical form and validity of every genotype that was ever asked about.

    A search and its algorithm share one: what the one proposes, the other has looked at already.

    Args:
        space: Search space of the genotypes.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._known: dict[bytes, tuple[bytes, bool]] = {}

    def of(self, genotypes: np.ndarray) -> list[tuple[bytes, bool]]:
        """Key of the canonical form, and validity, of each genotype ``(n_archs, n_genes)``."""
        keys = genotype_keys(genotypes)
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            rows = genotypes[list(new.values())]
            canonical = genotype_keys(self._space.canonical_genotypes(rows))
            is_valid = self._space.valid_mask(rows).tolist()
            self._known |= dict(zip(new, zip(canonical, is_valid, strict=True), strict=True))
        return [self._known[key] for key in keys]

    def canonical(self, genotypes: np.ndarray) -> np.ndarray:
        """Canonical genotypes, shape ``(n_archs, n_genes)``."""
        keys = b"".join(key for key, _ in self.of(genotypes))
        return np.frombuffer(keys, dtype=np.int64).reshape(genotypes.shape)
