"""NSGA-III, on pymoo.

References:
    Deb and Jain 2014, An Evolutionary Many-Objective Optimization Algorithm Using
    Reference-Point-Based Nondominated Sorting Approach, Part I,
    https://doi.org/10.1109/TEVC.2013.2281535
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._pymoo import Generations, nsga3


@ALGORITHMS.register("nsga3")
class Nsga3(Generations):
    """NSGA-III: breeds as nsga2 does, and survivors spread over reference directions.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The population is smaller than the number of objectives.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, nsga3(setting))
