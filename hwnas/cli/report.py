"""``hwnas report``: the page of a run, or of two side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwnas.cli._help import examples


@examples(
    "hwnas report runs/nasbench201-edgegpu-1",
    "hwnas report runs/first runs/second --out both.html",
)
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN [RUN]", help="Folder of the run, or of two to compare."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Where to; report.html in the run's folder by default, comparison.html here for "
            "two.",
        ),
    ] = None,
    opened: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser of this machine.")
    ] = False,
) -> None:
    """Write a run's page anew, or one of two runs side by side; it needs no network."""
    from rich.markup import escape

    from hwnas import api
    from hwnas.cli._console import console
    from hwnas.errors import ConfigError

    if len(runs) > 2:
        raise ConfigError(f"hwnas report takes one run, or two to compare; got {len(runs)}.")
    printer = console()
    loaded = [api.load_run(each) for each in runs]
    if len(loaded) == 1:
        path = api.write_report(loaded[0], out)
    else:
        one, other = loaded
        path = api.write_comparison(one, other, *(() if out is None else (out,)))
        for letter, run in zip("AB", loaded, strict=True):
            printer.print(f"{letter}: {escape(str(run.path))}", soft_wrap=True)
        for sentence in api.verdict(api.compare_runs(one, other)):
            printer.print(escape(sentence))
    # Left to the terminal to wrap, so that it can be copied whole.
    printer.print(f"Report  {escape(str(path))}", soft_wrap=True)
    if opened and not api.open_page(path):
        console(to_stderr=True).print("There is no browser here; open the file in one.")
