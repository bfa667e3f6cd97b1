"""``hwnas export``: the model of an architecture, or of a row of a run, in ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwnas.cli._exported import PERMIT, Force, Weights, print_export
from hwnas.cli._help import examples
from hwnas.cli._space import OptionTexts


@examples(
    "hwnas export 'runs/nasbench201-edgegpu-1#14' --out model.onnx",
    "hwnas export 'runs/nasbench201-edgegpu-1#pick' --out model.onnx --weights trained.safetensors",
)
def export(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ARCH|RUN#ROW|RUN#pick",
            help="A published string; the row of a run's front by the number that is shown, as "
            "runs/x#14; or what hwnas select picks from it, as runs/x#pick. In quotes.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="MODEL.onnx", help="File to write, with a card beside it: its .json."),
    ],
    space: Annotated[
        str | None,
        typer.Option(help="Space of ARCH, where its string does not tell; see: hwnas spaces"),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Data set of ARCH; the space's first one by default.")
    ] = None,
    option: OptionTexts = None,
    weights: Weights = None,
    seed: Annotated[
        int,
        typer.Option(rich_help_panel="Output", help="Of fresh weights; the same, the same file."),
    ] = 0,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write the model of an architecture in ONNX, checked, with a card.

    A run's space, options and data set are its own. What hwnas select picks
    under limits, it exports itself: see its --export.
    """
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.errors import ConfigError

    api.check_destination(out, force, PERMIT)
    if space is None and option:
        raise ConfigError("--option needs the space that it is of; name it with --space.")
    loaded = None if space is None else api.space_of(space, dataset, option)
    exported = api.export(what, out, loaded, dataset, weights=weights, seed=seed, overwrite=force)
    if as_json:
        print_json(api.export_record(exported))
    else:
        # Architectures are left to the terminal to wrap, so that they can be copied whole.
        console().print(f"[bold]{escape(exported.arch)}[/bold]", soft_wrap=True)
        print_export(console(), exported)
