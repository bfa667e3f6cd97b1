"""What every command prints with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def console(to_stderr: bool = False) -> Console:
    """A console on standard output, or on standard error for what is not the result."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, soft_wrap=False)


def number(value: float | None) -> str:
    """A value to four digits, counts with thousands separated."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def print_json(value: Any) -> None:
    """Print ``value`` as JSON for machines: no colour, no NaN."""
    print(json.dumps(value, indent=2, allow_nan=False))
