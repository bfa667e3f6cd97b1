"""``hwnas profile``: latency measured on a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwnas.cli import _backend
from hwnas.cli._archs import print_table
from hwnas.cli._console import console, number, print_json
from hwnas.cli._help import examples
from hwnas.cli._space import DatasetName, OptionTexts, SpaceName
from hwnas.cli.energy import energy_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from hwnas.api import Profiled
    from hwnas.api._profiled import ProfiledModel
    from hwnas.measure.profiling import Block
    from hwnas.measure.sustain import Sustained

_SHOWN = 20
"""Models of which figures are printed; the table holds all."""


@_backend.takes_backend
@examples(
    "hwnas profile nasbench201 --sample 50 --device my-laptop",
    "hwnas profile model.onnx other.onnx --threads 4",
    "hwnas profile model.onnx --sustain 10m --power-w 15",
)
def profile(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="SPACE|ARCH|FILE.onnx",
            help="A space with --sample, published strings in quotes (or index:7), or ONNX files.",
        ),
    ],
    space: SpaceName = "nasbench201",
    dataset: DatasetName = None,
    option: OptionTexts = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="Measure N random networks of SPACE.")
    ] = None,
    runs_on: _backend.Chosen = _backend.USUAL,
    device: Annotated[
        str | None,
        typer.Option(help="What to call this machine with this backend; local-BACKEND by default."),
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Table to add to; SPACE-DEVICE by default.")
    ] = None,
    batch_size: _backend.BatchSize = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SIZES",
            help="Shape of an input with open axes, such as pixels=1,3,224,224.",
        ),
    ] = None,
    precision: _backend.Precision = "float32",
    mode: _backend.ModeText = "burst",
    sustain: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Then run each model so long, such as 10m: does it throttle?"
        ),
    ] = None,
    visits: Annotated[int, typer.Option(help="Turns of each model, in random order.")] = 5,
    min_samples: Annotated[int, typer.Option(help="Runs of each model, at least.")] = 100,
    min_seconds: Annotated[float, typer.Option(help="Time of its runs, at least.")] = 0.4,
    max_cv: Annotated[
        float, typer.Option(help="A model whose turns vary more is unstable; 0.1 is 10 %.")
    ] = 0.1,
    meter: Annotated[
        str | None,
        typer.Option(
            metavar="zeus|external",
            help="Energy: counters of this machine, or an external meter; see: hwnas energy attach",
        ),
    ] = None,
    window_s: Annotated[
        float | None, typer.Option(help="Seconds that each model runs alone for the meter.")
    ] = None,
    power_w: Annotated[
        float | None, typer.Option(help="Power of the device in watts, for an estimate of energy.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure what the table holds once more.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the sample, the weights and the turns.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the table or raw samples; your cache by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure latency: of architectures into a table to fit, or of any ONNX file.

    Every run is paired with one of an anchor model just before it, so that what else the machine
    does is divided out. Warm-up, order and cool-down are taken care of; all raw samples are kept.
    """
    from hwnas import api

    loaded_backend = api.load_backend(runs_on.name, **runs_on.options)
    messages = console(to_stderr=True)
    runs_on.note_threads(messages)
    plan = api.Plan(
        visits=visits, min_samples=min_samples, min_seconds=min_seconds, threads=runs_on.threads,
        batch=batch_size, mode=api.parse_mode(mode), max_cv=max_cv, seed=seed,
    )  # fmt: skip
    is_space = len(models) == 1 and api.is_space(models[0])
    if sample is not None and not is_space and len(models) == 1 and models[0].isidentifier():
        # What it says of a name that is none.
        api.space_of(models[0])
    given = api.space_of(models[0] if is_space else space, dataset, option)
    shapes = _backend.shapes_of(input_shape)
    lasting_s = None if sustain is None else api.parse_duration(sustain)
    with _backend.progress_bar(messages) as update:

        def tell(_: Block, n_done: int, n_models: int) -> None:
            update("models measured", n_done, n_models)

        found = api.profile(
            [] if is_space else models,
            given,
            sample,
            loaded_backend,
            device,
            table,
            plan,
            precision,  # type: ignore[arg-type]
            again,
            shapes,
            out,
            tell,
            meter,
            window_s,
            power_w,
        )
    lasting = dict[str, Any]()
    if lasting_s is not None:
        measured = {each.name for each in found.models}
        names = [*measured] if found.table else [m for m in models if Path(m).name in measured]
        lasting = api.sustain(names, lasting_s, given, loaded_backend, plan, precision, shapes)  # type: ignore[arg-type]
    if as_json:
        print_json(api.profiled_record(found, lasting))
    else:
        _print(console(), found, lasting, is_marked=meter == "external")
    if found.failed:
        raise typer.Exit(1)


