"""Other people's searches on the tables' classes, with their own loops: Optuna's and pymoo's.

All see the space as six genes. A class that was evaluated before costs nothing when it is asked for
again, and neither does a cell whose input does not reach its output, which has no values.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from _truth import Truth

from hwnas.objectives.indicators import minimised

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

MAX_IDLE_ASKS = 1000
"""A search that asks so often in a row for nothing new has come to its end."""
POPULATION = 50


class Bench:
    """True values of what is asked, each class counted once.

    Args:
        truth: Values of all classes.
        budget: Classes to evaluate at most.
        limit_s: Seconds of processor time, asks and all, after which it is over.

    Attributes:
        rows: Classes in the order in which they were first asked for.
    """

    def __init__(self, truth: Truth, budget: int, limit_s: float = np.inf) -> None:
        self.truth = truth
        self.rows: list[int] = []
        self._values = minimised(truth.values, truth.specs)
        self._known: set[int] = set()
        self._budget = budget
        self._end_s = time.process_time() + limit_s
        self._n_idle = 0

    @property
    def is_over(self) -> bool:
        """Whether the budget or the time is spent, or nothing new is asked for."""
        is_spent = len(self.rows) >= self._budget
        return is_spent or self.is_out_of_time or self._n_idle >= MAX_IDLE_ASKS

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time was spent before the budget."""
        return len(self.rows) < self._budget and time.process_time() > self._end_s

    def __call__(self, genotype: np.ndarray) -> np.ndarray | None:
        """All minimised, shape ``(n_objectives,)``; None of a cell that is disconnected.

        Args:
            genotype: Shape ``(n_genes,)``.
        """
        row = int(self.truth.rows(genotype[None])[0])
        self._n_idle += 1
        if row < 0:
            return None
        if row not in self._known and not self.is_over:
            self._n_idle = 0
            self._known.add(row)
            self.rows.append(row)
        return np.asarray(self._values[row])


def _optuna(make: Callable[[int], BaseSampler]) -> Callable[[Bench, int], None]:
    """A sampler of Optuna as a search; operations are choices without an order."""

    def search(bench: Bench, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        space, n_objectives = bench.truth.space, len(bench.truth.specs)
        with warnings.catch_warnings():
            # Its multivariate TPE and GP are still called experimental.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = optuna.create_study(directions=["minimize"] * n_objectives, sampler=make(seed))
            while not bench.is_over:
                trial = study.ask()
                genotype = [
                    trial.suggest_categorical(f"gene{place}", list(range(n_choices)))
                    for place, n_choices in enumerate(space.n_choices)
                ]
                values = bench(np.array(genotype, dtype=np.int64))
                if values is None:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                else:
                    study.tell(trial, values.tolist())

    return search


def _tpe(seed: int) -> BaseSampler:
    import optuna

    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _nsga2(seed: int) -> BaseSampler:
    import optuna

    return optuna.samplers.NSGAIISampler(seed=seed, population_size=POPULATION)


def _gp(seed: int) -> BaseSampler:
    import optuna

    return optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)


def _pymoo(bench: Bench, seed: int) -> None:
    """NSGA-II as pymoo's pages have it for whole numbers: SBX and polynomial mutation, rounded."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.core.termination import NoTermination
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling

    limits, n_objectives = np.asarray(bench.truth.space.n_choices) - 1, len(bench.truth.specs)
    problem = Problem(
        n_var=len(limits),
        n_obj=n_objectives,
        n_ieq_constr=1,
        xl=np.zeros_like(limits),
        xu=limits,
        vtype=int,
    )
    algorithm = NSGA2(
        pop_size=POPULATION,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    algorithm.setup(problem, termination=NoTermination(), seed=seed)
    while not bench.is_over:
        generation: Any = algorithm.ask()
        if generation is None:
            break
        found = [bench(np.asarray(genes, dtype=np.int64)) for genes in generation.get("X")]
        is_out = np.array([values is None for values in found])
        nothing = np.zeros(n_objectives)
        objectives = np.array([nothing if values is None else values for values in found])
        generation.set("F", objectives, "G", is_out[:, None].astype(float))
        for individual in generation:
            individual.evaluated.update({"F", "G"})
        algorithm.tell(infills=generation)


def _greedy(bench: Bench, seed: int) -> None:  # noqa: ARG001
    """An oracle that knows all: of what is left, the class that adds most hypervolume is next."""
    truth = bench.truth
    left = np.flatnonzero(truth.is_front).tolist()
    while left and not bench.is_over:
        row = max(left, key=lambda row: truth.share_pct(np.array([*bench.rows, row])))
        left.remove(row)
        bench(truth.genotypes[row])


PEERS: Mapping[str, Callable[[Bench, int], None]] = {
    "optuna-tpe": _optuna(_tpe),
    "optuna-nsga2": _optuna(_nsga2),
    "optuna-gp": _optuna(_gp),
    "pymoo-nsga2": _pymoo,
    "greedy-oracle": _greedy,
}
"""Searches that are no algorithms of hwnas, each called with a bench and a seed."""
