"""The option by which a command takes what else its search space is made of."""

from __future__ import annotations

from typing import Annotated

import typer

OptionTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What else the space is made of, such as cells=5; repeat it for several.",
    ),
]
