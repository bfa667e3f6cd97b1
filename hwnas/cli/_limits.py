"""The options by which a command takes limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

LIMIT_HELP = "{} value allowed, as COLUMN=NUMBER; repeat it, or put commas between several."

LimitAt = Annotated[
    str | None,
    typer.Option(
        metavar="interval|point|N%",
        help="What must keep a limit: the far end of the value's 90 % interval (the default), the "
        "value, or a probability such as 90%.",
    ),
]


def limits(texts: Iterable[str] | None, option: str) -> dict[str, float]:
    """Bounds by column, of all the times an option was given."""
    from hwnas import api

    return api.parse_assignments(",".join(texts), option) if texts else {}
