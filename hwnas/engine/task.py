"""What a search evaluates, and when it is to end."""

from __future__ import annotations

from dataclasses import dataclass

from hwnas.core.space import SearchSpace
from hwnas.engine.trials import Results
from hwnas.objectives.evaluation import Problem


@dataclass(frozen=True, slots=True)
class Task:
    """What a search evaluates, and when it ends: of several ends the first that holds.

    Args:
        space: Search space with its data set.
        problem: Objectives, what is told beside them, and limits.
        population: How many architectures the algorithm is asked for at once.
        generations: How often it is asked, or None for no limit.
        budget: Number of distinct architectures to evaluate, or None for no limit. One at a lower
            fidelity counts as the share of the full one that it is; where there is a stage 2, one
            that never came to it does not count.
        n_classes: How many functional classes the space has, where that is known: when all are
            evaluated, nothing is left.
        fidelities: At which they can be evaluated, rising, the last in full; empty where there is
            but the one way.
        time_s: Seconds that it may take, or None for no limit.
        until_stable: Whether it ends once the hypervolume hardly grows, see ``ends.is_stable``.
    """

    space: SearchSpace
    problem: Problem
    population: int
    generations: int | None
    budget: int | None
    n_classes: int | None = None
    fidelities: tuple[float, ...] = ()
    time_s: float | None = None
    until_stable: bool = False

    def share(self, fidelity: float | None) -> float:
        """What an evaluation at a fidelity is of one in full."""
        return 1.0 if fidelity is None else fidelity / self.fidelities[-1]

    def n_counted(self, results: Results) -> int:
        """How many of some finished trials count towards the budget."""
        return len(results) if self.problem.is_free else int(results.is_single.sum())
