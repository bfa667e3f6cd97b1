"""AREA: regularised evolution whose first population is what a proxy prefers of a random pool.

References:
    Mellor et al. 2021, Neural Architecture Search without Training, Algorithm 2,
    https://arxiv.org/abs/2006.04647
"""

from __future__ import annotations

from typing import ClassVar

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms.regularized_evolution import RegularizedEvolution
from hwnas.errors import ConfigError


@ALGORITHMS.register("area")
class Area(RegularizedEvolution):
    """AREA: regularised evolution that begins with what an untrained score prefers.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The setting has no architectures to begin with.
    """

    default_warm_start: ClassVar[str | None] = "nwot:1000"

    def __init__(self, setting: Setting) -> None:
        if setting.initial is None:
            raise ConfigError(
                "area must have architectures to begin with; got none. Give it a warm start."
            )
        super().__init__(setting)
