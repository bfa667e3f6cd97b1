"""When a search ends, by what it has evaluated so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, inf
from typing import Literal

import numpy as np

from hwnas.engine.progress import Generation, Step
from hwnas.engine.task import Task
from hwnas.engine.trials import Results
from hwnas.errors import EvaluationError, ReturnError, RunError

End = Literal["generations", "budget", "time", "stable", "classes", "idle", "algorithm"]
"""Why a search ended: by what it was told, as all classes were evaluated, as generation after
generation brought nothing new, or as the algorithm had no more."""

MAX_IDLE_GENERATIONS = 50
"""Generations on end of which nothing counts, without which no search gives up."""
MAX_IDLE_ARCHS = 1000
"""Architectures in them, at least, as some algorithms propose one at a time."""
MAX_FAILED = 10
"""Evaluations that may fail or lack a value before any is done. Where half of all do, so many do in
one search of a thousand; and of a function that always does, no more are wasted."""
_MEND = "Mend that, and search again with another --out."
_STABLE_SHARE = 0.01
_STABLE_FROM = 40
_HOPELESS_FROM = 400
_ROUNDING = 1e-9
"""Share of an evaluation that sums of fidelities may be off by."""


def is_stable(generations: Sequence[Generation]) -> bool:
    """Whether the hypervolume grew by less than 1 % over the second half of all evaluations.

    There must be 40 of these, and 400 where there is no hypervolume, as too few keep the limits;
    where values cost, those count that were evaluated one by one.

    Args:
        generations: All so far, at least one.

    References:
        Wagner and Trautmann 2010, Online Convergence Detection for Evolutionary Multi-Objective
        Algorithms Revisited, https://doi.org/10.1109/CEC.2010.5586474: there too the hypervolume
        must have come to rest, over a window of a fixed number of generations. Ours is a share of
        the run, so that one rule serves tens of evaluations and thousands.
    """
    last = generations[-1]
    if last.of_budget < _STABLE_FROM:
        return False
    if last.hypervolume is None:
        return last.of_budget >= _HOPELESS_FROM
    earlier = [each for each in generations if each.of_budget <= last.of_budget / 2]
    before = (earlier[-1].hypervolume if earlier else None) or 0.0
    return last.hypervolume < (1 + _STABLE_SHARE) * before


class Ends:
    """Counts what a search has evaluated, and tells when that is enough.

    Args:
        task: What is evaluated, and when the search ends.
        is_time_up: Whether its time is over; asked after an evaluation.
    """

    def __init__(self, task: Task, is_time_up: Callable[[], bool]) -> None:
        self.n_classes = task.n_classes
        self.n_idle = 0
        self._n_idle_archs = 0
        self._task = task
        self._is_time_up = is_time_up
        self._spent = 0.0
        self._n_full = 0
        self._n_failed = self._n_unknown = self._n_done = 0
        self._first_error = ""
        self._is_begun = False

    def take_stored(self, results: Results, shares: np.ndarray, n_asks: int) -> None:
        """Take in what a stored run holds, which must not be more than the search would evaluate.

        Args:
            results: Its finished trials.
            shares: What each was of one in full, shape ``(n_trials,)``.
            n_asks: How often the algorithm was asked.

        Raises:
            RunError: It is.
        """
        self._count_failed(results.part(results.is_single))
        counts = np.ones(len(results), bool) if self._task.problem.is_free else results.is_single
        spent = ceil(float(shares[counts].sum()) - _ROUNDING)
        ends = {
            "generations": (self._task.generations, n_asks),
            "budget": (self._task.budget, spent),
        }
        for name, (end, n_stored) in ends.items():
            if end is not None and end < n_stored:
                raise RunError(
                    f"A run can go on, not back: --{name} must be at least the {n_stored} that it "
                    f"holds; got {end}."
                )

    def step(self, n_new: int, share: float, seconds: float | None = None) -> Step:
        """How far the search has come within a generation.

        Args:
            n_new: What was evaluated one by one in it.
            share: What each was of a full one.
            seconds: What the last took.
        """
        return Step(self._spent + n_new * share, self._n_failed, seconds)

    def room(self, fidelity: float | None) -> float:
        """How many architectures the budget still allows at a fidelity."""
        budget = self._task.budget
        if budget is None:
            return inf
        return max(0, floor((budget - self._spent) / self._task.share(fidelity) + _ROUNDING))

    def by_count(self, number: int) -> End | None:
        """Why generation ``number`` is not begun, as far as numbers say; None if it is."""
        generations, fidelities = self._task.generations, self._task.fidelities
        if self.n_classes is not None and self._n_full >= self.n_classes:
            return "classes"
        if not self.room(fidelities[0] if fidelities else None):
            return "budget"
        if generations is not None and number > generations:
            return "generations"
        is_idle = self.n_idle >= MAX_IDLE_GENERATIONS and self._n_idle_archs >= MAX_IDLE_ARCHS
        return "idle" if is_idle else None

    def by_pace(self, generations: Sequence[Generation]) -> End | None:
        """Why no more is begun, as far as the clock and the hypervolume say; None if more is."""
        if self.is_time_up():
            return "time"
        return "stable" if self._task.until_stable and is_stable(generations) else None

    def is_time_up(self) -> bool:
        """Whether the time is over; not before something was evaluated."""
        return self._is_begun and self._is_time_up()

    def begin(self) -> None:
        """Note that something was evaluated that no stored run held."""
        self._is_begun = True

    def note_single(self, results: Results) -> None:
        """Note trials that were evaluated one by one.

        Raises:
            EvaluationError: All so far failed or lack a value, and there were enough.
        """
        self._count_failed(results)
        if self._n_done or self._n_failed + self._n_unknown < MAX_FAILED:
            return
        self.check_done()
        if not self._n_failed:
            raise EvaluationError(
                f"None of the first {self._n_unknown} architectures has a value of every "
                f"objective; NaN and None are none. {_MEND}"
            )
        raise EvaluationError(
            f"None of the first {self._n_failed + self._n_unknown} architectures could be "
            f"evaluated; {self._n_unknown} lack a value, and {self._n_failed} failed, the first "
            f"with {self._first_error}. {_MEND}"
        )

    def check_form(self, error: Exception | None) -> None:
        """See that what a function returned is of a form it can have, as long as none was.

        Args:
            error: What an evaluation raised, if it did.

        Raises:
            ReturnError: It is not: the next evaluations would be wasted as well.
        """
        if isinstance(error, ReturnError) and not self._n_done + self._n_unknown:
            raise error

    def _count_failed(self, results: Results) -> None:
        is_failed = results.status == "failed"
        self._n_failed += int(is_failed.sum())
        is_unknown = results.status == "unknown"
        self._n_unknown += int(is_unknown.sum())
        self._n_done += int((~is_failed & ~is_unknown).sum())
        if is_failed.any():
            self._first_error = self._first_error or results.error[is_failed][0].rstrip(".")

    def check_done(self) -> None:
        """See that not all that was evaluated one by one failed.

        Raises:
            EvaluationError: It did.
        """
        if self._n_failed and not self._n_done + self._n_unknown:
            raise EvaluationError(
                f"None of the first {self._n_failed} architectures could be evaluated; the first "
                f"failed with {self._first_error}. {_MEND}"
            )

    def add(self, new: Results, share: float, n_asked: int) -> float:
        """Close a generation; returns what it took of the budget.

        Args:
            new: What was evaluated in it.
            share: What each evaluation was of a full one.
            n_asked: How many architectures the algorithm proposed in it.
        """
        n_counted = self._task.n_counted(new)
        self.n_idle = 0 if n_counted else self.n_idle + 1
        self._n_idle_archs = 0 if n_counted else self._n_idle_archs + n_asked
        self._spent += n_counted * share
        self._n_full += len(new) if share == 1 else 0
        return n_counted * share
