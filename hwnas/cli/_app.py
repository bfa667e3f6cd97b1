"""The tree of commands; modules behind them import what is heavy inside their functions."""

from __future__ import annotations

import typer

from hwnas.cli import devices, tables
from hwnas.cli.fit import fit
from hwnas.cli.predict import predict
from hwnas.cli.proxies import proxies
from hwnas.cli.search import search
from hwnas.cli.select import select

app = typer.Typer(
    name="hwnas",
    help="Find neural architectures for a device: accuracy, robustness, latency and energy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Add --debug to any command for a traceback.",
)
app.command("search")(search)
app.command("select")(select)
app.command("predict")(predict)
app.command("fit")(fit)
app.command("proxies")(proxies)
app.command("spaces")(devices.list_spaces)
app.add_typer(devices.app, name="devices")
app.add_typer(tables.app, name="tables")
