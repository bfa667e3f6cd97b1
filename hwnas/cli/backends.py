"""``hwnas backends``: what can run models here."""

from __future__ import annotations

from typing import Annotated

import typer

from hwnas.cli._console import console, print_json
from hwnas.cli._help import Listing, Pages, examples

app = Pages(cls=Listing, help="List backends: what can run here and, if not, why.")


@app.command("list")
@examples(
    "hwnas backends",
    "hwnas backends --json",
)
def list_backends(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List backends: what can run here and, if not, why."""
    import dataclasses

    from rich.markup import escape

    from hwnas import api

    found = api.backend_statuses()
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return
    out = console()
    for each in found:
        out.print(f"[bold]{each.name}[/bold]  {escape(each.title)}")
        if each.why_not is None:
            out.print(f"  runs here: {escape(api.in_words(each.settings))}")
        else:
            out.print(f"  [yellow]not here:[/yellow] {escape(each.why_not)}")
    out.print("\nMeters of energy, for hwnas profile --meter:")
    for name, title, reason in api.meter_statuses():
        out.print(f"[bold]{name}[/bold]  {escape(title)}")
        state = "reads here" if reason is None else f"[yellow]not here:[/yellow] {escape(reason)}"
        out.print(f"  {state}")
    out.print("[bold]external[/bold]  An external meter; its log goes to: hwnas energy attach")
