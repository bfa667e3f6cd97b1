"""Architectures on the screen: whole where they fit, else broken after a sign, never in a word."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def broken(text: str, width: int, indent: int = 0) -> list[str]:
    """Lines of at most ``width`` columns, where signs allow it; all but the first indented."""
    lines = [""]
    for part in re.split(r"(?<=[+>,])", text):
        if lines[-1].strip() and len(lines[-1]) + len(part) > width:
            lines.append(" " * indent)
        lines[-1] += part
    return lines


def print_arch(out: Console, arch: str, lead: str = "", style: str = "") -> None:
    """Print an architecture after some words.

    A terminal gets it on as many lines as it needs, which ``hwnas`` reads as they are; a file or
    another program gets it on one.
    """
    from rich.markup import escape

    width = out.width - len(lead) if out.is_terminal else sys.maxsize
    gap = "\n" + " " * len(lead)
    shown = escape(gap.join(broken(arch, width)))
    out.print(f"{lead}[{style}]{shown}[/{style}]" if style else f"{lead}{shown}", soft_wrap=True)


def print_table(
    out: Console,
    archs: Sequence[str],
    make: Callable[[bool], Table],
    numbers: Sequence[int] = (),
    note: str = "",
) -> None:
    """Print a table with the architectures beside its rows if they fit there, else below it.

    Args:
        out: Where to.
        archs: What each row is about.
        make: Makes the table, with or without them; without, its rows are numbered.
        numbers: Numbers of the rows; from 1 by default.
        note: A line right below the table.
    """
    table = make(True)
    # Measured as if there were no end to the line: what is measured never exceeds it.
    unbounded = out.options.update(max_width=sys.maxsize)
    fits = out.measure(table, options=unbounded).maximum <= out.width
    out.print(table if fits else make(False))
    if note:
        out.print(note)
    if fits:
        return
    out.print()
    for number, arch in zip(numbers or range(1, len(archs) + 1), archs, strict=True):
        print_arch(out, arch, f"{number:>3}  ")
