"""The loop around an algorithm: canonical forms, evaluation, storing, progress, replay.

A resumed run is replayed: the algorithm starts from its seed, and generations that are stored are
answered from the store. It therefore ends where a run that was never stopped would have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.core.architecture import Architecture
from hwnas.core.limits import Limit
from hwnas.core.objective import Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.errors import RunError
from hwnas.search.algorithm import Algorithm
from hwnas.search.indicators import Normalisation, minimised, non_dominated
from hwnas.search.redundancy import MIN_ARCHS, redundancy_notes
from hwnas.search.store import ENDS, Evaluated, Generation, Store

# Larger than any relative violation of a limit: what cannot run is further from feasible.
CANNOT_RUN = 1e9
MAX_IDLE_GENERATIONS = 50


@dataclass(frozen=True, slots=True)
class Task:
    """What a search evaluates, and when it ends.

    Args:
        space: Search space with its data set.
        measures: What is evaluated: the objectives first, then what is told beside them.
        n_objectives: How many of the measures are objectives.
        limits: Limits on columns of the measures.
        generations: Number of generations, or None for no limit.
        budget: Number of distinct architectures to evaluate, or None for no limit.
    """

    space: SearchSpace
    measures: tuple[Objective, ...]
    n_objectives: int
    limits: tuple[Limit, ...]
    generations: int | None
    budget: int | None

    @property
    def columns(self) -> tuple[ObjectiveSpec, ...]:
        """What each measure's values are."""
        return tuple(measure.spec for measure in self.measures)

    @property
    def objectives(self) -> tuple[ObjectiveSpec, ...]:
        """What each objective's values are."""
        return self.columns[: self.n_objectives]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come.

    Args:
        generation: The last finished generation, with its hypervolume.
        n_front: Non-dominated architectures so far.
        notes: What the user should know about the objectives.
    """

    generation: Generation
    n_front: int
    notes: tuple[str, ...]


class Loop:
    """Runs an algorithm on a task and stores every evaluation.

    Args:
        task: What is evaluated, and when the search ends.
        algorithm: Proposes architectures; fresh from its seed.
        store: Where evaluations are kept; those it holds are not made again.
    """

    def __init__(self, task: Task, algorithm: Algorithm, store: Store) -> None:
        self._task = task
        self._algorithm = algorithm
        self._store = store
        stored = store.evaluated()
        self._archs = list(stored.archs)
        self._position = {arch: position for position, arch in enumerate(stored.archs)}
        self._generation = stored.generation
        self._violation = stored.violation
        self._values = stored.values
        self._finished = store.generations()
        self._front = np.empty((0, task.n_objectives))
        self._normalisation: Normalisation | None = None
        self._notes: tuple[str, ...] = ()
        self._n_seen = 0

    def run(self, on_progress: Callable[[Progress], None]) -> None:
        """Search to the end; an exception, such as an interrupt, loses no finished generation.

        Raises:
            RunError: The store holds a run that this task and algorithm would not have made.
        """
        task, number, n_idle = self._task, 0, 0
        while task.generations is None or number < task.generations:
            if task.budget is not None and self._n_seen >= task.budget:
                break
            genotypes = self._algorithm.ask()
            if not len(genotypes):
                break
            number += 1
            asked = task.space.canonical_genotypes(genotypes)
            archs = [task.space.architecture(genotype) for genotype in asked]
            n_seen = self._n_seen
            is_whole = self._evaluate(number, archs)
            on_progress(self._finish(number, n_seen))
            n_idle = n_idle + 1 if self._n_seen == n_seen else 0
            if not is_whole or n_idle >= MAX_IDLE_GENERATIONS:
                break
            self._tell(archs)

    def _evaluate(self, number: int, archs: Sequence[Architecture]) -> bool:
        """Evaluate what is new; False if the budget did not reach for all of it."""
        if number <= len(self._finished):
            return self._replay(number, archs)
        new = list({str(a): a for a in archs if str(a) not in self._position}.values())
        room = len(new) if self._task.budget is None else self._task.budget - self._n_seen
        chosen = new[:room]
        values = np.empty((len(chosen), len(self._task.measures), len(ENDS)))
        if chosen:
            for column, measure in enumerate(self._task.measures):
                estimate = measure(chosen)
                values[:, column] = np.stack(
                    [estimate.value, estimate.lower, estimate.upper], axis=1
                )
        self._position |= {str(a): len(self._archs) + i for i, a in enumerate(chosen)}
        self._archs += [str(arch) for arch in chosen]
        self._values = np.concatenate([self._values, values])
        self._violation = np.concatenate([self._violation, self._violations(values[:, :, 0])])
        self._n_seen = len(self._archs)
        return len(chosen) == len(new)

    def _replay(self, number: int, archs: Sequence[Architecture]) -> bool:
        """Check that a stored generation is the one the algorithm asks for again."""
        before, after = self._n_seen, self._finished[number - 1].n_evaluated
        positions = [self._position.get(str(arch), -1) for arch in archs]
        is_cut = self._task.budget is not None and after >= self._task.budget
        fits = set(range(before, after)) <= set(positions)
        fits &= is_cut or all(0 <= position < after for position in positions)
        if not fits:
            raise RunError(
                f"Generation {number} of the stored run is not what this version of hwnas and its "
                "packages would have asked for; it cannot be resumed. Start again with another "
                "--out."
            )
        self._n_seen = after
        return all(0 <= position < after for position in positions)

    def _violations(self, values: np.ndarray) -> np.ndarray:
        """How far from feasible, shape ``(n_archs,)``: sum of relative violations of limits."""
        names = [spec.column for spec in self._task.columns]
        total = np.zeros(len(values))
        for limit in self._task.limits:
            broken = limit.violation(values[:, names.index(limit.column)])
            total += np.minimum(broken / (abs(limit.bound) or 1.0), CANNOT_RUN)
        cannot_run = np.isnan(values[:, : self._task.n_objectives]).any(axis=1)
        return np.where(cannot_run, CANNOT_RUN, total)

    def _finish(self, number: int, n_before: int) -> Progress:
        """Close a generation: hypervolume and notes, and a transaction unless it is stored."""
        new = slice(n_before, self._n_seen)
        feasible = self._violation[new] == 0
        values = self._values[new, : self._task.n_objectives, 0][feasible]
        self._front = np.concatenate([self._front, values])
        self._front = self._front[non_dominated(minimised(self._front, self._task.objectives))]
        facts = self._learn()
        hypervolume = self._normalisation.hypervolume(self._front) if self._normalisation else None
        generation = Generation(number, self._n_seen, hypervolume)
        if number > len(self._finished):
            evaluated = Evaluated(
                tuple(self._archs[new]),
                np.full(self._n_seen - n_before, number),
                self._violation[new],
                self._values[new],
            )
            self._store.add(generation, evaluated, facts)
        return Progress(generation, len(self._front), self._notes)

    def _learn(self) -> dict[str, object]:
        """Set the normalisation and look for redundancy, once there is enough to see."""
        if self._normalisation is not None:
            return {}
        values = self._values[: self._n_seen, : self._task.n_objectives, 0]
        values = values[self._violation[: self._n_seen] == 0]
        if len(values) < min(MIN_ARCHS, self._task.budget or MIN_ARCHS):
            return {}
        self._normalisation = Normalisation.of(values, self._task.objectives)
        self._notes = tuple(redundancy_notes(values, self._task.objectives))
        return {
            "normalisation": {
                "best": self._normalisation.best,
                "worst": self._normalisation.worst,
            },
            "notes": list(self._notes),
        }

    def _tell(self, archs: Sequence[Architecture]) -> None:
        positions = [self._position[str(arch)] for arch in archs]
        values = self._values[positions, : self._task.n_objectives, 0]
        self._algorithm.tell(minimised(values, self._task.objectives), self._violation[positions])
