"""``hwnas search``: the Pareto front of a device."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli import _exit
from hwnas.cli._archs import print_table
from hwnas.cli._bars import Totals, scoring_bar, search_bar
from hwnas.cli._columns import headings
from hwnas.cli._help import examples, listing
from hwnas.cli._limits import Constraints, LimitAt
from hwnas.cli._space import DatasetName, DeviceName, OptionTexts, SpaceArgument, completed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hwnas.choose.front import Front
    from hwnas.engine.run import Run

SHOWN = 10


@listing("Algorithms", "algorithm")
@examples(
    "hwnas search nasbench201 --device raspi4",
    'hwnas search nasbench201 --device edgegpu --constraint "latency_ms<=5" --budget 2000',
    "hwnas search mnasnet --device zcu102 --objectives accuracy,latency,peak_memory",
    "hwnas search nasbench201 --objectives accuracy,latency:measure --budget 60 --time 20m",
    "hwnas search nasbench201 --device raspi4 --objectives vote,latency",
    'hwnas search nasbench201 --device edgegpu --objectives "reward(accuracy,latency<=5)"',
    "hwnas search nasbench201 --device edgegpu --out runs/mine --resume",
)
def search(
    context: typer.Context,
    space: SpaceArgument,
    device: DeviceName = None,
    dataset: DatasetName = None,
    option: OptionTexts = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated; robustness@pgd-eps1 names an attack, latency:table a source, "
            "vote or nwot a score of untrained networks, 'reward(accuracy,latency<=5)' and the "
            "like a reward. By default those of accuracy, robustness, latency and energy that are "
            "known.",
            autocompletion=completed("quantity"),
        ),
    ] = None,
    constraint: Constraints = None,
    limit_at: LimitAt = None,
    source: Annotated[
        str,
        typer.Option(
            metavar="{sources}",
            help="table: look true values up. latency:measure: measure as the search goes.",
        ),
    ] = "predictor",
    backend: Annotated[
        str | None,
        typer.Option(help="What runs the models that are measured; see: hwnas backends"),
    ] = None,
    power_w: Annotated[
        float | None,
        typer.Option(help="Rated power; energy is then estimated as power x latency."),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completed("algorithm"),
            help="One of those below; by default nsga2, and surrogate where something is measured.",
        ),
    ] = None,
    warm_start: Annotated[
        str | None,
        typer.Option(
            metavar="PROXY:N",
            help="Begin with those --population of N random architectures that a proxy "
            "prefers; such as nwot:1000.",
        ),
    ] = None,
    population: Annotated[
        int,
        typer.Option(
            help="Architectures a generation, at least {least populations}. surrogate asks for "
            "fewer at once, 3 to 30, and tpe and gp for a tenth."
        ),
    ] = 100,
    generations: Annotated[
        int | None,
        typer.Option(
            help="Of several ends the first counts. Without any there are 50 generations, or 100 "
            "evaluations where something is measured; exhaustive and naswot end by themselves."
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            help="Distinct architectures to evaluate at most; what a limit rules out before it is "
            "measured does not count."
        ),
    ] = None,
    time_text: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="TIME",
            help="How long this run may take, such as 90s, 10m or 1.5h; loading and the first "
            "generation are done however long they take, and what it resumes does not count.",
        ),
    ] = None,
    until_stable: Annotated[
        bool,
        typer.Option(
            "--until-stable",
            help="End once the second half of all evaluations, of at least 40, raised the "
            "hypervolume by less than 1 %.",
        ),
    ] = False,
    islands: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Divide the population among so many that evolve side by side; for {receiving}.",
        ),
    ] = None,
    migrate: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Generations after which each island sends its best to the next; 5 by default.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory of the run; the next in runs/ by default."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue a run that was stopped, or let it go on with a later end; the other "
            "settings must be the same.",
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", help="Print only where the run is, and what is done otherwise than asked."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the front as JSON.")] = False,
) -> None:
    """Search a space for the Pareto front of a device."""
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json

    settings: dict[str, Any] = {
        "device": device,
        "objectives": _names(objectives),
        # Only the search knows which of its objectives have columns of their own.
        "constraints": constraint or [],
        "limit_at": limit_at,
        "source": source,
        "backend": backend,
        "power_w": power_w,
        "algorithm": algorithm,
        "warm_start": warm_start,
        "population": population,
        "generations": generations,
        "budget": budget,
        "time": time_text,
        "until_stable": until_stable,
        "seed": seed,
        "islands": islands,
        "migrate": migrate,
    }
    time_s = None if time_text is None else api.parse_duration(time_text, "time")
    ends = Totals(generations, budget, time_s, until_stable)
    messages = console(to_stderr=True)
    started = time.monotonic()
    is_interrupted = False
    is_silent = quiet or as_json
    told: list[str] = []

    def tell(note: str) -> None:
        if (not is_silent or isinstance(note, api.Change)) and note not in told:
            messages.print(f"[yellow]Note:[/yellow] {escape(note)}")
            told.append(note)

    with (
        scoring_bar(messages, is_silent) as on_scoring,
        search_bar(messages, is_silent, ends) as bar,
    ):
        settings |= {"on_scoring": on_scoring}
        if bar is not None:
            settings |= {"on_progress": bar.generation, "on_evaluation": bar.step}
        settings |= {"on_note": tell, "workers": api.n_cores()}
        try:
            run = api.search(
                api.space_of(space, dataset, option), **settings, out=out, resume=resume
            )
        except api.SearchInterrupted as interrupt:
            run, is_interrupted = interrupt.run, True
    if as_json:
        print_json({"run": str(run.path), **api.front_record(run.front)})
    elif quiet:
        print(run.path)
    else:
        for note in run.record.notes:
            tell(note)
        _print_run(console(), run, time.monotonic() - started)
    if is_interrupted:
        _say_how_to_go_on(messages, context.obj, run)
        raise typer.Exit(_exit.INTERRUPTED)
    api.check_feasible(run)


def _print_run(out: Console, run: Run, seconds: float) -> None:
    """The front's first rows and where everything lies."""
    from rich.markup import escape

    front, config = run.front, run.config
    if not len(run.evaluations):
        out.print("No architecture has been evaluated yet.")
    elif not len(front):
        out.print(f"Nothing of the {len(run.evaluations):,} architectures evaluated is feasible.")
    else:
        where = f"{run.space.label} ({config['dataset']}) on {config['device'] or 'no device'}"
        found = f"{len(front)} architecture{'s' if len(front) > 1 else ''}"
        out.print(
            f"[bold]{found}[/bold] on the Pareto front of {where}, "
            f"from {len(run.evaluations):,} evaluated in {seconds:.1f} s.\n"
        )
        _print_front(out, front)
    # Paths and commands are left to the terminal to wrap, so that they can be copied whole.
    out.print(f"\nReport  {escape(str(run.path / 'report.html'))}", soft_wrap=True)
    out.print(f"Front   {escape(str(run.path / 'front.csv'))}", soft_wrap=True)
    if len(front) and run.record.status == "finished":
        out.print(f"Next    hwnas select {escape(shlex.quote(str(run.path)))}", soft_wrap=True)


