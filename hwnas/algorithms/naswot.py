"""NASWOT: take what a proxy prefers of architectures drawn at random, and search no further.

References:
    Mellor et al. 2021, Neural Architecture Search without Training, Algorithm 1,
    https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.errors import ConfigError


@ALGORITHMS.register("naswot")
class Naswot:
    """Evaluates what its warm start finds, and ends; with a population of 1 as published.

    With more, objectives choose among those that the proxy likes best, so that there is a front.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The setting has no architectures to begin with.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = "nwot:1000"
    ends_by_itself: ClassVar[bool] = True

    def __init__(self, setting: Setting) -> None:
        if setting.initial is None:
            raise ConfigError(
                "naswot must have architectures to begin with; got none. Give it a warm start."
            )
        self._left = setting.initial

    def ask(self, n: int) -> np.ndarray:
        """The initial genotypes, shape ``(n_archs, n_genes)``; from then on none."""
        asked, self._left = self._left[:n], self._left[n:]
        return asked

    def tell(self, told: Told) -> None:
        """Nothing to learn."""
