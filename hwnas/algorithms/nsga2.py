"""NSGA-II, on pymoo.

References:
    Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II,
    https://doi.org/10.1109/4235.996017
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._pymoo import Generations, nsga2


@ALGORITHMS.register("nsga2")
class Nsga2(Generations):
    """NSGA-II: uniform crossover, one gene in ``n_genes`` reset, elitist survival.

    Args:
        setting: What every algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, nsga2(setting))
