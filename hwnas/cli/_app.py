"""The tree of commands; modules behind them import what is heavy inside their functions."""

from __future__ import annotations

import typer

from hwnas.cli import tables

app = typer.Typer(
    name="hwnas",
    help="Find neural architectures for a device: accuracy, robustness, latency and energy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Add --debug to any command for a traceback.",
)
app.add_typer(tables.app, name="tables")
