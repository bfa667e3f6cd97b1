"""Progress bars of a search."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.engine.progress import Progress
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


@contextlib.contextmanager
def search_bar(
    out: Console, is_silent: bool, generations: int | None, budget: int | None
) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar over generations, or over the budget where only that ends the search.

    Args:
        out: Where it is drawn, if that is a terminal.
        is_silent: Whether there is none.
        generations: Generations asked for, if they are.
        budget: Architectures allowed, if they are.

    Yields:
        What moves it; None where there is none.
    """
    if is_silent:
        yield None
        return
    from rich import progress as parts

    from hwnas import api

    by_budget = budget is not None and generations is None
    usual = generations or api.DEFAULT_GENERATIONS
    total: float = budget if budget is not None and by_budget else usual
    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.TextColumn("generation {task.fields[generation]}"),
        parts.TextColumn("{task.fields[evaluated]:,} architectures"),
        parts.TextColumn("hypervolume {task.fields[volume]}"),
        parts.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    task = bar.add_task("", total=total, generation=0, evaluated=0, volume="-")
    with contextlib.ExitStack() as shown:

        def update(progress: Progress) -> None:
            # Not before there is something to show: what is refused is refused in one line.
            if not bar.live.is_started:
                shown.enter_context(bar)
            generation = progress.generation
            volume = generation.hypervolume
            completed = generation.of_budget if by_budget else generation.number
            bar.update(
                task,
                # One that ends by itself may go on for longer than most.
                total=max(total, completed),
                completed=completed,
                generation=generation.number,
                evaluated=generation.n_evaluated,
                volume="-" if volume is None else f"{volume:.4f}",
            )

        yield update
