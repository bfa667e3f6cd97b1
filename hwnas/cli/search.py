"""``hwnas search``: the Pareto front of a device."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.search.loop import Progress
    from hwnas.search.run import Run

EXIT_INTERRUPTED = 130
SHOWN = 10


def search(
    space: Annotated[str, typer.Argument(metavar="SPACE", help="Space; see: hwnas spaces")],
    device: Annotated[str | None, typer.Option(help="Target device; see: hwnas devices")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Data set; the space's first one by default.")
    ] = None,
    objectives: Annotated[
        str, typer.Option(help="Comma-separated; robustness@pgd-eps1 names a variant.")
    ] = "accuracy,robustness,latency,energy",
    constraint: Annotated[
        list[str] | None,
        typer.Option(metavar="LIMIT", help='Such as "latency_ms<=5"; repeat it for several.'),
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="predictor|table", help="table: look true values up.")
    ] = "predictor",
    power_w: Annotated[
        float | None,
        typer.Option(metavar="W", help="Rated power; energy is then estimated as power x latency."),
    ] = None,
    algorithm: Annotated[str, typer.Option(metavar="nsga2|random", help="Algorithm.")] = "nsga2",
    population: Annotated[int, typer.Option(help="Architectures a generation, 4 or more.")] = 100,
    generations: Annotated[
        int | None, typer.Option(help="Generations; 50 if there is no --budget either.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Distinct architectures to evaluate at most.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory of the run; the next in runs/ by default."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was stopped.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only where the run is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the front as JSON.")] = False,
) -> None:
    """Search a space for the Pareto front of a device."""
    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.search.run import front_record

    settings: dict[str, Any] = {
        "device": device,
        "dataset": dataset,
        "objectives": [name.strip() for name in objectives.split(",") if name.strip()],
        "constraints": constraint or [],
        "source": source,
        "power_w": power_w,
        "algorithm": algorithm,
        "population": population,
        "generations": generations,
        "budget": budget,
        "seed": seed,
    }
    messages = console(to_stderr=True)
    started = time.monotonic()
    is_interrupted = False
    with _progress(messages, quiet or as_json, generations, budget) as on_progress:
        try:
            run = api.search(space, **settings, out=out, resume=resume, on_progress=on_progress)
        except api.SearchInterrupted as interrupt:
            run, is_interrupted = interrupt.run, True
    if as_json:
        print_json({"run": str(run.path), **front_record(run.front)})
    elif quiet:
        print(run.path)
    else:
        _print_run(console(), run, time.monotonic() - started)
    if is_interrupted:
        _say_how_to_go_on(messages, run)
        raise typer.Exit(EXIT_INTERRUPTED)


@contextlib.contextmanager
def _progress(
    out: Console, is_silent: bool, generations: int | None, budget: int | None
) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar over generations, or over the budget where only that ends the search."""
    if is_silent:
        yield None
        return
    from rich import progress as parts

    by_budget = budget is not None and generations is None
    total = budget if by_budget else (generations or 50)
    bar = parts.Progress(
        parts.BarColumn(bar_width=20),
        parts.TextColumn("generation {task.fields[generation]}"),
        parts.TextColumn("{task.fields[evaluated]:,} architectures"),
        parts.TextColumn("hypervolume {task.fields[volume]}"),
        parts.TimeRemainingColumn(compact=True),
        console=out,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=total, generation=0, evaluated=0, volume="-")
        told: set[str] = set()

        def update(progress: Progress) -> None:
            generation = progress.generation
            volume = generation.hypervolume
            bar.update(
                task,
                completed=generation.n_evaluated if by_budget else generation.number,
                generation=generation.number,
                evaluated=generation.n_evaluated,
                volume="-" if volume is None else f"{volume:.4f}",
            )
            for note in set(progress.notes) - told:
                told.add(note)
                bar.console.print(f"[yellow]Note:[/yellow] {note}")

        yield update


def _print_run(out: Console, run: Run, seconds: float) -> None:
    """The front's first rows and where everything lies."""
    from rich.table import Table

    front, record = run.front, run.record
    config = run.config
    if not len(front):
        out.print(
            f"None of the {len(run.evaluations):,} architectures evaluated satisfies every "
            "constraint. Loosen one, or search longer with --generations."
        )
    else:
        where = f"{config['space']} ({config['dataset']}) on {config['device'] or 'no device'}"
        out.print(
            f"[bold]{len(front)} architectures[/bold] on the Pareto front of {where}, from "
            f"{len(run.evaluations):,} evaluated in {seconds:.1f} s.\n"
        )
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for spec in front.objectives:
            arrow = "↑" if spec.direction == "max" else "↓"
            table.add_column(f"{spec.column} {arrow}\n[dim]{spec.source}[/dim]", justify="right")
        table.add_column("architecture", no_wrap=True, overflow="ellipsis")
        for row in _spread(len(front)):
            values = front.values[row, : front.n_objectives].tolist()
            table.add_row(*(f"{value:.4g}" for value in values), front.archs[row])
        out.print(table)
        if len(front) > SHOWN:
            out.print(f"[dim]{SHOWN} of {len(front)} shown.[/dim]")
    out.print(f"\nReport  {run.path / 'report.html'}\nFront   {run.path / 'front.csv'}")
    if len(front) and record.status == "finished":
        out.print(f"Next    hwnas select {shlex.quote(str(run.path))}")


def _spread(n_rows: int) -> list[int]:
    """Rows to show: evenly from first to last."""
    if n_rows <= SHOWN:
        return list(range(n_rows))
    return [round(number * (n_rows - 1) / (SHOWN - 1)) for number in range(SHOWN)]


def _say_how_to_go_on(out: Console, run: Run) -> None:
    """The command that continues an interrupted run."""
    import sys

    words = [word for word in sys.argv[1:] if word != "--resume"]
    if "--out" not in words:
        words += ["--out", str(run.path)]
    command = shlex.join(["hwnas", *words, "--resume"])
    out.print(f"\nInterrupted; the front so far is kept. To go on:\n  {command}", soft_wrap=True)
