"""``hwnas energy``: energy from an external meter's log."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli._console import console, number, print_json
from hwnas.cli._help import Pages, examples

if TYPE_CHECKING:
    from hwnas.measure.energy import EnergyReading

app = Pages(help="Attach energy from an external meter's log.")


@app.callback()
def _group() -> None:
    """Attach energy from an external meter's log."""


@app.command()
@examples(
    "hwnas energy attach power.csv --table nasbench201-my-board",
    "hwnas energy attach tegrastats.log --table nasbench201-my-board --offset-s -3.5",
)
def attach(
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="Log: CSV of time and watts, or tegrastats.")
    ],
    table: Annotated[
        str | None,
        typer.Option(
            rich_help_panel="Input", help="Table of a profile that was made with --meter external."
        ),
    ] = None,
    raw: Annotated[Path | None, typer.Option(help="Or its file of raw samples.")] = None,
    offset_s: Annotated[float, typer.Option(help="Seconds to add to the log's times.")] = 0.0,
    column: Annotated[
        str | None,
        typer.Option(
            rich_help_panel="Input",
            help="Column of the log with the power, where several have one.",
        ),
    ] = None,
    idle_power_w: Annotated[
        float | None,
        typer.Option(help="Power of the idle machine; from the profile's idle stretch by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Align a power meter's log with a profile: the energy of a run of each model."""
    from hwnas import api

    found = api.attach_energy(trace, raw, table, offset_s, column, idle_power_w)
    if as_json:
        print_json({name: dataclasses.asdict(each) for name, each in found.items()})
    else:
        out = console()
        for line in energy_lines(found):
            out.print(line, soft_wrap=True)


def energy_lines(readings: Mapping[str, EnergyReading]) -> Iterator[str]:
    """A line for each model: energy, idle power, how far off, or why it is not known."""
    from rich.markup import escape

    for name, each in readings.items():
        if each.energy_mj is None:
            words = "energy not available"
        else:
            margin = "" if each.margin_mj is None else f" ± {number(each.margin_mj)}"
            words = f"{number(each.energy_mj)}{margin} mJ a run, {each.source} ({each.meter})"
        if each.idle_power_w is not None and each.power_w is not None:
            words += f"; {each.power_w:.3g} W, idle {each.idle_power_w:.3g} W subtracted"
        note = f"; {each.note}" if each.note else ""
        yield f"{escape(name)}: {escape(words + note)}"
