"""``hwnas checklist``: the field's checklist for comparisons, answered for runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwnas.cli._help import examples

_STYLES = {"yes": "bold", "partly": "yellow", "no": "red"}


@examples(
    "hwnas checklist runs/nasbench201-edgegpu-1",
    "hwnas checklist runs/* --json",
    "hwnas checklist runs/* --markdown",
)
def checklist(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of the runs that are compared."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a table in Markdown.")
    ] = False,
) -> None:
    """Answer the field's checklist for comparisons by what runs have recorded.

    Each of the 12 rows has the evidence that was read, or no and what would give it (Lindauer and
    Hutter 2020, arxiv.org/abs/1909.02453).
    """
    from rich.markup import escape
    from rich.table import Table

    from hwnas import api
    from hwnas.cli._console import console, print_json
    from hwnas.errors import ConfigError

    if as_json and as_markdown:
        raise ConfigError("Print either --json or --markdown; got both.")
    loaded = [api.load_run(each) for each in runs]
    rows = api.checklist(loaded)
    if as_json:
        print_json(api.checklist_record(loaded, rows))
        return
    if as_markdown:
        print(api.checklist_markdown(rows))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_column(ratio=1)
    for row in rows:
        style = _STYLES[row.answer]
        lines = [f"[bold]{escape(row.item)}[/bold]", escape(row.evidence)]
        if row.missing:
            lines.append(f"Missing: {escape(row.missing)}")
        table.add_row(str(row.number), f"[{style}]{row.answer}[/{style}]", "\n".join(lines))
    out = console()
    out.print(table)
    n_yes = sum(row.answer == "yes" for row in rows)
    out.print(f"\n{n_yes} of {len(rows)} are a yes. Lindauer and Hutter 2020, arXiv 1909.02453")
