"""Differential evolution over genes as numbers from 0 to 1, with several objectives as in GDE3.

References:
    Storn and Price 1997, Differential Evolution: A Simple and Efficient Heuristic for Global
    Optimization over Continuous Spaces, https://doi.org/10.1023/A:1008202821328
    Awad et al. 2021, DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient
    Hyperparameter Optimization, https://arxiv.org/abs/2105.09821
    Kukkonen and Lampinen 2005, GDE3: The Third Evolution Step of Generalized Differential
    Evolution, https://doi.org/10.1109/CEC.2005.1554717
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np

from hwnas.algorithms import ALGORITHMS, Setting, Told
from hwnas.algorithms._generation import Generation
from hwnas.algorithms._novelty import Novelty
from hwnas.algorithms._ranking import Members

SCALE = 0.5
"""F, the weight of the difference of two vectors, as in DEHB."""
CROSSOVER = 0.5
"""CR, the chance of each gene to come from the mutant, as in DEHB."""
_PARENTS = 3


@ALGORITHMS.register("de")
class DifferentialEvolution:
    """Differential evolution: vectors of genes move by differences of others (rand/1/bin).

    A gene of ``n`` choices is a number ``x`` from 0 to 1 that means choice ``floor(x n)``. For
    each member of the population, the target, a trial is made of three others::

        mutant = a + F (b - c)            F = 0.5
        trial  = mutant in each gene with probability CR = 0.5, and in one gene surely; else target

    and a gene that leaves the range is drawn anew, as in DEHB. A trial that is no worse than its
    target replaces it; with several objectives one that neither beats nor is beaten stays beside
    it, and what is then too many goes by non-dominated rank and crowding (GDE3, of which this is
    rand/1/bin where there is one objective). What is not feasible is compared by how far it is.

    A trial that is disconnected, or equal in function to what was asked before, is made anew.

    Args:
        setting: What every algorithm is built from.
    """

    least_population: ClassVar[int] = _PARENTS + 1
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._n_choices = np.asarray(setting.space.n_choices)
        self._rng = np.random.default_rng(setting.seed)
        self._novelty = Novelty(setting)
        self._generation = Generation(self._propose, self._select)
        # Vectors of the population, and of the trials, shape (n_archs, n_genes).
        self._vectors = self._trials = np.empty((0, len(self._n_choices)))
        self._population: Members | None = None

    def ask(self, n: int) -> np.ndarray:
        """What is left of the trials, or of new ones, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of them are asked, and not all of them told.
        """
        return self._generation.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about some of the trials; when all are told, they compete with their targets.

        Raises:
            StateError: One of them is not waited for.
        """
        self._generation.tell(told)

    def immigrate(self, told: Told) -> None:
        """Take in what was told elsewhere; the best of all stay."""
        self._novelty.note(told.genotypes)
        self._join(Members.of(told), self._spread(told.genotypes))

    def _propose(self) -> np.ndarray:
        """The first population, or a trial for each member, shape ``(n_archs, n_genes)``."""
        if self._population is None:
            first = self._novelty.beginning(self._rng)
            self._trials = self._spread(first)
            return first
        trials = [self._trial(target) for target in range(len(self._vectors))]
        self._trials = np.concatenate(trials)
        return self._decode(self._trials)

    def _trial(self, target: int) -> np.ndarray:
        """A vector whose class is new, shape ``(1, n_genes)``; none where nothing is left."""
        if len(self._vectors) > _PARENTS:
            found = self._novelty.first(partial(self._crossed, target), self._decode)
            if found is not None:
                return found[None]
        return self._spread(self._novelty.uniform(1, self._rng))

    def _crossed(self, target: int, n: int) -> np.ndarray:
        """``n`` trials of a target by rand/1/bin, shape ``(n, n_genes)``."""
        rng, n_genes = self._rng, len(self._n_choices)
        others = np.delete(np.arange(len(self._vectors)), target)
        places = rng.random((n, len(others))).argsort(axis=1)[:, :_PARENTS]
        a, b, c = (self._vectors[others[column]] for column in places.T)
        mutants = a + SCALE * (b - c)
        is_out = (mutants < 0) | (mutants >= 1)
        mutants[is_out] = rng.random(is_out.sum())
        is_mutant = rng.random((n, n_genes)) < CROSSOVER
        is_mutant[np.arange(n), rng.integers(n_genes, size=n)] = True
        return np.asarray(np.where(is_mutant, mutants, self._vectors[target]))

    def _decode(self, vectors: np.ndarray) -> np.ndarray:
        """Genotypes that vectors mean, shape ``(n_archs, n_genes)``."""
        choices = (vectors * self._n_choices).astype(np.int64)
        return np.asarray(np.minimum(choices, self._n_choices - 1))

    def _spread(self, genotypes: np.ndarray) -> np.ndarray:
        """Vectors anywhere in the range of their choices, shape ``(n_archs, n_genes)``."""
        return np.asarray((genotypes + self._rng.random(genotypes.shape)) / self._n_choices)

    def _select(self, told: Told) -> None:
        trials, population = Members.of(told), self._population
        if population is None or len(trials) != len(population):
            self._join(trials, self._trials)
            return
        replaces, is_beaten = trials.are_no_worse(population), population.beat(trials)
        self._population = population.part(~replaces)
        self._vectors = self._vectors[~replaces]
        self._join(trials.part(~is_beaten), self._trials[~is_beaten])

    def _join(self, members: Members, vectors: np.ndarray) -> None:
        """Add members with their vectors; where these are too many, the best stay."""
        if self._population is not None:
            members = self._population.followed_by(members)
            vectors = np.concatenate([self._vectors, vectors])
        if len(members) > self._setting.population:
            rows = members.best(self._setting.population)
            members, vectors = members.part(rows), vectors[rows]
        self._population, self._vectors = members, vectors
