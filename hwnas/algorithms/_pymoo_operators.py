"""What the algorithms of pymoo breed with: sampling, mutation, duplicates, tournament."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwnas.algorithms import Setting
from hwnas.core.forms import Forms
from hwnas.core.space import SearchSpace


def operators(setting: Setting) -> dict[str, Any]:
    """What all of these algorithms breed with: the arguments that pymoo's have in common."""
    from pymoo.operators.crossover.ux import UX

    space = setting.space
    forms = setting.forms or Forms(space)
    return {
        "pop_size": setting.population,
        "sampling": _sampling(space, forms) if setting.initial is None else setting.initial,
        "crossover": UX(),
        "mutation": _reset_mutation(space),
        "eliminate_duplicates": _duplicates(forms),
        "n_offsprings": _n_offspring(setting.population, setting.n_classes),
    }


def less_infeasible(
    population: Any, pairs: np.ndarray, *, random_state: Any, **_: Any
) -> np.ndarray:
    """Of each pair ``(n_pairs, 2)`` the one closer to feasible, else either; ``(n_pairs, 1)``."""
    first, second = pairs.T
    distance = np.asarray(population.get("CV"))[:, 0]
    is_either = random_state.random(len(pairs)) < 0.5
    is_second = np.where(
        distance[first] == distance[second], is_either, distance[second] < distance[first]
    )
    return np.asarray(np.where(is_second, second, first))[:, None]


def _n_offspring(population: int, n_classes: int | None) -> int:
    """How many are bred at once: no more than can be found.

    Where the population is most of the space, few classes are left, and breeding, which meets
    them by chance, would go on for minutes.
    """
    if n_classes is None or 2 * population <= n_classes:
        return population
    return max(1, (n_classes - population) // 2)


def _sampling(space: SearchSpace, forms: Forms) -> Any:
    """Distinct valid architectures, drawn uniformly over genotypes."""
    from pymoo.core.sampling import Sampling

    class UniformValid(Sampling):  # type: ignore[misc]
        rounds = 100

        def _do(self, _: Any, n_samples: int, *, random_state: Any, **__: Any) -> np.ndarray:
            found = np.empty((0, len(space.genes)), dtype=np.int64)
            for _round in range(self.rounds):
                drawn = space.sample_genotypes(n_samples - len(found), random_state)
                found = np.concatenate([found, drawn])
                first: dict[bytes, int] = {}
                for row, (key, _valid) in enumerate(forms.of(found)):
                    first.setdefault(key, row)
                found = found[list(first.values())]
                if len(found) >= n_samples:
                    break
            return found

    return UniformValid()


def _reset_mutation(space: SearchSpace) -> Any:
    """Each gene, with probability 1 / n_genes, gets another of its choices."""
    from pymoo.core.mutation import Mutation

    n_choices = np.asarray(space.n_choices)

    class RandomReset(Mutation):  # type: ignore[misc]
        def _do(self, _: Any, x: np.ndarray, *, random_state: Any, **__: Any) -> np.ndarray:
            is_reset = random_state.random(x.shape) < 1 / x.shape[1]
            shift = random_state.integers(1, np.maximum(n_choices, 2), size=x.shape)
            return np.where(is_reset, (x + shift) % n_choices, x)

    return RandomReset()


def _duplicates(forms: Forms) -> Any:
    """Duplicates are what has the canonical form of something kept; the invalid go with them."""
    from pymoo.core.duplicate import DuplicateElimination

    class SameClass(DuplicateElimination):  # type: ignore[misc]
        def _do(self, pop: Any, other: Any, is_duplicate: np.ndarray) -> np.ndarray:
            found = self._forms(pop)
            if other is not None:
                known = {key for key, _ in self._forms(other)}
                return np.fromiter((key in known for key, _ in found), bool, len(found))
            seen: set[bytes] = set()
            for row, (key, is_valid) in enumerate(found):
                is_duplicate[row] = key in seen or not is_valid
                seen.add(key)
            return is_duplicate

        @staticmethod
        def _forms(pop: Any) -> list[tuple[bytes, bool]]:
            return forms.of(np.asarray(pop.get("X"), dtype=np.int64))

    return SameClass()
