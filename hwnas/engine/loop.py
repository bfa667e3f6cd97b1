"""The loop around an algorithm: canonical forms, evaluation, storing, progress, replay.

A resumed run is replayed: the algorithm starts from its seed, and generations that are stored are
answered from the store. It therefore ends where a run that was never stopped would have ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwnas.algorithms import Algorithm
from hwnas.core.architecture import genotype_keys
from hwnas.core.limits import Limit
from hwnas.core.objective import Objective, ObjectiveSpec
from hwnas.core.space import SearchSpace
from hwnas.engine.redundancy import MIN_ARCHS, redundancy_notes
from hwnas.engine.store import ENDS, Evaluated, Generation, Store
from hwnas.errors import RunError
from hwnas.objectives.evaluation import evaluate
from hwnas.objectives.indicators import Normalisation, minimised, non_dominated

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

    Attributes:
        normalisation: Ranges behind the hypervolume, or None while too little is known for any.
        notes: What the user should know about the objectives.

    Raises:
        RunError: The store is damaged.
    """

    def __init__(self, task: Task, algorithm: Algorithm, store: Store) -> None:
        self.normalisation: Normalisation | None = None
        self.notes: tuple[str, ...] = ()
        self._task = task
        self._algorithm = algorithm
        self._store = store
        history = store.history()
        stored = history.evaluated
        genotypes = task.space.genotypes([task.space.parse(arch) for arch in stored.archs])
        # Each canonical genotype's position among all that was evaluated.
        self._position = {key: position for position, key in enumerate(genotype_keys(genotypes))}
        self._violation = stored.violation
        self._values = stored.values
        self._finished = history.generations
        self._front = np.empty((0, task.n_objectives))
        self._n_seen = 0

    def run(self, on_progress: Callable[[Progress], None]) -> None:
        """Search to the end; an exception, such as an interrupt, loses no finished generation.

        Raises:
            RunError: The store holds a run that this task and algorithm would not have made.
            StorageError: The store cannot be written.
        """
        task, number, n_idle = self._task, 0, 0
        while task.generations is None or number < task.generations:
            if task.budget is not None and self._n_seen >= task.budget:
                break
            proposed = self._algorithm.ask()
            if not len(proposed):
                break
            number += 1
            asked = task.space.canonical_genotypes(proposed)
            n_seen = self._n_seen
            if number <= len(self._finished):
                progress, is_whole = self._replay(number, asked)
            else:
                progress, is_whole = self._evaluate(number, asked)
            on_progress(progress)
            n_idle = n_idle + 1 if self._n_seen == n_seen else 0
            if not is_whole or n_idle >= MAX_IDLE_GENERATIONS:
                break
            self._tell(asked)

    def _evaluate(self, number: int, asked: np.ndarray) -> tuple[Progress, bool]:
        """Evaluate and store what is new; False if the budget did not reach for all of it."""
        rows = {
            key: row for row, key in enumerate(genotype_keys(asked)) if key not in self._position
        }
        n_before, n_new = self._n_seen, len(rows)
        room = n_new if self._task.budget is None else self._task.budget - n_before
        chosen = list(rows)[:room]
        archs = [self._task.space.architecture(asked[rows[key]]) for key in chosen]
        values = np.empty((len(archs), len(self._task.measures), len(ENDS)))
        if archs:
            estimates = evaluate(self._task.space, self._task.measures, archs)
            for column, known in enumerate(estimates):
                values[:, column] = np.stack([known.value, known.lower, known.upper], axis=1)
        violation = self._violations(values[:, :, 0])
        self._position |= {key: n_before + row for row, key in enumerate(chosen)}
        self._values = np.concatenate([self._values, values])
        self._violation = np.concatenate([self._violation, violation])
        progress = self._finish(number, n_before + len(archs))
        names = tuple(str(arch) for arch in archs)
        generations = np.full(len(archs), number)
        self._store.add(progress.generation, Evaluated(names, generations, violation, values))
        return progress, len(archs) == n_new

    def _replay(self, number: int, asked: np.ndarray) -> tuple[Progress, bool]:
        """Check that a stored generation is the one the algorithm asks for again."""
        stored = self._finished[number - 1]
        before, after = self._n_seen, stored.n_evaluated
        positions = {self._position.get(key, -1) for key in genotype_keys(asked)}
        is_whole = all(0 <= position < after for position in positions)
        is_cut = self._task.budget is not None and after >= self._task.budget
        if not set(range(before, after)) <= positions or not (is_whole or is_cut):
            raise RunError(
                f"Generation {number} of the stored run is not what this version of hwnas and its "
                "packages would have asked for; it cannot be resumed. Start again with another "
                "--out."
            )
        return self._finish(number, after), is_whole

    def _violations(self, values: np.ndarray) -> np.ndarray:
        """How far from feasible, shape ``(n_archs,)``: sum of relative violations of limits."""
        names = [spec.column for spec in self._task.columns]
        total = np.zeros(len(values))
        for limit in self._task.limits:
            broken = limit.violation(values[:, names.index(limit.column)])
            total += np.minimum(broken / (abs(limit.bound) or 1.0), CANNOT_RUN)
        can_run = np.isfinite(values[:, : self._task.n_objectives]).all(axis=1)
        return np.where(can_run, total, CANNOT_RUN)

    def _finish(self, number: int, n_seen: int) -> Progress:
        """Close a generation after which ``n_seen`` architectures are known."""
        new = slice(self._n_seen, n_seen)
        self._n_seen = n_seen
        values = self._values[new, : self._task.n_objectives, 0][self._violation[new] == 0]
        self._front = np.concatenate([self._front, values])
        self._front = self._front[non_dominated(minimised(self._front, self._task.objectives))]
        self._learn()
        ranges = self.normalisation
        hypervolume = None if ranges is None else ranges.hypervolume(self._front)
        return Progress(Generation(number, n_seen, hypervolume), len(self._front), self.notes)

    def _learn(self) -> None:
        """Set the normalisation and look for redundancy, once there is enough to see."""
        if self.normalisation is not None:
            return
        values = self._values[: self._n_seen, : self._task.n_objectives, 0]
        values = values[self._violation[: self._n_seen] == 0]
        if len(values) >= min(MIN_ARCHS, self._task.budget or MIN_ARCHS):
            self.normalisation = Normalisation.of(values, self._task.objectives)
            self.notes = tuple(redundancy_notes(values, self._task.objectives))

    def _tell(self, asked: np.ndarray) -> None:
        positions = [self._position[key] for key in genotype_keys(asked)]
        values = self._values[positions, : self._task.n_objectives, 0]
        self._algorithm.tell(minimised(values, self._task.objectives), self._violation[positions])
