"""``hwnas report``: the page or picture of a run, or of several beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwnas.cli._help import examples

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.report import Curves


@examples(
    "hwnas report runs/nasbench201-edgegpu-1",
    "hwnas report runs/first runs/second --out both.html",
    "hwnas report runs/* --png curves.png",
)
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folder of the run, or of several to compare."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Where to; report.html in the run's folder by default, comparison.html here for "
            "several.",
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Write a picture too: the curves over the evaluations, of one run its front.",
        ),
    ] = None,
    opened: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser of this machine.")
    ] = False,
) -> None:
    """Write a run's page anew, or one of several beside each other; it needs no network.

    Of two runs the page holds both fronts. Of more it holds curves over the evaluations: runs that
    differ in their seed alone are one setting, drawn as mean and standard error. A run that
    evaluated its whole space is what the others are to reach.
    """
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console

    if png is not None:
        api.check_picture(png)
    printer = console()
    loaded = [api.load_run(each) for each in runs]
    if len(loaded) == 1:
        path = api.write_report(loaded[0], out)
    elif len(loaded) == 2:
        one, other = loaded
        path = api.write_comparison(one, other, *(() if out is None else (out,)))
        for letter, run in zip("AB", loaded, strict=True):
            printer.print(f"{letter}: {escape(str(run.path))}", soft_wrap=True)
        for sentence in api.verdict(api.compare_runs(one, other)):
            printer.print(escape(sentence))
    else:
        path = api.write_curves(loaded, *(() if out is None else (out,)))
        _print_curves(printer, api.compare_curves(loaded))
    # Left to the terminal to wrap, so that it can be copied whole.
    printer.print(f"Report  {escape(str(path))}", soft_wrap=True)
    if png is not None:
        printer.print(f"Picture {escape(str(api.write_picture(loaded, png)))}", soft_wrap=True)
    if opened and not api.open_page(path):
        console(to_stderr=True).print("There is no browser here; open the file in one.")


def _print_curves(out: Console, curves: Curves) -> None:
    """The settings beside each other, and what the gap is to."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for place, heading in enumerate(curves.headings()):
        table.add_column(escape(heading), justify="right" if place else "left")
    for row in curves.rows():
        table.add_row(*map(escape, row))
    out.print(table)
    out.print()
    for sentence in (curves.reach, *curves.notes):
        out.print(escape(sentence))
