"""Hyperband: successive halving from every fidelity, as nobody knows how much a low one tells.

References:
    Li et al. 2018, Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization,
    https://arxiv.org/abs/1603.06560
"""

from __future__ import annotations

from typing import ClassVar

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._brackets import Brackets, checked_setting, hyperband_brackets


@ALGORITHMS.register("hyperband")
class Hyperband(Brackets):
    """Hyperband: brackets of successive halving that begin at each fidelity in turn.

    Brackets are as large as published, whatever the population, which bounds what is asked at
    once.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The setting has no fidelities.
    """

    least_population: ClassVar[int] = 1

    def __init__(self, setting: Setting) -> None:
        fidelities = checked_setting("hyperband", setting).fidelities
        super().__init__(setting, hyperband_brackets(fidelities))
