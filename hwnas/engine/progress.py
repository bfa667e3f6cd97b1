"""How a search gets on: hypervolume, and what is seen of its objectives on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.core.objective import ObjectiveSpec
from hwnas.engine.redundancy import MIN_ARCHS, redundancy_notes
from hwnas.engine.trials import Results
from hwnas.objectives.indicators import Normalisation, minimised, non_dominated


class Change(str):
    """A note that something is done otherwise than asked: told to who wants no others, too."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of which something was evaluated.

    Args:
        number: From 1.
        n_evaluated: Distinct architectures evaluated so far, whatever came of them; one at several
            fidelities counts at each.
        hypervolume: Of the feasible ones so far, normalised; None while there are none.
        spent: Those evaluations, each as the share of a full one that it is; None where all are
            full.
    """

    number: int
    n_evaluated: int
    hypervolume: float | None
    spent: float | None = None

    @property
    def of_budget(self) -> float:
        """What counts towards a budget."""
        return self.n_evaluated if self.spent is None else self.spent


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


class Tracker:
    """Follows a search, generation by generation.

    Args:
        columns: What is evaluated, the objectives first.
        n_objectives: How many of the columns are optimised.
        budget: Distinct architectures to evaluate, or None for no limit.

    Attributes:
        normalisation: Ranges behind the hypervolume, or None while too little is known for any.
        notes: What the user should know about the objectives.
        generations: All so far.
    """

    def __init__(
        self, columns: Sequence[ObjectiveSpec], n_objectives: int, budget: int | None
    ) -> None:
        self.normalisation: Normalisation | None = None
        self.notes: tuple[str, ...] = ()
        self.generations: list[Generation] = []
        self._columns, self._objectives = columns, columns[:n_objectives]
        self._n_needed = min(MIN_ARCHS, budget or MIN_ARCHS)
        self._feasible = np.empty((0, len(columns)))
        self._front = np.empty((0, n_objectives))
        self._n_evaluated = 0
        self._spent: float | None = None

    def add(self, new: Results, share: float = 1.0) -> Progress:
        """Take in what was evaluated in one more generation.

        Args:
            new: What came of it.
            share: What each evaluation was of a full one; those of less are counted alone.
        """
        values = new.values[new.is_feasible & (share == 1), :, 0]
        if share < 1 and self._spent is None:
            self._spent = float(self._n_evaluated)
        if self._spent is not None:
            self._spent += len(new) * share
        self._n_evaluated += len(new)
        self._front = np.concatenate([self._front, values[:, : len(self._objectives)]])
        self._front = self._front[non_dominated(minimised(self._front, self._objectives))]
        self._learn(values)
        ranges = self.normalisation
        volume = None if ranges is None else ranges.hypervolume(self._front)
        self.generations.append(
            Generation(len(self.generations) + 1, self._n_evaluated, volume, self._spent)
        )
        return Progress(self.generations[-1], len(self._front), self.notes)

    def _learn(self, new: np.ndarray) -> None:
        """Set the normalisation and look for redundancy, once there is enough to see."""
        if self.normalisation is not None:
            return
        self._feasible = np.concatenate([self._feasible, new])
        if len(self._feasible) >= self._n_needed:
            n_objectives = len(self._objectives)
            optimised = self._feasible[:, :n_objectives]
            self.normalisation = Normalisation.of(optimised, self._objectives)
            self.notes = tuple(redundancy_notes(self._feasible, self._columns, n_objectives))
