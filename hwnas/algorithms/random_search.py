"""Random search, the baseline that every algorithm must beat.

References:
    Li and Talwalkar 2019, Random Search and Reproducibility for Neural Architecture Search,
    https://arxiv.org/abs/1902.07638
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told


@ALGORITHMS.register("random")
class RandomSearch:
    """Draws valid architectures uniformly over genotypes and learns nothing.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._space = setting.space
        self._rng = np.random.default_rng(setting.seed)
        self._left = setting.initial

    def ask(self, n: int) -> np.ndarray:
        """Genotypes of ``n`` architectures, shape ``(n, n_genes)``; the initial ones first."""
        if self._left is None or not len(self._left):
            return self._space.sample_genotypes(n, self._rng)
        asked, self._left = self._left[:n], self._left[n:]
        return asked

    def tell(self, told: Told) -> None:
        """Nothing to learn."""
