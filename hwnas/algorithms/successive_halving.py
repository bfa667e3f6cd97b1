"""Successive halving: many architectures at a low fidelity, the best of them at higher ones.

References:
    Jamieson and Talwalkar 2016, Non-stochastic Best Arm Identification and Hyperparameter
    Optimization, https://arxiv.org/abs/1502.07943
"""

from __future__ import annotations

from typing import ClassVar

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._brackets import Brackets, bracket, checked_setting


@ALGORITHMS.register("successive-halving")
class SuccessiveHalving(Brackets):
    """Successive halving: the best of a population at each fidelity go on to the next.

    A population begins at the lowest fidelity; when the best of it are evaluated in full, another
    one begins. As many go on as make every fidelity cost the same: of 27 at 1 of (1, 3, 9), 9 and
    3.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The setting has no fidelities.
    """

    least_population: ClassVar[int] = 2

    def __init__(self, setting: Setting) -> None:
        fidelities = checked_setting("successive-halving", setting).fidelities
        super().__init__(setting, [bracket(setting.population, fidelities)])
