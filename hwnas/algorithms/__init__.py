"""What a search algorithm is: it proposes genotypes and listens to what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hwnas.core.space import SearchSpace
from hwnas.registry import Registry


class Algorithm(Protocol):
    """Ask for a batch, tell what it is worth, again and again."""

    def ask(self) -> np.ndarray:
        """Genotypes to value next, shape ``(n_archs, n_genes)``; empty when it has no more."""
        ...

    def tell(self, values: np.ndarray, violation: np.ndarray) -> None:
        """Hear about the last batch.

        Args:
            values: Shape ``(n_archs, n_objectives)``, all minimised; meaningless where infeasible.
            violation: Shape ``(n_archs,)``, 0 where feasible, larger the further from it.

        Raises:
            StateError: Nothing was asked.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What every algorithm is built from.

    Args:
        space: Search space.
        n_objectives: How many objectives there are.
        population: Architectures in a batch.
        seed: Seed of its random numbers.
        initial: Genotypes to propose as the first batch, valid and each class once, shape
            ``(population, n_genes)``; None to choose freely.
    """

    space: SearchSpace
    n_objectives: int
    population: int
    seed: int
    initial: np.ndarray | None = None


ALGORITHMS: Registry[Callable[[Setting], Algorithm]] = Registry(
    "algorithm", "hwnas.algorithms", "hwnas.algorithms"
)
