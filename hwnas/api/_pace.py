"""How far a search can go, and how long it will take: told before and while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from hwnas.algorithms import ALGORITHMS
from hwnas.core.classes import listed_classes
from hwnas.core.space import SearchSpace
from hwnas.engine.loop import Task
from hwnas.engine.progress import Change, Progress
from hwnas.errors import ConfigError

_USUALLY_FEW = 200
"""A population that need not be counted against a large space before a search begins."""
_MOST = 1_000_000
"""Architectures of a generation that are held at once."""
_LONG_S = 600.0
"""A search that takes longer says so."""
_LEARNED_S = 5.0
"""Seconds from which the pace of a search is told."""
_UNITS = ((86_400 * 365.25, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"))


def capped(
    space: SearchSpace, algorithm: str, population: int, budget: int | None
) -> tuple[int, np.ndarray | None, list[str]]:
    """The population that a space has room for.

    Args:
        space: Search space.
        algorithm: Name of the algorithm.
        population: What was asked for.
        budget: Distinct architectures to evaluate at most.

    Returns:
        The population; the functional classes of the space, shape ``(n_classes, n_genes)``, where
        they had to be counted; and what the user should know.

    Raises:
        ConfigError: It is more than can be held.
    """
    if population > _MOST:
        raise ConfigError(f"population must be at most {_MOST:,}; got {population:,}.")
    if max(population, budget or 0) <= _USUALLY_FEW:
        return population, None, []
    classes = listed_classes(space)
    if classes is None:
        return population, None, []
    notes, n_classes = list[str](), len(classes)
    whole = f"the {n_classes:,} architectures of {space.label} that differ in function"
    least = ALGORITHMS[algorithm].least_population
    if population > n_classes:
        notes.append(Change(f"The population is {whole}, not {population:,}: all are evaluated."))
        population = max(n_classes, least)
    elif budget is not None and budget > n_classes:
        notes.append(f"The search ends at {whole}; a budget of {budget:,} is not reached.")
    return population, classes, notes


class Pace:
    """Tells once, from what a run itself has taken so far, how long all of it will.

    Args:
        task: What is evaluated, and when the search ends.
        tell: Called with the words, if it is long.
        clock: Seconds that pass.
    """

    def __init__(
        self, task: Task, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._task = task
        self._tell = tell
        self._clock = clock
        self._start: tuple[float, int, float] | None = None
        self._is_told = False

    def __call__(self, progress: Progress) -> None:
        """Hear of a generation."""
        number, n_evaluated = progress.generation.number, progress.generation.of_budget
        now = self._clock()
        if self._start is None or self._is_told:
            # The first one holds what is loaded once.
            self._start = self._start or (now, number, n_evaluated)
            return
        seconds, first, n_first = now - self._start[0], *self._start[1:]
        if seconds < _LEARNED_S:
            return
        # What is left by the generations and by the budget; the sooner end counts.
        ends = list[float]()
        if self._task.generations is not None:
            ends.append((self._task.generations - number) * seconds / (number - first))
        most = min(filter(None, (self._task.budget, self._task.n_classes)), default=None)
        n_new = n_evaluated - n_first
        if most is not None and n_new:
            ends.append((most - n_evaluated) * seconds / n_new)
        # What a stored run repeats passes quickly: the pace is learned anew.
        self._start = now, number, n_evaluated
        if ends and min(ends) > _LONG_S:
            self._is_told = True
            self._tell(
                f"At the pace of the last {n_new:,.0f} architectures ({seconds:.0f} s), this search "
                f"takes {_in_words(min(ends))} more. Ctrl-C stops it and keeps the front so far; "
                "it can be resumed."
            )


def _in_words(seconds: float) -> str:
    """A long time in the largest unit of which it has two: ``about 3 days``."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return f"about {seconds / size:,.0f} {unit}s"
