"""``hwnas sample``: which architectures to measure on a device of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli import _backend
from hwnas.cli._console import console, print_json
from hwnas.cli._help import examples
from hwnas.cli._space import DatasetName, OptionTexts, SpaceArgument

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.api import Sample


@examples(
    "hwnas sample nasbench201 --device my-board",
    "hwnas sample fbnet -n 100 --device my-board --export-onnx models --out to-measure.csv",
    "hwnas sample mnasnet --device my-board --quantity energy",
)
def sample(
    space: SpaceArgument,
    n_archs: Annotated[
        int, typer.Option("--number", "-n", help="How many architectures to measure.")
    ] = 60,
    device: Annotated[
        str, typer.Option(help="What to call your device; small letters, digits, - and _.")
    ] = "my-device",
    quantity: Annotated[str, typer.Option(help="What is measured: latency, energy, ...")] = (
        "latency"
    ),
    dataset: DatasetName = None,
    option: OptionTexts = None,
    export_onnx: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write their models there, with untrained weights."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Table to fill in; SPACE-DEVICE.csv by default."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed chooses the same architectures.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose which architectures to measure on your device, and write the table to fill in.

    They are spread over what makes networks cost more or less, the most telling first, so that a
    few say much of all others. Files that are there are left alone.
    """
    from rich.markup import escape

    from hwnas import api

    loaded = api.space_of(space, dataset, option)
    path = out or Path(f"{loaded.name}-{device}.csv")
    with _backend.progress_bar(console(to_stderr=True)) as update:
        found = api.sample(
            loaded,
            n_archs,
            device,
            None,
            quantity,
            path,
            export_onnx,
            seed,
            lambda n_done, n_models: update("models written", n_done, n_models),
        )
    for note in found.notes:
        console(to_stderr=True).print(f"[yellow]Note:[/yellow] {escape(note)}")
    if as_json:
        print_json(api.sample_record(found))
    else:
        _print(console(), found, device, option or [])


def _print(out: Console, found: Sample, device: str, options: list[str]) -> None:
    """What was written, and what to do with it."""
    from rich.markup import escape

    path = shlex.quote(str(found.path))
    out.print(f"{len(found.archs):,} architectures of {found.space} to measure: {escape(path)}")
    if found.models:
        folder = escape(str(found.models[0].parent))
        out.print(f"Their models, with untrained weights: {folder}", soft_wrap=True)
    out.print(
        f"Fill in column {found.column}; leave a cell empty where a network does not run. Then:\n"
    )
    name = f"{found.space}-{device}"
    given = "".join(f" --option {shlex.quote(each)}" for each in options)
    dataset = f" --dataset {found.dataset}"
    commands = (
        f"hwnas tables import {name} --from {path} --space {found.space}{given}",
        f"hwnas fit {name}",
        f"hwnas search {found.space} --device {device}{dataset}{given}",
    )
    for command in commands:
        out.print(f"  {command}", markup=False, soft_wrap=True)
