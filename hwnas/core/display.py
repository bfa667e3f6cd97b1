"""Tables of a few lines, as text and as HTML, by which objects print themselves."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_CELL = 48
_GAP = "..."


@dataclass(frozen=True, slots=True)
class Listing:
    """What an object says of itself.

    Args:
        lines: Sentences, printed above the rows.
        header: Names of the columns, ``n_columns`` of them; the last one is text.
        rows: Cells, ``n_columns`` each.
    """

    lines: Sequence[str]
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()

    def text(self) -> str:
        """As lines of plain text, columns of numbers to the right."""
        lines = list(self.lines)
        if self.rows:
            cells = [[*map(_cut, row)] for row in (self.header, *self.rows)]
            widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
            for *numbers, last in cells:
                places = zip(numbers, widths, strict=False)
                lines.append("  ".join([*(cell.rjust(width) for cell, width in places), last]))
        return "\n".join(_printable(line) for line in lines)

    def html(self) -> str:
        """As HTML for a notebook; whatever the cells hold is text there."""
        head = "<br>".join(map(html.escape, self.lines))
        if not self.rows:
            return f"<div>{head}</div>"
        header = "".join(f"<th>{html.escape(name)}</th>" for name in self.header)
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self.rows
        )
        table = f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<div><p>{head}</p>{table}</div>"


def cell(number: float | None) -> str:
    """A number in a cell: four digits, whole numbers with thousands separated, unknown empty."""
    if number is None:
        return ""
    return f"{number:,}" if isinstance(number, int) else f"{number:.4g}"


def shortened(rows: Sequence[Sequence[str]], n_shown: int) -> list[Sequence[str]]:
    """The first and the last of many rows, and between them one that says that there are more."""
    if len(rows) <= n_shown:
        return list(rows)
    n_last = n_shown // 2
    gap = [_GAP] * len(rows[0])
    return [*rows[: n_shown - n_last], gap, *rows[len(rows) - n_last :]]


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else cell[: LONGEST_CELL - len(_GAP)] + _GAP


def _printable(line: str) -> str:
    """Text without what a terminal would obey."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
