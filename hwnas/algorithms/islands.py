"""Islands: populations that evolve side by side, and send their best to the next in a ring.

References:
    Whitley et al. 1999, The Island Model Genetic Algorithm: On Separability, Population Size and
    Convergence, Journal of Computing and Information Technology 7(1), 33-47
    Cantú-Paz 1998, A Survey of Parallel Genetic Algorithms, Calculateurs Parallèles 10(2)
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from hwnas.algorithms import Algorithm, Receiving, Setting, Told, receiving
from hwnas.algorithms._generation import Generation, joined, part
from hwnas.algorithms._ranking import Members
from hwnas.core.forms import Forms
from hwnas.errors import ConfigError

DEFAULT_MIGRATE = 5
"""Generations from one migration to the next, as Whitley et al. have it."""


class Islands:
    """Several of one evolutionary algorithm, each with a seed and a share of the population.

    A generation is one of each island. After every ``migrate`` of them each island sends the best
    of what it knows and the next does not know, a tenth of its share, to the next in the ring, all
    at once. What an island is to begin with are every so-manieth of the initial architectures, the
    best of which come first. Islands do not know what others asked: a class that two of them ask
    for is evaluated once.

    Args:
        kind: The algorithm; one of ``Receiving``.
        setting: What an algorithm is built from; the population is that of all islands together,
            see ``check_islands``.
        n_islands: How many there are, at least 2.
        migrate: Generations from one migration to the next, at least 1.
    """

    least_population: ClassVar[int] = 2
    default_warm_start: ClassVar[str | None] = None

    def __init__(
        self, kind: type[Algorithm], setting: Setting, n_islands: int, migrate: int
    ) -> None:
        seeds = np.random.SeedSequence(setting.seed).spawn(n_islands)
        forms, initial = setting.forms or Forms(setting.space), setting.initial
        settings = [
            replace(
                setting,
                population=share(setting.population, n_islands, place),
                seed=int(seed.generate_state(1)[0]),
                initial=None if initial is None else initial[place::n_islands],
                forms=forms,
            )
            for place, seed in enumerate(seeds)
        ]
        self._islands = [_Island(kind(each), each.population, forms) for each in settings]
        self._migrate = migrate
        self._n_generations = 0
        # Of each architecture of a generation, the island that proposed it.
        self._owners = np.empty(0, dtype=np.int64)
        self._generation = Generation(self._propose, self._hear)

    def ask(self, n: int) -> np.ndarray:
        """What is left of the islands' generations, or of new ones, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of them are asked, and not all of them told.
        """
        return self._generation.ask(n)

    def tell(self, told: Told) -> None:
        """Hear about some of them; each island hears of its own when all are told.

        Raises:
            StateError: One of them is not waited for.
        """
        self._generation.tell(told)

    def _propose(self) -> np.ndarray:
        asked = [island.ask() for island in self._islands]
        self._owners = np.repeat(np.arange(len(asked)), [len(each) for each in asked])
        return np.concatenate(asked)

    def _hear(self, told: Told) -> None:
        for place, island in enumerate(self._islands):
            rows = np.flatnonzero(self._owners == place)
            if len(rows):
                island.tell(part(told, rows))
        self._n_generations += 1
        if self._n_generations % self._migrate == 0:
            ring = [*self._islands[1:], self._islands[0]]
            # All are sent before any arrives.
            sent = [here.emigrants(there) for here, there in zip(self._islands, ring, strict=True)]
            for there, told_elsewhere in zip(ring, sent, strict=True):
                if told_elsewhere is not None:
                    there.immigrate(told_elsewhere)


class _Island:
    """One of the algorithms, and the best of what it knows."""

    def __init__(self, algorithm: Algorithm, population: int, forms: Forms) -> None:
        self._algorithm = algorithm
        self._population = population
        self._forms = forms
        self._best: Told | None = None
        self._known = set[bytes]()

    def ask(self) -> np.ndarray:
        return self._algorithm.ask(self._population)

    def tell(self, told: Told) -> None:
        self._algorithm.tell(told)
        self._note(told)

    def immigrate(self, told: Told) -> None:
        assert isinstance(self._algorithm, Receiving)
        self._algorithm.immigrate(told)
        self._note(told)

    def emigrants(self, there: _Island) -> Told | None:
        """The best here that is not known there; None if there is nothing."""
        if self._best is None:
            return None
        keys = [key for key, _ in self._forms.of(self._best.genotypes)]
        rows = [row for row, key in enumerate(keys) if key not in there._known]
        rows = rows[: max(1, self._population // 10)]
        return part(self._best, np.array(rows)) if rows else None

    def _note(self, told: Told) -> None:
        self._known.update(key for key, _ in self._forms.of(told.genotypes))
        known = told if self._best is None else joined([self._best, told])
        self._best = part(known, Members.of(known).best(self._population))


def share(population: int, n_islands: int, place: int) -> int:
    """How many of a population live on the island at a place."""
    return len(range(place, population, n_islands))


def check_islands(kind: type[Algorithm], name: str, population: int, n_islands: int) -> None:
    """See that an algorithm can live on islands, and that the smallest has room for it.

    Args:
        kind: The algorithm.
        name: What it is called.
        population: Of all islands together.
        n_islands: How many there are.

    Raises:
        ConfigError: It cannot, or it has not.
    """
    if not issubclass(kind, Receiving):
        raise ConfigError(
            f"--islands must have an algorithm whose population takes in others: "
            f"{', '.join(receiving())}; got {name}. Choose one of these, or leave --islands out."
        )
    least = kind.least_population * n_islands
    if population < least:
        raise ConfigError(
            f"population must be at least {least:,} on {n_islands:,} islands, "
            f"{kind.least_population} on each; got {population:,}. "
            "Choose a larger --population or fewer --islands."
        )
