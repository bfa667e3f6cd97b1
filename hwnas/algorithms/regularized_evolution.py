"""Regularised (ageing) evolution: tournaments choose parents, and the oldest die.

References:
    Real et al. 2019, Regularized Evolution for Image Classifier Architecture Search, Algorithm 1,
    https://arxiv.org/abs/1802.01548
    Dong et al. 2021, NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size
    (a population of 10, samples of 3), https://arxiv.org/abs/2009.00437
    Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II (crowded
    comparison, with several objectives), https://doi.org/10.1109/4235.996017
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._generation import Generation
from hwnas.algorithms._moves import mutants
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms._ranking import Members

_TOURNAMENTS = 10
"""Parents that are tried before a child is drawn at random: all around them is known."""


@ALGORITHMS.register("regularized-evolution")
class RegularizedEvolution:
    """Regularised evolution: the best of a sample has a mutated child, and the oldest dies.

    A sample is a quarter of the population, drawn with replacement (Real et al.: 25 of 100;
    NATS-Bench: 3 of 10), and a child differs from its parent in one gene. Of one objective the
    smallest value of the sample wins; of several, what is feasible, then the smallest
    non-dominated rank in the population, then the largest crowding distance. The objectives may be
    many: none of this needs a reference.

    Where this departs from the paper: a child that is disconnected or equal in function to what
    was asked before is mutated anew, as its value would be the same; and a generation is a tenth
    of the population, children of the population as it stands, for several to be evaluated at
    once. With a population below 20 it is one child, as in the pseudo-code.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = 2
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._generation = Generation(self._breed, self._age)
        # From the oldest to the youngest.
        self._population: Members | None = None

    def ask(self, n: int) -> np.ndarray:
        """What is left of the children, or of new ones, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of them are asked, and not all of them told.
        """
        return self._generation.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about some of the children; when all are told, as many of the oldest die.

        Raises:
            StateError: One of them is not waited for.
        """
        self._generation.tell(told)

    def immigrate(self, told: Told) -> None:
        """Take in what was told elsewhere, as if just born: as many of the oldest die."""
        self._novelty.note(told.genotypes)
        self._age(told)

    def _breed(self) -> np.ndarray:
        """The next generation, shape ``(n_archs, n_genes)``."""
        if self._population is None:
            return self._novelty.beginning(self._rng)
        genotypes, standings = self._population.genotypes, self._population.standings()
        n_children = max(1, self._setting.population // 10)
        return np.concatenate([self._child(genotypes, standings) for _ in range(n_children)])

    def _child(self, genotypes: np.ndarray, standings: np.ndarray) -> np.ndarray:
        """A child that is new, of the parent that wins a tournament, shape ``(1, n_genes)``."""
        for _ in range(_TOURNAMENTS):
            parent = genotypes[self._winner(standings)]
            mutate = partial(mutants, self._setting.space, parent, rng=self._rng)
            child = self._novelty.first(mutate)
            if child is not None:
                return child[None]
        return self._novelty.uniform(1, self._rng)

    def _winner(self, standings: np.ndarray) -> int:
        """Row of the best of a sample drawn with replacement; of equals the first drawn."""
        n_sampled = -(-len(standings) // 4)
        sample = self._rng.integers(len(standings), size=n_sampled)
        return int(sample[np.argmin(standings[sample])])

    def _age(self, told: Told) -> None:
        young = Members.of(told)
        alive = young if self._population is None else self._population.followed_by(young)
        self._population = alive.part(slice(-self._setting.population, None))
