"""Options by which commands take a search space, a data set and a device, each by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer


def completed(kind: str) -> Callable[[str], list[str]]:
    """What completes the name of a thing in a shell.

    Args:
        kind: Which names, as ``hwnas.api.names`` has them.

    Returns:
        What gives the names for a word that is begun; after a comma, for what follows it.
    """

    def complete(incomplete: str) -> list[str]:
        from hwnas import api
        from hwnas.errors import HwnasError

        before, comma, begun = incomplete.rpartition(",")
        try:
            names = api.names(kind)
        except HwnasError:
            # A shell has no place for what is wrong; the command itself will say it.
            return []
        return [f"{before}{comma}{name}" for name in names if name.startswith(begun)]

    return complete


SpaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPACE", help="Space; see: hwnas spaces", autocompletion=completed("space")
    ),
]
SpaceName = Annotated[
    str,
    typer.Option(
        "--space", help="Search space; see: hwnas spaces", autocompletion=completed("space")
    ),
]
DatasetName = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="Data set; the space's first one by default.",
        autocompletion=completed("dataset"),
    ),
]
DeviceName = Annotated[
    str | None,
    typer.Option("--device", help="Device; see: hwnas devices", autocompletion=completed("device")),
]
OptionTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What else the space is made of, such as cells=5; repeat it for several.",
    ),
]
