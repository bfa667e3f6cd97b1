"""AGE-MOEA-II, on pymoo and numba.

References:
    Panichella 2022, An Improved Pareto Front Modeling Algorithm for Large-Scale Many-Objective
    Optimization, https://doi.org/10.1145/3512290.3528732
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._pymoo import Generations, age_moea2


@ALGORITHMS.register("age-moea2")
class AgeMoea2(Generations):
    """AGE-MOEA-II: breeds as nsga2 does, and survivors fit the shape of the front (numba).

    Args:
        setting: What every algorithm is built from.

    Raises:
        MissingExtraError: numba is not installed.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, age_moea2(setting))
