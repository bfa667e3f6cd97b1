"""The options by which a command takes limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from hwnas.core.limits import Limit

LIMIT_HELP = "{} value allowed, as COLUMN=NUMBER; repeat it, or put commas between several."

LimitAt = Annotated[
    str | None,
    typer.Option(
        metavar="interval|point|N%",
        help="What must keep a limit: the far end of the value's 90 % interval (the default), the "
        "value, or a probability such as 90%.",
    ),
]

Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="LIMIT",
        help='Such as "latency_ms<=5" or "peak_memory_kb<=256"; repeat it for several.',
    ),
]


def parsed(constraints: Iterable[str] | None, own: Collection[str] = ()) -> list[Limit]:
    """What ``--constraint`` says, in the one form that limits have.

    Args:
        constraints: Texts such as ``latency_ms<=5``.
        own: Columns of the user's own objectives.
    """
    from hwnas import api

    return [api.parse_limit(text, "--constraint", own) for text in constraints or ()]


def tell_notes(out: Console, limits: Iterable[Limit]) -> None:
    """Say where a limit looks like one that was not meant."""
    from rich.markup import escape

    from hwnas import api

    for note in api.limit_notes(limits):
        out.print(f"[yellow]Note:[/yellow] {escape(note)}")


def limits(texts: Iterable[str] | None, option: str) -> dict[str, float]:
    """Bounds by column, of all the times an option was given."""
    from hwnas import api

    return api.parse_assignments(",".join(texts), option) if texts else {}
