"""Random search, the baseline that every algorithm must beat.

References:
    Li and Talwalkar 2019, Random Search and Reproducibility for Neural Architecture Search,
    https://arxiv.org/abs/1902.07638
"""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import ALGORITHMS, Algorithm, Setting


@ALGORITHMS.register("random")
def random_search(setting: Setting) -> Algorithm:
    """Valid architectures drawn uniformly over genotypes."""
    return RandomSearch(setting)


class RandomSearch:
    """Proposes valid architectures at random and learns nothing.

    Args:
        setting: What every algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = np.random.default_rng(setting.seed)
        self._initial = setting.initial

    def ask(self) -> np.ndarray:
        """Genotypes of ``population`` architectures, shape ``(population, n_genes)``."""
        if self._initial is not None:
            asked, self._initial = self._initial, None
            return asked
        return self._setting.space.sample_genotypes(self._setting.population, self._rng)

    def tell(self, values: np.ndarray, violation: np.ndarray) -> None:
        """Nothing to learn."""
