"""The door to the terminal: whatever comes from outside leaves it harmless and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from hwnas.errors import printable

_STYLES = {"bold", "dim", "yellow", "red", "bold yellow"}
# As rich finds tags, with the backslashes that keep them from being any.
_TAG = re.compile(r"(\\*)\[(/?)([a-z#/@][^[]*?)\]")


class Terminal(Console):
    """A console that knows the styles of this command line alone.

    In texts and in cells of tables, every other ``[word]`` is printed as it is, and what would
    steer a terminal as an escape. Words of texts are not broken: they could not be copied.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """A text with its styles, from markup."""
        return super().render_str(_with_our_tags(printable(text)), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts, or what is drawn."""
        if len(objects) == 1 and isinstance(objects[0], Table):
            self._print_table(objects[0], options)
            return
        if options.get("soft_wrap") or not all(isinstance(each, str) for each in objects):
            super().print(*objects, **options)
            return
        text = self.render_str(" ".join(objects), markup=options.pop("markup", None))
        lines = (_lines(each, self.width) for each in text.split("\n", allow_blank=True))
        super().print(Text("\n").join(chain(*lines)), **options, soft_wrap=True)

    def _print_table(self, table: Table, options: dict[str, Any]) -> None:
        """A table without a box whose words are whole; row after row where it is too wide."""
        least, most = [], []
        for column in table.columns:
            ends = list(map(self._widths, [column.header, *column.cells], repeat(column.no_wrap)))
            least.append(max(end for end, _ in ends))
            most.append(
                max(least[-1], min(max(end for _, end in ends), column.max_width or 10_000))
            )
        gap = table.padding[1] + table.padding[3]
        room = self.width - gap * (len(table.columns) - 1)
        if sum(least) > room:
            self._print_rows(table)
            return
        if sum(most) > room:
            for column, width in zip(table.columns, _shared(least, most, room), strict=True):
                column.width = width
        # Cells are filled with blanks to the width of their column, also where none follows.
        lines = [_ended(line) for line in self.render_lines(table, pad=False)]
        super().print(Text("\n").join(lines), **options, soft_wrap=True)

    def _widths(self, cell: Any, is_whole: bool) -> tuple[int, int]:
        """Columns that a cell needs for its longest word, or line if it is whole; and at most."""
        lines = [line.plain for line in self._cell(cell).split("\n", allow_blank=True)]
        # What is indented stays so.
        parts = [re.findall(r"^\s*\S+|\S+", line) for line in lines]
        words = lines if is_whole else [word for line in parts for word in line]
        return max(map(cell_len, words), default=0), max(map(cell_len, lines), default=0)

    def _cell(self, cell: Any) -> Text:
        return cell if isinstance(cell, Text) else self.render_str(str(cell))

    def _print_rows(self, table: Table) -> None:
        """Cells below each other, each with its column's name."""
        names = [" ".join(self._cell(each.header).plain.split()) for each in table.columns]
        width = max(map(len, names), default=0)
        for number, cells in enumerate(zip(*(each.cells for each in table.columns), strict=True)):
            if number and any(names):
                self.print()
            for name, cell in zip(names, map(self._cell, cells), strict=True):
                if cell.plain.strip():
                    lead = f"{name:<{width}}  " if width else ""
                    whole = Text(" ").join(map(_stripped, cell.split("\n")))
                    gap = Text("\n" + " " * len(lead))
                    lines = gap.join(_lines(whole, self.width - len(lead)))
                    super().print(Text(lead) + lines, soft_wrap=True)


def _lines(text: Text, width: int) -> Iterator[Text]:
    """A line on as many as a width makes of it, broken between words alone."""
    offsets, start = list[int](), 0
    for word in re.finditer(r"\S+", text.plain):
        if word.start() > start and cell_len(text.plain[start : word.end()]) > width:
            offsets.append(start := word.start())
    for line in text.divide(offsets):
        line.rstrip()
        yield line


def _ended(segments: list[Segment]) -> Text:
    """A line without the blanks at its end."""
    line = Text.assemble(*((each.text, each.style or "") for each in segments))
    line.rstrip()
    return line


def _stripped(text: Text) -> Text:
    """A text without the spaces round it."""
    plain = text.plain
    return text[len(plain) - len(plain.lstrip()) : len(plain.rstrip())]


def _shared(least: list[int], most: list[int], room: int) -> list[int]:
    """Widths of columns that fill the room, each between its least and its most."""
    widths = list(least)
    for _ in range(room - sum(least)):
        # Whichever would else have the most lines.
        lines = [end / max(width, 1) for end, width in zip(most, widths, strict=True)]
        widths[lines.index(max(lines))] += 1
    return widths


def _with_our_tags(text: str) -> str:
    """Markup in which what is no tag of ours, or closes none, is escaped."""
    opened = list[str]()

    def kept(tag: re.Match[str]) -> str:
        slashes, closing, name = tag.groups()
        if len(slashes) % 2 == 1:
            return tag[0]
        if name in _STYLES and not closing:
            opened.append(name)
            return tag[0]
        if closing and opened[-1:] == [name]:
            opened.pop()
            return tag[0]
        return escape(tag[0])

    return _TAG.sub(kept, text)
