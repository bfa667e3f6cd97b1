"""BOHB: Hyperband's brackets, begun with what TPE suggests instead of at random.

References:
    Falkner et al. 2018, BOHB: Robust and Efficient Hyperparameter Optimization at Scale,
    https://arxiv.org/abs/1807.01774
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._generation import joined
from hwnas.algorithms._optuna import Suggestions, tpe
from hwnas.algorithms.hyperband import Hyperband

_RANDOM_SHARE = 1 / 3
"""Of a bracket's first architectures, so many are drawn at random, as published."""
_ROUNDS = 5
_N_TRIES = 20


@ALGORITHMS.register("bohb")
class Bohb(Hyperband):
    """BOHB: Hyperband that begins its brackets with what TPE of Optuna suggests.

    TPE learns anew for each bracket from the highest fidelity at which as many were evaluated as
    the architecture has genes, and three more. Ours departs from the paper in the estimator, which
    is Optuna's multivariate TPE, and in that no class is asked for twice.

    Args:
        setting: What every algorithm is built from.

    Raises:
        ConfigError: The setting has no fidelities.
        MissingExtraError: Optuna is not installed.
    """

    packages: ClassVar[tuple[str, ...]] = ("optuna",)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        # One that is missing is told before anything is evaluated.
        tpe(setting)
        self._setting = setting
        self._told: defaultdict[float, list[Told]] = defaultdict(list)

    def _learn(self, told: Told) -> None:
        self._told[self.fidelity].append(told)
        super()._learn(told)

    def _propose(self, n: int) -> np.ndarray:
        known = self._known()
        if known is None:
            return super()._propose(n)
        found = super()._propose(int(self._rng.binomial(n, _RANDOM_SHARE)))
        model = self._model(known)
        for _ in range(_ROUNDS):
            if len(found) == n:
                break
            asked = model.ask(n - len(found))
            # What is known at another fidelity alone is new to the model.
            asked = asked[self._novelty.are_new(asked)]
            self._novelty.note(asked)
            found = np.concatenate([found, asked])
        return np.concatenate([found, super()._propose(n - len(found))])

    def _known(self) -> Told | None:
        """What TPE learns from; None while there is too little at each fidelity."""
        for fidelity in reversed(self._setting.fidelities):
            parts = self._told[fidelity]
            n_valued = sum(
                int(np.isin(part.status, ("done", "infeasible")).sum()) for part in parts
            )
            if n_valued >= len(self._setting.space.genes) + 3:
                return joined(parts)
        return None

    def _model(self, known: Told) -> Suggestions:
        """TPE that was told what is known."""
        seed = int(self._rng.integers(2**32))
        setting = replace(self._setting, seed=seed, initial=known.genotypes)
        model = Suggestions(setting, tpe(setting), _N_TRIES)
        model.ask(len(known))
        model.tell(known)
        return model
