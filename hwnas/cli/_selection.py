"""How a selection is printed: the pick, what it costs, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hwnas.cli._archs import print_arch
from hwnas.cli._columns import headings, label

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from hwnas.api._device_choice import DeviceChoices
    from hwnas.choose import Choice, Comparison, Selection, SweptLimit
    from hwnas.core.objective import ObjectiveSpec


def print_selection(out: Console, selection: Selection) -> None:
    """Print the pick, what it costs, and the runner-up."""
    print_arch(out, selection.pick.arch, style="bold")
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
        out.print()
        print_arch(out, other.arch, "Runner-up: ")
        out.print(_chances(selection.versus_runner_up, "runner-up"))
        out.print(_overlap(selection), end="")
    if selection.versus_baseline is not None:
        _print_baseline(out, selection, selection.versus_baseline)
    if selection.method == "knee":
        out.print(
            "\nThe knee balances all objectives alike; --constraint LIMIT or --prefer WEIGHTS say "
            "what matters to you."
        )
    _print_skill(out, selection.columns)


def _print_skill(out: Console, columns: Sequence[ObjectiveSpec], start: str = "Note") -> None:
    """Say which columns are predicted without skill, if any are."""
    from rich.markup import escape

    from hwnas import api

    names = api.lacking_skill(columns)
    if names:
        out.print(f"\n[yellow]{escape(start)}:[/yellow] {escape(api.skill_note(names))}")


def _print_baseline(out: Console, selection: Selection, versus: Comparison) -> None:
    """What the pick is beside what the user has."""
    out.print()
    print_arch(out, versus.other.arch or "as given", "Baseline: ")
    units = {spec.column: spec.unit.replace("%", "points") for spec in selection.columns}
    changes = [
        f"{column} {_signed(difference)}{units[column] and ' ' + units[column]}"
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
        if None in selection.limit_chances and selection.limit_at != "point":
            limits += ", where these are known"
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
    for heading in ("Pick", "90 % interval", "Source", "Gives up", "Runner-up"):
        justify: JustifyMethod = "left" if heading == "Source" else "right"
        table.add_column(heading, justify=justify, no_wrap=True)
    for spec in selection.columns:
        behind = selection.gives_up.get(spec.column)
        other = selection.runner_up.values[spec.column] if selection.runner_up else None
        table.add_row(
            _label(spec),
            _number(selection.pick.values[spec.column]),
            _interval(selection.pick, spec.column),
            spec.source,
            "best" if behind == 0 else _number(behind),
            _number(other),
        )
    return table


def _label(spec: ObjectiveSpec) -> str:
    """A column's name, with the unit where its name does not hold it: only known ones must."""
    is_own = spec.source == "custom" and spec.unit
    return f"{spec.column} ({spec.unit})" if is_own else label(spec.column)


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


def _signed(difference: float) -> str:
    """A difference as a value, with its sign."""
    return f"{'+' if difference >= 0 else ''}{_number(difference)}"


def print_sweep(out: Console, swept: Sequence[SweptLimit]) -> None:
    """Print the pick at each limit."""
    first = swept[0].limit
    way = "largest" if first.relation == "<=" else "smallest"
    out.print(f"The pick at each limit on {first.column}, the {way} value allowed:\n")
    out.print(_sweep_table(swept))
    out.print()
    for number, each in enumerate(swept, start=1):
        if each.selection is not None:
            print_arch(out, each.selection.pick.arch, f"{number:>3}  ")
    _print_skill(out, next(each.selection.columns for each in swept if each.selection is not None))


def _sweep_table(swept: Sequence[SweptLimit]) -> Table:
    """A row for each limit; what the pick has in each objective, and how surely it keeps it."""
    from rich.table import Table

    from hwnas import api

    some = next(each.selection for each in swept if each.selection is not None)
    shown = [some.columns[place] for place in api.shown_columns(some.columns, some.n_objectives)]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("limit", no_wrap=True)
    for heading in headings([spec.column for spec in shown]):
        table.add_column(heading, justify="right")
    table.add_column("holds", justify="right", no_wrap=True)
    for number, each in enumerate(swept, start=1):
        cells = ["nothing is left"] + [""] * len(shown)
        if each.selection is not None:
            pick = each.selection.pick
            chances = zip(each.selection.limits, each.selection.limit_chances, strict=True)
            chance = dict(chances)[each.limit]
            cells = [*(_number(pick.values[spec.column]) for spec in shown), _chance(chance)]
        bound = str(each.limit).removeprefix(f"{each.limit.column} ")
        table.add_row(str(number), bound, *cells)
    return table


