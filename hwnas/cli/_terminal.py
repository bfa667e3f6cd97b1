"""The door to the terminal: whatever comes from outside leaves it harmless and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
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
        if options.get("soft_wrap") or not all(isinstance(each, str) for each in objects):
            super().print(*objects, **options)
            return
        text = self.render_str(" ".join(objects), markup=options.pop("markup", None))
        lines = [line for each in text.split("\n", allow_blank=True) for line in self._lines(each)]
        super().print(Text("\n").join(lines), **options, soft_wrap=True)

    def _lines(self, text: Text) -> Iterator[Text]:
        """A line on as many as the terminal's width makes of it."""
        offsets, start = list[int](), 0
        for word in re.finditer(r"\S+", text.plain):
            if word.start() > start and cell_len(text.plain[start : word.end()]) > self.width:
                offsets.append(start := word.start())
        for line in text.divide(offsets):
            line.rstrip()
            yield line


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
