"""``hwnas select``: the architecture of a run to ship, and its model file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from hwnas.choose import Choice, Comparison, Selection
    from hwnas.core.limits import Goal
    from hwnas.models.export import Export

_LIMIT_HELP = (
    "{} value allowed, as COLUMN=NUMBER, or COLUMN=N% of the baseline's; repeat it, or put commas "
    "between several."
)


def select(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    at_most: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=_LIMIT_HELP.format("Largest"))
    ] = None,
    at_least: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=_LIMIT_HELP.format("Smallest"))
    ] = None,
    prefer: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHTS",
            help="Importance, as accuracy_pct=2,latency_ms=1; a column not named is ignored.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="{methods}",
            help="How to choose; by default asf with --prefer, lexicographic (the best accuracy) "
            "with limits, knee without either.",
        ),
    ] = None,
    limit_at: Annotated[
        str,
        typer.Option(
            metavar="interval|point|N%",
            help="What must keep a limit: the far end of the value's 90 % interval, the value, or "
            "a probability such as 90%.",
        ),
    ] = "interval",
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="ARCH",
            help="What you have: an architecture, or its values as latency_ms=20,accuracy_pct=91. "
            "Limits may then be shares of it, as latency_ms=60%.",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL.onnx", dir_okay=False, help="Write the model, with a .json card."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.safetensors", help="Trained weights to export; fresh ones by default."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose the architecture to ship from a run's front, and export it."""
    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.errors import ConfigError

    if weights is not None and export is None:
        raise ConfigError("--weights must come with --export, the file to write; got it alone.")
    upper, lower = _limits(at_most, "--at-most"), _limits(at_least, "--at-least")
    preference = None if prefer is None else api.parse_assignments(prefer, "--prefer")
    loaded = api.load_run(run)
    selection = api.select(loaded, upper, lower, preference, method, limit_at, baseline)
    record = api.selection_record(selection)
    exported = None
    if export is not None:
        exported = api.export(loaded, selection, export, weights)
    if as_json:
        print_json({**record, "export": exported and api.export_record(exported)})
    else:
        print_selection(console(), selection)
        if exported is not None:
            _print_export(console(), exported)


def _limits(texts: Iterable[str] | None, option: str) -> dict[str, Goal]:
    """Bounds by column, of all the times an option was given."""
    from hwnas import api

    return api.parse_goals(",".join(texts), option) if texts else {}


def print_selection(out: Console, selection: Selection) -> None:
    """Print the pick, what it costs, and the runner-up."""
    from rich.markup import escape

    # Architectures are left to the terminal to wrap, so that they can be copied whole.
    out.print(f"[bold]{escape(selection.pick.arch)}[/bold]", soft_wrap=True)
    out.print(f"{_reason(selection)}\n")
    out.print(_table(selection))
    if selection.limits:
        out.print(f"\n{_certainty(selection)}")
    for limit in selection.uncertain_limits:
        out.print(
            f"[yellow]The bound of {limit} lies inside the pick's 90 % interval:[/yellow] "
            "measure it on the device before it ships."
        )
    if selection.versus_runner_up is not None:
        other = selection.versus_runner_up.other
        out.print(f"\nRunner-up: {escape(other.arch)}", soft_wrap=True)
        out.print(_chances(selection.versus_runner_up, "runner-up"))
        out.print(_overlap(selection), end="")
    if selection.versus_baseline is not None:
        _print_baseline(out, selection, selection.versus_baseline)


def _print_baseline(out: Console, selection: Selection, versus: Comparison) -> None:
    """What the pick is beside what the user has."""
    from rich.markup import escape

    out.print(f"\nBaseline: {escape(versus.other.arch or 'as given')}", soft_wrap=True)
    units = {spec.column: spec.unit for spec in selection.columns}
    changes = [
        f"{column} {difference:+.4g}{units[column] and ' ' + units[column]}"
        for column, difference in versus.differences.items()
        if not math.isnan(difference)
    ]
    out.print(f"Against it: {', '.join(changes) or 'nothing to compare'}.")
    if changes:
        out.print(_chances(versus, "baseline"))
    if not selection.improves:
        out.print(
            "[yellow]The pick is in no objective better than the baseline beyond the 90 % "
            "intervals:[/yellow] measure both, or keep what you have."
        )


