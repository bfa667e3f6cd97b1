"""``hwnas select``: the architecture of a run to ship, and its model file."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli._exported import PERMIT, Force, Weights, print_export
from hwnas.cli._help import examples
from hwnas.cli._limits import Constraints, LimitAt, parsed, tell_notes
from hwnas.cli._selection import print_selection, print_sweep

if TYPE_CHECKING:
    from hwnas.core.limits import Goal

_LIMIT_HELP = (
    "{} value allowed, as COLUMN=NUMBER, or COLUMN=N% of the baseline's; repeat it, or put commas "
    "between several."
)


@examples(
    "hwnas select runs/nasbench201-edgegpu-1",
    "hwnas select runs/nasbench201-edgegpu-1 --at-most latency_ms=5 --export model.onnx",
    'hwnas select runs/nasbench201-edgegpu-1 --constraint "latency_ms<=5"',
    "hwnas select runs/nasbench201-edgegpu-1 --prefer accuracy_pct=2,latency_ms=1",
)
def select(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")],
    at_most: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=_LIMIT_HELP.format("Largest"))
    ] = None,
    at_least: Annotated[
        list[str] | None, typer.Option(metavar="LIMITS", help=_LIMIT_HELP.format("Smallest"))
    ] = None,
    constraint: Constraints = None,
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
    limit_at: LimitAt = None,
    sweep: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Choose at each of ten limits on a column instead."),
    ] = None,
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
            metavar="MODEL.onnx",
            help="Write the model, with a card beside it: its .json.",
        ),
    ] = None,
    weights: Weights = None,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose the architecture to ship from a run's front, and export it."""
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.errors import ConfigError

    if weights is not None and export is None:
        raise ConfigError("--weights must come with --export, the file to write; got it alone.")
    if sweep is not None and export is not None:
        raise ConfigError("--export needs one pick; --sweep makes several. Drop one of the two.")
    if force and export is None:
        raise ConfigError("--force must come with --export, the file to write; got it alone.")
    if export is not None:
        api.check_destination(export, force, PERMIT)
    upper, lower = _limits(at_most, "--at-most"), _limits(at_least, "--at-least")
    preference = None if prefer is None else api.parse_assignments(prefer, "--prefer")
    loaded = api.load_run(run)
    at = limit_at or api.DEFAULT_LIMIT_AT
    constraints = parsed(constraint, loaded.front.names)
    how = (upper, lower, preference, method, at, baseline, constraints)
    if sweep is not None:
        swept = api.sweep_limits(loaded, sweep, *how)
        if as_json:
            print_json(api.sweep_record(swept))
        else:
            print_sweep(console(), swept)
        return
    selection = api.select(loaded, *how)
    if not as_json:
        tell_notes(console(to_stderr=True), selection.limits)
    record = api.selection_record(selection)
    exported = None
    if export is not None:
        exported = api.export(selection, export, weights=weights, overwrite=force)
    if as_json:
        print_json({**record, "export": exported and api.export_record(exported)})
    else:
        print_selection(console(), selection)
        out = console()
        if exported is not None:
            out.print()
            print_export(out, exported)
        else:
            place = shlex.quote(f"{run}#{selection.pick.row}")
            out.print(f"\nNext    hwnas export {escape(place)} --out model.onnx", soft_wrap=True)


def _limits(texts: Iterable[str] | None, option: str) -> dict[str, Goal]:
    """Bounds by column, of all the times an option was given."""
    from hwnas import api

    return api.parse_goals(",".join(texts), option) if texts else {}
