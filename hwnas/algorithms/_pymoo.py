"""Evolutionary algorithms of pymoo behind ask and tell; no other file knows them.

References:
    Blank and Deb 2020, pymoo: Multi-Objective Optimization in Python,
    https://doi.org/10.1109/ACCESS.2020.2990567
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from hwnas.algorithms import Setting, Told
from hwnas.algorithms._pymoo_operators import less_infeasible, operators
from hwnas.algorithms._ranking import Members
from hwnas.core.architecture import genotype_keys
from hwnas.errors import ConfigError, MissingExtraError, StateError

# pymoo sorts infeasible individuals by their violation alone; their objectives only have to be
# finite.
_IGNORED = 0.0


class Generations:
    """An algorithm of pymoo: generations that are bred, told in portions, and compete.

    Offspring that are disconnected, or whose canonical form is in the population already, are
    replaced before they are proposed. A generation is bred when the last one is told. What is
    feasible comes first; then what is less far from it.

    Args:
        setting: What every algorithm is built from.
        algorithm: pymoo's algorithm, made by a function of this file.
    """

    least_population: ClassVar[int] = 4
    default_warm_start: ClassVar[str | None] = None

    def __init__(self, setting: Setting, algorithm: Any) -> None:
        from pymoo.core.problem import Problem
        from pymoo.core.termination import NoTermination

        limits = np.asarray(setting.space.n_choices) - 1
        problem = Problem(
            n_var=len(limits),
            n_obj=setting.n_objectives,
            n_ieq_constr=1,
            xl=np.zeros(len(limits), dtype=int),
            xu=limits,
            vtype=int,
        )
        self._algorithm = algorithm
        self._algorithm.setup(problem, termination=NoTermination(), seed=setting.seed)
        self._generation: Any = None
        self._genotypes = np.empty((0, len(limits)), dtype=np.int64)
        self._values = np.empty((0, setting.n_objectives))
        self._distance = np.empty(0)
        self._n_asked = 0
        # Rows of the generation that are asked and not yet told, by genotype.
        self._waiting: dict[bytes, int] = {}

    def ask(self, n: int) -> np.ndarray:
        """What is left of a generation, or of the next one, shape ``(n_archs, n_genes)``.

        Raises:
            StateError: All of the generation is asked, and not all of it told.
        """
        if self._n_asked == len(self._genotypes):
            if self._generation is not None:
                raise StateError("ask() was called twice; call tell() with the last batch first.")
            self._breed()
        first, self._n_asked = self._n_asked, min(self._n_asked + n, len(self._genotypes))
        asked = self._genotypes[first : self._n_asked]
        self._waiting |= {key: first + row for row, key in enumerate(genotype_keys(asked))}
        return asked

    def tell(self, told: Told) -> None:
        """Hear about part of the generation; when all is told, it competes with the population.

        Raises:
            StateError: One of them is not waited for.
        """
        keys = genotype_keys(told.genotypes)
        if not self._waiting.keys() >= set(keys):
            raise StateError("tell() must be about what was asked and not told; call ask() first.")
        rows = [self._waiting.pop(key) for key in keys]
        self._values[rows] = np.where(told.is_feasible[:, None], told.values, _IGNORED)
        self._distance[rows] = told.distance
        if self._generation is not None and not self._waiting:
            self._survive()

    def _breed(self) -> None:
        self._generation = self._algorithm.ask()
        if self._generation is not None:
            self._genotypes = np.asarray(self._generation.get("X"), dtype=np.int64)
        else:
            self._genotypes = self._genotypes[:0]
        self._values = np.empty((len(self._genotypes), self._values.shape[1]))
        self._distance = np.empty(len(self._genotypes))
        self._n_asked = 0

    def _survive(self) -> None:
        if self._n_asked < len(self._genotypes):
            return
        self._compete(self._valued(self._generation, self._values, self._distance))
        self._generation = None

    def immigrate(self, told: Told) -> None:
        """Take in what was told elsewhere, between generations: it competes as offspring does."""
        from pymoo.core.population import Population

        new = Members.of(told)
        known = self._valued(Population.new(X=new.genotypes), new.values, new.distance)
        known = self._algorithm.eliminate_duplicates.do(known, self._algorithm.pop)
        if len(known):
            self._compete(known)

    @staticmethod
    def _valued(individuals: Any, values: np.ndarray, distance: np.ndarray) -> Any:
        """Individuals of pymoo with what they are worth."""
        individuals.set("F", values, "G", distance[:, None])
        for individual in individuals:
            individual.evaluated.update({"F", "G"})
        return individuals

    def _compete(self, individuals: Any) -> None:
        # Where a front is flat, pymoo divides by zero; and its NSGA-III sets a filter that ignores
        # every warning from then on, which this one takes back.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._algorithm.tell(infills=individuals)


def nsga2(setting: Setting) -> Any:
    """NSGA-II of pymoo."""
    from pymoo.algorithms.moo.nsga2 import NSGA2

    return NSGA2(**operators(setting))


def nsga3(setting: Setting) -> Any:
    """NSGA-III of pymoo, with parents drawn from its own generator.

    Raises:
        ConfigError: The population is smaller than the number of objectives.
    """
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.operators.selection.tournament import TournamentSelection

    directions = reference_directions(setting.n_objectives, setting.population)
    # Where both parents break limits alike, pymoo's own tournament draws without the seed.
    selection = TournamentSelection(func_comp=less_infeasible)
    return NSGA3(ref_dirs=directions, selection=selection, **operators(setting))


def age_moea2(setting: Setting) -> Any:
    """AGE-MOEA-II of pymoo, which compiles its geometry with numba.

    Raises:
        MissingExtraError: numba is not installed.
    """
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Algorithm 'age-moea2'", "numba", "baselines") from error
    from pymoo.algorithms.moo.age2 import AGEMOEA2, AGEMOEA2Survival

    class Survival(AGEMOEA2Survival):  # type: ignore[misc]
        def survival_score(self, front: np.ndarray, ideal_point: np.ndarray) -> Any:
            try:
                return super().survival_score(front, ideal_point)
            except ZeroDivisionError:
                # All of the front is one point, as with one objective: it has no geometry.
                n_archs, n_objectives = front.shape
                return np.zeros(n_archs), 1.0, np.ones(n_objectives)

    algorithm = AGEMOEA2(**operators(setting))
    algorithm.survival = Survival()
    return algorithm


def sms_emoa(setting: Setting) -> Any:
    """SMS-EMOA of pymoo."""
    from pymoo.algorithms.moo.nsga2 import RankAndCrowdingSurvival
    from pymoo.algorithms.moo.sms import SMSEMOA

    chosen = operators(setting)
    if setting.n_objectives == 1:
        # The hypervolume of one objective is in the order of the objective, and moocore has none.
        chosen["survival"] = RankAndCrowdingSurvival()
    # pymoo would normalise by the whole population, whose infeasible members have no values.
    return SMSEMOA(normalize=False, **chosen)


def reference_directions(n_objectives: int, population: int) -> np.ndarray:
    """Directions in which NSGA-III looks: as many, evenly spread, as there are members for.

    Where the simplex of directions has none inside, a second one of half its size does.

    Args:
        n_objectives: How many objectives there are.
        population: Members of the population.

    Returns:
        Shape ``(n_directions, n_objectives)``, each of sum 1; at most ``population``.

    Raises:
        ConfigError: There are fewer members than objectives.

    References:
        Das and Dennis 1998, Normal-Boundary Intersection, https://doi.org/10.1137/S1052623496307510
        Deb and Jain 2014, An Evolutionary Many-Objective Optimization Algorithm Using
        Reference-Point-Based Nondominated Sorting Approach, Part I, section V,
        https://doi.org/10.1109/TEVC.2013.2281535
    """
    from pymoo.util.ref_dirs import get_reference_directions
    from pymoo.util.reference_direction import get_partition_closest_to_points

    if population < n_objectives:
        raise ConfigError(
            f"--population must be at least the number of objectives, {n_objectives}, for nsga3; "
            f"got {population}. Choose a larger one, or another --algorithm."
        )

    def layer(n_points: int, scaling: float) -> Any:
        n_partitions = get_partition_closest_to_points(n_points, n_objectives)
        return n_partitions, get_reference_directions(
            "das-dennis", n_objectives, n_partitions=n_partitions, scaling=scaling
        )

    n_partitions, directions = layer(population, 1.0)
    n_left = population - len(directions)
    if n_left and 0 < n_partitions < n_objectives:
        directions = np.concatenate([directions, layer(n_left, 0.5)[1]])
    return np.asarray(directions)