def print_device_choices(out: Console, choices: DeviceChoices) -> None:
    """Print the devices on which limits can be kept, and the best architecture of each."""
    from rich.markup import escape

    n_archs = f"{choices.n_archs:,}"
    among = f"a random sample of {n_archs}" if choices.is_sample else f"all {n_archs} classes"
    n_asked = len(choices.selections) + len(choices.refused)
    out.print(
        f"{len(choices.selections)} of {n_asked} devices can, with the best architecture of "
        f"{among} (values are predicted where nothing else is said)."
    )
    if choices.selections:
        out.print()
        out.print(_device_table(choices))
        out.print()
        for number, selection in enumerate(choices.selections.values(), start=1):
            print_arch(out, selection.pick.arch, f"{number:>3}  ")
    for name, selection in choices.selections.items():
        _print_skill(out, selection.columns, name)
    _print_doubts(out, choices)
    if not choices.selections:
        for name, reason in list(choices.refused.items())[:_N_NEAREST]:
            out.print(f"\n{escape(name)}: {escape(reason)}")
    for names, what in ((choices.refused, "Cannot"), (choices.unknown, "Not known")):
        if names:
            out.print(f"\n{what}: {', '.join(names)}")


_N_NEAREST = 3
"""Devices of which is told how nearly they keep limits that none keeps."""


def _print_doubts(out: Console, choices: DeviceChoices) -> None:
    """Say of which devices it is not sure that the pick keeps a limit."""
    for words, doubted in (
        (
            "lies inside the pick's 90 % interval",
            {name: each.uncertain_limits for name, each in choices.selections.items()},
        ),
        (
            "is kept by values of whose error nothing is known",
            {name: each.unsure_limits for name, each in choices.selections.items()},
        ),
    ):
        for limit in dict.fromkeys(str(limit) for each in doubted.values() for limit in each):
            names = [name for name, each in doubted.items() if limit in map(str, each)]
            out.print(
                f"\n[yellow]The bound of {limit} {words}[/yellow] on {', '.join(names)}: measure "
                "before it ships."
            )


def _device_table(choices: DeviceChoices) -> Table:
    """A row for each device: what its pick is best in, and what is limited, with intervals."""
    from rich.table import Table

    rows = {name: _told(selection) for name, selection in choices.selections.items()}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("device", no_wrap=True)
    # Devices are known under conditions of their own, such as a batch size.
    common = [_common(columns) for columns in zip(*rows.values(), strict=True)]
    for heading in headings(common):
        table.add_column(f"{heading}\n[dim](90 % interval)[/dim]", justify="right")
        table.add_column("")
    for number, (name, columns) in enumerate(rows.items(), start=1):
        selection = choices.selections[name]
        cells = []
        for column, shared in zip(columns, common, strict=True):
            value, ends = (
                _number(selection.pick.values[column]),
                _interval(selection.pick, column),
            )
            cells += [f"{value} ({ends})" if ends else value, _peculiar(selection, column, shared)]
        table.add_row(str(number), name, *cells)
    return table


def _peculiar(selection: Selection, column: str, shared: str) -> str:
    """What is to be said of a device's value alone: its conditions, and if it is extrapolated."""
    spec = next(each for each in selection.columns if each.column == column)
    source = "" if spec.source == "predicted" else spec.source
    return " ".join(filter(None, (column.removeprefix(shared), source)))


def _told(selection: Selection) -> list[str]:
    """Columns that are told of a device's pick."""
    return list(dict.fromkeys([*selection.weights, *(each.column for each in selection.limits)]))


def _common(columns: Sequence[str]) -> str:
    """What the names of a column on several devices have in common."""
    return columns[0] if len(set(columns)) == 1 else columns[0].partition("@")[0]
