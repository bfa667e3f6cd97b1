"""NASWOT: take what a proxy prefers of architectures drawn at random, and search no further.

References:
    Mellor et al. 2021, Neural Architecture Search without Training, Algorithm 1,
    https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

import numpy as np

from hwnas.algorithms import ALGORITHMS, Algorithm, Setting
from hwnas.errors import ConfigError


@ALGORITHMS.register("naswot")
def naswot(setting: Setting) -> Algorithm:
    """One batch: the architectures that the search begins with.

    With a population of 1 this is the published algorithm. With more, objectives choose among
    those that the proxy likes best, so that there is a front.

    Raises:
        ConfigError: The setting has no architectures to begin with.
    """
    return Naswot(setting)


class Naswot:
    """Proposes what it was given, once.

    Args:
        setting: What every algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        if setting.initial is None:
            raise ConfigError(
                "naswot must have architectures to begin with; got none. Give it a warm start."
            )
        self._left = setting.initial

    def ask(self) -> np.ndarray:
        """The initial genotypes, shape ``(population, n_genes)``; from then on none."""
        asked, self._left = self._left, self._left[:0]
        return asked

    def tell(self, values: np.ndarray, violation: np.ndarray) -> None:
        """Nothing to learn."""
