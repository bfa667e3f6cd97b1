"""Bayesian optimisation with Gaussian processes, by Optuna.

References:
    Daulton et al. 2020, Differentiable Expected Hypervolume Improvement for Parallel
    Multi-Objective Bayesian Optimization, https://arxiv.org/abs/2006.05078
"""

from __future__ import annotations

from typing import ClassVar

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._optuna import Suggestions, a_tenth, gp

# A suggestion takes seconds.
_N_TRIES = 3


@ALGORITHMS.register("gp")
class Gp(Suggestions):
    """Gaussian processes of Optuna, in torch: expected gain in hypervolume; slow.

    A generation is a tenth of the population; a suggestion takes seconds, more with every
    objective and every architecture that is known.

    Args:
        setting: What every algorithm is built from.

    Raises:
        MissingExtraError: Optuna or torch is not installed.
    """

    packages: ClassVar[tuple[str, ...]] = ("optuna", "torch")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, gp(setting), _N_TRIES, a_tenth(setting))
