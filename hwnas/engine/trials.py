"""Trials: evaluations of single architectures, how each ended, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hwnas.executors import Outcome

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Results:
    """How ``n_trials`` trials ended.

    Args:
        status: One of ``hwnas.objectives.evaluation.Status`` each, shape ``(n_trials,)``.
        violation: How far each limit is broken, relative to its bound, shape ``(n_trials,
            n_limits)``; infinite where the limited value is unknown, NaN where it was spared.
        values: Shape ``(n_trials, n_columns, 3)``: value, lower and upper end; NaN for unknown.
        seconds: How long each took, shape ``(n_trials,)``; NaN where many were evaluated at once.
        worker: Who evaluated it, shape ``(n_trials,)``; None where many were at once.
        error: What it raised, shape ``(n_trials,)``; None where it did not fail.
    """

    status: np.ndarray
    violation: np.ndarray
    values: np.ndarray
    seconds: np.ndarray
    worker: np.ndarray
    error: np.ndarray

    @classmethod
    def blank(cls, n_trials: int, n_columns: int, n_limits: int) -> Results:
        """Trials that are asked and nothing more."""
        return cls(
            status=np.full(n_trials, "asked", dtype=object),
            violation=np.full((n_trials, n_limits), np.nan),
            values=np.full((n_trials, n_columns, 3), np.nan),
            seconds=np.full(n_trials, np.nan),
            worker=np.full(n_trials, None, dtype=object),
            error=np.full(n_trials, None, dtype=object),
        )

    def __len__(self) -> int:
        return len(self.status)

    def part(self, rows: np.ndarray | slice) -> Results:
        """Some of the trials, by position or mask."""
        return Results(*(getattr(self, each.name)[rows] for each in fields(self)))

    def followed_by(self, others: Results) -> Results:
        """These and then others."""
        return Results(
            *(
                np.concatenate([getattr(self, each.name), getattr(others, each.name)])
                for each in fields(self)
            )
        )

    def put(self, rows: np.ndarray, new: Results) -> None:
        """Write results over those of the trials at ``rows``, shape ``(len(new),)``."""
        for each in fields(self):
            getattr(self, each.name)[rows] = getattr(new, each.name)

    def note(self, outcome: Outcome[np.ndarray]) -> None:
        """Note of a single trial who evaluated it, how long it took, and what it raised."""
        self.seconds[:] = outcome.seconds
        self.worker[:] = outcome.worker
        if outcome.error is not None:
            self.status[:] = "failed"
            error = f"{type(outcome.error).__name__}: {outcome.error}"
            self.error[:] = " ".join(error.split())[:_LONGEST_ERROR]
            # What was not evaluated is not known to break a limit.
            self.violation[np.isinf(self.violation)] = np.nan

    @property
    def is_finished(self) -> np.ndarray:
        """Which trials are over, however they ended, booleans of shape ``(n_trials,)``."""
        return np.asarray(self.status != "asked")

    @property
    def is_single(self) -> np.ndarray:
        """Which were evaluated one by one, in stage 2, booleans of shape ``(n_trials,)``."""
        return np.asarray(self.worker != None)  # noqa: E711 - of each

    @property
    def is_feasible(self) -> np.ndarray:
        """Which have all values and keep all limits, booleans of shape ``(n_trials,)``."""
        return np.asarray(self.status == "done")


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials in the order asked.

    Args:
        archs: Published strings of ``n_trials`` canonical architectures, distinct at a fidelity.
        ask: In which ask each came up first, from 1, shape ``(n_trials,)``.
        results: How they ended.
        fidelity: At which fidelity each was, shape ``(n_trials,)``; NaN where there are none. What
            is evaluated at several is a trial at each.
    """

    archs: tuple[str, ...]
    ask: np.ndarray
    results: Results
    fidelity: np.ndarray

    def __len__(self) -> int:
        return len(self.archs)

    def part(self, rows: np.ndarray) -> Trials:
        """Those at some positions."""
        archs = tuple(self.archs[row] for row in rows)
        return Trials(archs, self.ask[rows], self.results.part(rows), self.fidelity[rows])

    def finished(self) -> Trials:
        """Those that are over."""
        return self.part(np.flatnonzero(self.results.is_finished))


@dataclass(frozen=True, slots=True)
class Ask:
    """What an algorithm asked for at once, and what it was told of that.

    Args:
        trials: Trial of each architecture, in order; what is asked again keeps its trial.
        told: Places among these that it was told about, each time that it was told.
    """

    trials: tuple[int, ...]
    told: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """All that a store holds.

    Args:
        trials: In the order asked.
        asks: What passed between search and algorithm, in order.
    """

    trials: Trials
    asks: tuple[Ask, ...]
