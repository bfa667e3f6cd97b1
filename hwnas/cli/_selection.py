"""How a selection is printed: the pick, what it costs, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from hwnas.api._device_choice import DeviceChoices
    from hwnas.choose import Choice, Comparison, Selection, SweptLimit


def print_selection(out: Console, selection: Selection) -> None:
    """Print the pick, what it costs, and the runner-up."""
    from rich.markup import escape

    # Architectures are left to the terminal to wrap, so that they can be copied whole.
    out.print(f"[bold]{escape(selection.pick.arch)}[/bold]", soft_wrap=True)
    out.print(f"{_reason(selection)}\n")
    out.print(_table(selection))
    if selection.limits:
        out.print(f"\n{_certainty(selection)}")
    for limit in selection.unsure_limits:
        out.print(
            f"[yellow]Nothing is known of the error of {limit.column}:[/yellow] its value alone "
            f"keeps {limit}; measure it on the device before it ships."
        )
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
    units = {spec.column: spec.unit.replace("%", "points") for spec in selection.columns}
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
    versus = selection.versus_runner_up
    if versus is None or not versus.indistinguishable:
        return ""
    is_known = all(versus.chances[column] is not None for column in versus.indistinguishable)
    why = "overlap" if is_known else "overlap or are not known"
    if selection.is_tie:
        return (
            f"[yellow]The two cannot be told apart:[/yellow] their 90 % intervals {why} in every "
            "objective.\n"
        )
    names = ", ".join(versus.indistinguishable)
    return f"The two cannot be told apart in {names}: their 90 % intervals {why}.\n"


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


def print_sweep(out: Console, swept: Sequence[SweptLimit]) -> None:
    """Print the pick at each limit."""
    from rich.markup import escape

    out.print(_sweep_table(swept))
    out.print()
    for number, each in enumerate(swept, start=1):
        if each.selection is not None:
            out.print(f"{number:>3}  {escape(each.selection.pick.arch)}", soft_wrap=True)


def _sweep_table(swept: Sequence[SweptLimit]) -> Table:
    """A row for each limit; what the pick has in each objective, and how surely it keeps it."""
    from rich.table import Table

    some = next(each.selection for each in swept if each.selection is not None)
    objectives = some.columns[: some.n_objectives]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("limit", no_wrap=True)
    for spec in objectives:
        table.add_column(spec.column.replace("@", "\n@"), justify="right")
    table.add_column("holds", justify="right", no_wrap=True)
    for number, each in enumerate(swept, start=1):
        cells = ["nothing is left"] + [""] * len(objectives)
        if each.selection is not None:
            pick = each.selection.pick
            chances = zip(each.selection.limits, each.selection.limit_chances, strict=True)
            chance = dict(chances)[each.limit]
            cells = [*(_number(pick.values[spec.column]) for spec in objectives), _chance(chance)]
        table.add_row(str(number), str(each.limit), *cells)
    return table


def print_device_choices(out: Console, choices: DeviceChoices) -> None:
    """Print the devices on which limits can be kept, and the best architecture of each."""
    from rich.markup import escape

    n_archs = f"{choices.n_archs:,}"
    among = f"a random sample of {n_archs}" if choices.is_sample else f"all {n_archs} classes"
    n_asked = len(choices.selections) + len(choices.refused)
    out.print(
        f"{len(choices.selections)} of {n_asked} devices can, with the best architecture of "
        f"{among} (values are predicted)."
    )
    if choices.selections:
        out.print()
        out.print(_device_table(choices))
        out.print()
        for number, selection in enumerate(choices.selections.values(), start=1):
            out.print(f"{number:>3}  {escape(selection.pick.arch)}", soft_wrap=True)
    for names, what in ((choices.refused, "Cannot"), (choices.unknown, "Not known")):
        if names:
            out.print(f"\n{what}: {', '.join(names)}")


def _device_table(choices: DeviceChoices) -> Table:
    """A row for each device: what its pick is best in, and what is limited, with intervals."""
    from rich.table import Table

    some = next(iter(choices.selections.values()))
    columns = list(dict.fromkeys([*some.weights, *(limit.column for limit in some.limits)]))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("device", no_wrap=True)
    for column in columns:
        heading = column.replace("@", "\n@")
        table.add_column(f"{heading} (90 % interval)", justify="right")
    for number, (name, selection) in enumerate(choices.selections.items(), start=1):
        cells = []
        for column in columns:
            value, ends = selection.pick.values[column], _interval(selection.pick, column)
            cells.append(f"{_number(value)} ({ends})" if ends else _number(value))
        table.add_row(str(number), name, *cells)
    return table