def _certainty(selection: Selection) -> str:
    """How probable it is that the pick keeps each limit."""
    chances = [
        f"{limit} {_chance(chance)}"
        for limit, chance in zip(selection.limits, selection.limit_chances, strict=True)
    ]
    return f"Probability that a limit holds: {', '.join(chances)}."


def _chances(versus: Comparison, other: str) -> str:
    """How probable it is that the pick is better in each objective."""
    chances = [
        f"{column} {_chance(chance)}"
        for column, chance in versus.chances.items()
        if not math.isnan(versus.differences[column])
    ]
    return f"Probability that the pick is better than the {other}: {', '.join(chances)}."


def _chance(probability: float | None) -> str:
    """A probability in whole percent, which never claims to be sure."""
    if probability is None:
        return "unknown"
    percent = round(100 * probability)
    return "<1 %" if percent < 1 else ">99 %" if percent > 99 else f"{percent} %"


def _print_export(out: Console, exported: Export) -> None:
    from rich.markup import escape

    out.print(f"\nWrote {escape(str(exported.path))} and {escape(exported.card.name)}.")
    out.print(
        f"It agrees with the torch model to {exported.max_abs_error:.1e}; "
        f"its largest output is {exported.output_scale:.2g} (opset {exported.opset})."
    )
    if exported.is_untrained:
        out.print(
            f"[bold yellow]{exported.weights}.[/bold yellow] "
            "Train the model, then export it with --weights."
        )
    else:
        out.print(f"Weights: {escape(exported.weights)}")


def _reason(selection: Selection) -> str:
    """One line on what was chosen from and how."""
    limits = f" that keep {', '.join(map(str, selection.limits))}" if selection.limits else ""
    if limits:
        at = f"with a probability of {selection.limit_at}"
        ways = {"interval": "to the end of their 90 % intervals", "point": "by their values"}
        limits += f" {ways.get(selection.limit_at, at)}"
    weights = ", ".join(f"{column}={weight:g}" for column, weight in selection.weights.items())
    how = {
        "knee": "by knee",
        "lexicographic": f"for the best {_order(selection)}",
    }.get(selection.method, f"by {selection.method} with {weights}")
    among = f"{selection.n_candidates} of {selection.n_archs} architectures"
    return f"Chosen from {among}{limits}, {how}."


def _order(selection: Selection) -> str:
    """Columns by which a lexicographic choice was made, the first one first."""
    columns = sorted(selection.weights, key=lambda column: -selection.weights[column])
    return ", then ".join(columns)


def _overlap(selection: Selection) -> str:
    """In which objectives pick and runner-up cannot be told apart; empty if in none."""
    if selection.is_tie:
        return (
            "[yellow]The two cannot be told apart:[/yellow] their 90 % intervals overlap in "
            "every objective.\n"
        )
    versus = selection.versus_runner_up
    if versus is not None and versus.indistinguishable:
        names = ", ".join(versus.indistinguishable)
        return f"The two cannot be told apart in {names}: their 90 % intervals overlap.\n"
    return ""


def _table(selection: Selection) -> Table:
    """A row for each column of the front."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", overflow="fold")
    for heading in ("Pick", "90 % interval", "Unit", "Source", "Gives up", "Runner-up"):
        justify: JustifyMethod = "left" if heading in ("Unit", "Source") else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for spec in selection.columns:
        behind = selection.gives_up.get(spec.column)
        other = selection.runner_up.values[spec.column] if selection.runner_up else None
        table.add_row(
            spec.column.replace("@", "\n@"),
            _number(selection.pick.values[spec.column]),
            _interval(selection.pick, spec.column),
            spec.unit,
            spec.source,
            "best" if behind == 0 else _number(behind),
            _number(other),
        )
    return table


def _interval(choice: Choice, column: str) -> str:
    """Ends of the 90 % interval; empty where there is none."""
    ends = choice.intervals.get(column)
    return "" if ends is None else f"{_number(ends[0])} to {_number(ends[1])}"


def _number(value: float | None) -> str:
    """A value to four digits; counts with thousands separated, empty for none."""
    if value is None:
        return ""
    if math.isnan(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
