"""``hwnas predict``: what is expected of architectures on a device."""

from __future__ import annotations

import numbers
from typing import Annotated, Any

import typer

from hwnas.cli._archs import print_arch
from hwnas.cli._columns import label
from hwnas.cli._console import console, number, print_json
from hwnas.cli._help import examples
from hwnas.cli._space import DatasetName, DeviceName, OptionTexts, completed


@examples(
    'hwnas predict "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|" --device edgegpu',
    'hwnas predict "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|" --dataset cifar100',
)
def predict(
    archs: Annotated[
        list[str],
        typer.Argument(
            metavar="ARCH",
            help="Published strings, in quotes, or in another notation, such as index:7.",
        ),
    ],
    device: DeviceName = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="Search space; by default the one that the strings are of, or nasbench201.",
            autocompletion=completed("space"),
        ),
    ] = None,
    dataset: DatasetName = None,
    option: OptionTexts = None,
    quantities: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated; by default all that is known, and the counts.",
            autocompletion=completed("quantity"),
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            metavar="{sources}",
            help="table: look true values up; latency:table does so for one quantity.",
        ),
    ] = "predictor",
    power_w: Annotated[
        float | None,
        typer.Option(help="Rated power; energy is then estimated as power x latency."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict accuracy, robustness, latency and energy of architectures."""
    from rich.markup import escape

    from hwnas import api

    names = None if quantities is None else api.between_commas(quantities)
    if space is None:
        found = api.spaces_with(archs[0])
        space = found[0] if len(found) == 1 else "nasbench201"
    loaded = api.space_of(space, dataset, option)
    frame = api.predict(loaded, archs, device, None, names, source, power_w)
    columns = [name for name in frame.columns if f"{name}_source" in frame.columns]
    rows = [
        (str(arch), {name: _cell(row, name) for name in columns}) for arch, row in frame.iterrows()
    ]
    if as_json:
        print_json([{"arch": arch, **cells} for arch, cells in rows])
        return
    out = console()
    for arch, cells in rows:
        print_arch(out, arch, style="bold")
        out.print(_table(cells))
    if any(cell["value"] is None for _, cells in rows for cell in cells.values()):
        out.print("[dim]unknown: no path from input to output, or not run by the device[/dim]")
    lacking = [name for name in columns if f"{name}_lacks_skill" in frame.columns]
    if lacking:
        out.print(f"[yellow]Note:[/yellow] {escape(api.skill_note(lacking))}")


def _cell(row: Any, name: str) -> dict[str, Any]:
    """A value with its interval and source; unknown is None."""
    import pandas as pd

    def known(value: Any) -> int | float | None:
        if pd.isna(value):
            return None
        return int(value) if isinstance(value, numbers.Integral) else float(value)

    return {
        "value": known(row[name]),
        "lower": known(row[f"{name}_lower"]),
        "upper": known(row[f"{name}_upper"]),
        "source": row[f"{name}_source"],
        **({"inputs": row[f"{name}_inputs"]} if f"{name}_inputs" in row else {}),
        **({"lacks_skill": True} if f"{name}_lacks_skill" in row else {}),
    }


def _table(cells: dict[str, dict[str, Any]]) -> Any:
    from rich.table import Table

    from hwnas import api

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("90 % interval", justify="right")
    table.add_column("source")
    for name, cell in cells.items():
        ends = (cell["lower"], cell["upper"])
        interval = "" if None in ends else f"{number(ends[0])} to {number(ends[1])}"
        if None in ends and cell["value"] is not None and cell["source"] in api.INEXACT:
            interval = "not known"
        table.add_row(label(name), number(cell["value"]), interval, _source(cell))
    return table


def _source(cell: dict[str, Any]) -> str:
    """Where a value comes from: which row of a table, and whether a predictor lacks scores."""
    from hwnas import api

    inputs = cell.get("inputs")
    if cell["value"] is None or inputs in (None, api.INPUTS[True]):
        return str(cell["source"])
    return f"{cell['source']} {inputs}"
