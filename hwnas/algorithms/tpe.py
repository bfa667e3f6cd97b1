"""Tree-structured Parzen estimators, by Optuna.

References:
    Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization,
    https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization
    Ozaki et al. 2022, Multiobjective Tree-Structured Parzen Estimator,
    https://doi.org/10.1613/jair.1.13188
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._optuna import Suggestions, a_tenth, tpe

_N_TRIES = 20


@ALGORITHMS.register("tpe")
class Tpe(Suggestions):
    """TPE of Optuna: what good architectures have and others lack is what it suggests.

    A generation is a tenth of the population: it learns from values, and a batch of 50 is half a
    budget of 100. With a population of 10 it asks for one at a time.

    Args:
        setting: What every algorithm is built from.

    Raises:
        MissingExtraError: Optuna is not installed.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, tpe(setting), _N_TRIES, a_tenth(setting))
