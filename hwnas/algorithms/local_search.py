"""Local search: all around the best, until nothing around it is better; then elsewhere.

References:
    White et al. 2021, Exploring the Loss Landscape in Neural Architecture Search,
    https://arxiv.org/abs/2005.02960
    Paquete et al. 2004, Pareto Local Optimum Sets in the Biobjective Traveling Salesman Problem: An
    Experimental Study, https://doi.org/10.1007/978-3-642-17144-4_7
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._generation import Generation
from hwnas.algorithms._moves import neighbours
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms._ranking import Members


@ALGORITHMS.register("local-search")
class LocalSearch:
    """Local search: all neighbours of the best, and a new start in a local optimum.

    A start is a random population, or what the search begins with. Neighbours differ in one gene,
    and those of one architecture are a generation. Of several objectives this is Pareto local
    search: the best are all that nothing of the start beats, and around one of them after the
    other, drawn at random, everything is looked at. With one objective it is the search of White
    et al. from the best of several random architectures. Of equal values the first is kept.

    What was asked before, also by an earlier start, is not proposed again: a start ends where all
    that is better was looked at already.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._generation = Generation(self._look_around, self._keep_best)
        # Of this start; None before the first.
        self._best: Members | None = None
        self._explored = set[bytes]()

    def ask(self, n: int) -> np.ndarray:
        """What is left of the neighbours, or of new ones, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of them are asked, and not all of them told.
        """
        return self._generation.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about some of the neighbours; when all are told, the best are kept.

        Raises:
            StateError: One of them is not waited for.
        """
        self._generation.tell(told)

    def _look_around(self) -> np.ndarray:
        """New neighbours of one of the best, or a new start, shape ``(n_archs, n_genes)``."""
        if self._best is None:
            return self._novelty.beginning(self._rng)
        for row in self._rng.permutation(len(self._best)):
            genotype = self._best.genotypes[row]
            if genotype.tobytes() in self._explored:
                continue
            self._explored.add(genotype.tobytes())
            around = self._rng.permutation(neighbours(self._setting.space, genotype))
            found = around[self._novelty.are_new(around)]
            if len(found):
                self._novelty.note(found)
                return np.asarray(found)
        self._best = self._best.part(slice(0))
        return self._novelty.uniform(self._setting.population, self._rng)

    def _keep_best(self, told: Told) -> None:
        known = Members.of(told)
        if self._best is not None:
            known = self._best.followed_by(known)
        known = known.part(known.ranks() == 0)
        worth = np.column_stack([known.distance, known.values])
        firsts = np.unique(worth, axis=0, return_index=True)[1]
        self._best = known.part(np.sort(firsts))
