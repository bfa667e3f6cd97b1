"""Bayesian optimisation with Gaussian processes, by Optuna.

References:
    Daulton et al. 2020, Differentiable Expected Hypervolume Improvement for Parallel
    Multi-Objective Bayesian Optimization, https://arxiv.org/abs/2006.05078
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._optuna import Suggestions, gp

# A suggestion takes seconds.
_N_TRIES = 3


@ALGORITHMS.register("gp")
class Gp(Suggestions):
    """Gaussian processes of Optuna: expected gain in hypervolume; slow beyond 50 (torch).

    Args:
        setting: What every algorithm is built from.

    Raises:
        MissingExtraError: Optuna or torch is not installed.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, gp(setting), _N_TRIES)