def _print_front(out: Console, front: Front) -> None:
    """Some rows of a front: architectures beside their values where they fit, else below."""
    rows = _spread(len(front))
    print_table(
        out,
        [front.archs[row] for row in rows],
        lambda has_archs: _table(front, rows, has_archs),
        [row + 1 for row in rows],
        f"[dim]{SHOWN} of {len(front)} shown.[/dim]" if len(front) > SHOWN else "",
    )


def _table(front: Front, rows: list[int], has_archs: bool) -> Table:
    """Values of rows of a front, numbered as in the front's files."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", justify="right", style="dim")
    shown = [front.columns[place] for place in front.shown]
    arrows = ["↑" if spec.direction == "max" else "↓" for spec in shown[: front.n_objectives]]
    names = headings([spec.column for spec in shown], arrows)
    for name, spec in zip(names, shown, strict=True):
        table.add_column(f"{escape(name)}\n[dim]{spec.source}[/dim]", justify="right")
    if has_archs:
        table.add_column("architecture", no_wrap=True)
    for row in rows:
        values = front.values[row, front.shown].tolist()
        archs = [escape(front.archs[row])] if has_archs else []
        table.add_row(str(row + 1), *map(_number, values), *archs)
    return table


def _number(value: float) -> str:
    """A value to four digits, as wide as its neighbours."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.4g}"


def _names(objectives: str | None) -> list[str] | None:
    if objectives is None:
        return None
    from hwnas import api

    return [name for name in api.between_commas(objectives) if name]


def _spread(n_rows: int) -> list[int]:
    """Rows to show: evenly from first to last."""
    if n_rows <= SHOWN:
        return list(range(n_rows))
    return [round(number * (n_rows - 1) / (SHOWN - 1)) for number in range(SHOWN)]


def _say_how_to_go_on(out: Console, words: Sequence[str], run: Run) -> None:
    """The command that continues an interrupted run."""
    kept = [word for word in words if word != "--resume"]
    if not any(word.partition("=")[0] == "--out" for word in kept):
        kept += ["--out", str(run.path)]
    command = shlex.join(["hwnas", *kept, "--resume"])
    out.print("\nInterrupted; the front so far is kept. To go on:")
    out.print(f"  {command}", markup=False, soft_wrap=True)
