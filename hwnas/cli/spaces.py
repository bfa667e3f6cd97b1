"""``hwnas spaces``: which search spaces there are."""

from __future__ import annotations

from typing import Annotated

import typer

from hwnas.cli._help import Listing, Pages, examples

app = Pages(cls=Listing, help="List search spaces.")


@app.command("list")
@examples(
    "hwnas spaces",
    "hwnas spaces --json",
)
def list_spaces(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List search spaces."""
    from hwnas import api
    from hwnas.cli._console import console, print_json

    spaces = api.spaces().items()
    if as_json:
        records = [
            {"name": name, "title": space.title, "datasets": space.datasets}
            for name, space in spaces
        ]
        print_json(records)
        return
    out = console()
    for name, space in spaces:
        out.print(f"[bold]{name}[/bold]\n  {space.title}")
        out.print(f"  data sets: {', '.join(space.datasets)}")
