"""Progress bars of a search."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

    from hwnas.engine.progress import Progress, Step
    from hwnas.proxies.lookup import Scoring


@contextlib.contextmanager
def scoring_bar(out: Console, is_silent: bool) -> Iterator[Callable[[Scoring], None] | None]:
    """A progress bar over the scores that a warm start needs; gone when all are there.

    Args:
        out: Where it is drawn, if that is a terminal.
        is_silent: Whether there is none.

    Yields:
        What moves it; None where there is none.
    """
    if is_silent:
        yield None
        return
    from rich import progress as parts

    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.TextColumn("scoring {task.total:,} architectures by {task.fields[proxy]}"),
        parts.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    task = bar.add_task("", total=None, proxy="")

    def update(scoring: Scoring) -> None:
        bar.update(task, completed=scoring.n_done, total=scoring.n_archs, proxy=scoring.proxy)
        # Two bars cannot be live at once: the search's own follows.
        if scoring.n_done < scoring.n_archs:
            bar.start()
        else:
            bar.stop()

    try:
        yield update
    finally:
        bar.stop()


@dataclass(frozen=True, slots=True)
class Ends:
    """What was asked for of when a search ends.

    Args:
        generations: Generations, if they are limited.
        budget: Evaluations, if they are.
        time_s: Seconds, if they are.
        until_stable: Whether it ends by itself.
    """

    generations: int | None
    budget: int | None
    time_s: float | None
    until_stable: bool

    def settled(self, is_free: bool) -> Ends:
        """The same with what ends a search of which nothing is asked."""
        from hwnas import api

        if self.until_stable or self.generations or self.budget or self.time_s:
            return self
        if is_free:
            return replace(self, generations=api.DEFAULT_GENERATIONS)
        return replace(self, budget=api.DEFAULT_BUDGET)


class SearchBar:
    """A bar that a search moves: by the end that is nearest.

    Args:
        bar: What draws it.
        ends: When the search ends.
    """

    def __init__(self, bar: Bars, ends: Ends) -> None:
        self._bar, self._ends = bar, ends
        self._task = bar.add_task("", total=None, words="", volume="-")
        self._number, self._n_archs = 0, 0.0
        self._words = ""

    def generation(self, progress: Progress) -> None:
        """A generation is over."""
        self._ends = self._ends.settled(is_free=True)
        generation = progress.generation
        volume = generation.hypervolume
        self._number, self._n_archs = generation.number, generation.of_budget
        self._bar.update(self._task, volume="-" if volume is None else f"{volume:.4f}")
        self._show(
            self._words or f"generation {self._number}  {_count(self._n_archs)} architectures"
        )

    def step(self, step: Step) -> None:
        """An architecture was evaluated for itself, or the first of a generation is to be."""
        self._ends = self._ends.settled(is_free=False)
        self._n_archs = step.n_evaluated
        of = f" of {self._ends.budget:,}" if self._ends.budget else ""
        failed = f", {step.n_failed:,} failed" if step.n_failed else ""
        self._words = f"{_count(self._n_archs)}{of} evaluated{failed}"
        self._show(self._words)

    def _show(self, words: str) -> None:
        ends = self._ends
        parts = [
            (self._number, ends.generations),
            (self._n_archs, ends.budget),
            (self._bar.tasks[0].elapsed or 0.0, ends.time_s),
        ]
        known = [(done, total) for done, total in parts if total]
        done, total = max(known, key=lambda part: part[0] / part[1], default=(0.0, None))
        self._bar.update(self._task, words=words, total=total, completed=done)
        # Not before there is something to show: what is refused is refused in one line.
        if not self._bar.live.is_started:
            self._bar.start()


def _count(n_evaluated: float) -> str:
    """A number of evaluations, of which some may be shares of full ones."""
    return f"{n_evaluated:,.0f}" if n_evaluated == int(n_evaluated) else f"{n_evaluated:,.1f}"


@contextlib.contextmanager
def search_bar(out: Console, is_silent: bool, ends: Ends) -> Iterator[SearchBar | None]:
    """A progress bar over whatever ends a search.

    Args:
        out: Where it is drawn, if that is a terminal.
        is_silent: Whether there is none.
        ends: When the search ends.

    Yields:
        What moves it; None where there is none.
    """
    if is_silent:
        yield None
        return
    from rich import progress as parts

    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.TextColumn("{task.fields[words]}"),
        parts.TextColumn("hypervolume {task.fields[volume]}"),
        parts.TimeElapsedColumn(),
        parts.TextColumn("left"),
        parts.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    try:
        yield SearchBar(bar, ends)
    finally:
        bar.stop()
