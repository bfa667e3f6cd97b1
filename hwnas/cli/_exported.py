"""What commands that export a model have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.models.export import Export

Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.safetensors", help="Trained weights to export; fresh ones by default."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the files of an earlier export.")]
PERMIT = "add --force"
"""How a user says that files may be replaced."""


def print_export(out: Console, exported: Export) -> None:
    """Print where the model lies, what it was checked by, and which weights it has."""
    from rich.markup import escape

    # Paths are left to the terminal to wrap, so that they can be copied whole.
    out.print(
        f"Wrote {escape(str(exported.path))} and {escape(str(exported.card))}.", soft_wrap=True
    )
    if exported.max_abs_error is None:
        out.print(f"Checked by {exported.checked}.")
    else:
        out.print(f"It agrees with the torch model to {exported.max_abs_error:.1e}.")
    out.print(f"Its largest output is {exported.output_scale:.2g} (opset {exported.opset}).")
    if exported.exporter_note is not None:
        out.print(f"Written by {exported.exporter}: {escape(exported.exporter_note)}")
    if exported.is_untrained:
        out.print(
            f"[bold yellow]{exported.weights[:1].upper()}{exported.weights[1:]}.[/bold yellow] "
            "Train the model, then export it with --weights."
        )
    else:
        out.print(f"Weights: {escape(exported.weights)}")
