"""The options by which a command takes limits."""

from __future__ import annotations

from collections.abc import Iterable

LIMIT_HELP = "{} value allowed, as COLUMN=NUMBER; repeat it, or put commas between several."


def limits(texts: Iterable[str] | None, option: str) -> dict[str, float]:
    """Bounds by column, of all the times an option was given."""
    from hwnas import api

    return api.parse_assignments(",".join(texts), option) if texts else {}
