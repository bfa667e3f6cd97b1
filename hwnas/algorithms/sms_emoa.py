"""SMS-EMOA, on pymoo.

References:
    Beume et al. 2007, SMS-EMOA: Multiobjective Selection Based on Dominated Hypervolume,
    https://doi.org/10.1016/j.ejor.2006.08.008
"""

from __future__ import annotations

from hwnas.algorithms import ALGORITHMS, Setting
from hwnas.algorithms._pymoo import Generations, sms_emoa


@ALGORITHMS.register("sms-emoa")
class SmsEmoa(Generations):
    """SMS-EMOA: breeds as nsga2 does, and survivors are those that add most hypervolume.

    As in pymoo, a whole generation is bred before some are dropped; the paper breeds one at a time.

    Args:
        setting: What every algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, sms_emoa(setting))
