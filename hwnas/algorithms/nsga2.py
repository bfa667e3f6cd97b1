"""NSGA-II on pymoo, behind ask and tell; the only file that knows pymoo's algorithms.

References:
    Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II,
    https://doi.org/10.1109/4235.996017
    Blank and Deb 2020, pymoo: Multi-Objective Optimization in Python,
    https://doi.org/10.1109/ACCESS.2020.2990567
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwnas.algorithms import ALGORITHMS, Algorithm, Setting
from hwnas.core.architecture import genotype_keys
from hwnas.core.space import SearchSpace
from hwnas.errors import StateError

# pymoo sorts infeasible individuals by their violation alone; their objectives only have to be
# finite.
_IGNORED = 0.0


@ALGORITHMS.register("nsga2")
def nsga2(setting: Setting) -> Algorithm:
    """NSGA-II: uniform crossover, one gene in ``n_genes`` reset, elitist survival.

    Offspring that are disconnected, or whose canonical form is in the population already, are
    replaced before they are proposed.
    """
    return Nsga2(setting)


class Nsga2:
    """pymoo's NSGA-II over integer genes.

    Args:
        setting: What every algorithm is built from.
    """

    def __init__(self, setting: Setting) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.core.termination import NoTermination
        from pymoo.operators.crossover.ux import UX

        space = setting.space
        limits = np.asarray(space.n_choices) - 1
        problem = Problem(
            n_var=len(limits),
            n_obj=setting.n_objectives,
            n_ieq_constr=1,
            xl=np.zeros(len(limits), dtype=int),
            xu=limits,
            vtype=int,
        )
        self._algorithm = NSGA2(
            pop_size=setting.population,
            sampling=_sampling(space) if setting.initial is None else setting.initial,
            crossover=UX(),
            mutation=_reset_mutation(space),
            eliminate_duplicates=_duplicates(space),
        )
        self._algorithm.setup(problem, termination=NoTermination(), seed=setting.seed)
        self._n_genes = len(limits)
        self._asked: Any = None

    def ask(self) -> np.ndarray:
        """Genotypes of the next generation, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: The last batch has not been told about.
        """
        if self._asked is not None:
            raise StateError("ask() was called twice; call tell() with the last batch first.")
        self._asked = self._algorithm.ask()
        if self._asked is None:
            return np.empty((0, self._n_genes), dtype=np.int64)
        return np.asarray(self._asked.get("X"), dtype=np.int64)

    def tell(self, values: np.ndarray, violation: np.ndarray) -> None:
        """Let the last batch compete with the population."""
        if self._asked is None:
            raise StateError("tell() was called before ask(); call ask() first.")
        told = np.where(violation[:, None] > 0, _IGNORED, values)
        self._asked.set("F", told, "G", violation[:, None])
        for individual in self._asked:
            individual.evaluated.update({"F", "G"})
        self._algorithm.tell(infills=self._asked)
        self._asked = None


def _sampling(space: SearchSpace) -> Any:
    """Distinct valid architectures, drawn uniformly over genotypes."""
    from pymoo.core.sampling import Sampling

    class UniformValid(Sampling):  # type: ignore[misc]
        rounds = 100

        def _do(self, _: Any, n_samples: int, *, random_state: Any, **__: Any) -> np.ndarray:
            found = np.empty((0, len(space.genes)), dtype=np.int64)
            for _round in range(self.rounds):
                drawn = space.sample_genotypes(n_samples - len(found), random_state)
                found = np.concatenate([found, drawn])
                keys = space.canonical_genotypes(found)
                _, first = np.unique(keys, axis=0, return_index=True)
                found = found[np.sort(first)]
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


def _duplicates(space: SearchSpace) -> Any:
    """Duplicates are what has the canonical form of something kept; the invalid go with them."""
    from pymoo.core.duplicate import DuplicateElimination

    class SameClass(DuplicateElimination):  # type: ignore[misc]
        def _do(self, pop: Any, other: Any, is_duplicate: np.ndarray) -> np.ndarray:
            keys = self._keys(pop)
            if other is not None:
                known = set(self._keys(other))
                return np.fromiter((key in known for key in keys), bool, len(keys))
            seen: set[bytes] = set()
            genotypes = np.asarray(pop.get("X"), dtype=np.int64)
            for row, (key, valid) in enumerate(zip(keys, space.valid_mask(genotypes), strict=True)):
                is_duplicate[row] = key in seen or not valid
                seen.add(key)
            return is_duplicate

        @staticmethod
        def _keys(pop: Any) -> list[bytes]:
            genotypes = np.asarray(pop.get("X"), dtype=np.int64)
            return genotype_keys(space.canonical_genotypes(genotypes))

    return SameClass()
