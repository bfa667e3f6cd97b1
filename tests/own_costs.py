"""Two functions of one's own in conflict, where other processes can import them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwnas.core.architecture import Architecture


def _genes(archs: Sequence[Architecture]) -> np.ndarray:
    return np.array([arch.genotype for arch in archs], dtype=float)


def cheap(archs: Sequence[Architecture]) -> np.ndarray:
    """Falls with the choices of a genotype."""
    return -_genes(archs).sum(axis=1)


def small(archs: Sequence[Architecture]) -> np.ndarray:
    """Rises with them, but not with all alike."""
    return (_genes(archs) ** 2) @ np.arange(1.0, 7.0)
