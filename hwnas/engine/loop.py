"""The loop around an algorithm: canonical forms, trials, storing, progress, replay.

A resumed run is replayed: the algorithm starts from its seed, is asked as it was and told what was
stored, in the order in which it was told. It therefore ends where a run that was never stopped
would have ended, and can go on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np

from hwnas.algorithms import Algorithm, fidelity_of
from hwnas.core.batch import Batch
from hwnas.core.classes import listed_classes
from hwnas.core.forms import Forms
from hwnas.core.objective import Objective
from hwnas.core.space import SearchSpace
from hwnas.engine.book import Book
from hwnas.engine.ends import End, Ends
from hwnas.engine.progress import Progress, Step, Tracker
from hwnas.engine.store import Store
from hwnas.engine.task import Task
from hwnas.engine.telling import told_of
from hwnas.engine.trials import Ask, History, Results
from hwnas.errors import RunError
from hwnas.executors import Executor, make_executor
from hwnas.objectives.evaluation import ask_together, evaluate_stages, prepare


@dataclass(frozen=True, slots=True)
class _Turn:
    """What an algorithm asked for at once.

    Args:
        number: Which ask, from 1.
        genotypes: As they were asked, shape ``(n_asked, n_genes)``.
        trials: Trial of each, shape ``(n_asked,)``.
        is_told: Which the algorithm has been told about, shape ``(n_asked,)``; changes.
        fidelity: At which they are evaluated; None where there are none.
    """

    number: int
    genotypes: np.ndarray
    trials: np.ndarray
    is_told: np.ndarray
    fidelity: float | None


class Loop:
    """Runs an algorithm on a task and stores every trial.

    Args:
        task: What is evaluated, and when the search ends.
        algorithm: Proposes architectures; fresh from its seed.
        store: Where trials are kept; those it holds are not made again.
        executor: Where stage 2 is evaluated; this process by default.
        forms: Canonical forms that the algorithm has had computed.
        is_time_up: Whether the time of the task is over; asked between evaluations.

    Attributes:
        tracker: How the search has got on.
        end: Why it ended; None while it goes on.

    Raises:
        RunError: The store is damaged or old, or holds more than the task would evaluate.
    """

    def __init__(
        self,
        task: Task,
        algorithm: Algorithm,
        store: Store,
        executor: Executor | None = None,
        forms: Forms | None = None,
        is_time_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self.end: End | None = None
        self.tracker = Tracker(task.problem.columns, task.problem.n_objectives, task.budget)
        self._task = task
        self._algorithm = algorithm
        self._store = store
        self._executor = executor
        self._forms = forms or Forms(task.space)
        store.check_current()
        history = store.history()
        self._asks = list(history.asks)
        self._n_replayed = len(self._asks)
        self._book = Book(task, history.trials)
        self._ends = Ends(task, is_time_up)
        stored = self._book.results
        finished = np.flatnonzero(stored.is_finished)
        self._ends.take_stored(stored.part(finished), self._book.shares[finished], len(self._asks))

    def batch(self, archs: Sequence[str]) -> Batch:
        """Architectures that were evaluated, by their strings, which need not be parsed."""
        return self._book.batch_named(archs)

    @property
    def _results(self) -> Results:
        return self._book.results

    @property
    def history(self) -> History:
        """All that is stored by now."""
        return History(self._book.trials, tuple(self._asks))

    def run(
        self,
        on_progress: Callable[[Progress], None],
        before_new: Callable[[], None] = lambda: None,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Search to the end; an exception, such as an interrupt, loses no finished trial.

        Args:
            on_progress: Called after every generation.
            before_new: Called once, before anything is stored that was not there before.
            on_step: Called as architectures are evaluated one by one: before the first of a
                generation, and after each.

        Raises:
            RunError: The store holds a run that this task and algorithm would not have made.
            EvaluationError: The first ten that were evaluated one by one failed or lack a value,
                or all failed.
            ReturnError: What the user's function returned first cannot be.
            StorageError: The store cannot be written.
        """
        is_new = False
        for number in count(1):
            self.end = self._end(number)
            if self.end is not None:
                break
            genotypes = self._algorithm.ask(self._task.population)
            if not len(genotypes):
                self.end = "algorithm"
                break
            turn = self._turn(number, genotypes)
            for rows in self._told(turn):
                self._tell(turn, np.array(rows, dtype=int))
            if self._has_work(turn):
                if not is_new:
                    before_new()
                is_new = True
                self._evaluate(turn, on_step)
                self._ends.begin()
            self._finish(turn, on_progress)
            if not turn.is_told.all():
                self.end = "time" if self._ends.is_time_up() else "budget"
                break
        self._ends.check_done()

    def _end(self, number: int) -> End | None:
        """Why generation ``number`` is not begun; None if it is."""
        end = self._ends.by_count(number)
        # What a stored run holds is repeated whole, whatever end it is given now.
        if end is None and number > max(1, self._n_replayed):
            end = self._ends.by_pace(self.tracker.generations)
        return end

    def _has_work(self, turn: _Turn) -> bool:
        """Whether there is something to store: a new ask, or trials that the budget allows."""
        new = self._results.part(self._book.new_in(turn.number))
        room = self._ends.room(turn.fidelity) - self._n_counted(new)
        left = min(room, (~new.is_finished).sum())
        return turn.number > len(self._asks) or left > 0

    def _n_counted(self, results: Results) -> int:
        return self._task.n_counted(results.part(results.is_finished))

    def _turn(self, number: int, genotypes: np.ndarray) -> _Turn:
        """What was asked, each with its trial; new ones where the stored run holds none."""
        canonical = self._forms.canonical(genotypes)
        fidelity = fidelity_of(self._algorithm, self._task.fidelities)
        if number <= self._n_replayed:
            trials = self._book.find(canonical, fidelity)
            if tuple(trials.tolist()) != self._asks[number - 1].trials:
                raise RunError(
                    f"Generation {number} of the stored run is not what this version of hwnas and "
                    "its packages would have asked for; it cannot be resumed. Start again with "
                    "another --out."
                )
        else:
            trials = self._book.add(number, canonical, fidelity)
        return _Turn(number, genotypes, trials, np.zeros(len(trials), dtype=bool), fidelity)

    def _told(self, turn: _Turn) -> tuple[tuple[int, ...], ...]:
        """What the algorithm was told in this turn of the stored run."""
        return self._asks[turn.number - 1].told if turn.number <= self._n_replayed else ()

    def _tell(self, turn: _Turn, rows: np.ndarray) -> None:
        """Tell the algorithm about some of what it asked for."""
        found = self._results.part(turn.trials[rows])
        self._algorithm.tell(
            told_of(
                self._task.problem,
                turn.genotypes[rows],
                found.values,
                found.violation,
                found.status,
            )
        )
        turn.is_told[rows] = True

    def _evaluate(self, turn: _Turn, on_step: Callable[[Step], None]) -> None:
        """Evaluate what is new as far as the budget reaches, store it, and tell."""
        problem = self._task.problem
        # The whole turn, also where part of it is known or left to a larger budget: values must
        # not depend on that, to the last bit.
        new = self._book.new_in(turn.number)
        batch = self._book.batch(new, turn.fidelity)
        values = evaluate_stages(problem, batch, (0, 1))
        is_left = ~self._results.is_finished[new]
        counts = is_left & (self._task.problem.is_free | problem.can_be_feasible(values, up_to=1))
        room = self._ends.room(turn.fidelity) - self._n_counted(self._results.part(new))
        is_chosen = is_left & (~counts | (np.cumsum(counts) <= room))
        is_dear = is_chosen & counts & (not self._task.problem.is_free)
        self._store_at_once(turn, new[is_chosen & ~is_dear], values[is_chosen & ~is_dear])
        self._measure(turn, new[is_dear], values[is_dear], on_step)

    def _store_at_once(self, turn: _Turn, trials: np.ndarray, values: np.ndarray) -> None:
        """Store and tell what no measurement is needed for, in one transaction with the ask."""
        results = self._evaluated(values)
        self._results.put(trials, results)
        is_known = self._results.is_finished[turn.trials] & ~turn.is_told
        rows = np.flatnonzero(is_known)
        with self._store.transaction():
            if turn.number > len(self._asks):
                archs = [self._book.archs[trial] for trial in self._book.new_in(turn.number)]
                self._store.add_ask(turn.number, turn.trials.tolist(), archs, turn.fidelity)
                self._asks.append(Ask(tuple(turn.trials.tolist())))
            self._add_told(turn, rows, trials, results)
        self._tell(turn, rows)

    def _add_told(
        self, turn: _Turn, rows: np.ndarray, trials: np.ndarray, results: Results
    ) -> None:
        if len(rows):
            self._store.add_told(turn.number, rows.tolist(), trials.tolist(), results)
            ask = self._asks[-1]
            self._asks[-1] = Ask(ask.trials, (*ask.told, tuple(rows.tolist())))

    def _measure(
        self,
        turn: _Turn,
        trials: np.ndarray,
        values: np.ndarray,
        on_step: Callable[[Step], None],
    ) -> None:
        """Stage 2, one architecture at a time; each is stored and told when it is there."""
        if not len(trials):
            return
        problem, space = self._task.problem, self._task.space
        share, n_before = self._task.share(turn.fidelity), self._n_new_single(turn)
        on_step(self._ends.step(n_before, share))
        places = problem.at(2)
        measures = [problem.measures[place] for place in places]
        # What measures does so here, all at once, and not in several processes beside each other.
        batch = self._book.batch(trials, turn.fidelity)
        for measure in measures:
            prepare(measure, batch)
        work = partial(_ask_one, space, measures, turn.fidelity)
        executor = self._executor or make_executor(1)
        with closing(executor.run(work, self._in_time(self._book.genotypes[trials]))) as outcomes:
            for n_done, outcome in enumerate(outcomes, start=n_before + 1):
                # Before it is stored: once the function is mended, the run can go on.
                self._ends.check_form(outcome.error)
                trial, row = trials[outcome.index : outcome.index + 1], values[outcome.index]
                if outcome.value is not None:
                    row[places] = outcome.value
                results = self._evaluated(row[None])
                results.note(outcome)
                self._results.put(trial, results)
                rows = np.flatnonzero(turn.trials == trial)
                with self._store.transaction():
                    self._add_told(turn, rows, trial, results)
                self._ends.begin()
                self._tell(turn, rows)
                self._ends.note_single(results)
                on_step(self._ends.step(n_done, share, outcome.seconds))

    def _n_new_single(self, turn: _Turn) -> int:
        """How many of a turn are evaluated one by one and finished."""
        return int(self._results.is_single[self._book.new_in(turn.number)].sum())

    def _in_time(self, genotypes: np.ndarray) -> Iterator[np.ndarray]:
        """Genotypes one by one, until the time is up: what is at work then is waited for."""
        for genotype in genotypes:
            if self._ends.is_time_up():
                return
            yield genotype

    def _evaluated(self, values: np.ndarray) -> Results:
        """Results of trials that did not fail, from their values ``(n_trials, n_columns, 3)``."""
        problem = self._task.problem
        values = problem.completed(values)
        results = Results.blank(len(values), len(problem.measures), len(problem.limits))
        # A negative zero would come back from the store as a positive one.
        results.values[:] = values + 0.0
        results.violation[:] = problem.violation(values)
        results.status[:] = problem.status(values)
        return results

    def _finish(self, turn: _Turn, on_progress: Callable[[Progress], None]) -> None:
        """Close a generation."""
        new = self._results.part(self._book.new_in(turn.number))
        new = new.part(new.is_finished)
        share = self._task.share(turn.fidelity)
        spent = self._ends.add(new, share, len(turn.trials))
        on_progress(self.tracker.add(new, share, spent))
        if self._ends.n_idle == 1 and self._ends.n_classes is None:
            classes = listed_classes(self._task.space)
            self._ends.n_classes = None if classes is None else len(classes)


def _ask_one(
    space: SearchSpace,
    measures: Sequence[Objective],
    fidelity: float | None,
    genotype: np.ndarray,
) -> np.ndarray:
    """Values of one architecture, shape ``(n_measures, 3)``."""
    batch = Batch(space, genotype[None], is_canonical=True, fidelity=fidelity)
    found = ask_together(batch, measures)
    return np.array([[each.value[0], each.lower[0], each.upper[0]] for each in found])
