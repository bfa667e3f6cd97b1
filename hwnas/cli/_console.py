"""What every command prints with."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN = {
    "\N{UPWARDS ARROW}": "^",
    "\N{DOWNWARDS ARROW}": "v",
    "\N{RIGHTWARDS ARROW}": ">",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MIDDLE DOT}": ".",
    "\N{FULL BLOCK}": "#",
    "\N{EM DASH}": "-",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
}
"""Signs of ours for a terminal that has ASCII alone."""


def write_anything(stream: TextIO) -> None:
    """Let a stream write what its encoding lacks: signs of ours in ASCII, all else as escapes."""
    codecs.register_error("hwnas", _in_ascii)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="hwnas")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    written = (
        _PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode()
        for each in error.object[error.start : error.end]
    )
    return "".join(written), error.end


def console(to_stderr: bool = False) -> Console:
    """A console on standard output, or on standard error for what is not the result."""
    from hwnas.cli._terminal import Terminal

    return Terminal(stderr=to_stderr, highlight=False, soft_wrap=False, emoji=False)


def number(value: float | None) -> str:
    """A value to four digits, counts with thousands separated."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def print_json(value: Any) -> None:
    """Print ``value`` as JSON for machines: no colour, no NaN."""
    print(json.dumps(value, indent=2, allow_nan=False))
