"""The tree of commands; modules behind them import what is heavy inside their functions."""

from __future__ import annotations

from typing import Annotated

import typer

from hwnas.cli import device, devices, energy, tables
from hwnas.cli._help import ListingCommand
from hwnas.cli.explain import explain
from hwnas.cli.fit import fit
from hwnas.cli.predict import predict
from hwnas.cli.profile import backends, profile
from hwnas.cli.proxies import proxies
from hwnas.cli.report import report
from hwnas.cli.search import search
from hwnas.cli.select import select

app = typer.Typer(
    name="hwnas",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Add --debug to any command for a traceback.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"hwnas {version('hwnas')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Find neural architectures for a device: accuracy, robustness, latency and energy."""


app.command("search", cls=ListingCommand)(search)
app.command("select", cls=ListingCommand)(select)
app.command("report")(report)
app.command("predict", cls=ListingCommand)(predict)
app.command("explain", cls=ListingCommand)(explain)
app.command("fit")(fit)
app.command("profile")(profile)
app.command("backends")(backends)
app.command("proxies")(proxies)
app.command("spaces")(devices.list_spaces)
devices.app.command("add")(device.add)
devices.app.command("recheck")(device.recheck)
app.add_typer(devices.app, name="devices")
# What is done to one device reads better so.
app.add_typer(devices.app, name="device", hidden=True)
app.add_typer(tables.app, name="tables")
app.add_typer(energy.app, name="energy")
