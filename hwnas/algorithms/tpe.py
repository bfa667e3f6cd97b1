"""Tree-structured Parzen estimators, by Optuna.

References:
    Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization,
    https://papers.nips.cc/paper/4443-algorithms-for-hyper-parameter-optimization
    Ozaki et al. 2022, Multiobjective Tree-Structured Parzen Estimator,
    https://doi.org/10.1613/jair.1.13188
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._optuna import Suggestions, tpe

_N_TRIES = 20


@ALGORITHMS.register("tpe")
class Tpe(Suggestions):
    """TPE of Optuna: what good architectures have and others lack; best in small batches.

    Args:
        setting: What every algorithm is built from.

    Raises:
        MissingExtraError: Optuna is not installed.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, tpe(setting), _N_TRIES)
