"""The tree of commands; modules behind them import what is heavy inside their functions."""

from __future__ import annotations

from typing import Annotated

import typer

from hwnas.cli import backends, device, devices, energy, spaces, tables
from hwnas.cli._help import Pages, examples
from hwnas.cli._numbers import use_one_grammar
from hwnas.cli.checklist import checklist
from hwnas.cli.explain import explain
from hwnas.cli.export import export
from hwnas.cli.fit import fit
from hwnas.cli.predict import predict
from hwnas.cli.profile import profile
from hwnas.cli.proxies import proxies
from hwnas.cli.report import report
from hwnas.cli.sample import sample
from hwnas.cli.search import search
from hwnas.cli.select import select

app = Pages(
    name="hwnas",
    pretty_exceptions_enable=False,
    epilog="Add --debug to any command for a traceback.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"hwnas {version('hwnas')}")
        raise typer.Exit


@app.callback()
@examples(
    "hwnas search nasbench201 --device raspi4",
    'hwnas select runs/nasbench201-raspi4-1 --constraint "latency_ms<=20"',
    "hwnas devices",
    "hwnas --install-completion",
)
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Find neural architectures for a device: accuracy, robustness, latency and energy."""


_SEARCH, _VALUES, _DEVICES = "Search and choose", "Single architectures", "Devices and their values"

app.command("search", rich_help_panel=_SEARCH)(search)
app.command("select", rich_help_panel=_SEARCH)(select)
app.command("report", rich_help_panel=_SEARCH)(report)
app.command("checklist", rich_help_panel=_SEARCH)(checklist)
app.add_typer(spaces.app, name="spaces", rich_help_panel=_SEARCH)
app.command("export", rich_help_panel=_VALUES)(export)
app.command("predict", rich_help_panel=_VALUES)(predict)
app.command("explain", rich_help_panel=_VALUES)(explain)
app.command("proxies", rich_help_panel=_VALUES)(proxies)
devices.app.command("add")(device.add)
devices.app.command("recheck")(device.recheck)
app.add_typer(devices.app, name="devices", rich_help_panel=_DEVICES)
# What is done to one device reads better so.
app.add_typer(devices.app, name="device", hidden=True)
app.add_typer(tables.app, name="tables", rich_help_panel=_DEVICES)
app.command("fit", rich_help_panel=_DEVICES)(fit)
app.command("sample", rich_help_panel=_DEVICES)(sample)
app.command("profile", rich_help_panel=_DEVICES)(profile)
app.add_typer(backends.app, name="backends", rich_help_panel=_DEVICES)
app.add_typer(energy.app, name="energy", rich_help_panel=_DEVICES)
use_one_grammar(app)