def _print(out: Console, found: Profiled, lasting: dict[str, Sustained], is_marked: bool) -> None:
    from rich.markup import escape

    from hwnas import api

    settings = escape(api.in_words(found.settings))
    out.print(f"Measured with {found.backend} ({settings})")
    shown = found.models[:_SHOWN]
    print_table(out, [each.name for each in shown], lambda has_names: _table(shown, has_names))
    for line in _lines(found, lasting, is_marked):
        out.print(line)
    # A path is left to the terminal to wrap, so that it can be copied whole.
    out.print(f"Raw samples: {escape(str(found.path))}", soft_wrap=True)
    if found.table is not None:
        out.print(f"In table {found.table}. Predictors from it: hwnas fit {found.table}")


def _table(models: Sequence[ProfiledModel], has_names: bool) -> Table:
    """Figures of models, a row each, with their names or with numbers."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("model" if has_names else "", justify="left" if has_names else "right")
    for heading in ("median\nms", "95 %\ninterval", "P90\nms", "P99\nms", "CV\n%", "runs", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, each in enumerate(models, start=1):
        figures = each.summary
        table.add_row(
            escape(each.name) if has_names else str(place),
            number(figures.latency_ms),
            f"{number(figures.low_ms)} to {number(figures.high_ms)}",
            number(figures.p90_ms),
            number(figures.p99_ms),
            "" if figures.cv is None else f"{100 * figures.cv:.1f}",
            f"{figures.n_runs:,}",
            "[yellow]unstable[/yellow]" if each.is_unstable else "",
        )
    return table


def _lines(found: Profiled, lasting: dict[str, Sustained], is_marked: bool) -> Iterator[str]:
    """What is said below the figures."""
    from rich.markup import escape

    if len(found.models) > _SHOWN:
        yield f"[dim]and {len(found.models) - _SHOWN:,} more; --json prints all[/dim]"
    for name, run in lasting.items():
        began = (
            "did not throttle" if run.onset_s is None else f"throttled after {run.onset_s:.0f} s"
        )
        yield (
            f"{escape(name)}: {began}; {number(run.first_ms)} ms at first, in the second half "
            f"{number(run.last_ms)} ms, P90 {number(run.sustained_p90_ms)} ms"
        )
    metered = {each.name: each.energy for each in found.models[:_SHOWN] if each.energy}
    if metered:
        yield from energy_lines(metered)
    elif is_marked:
        where = f"--table {found.table}" if found.table else f"--raw {escape(str(found.path))}"
        yield f"Energy, once the meter's log is there: hwnas energy attach LOG {where}"
    else:
        yield (
            "[dim]Energy: not available; hwnas backends says which meters there are, --power-w "
            "gives an estimate[/dim]"
        )
    n_unstable = sum(each.is_unstable for each in found.models)
    if n_unstable:
        yield (
            f"[yellow]{n_unstable:,} unstable[/yellow]: visits vary more than --max-cv; they are "
            "left out of fitting. Measure again when less else runs: --again"
        )
    for name, reason in found.failed.items():
        yield f"[red]Not measured:[/red] {escape(name)}: {escape(reason)}"
