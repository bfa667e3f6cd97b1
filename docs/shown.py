"""Makes again what the pages show: ``python docs/shown.py [PAGE ...]``.

The README and every page under ``docs/`` have a folder and a cache of their own, in which their
``console`` and ``python`` blocks run in order. What cannot be so says why, in a comment on the line
before the block::

    <!-- not run: needs a board -->       only its commands and options are checked
    <!-- varies: measured here -->        runs, and may print something else
    <!-- exits 2 -->                      its last command fails so
    <!-- run first: COMMAND -->           what the block needs, not shown
    <!-- save as: FILE -->                what later blocks need, in any language

A page whose ``run first`` reads ``$HWNAS_UPSTREAM`` needs the published tables.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
UPSTREAM = "HWNAS_UPSTREAM"
WIDTH = 100
"""Columns of the terminal."""
_BLOCK = re.compile(
    r"(?P<marks>(?:^<!--(?:(?!-->).)*-->\n)*)^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (not run|varies|run first|save as|exits)(?::)? (.*?) -->", re.DOTALL)
_HOMES = {"HWNAS_CACHE": "~/.cache/hwnas", "HWNAS_CONFIG": "~/.config/hwnas"}
_SECONDS = re.compile(r"\b[\d.]+ (s|min)\b")


class Block(NamedTuple):
    """A block of code in a page.

    Args:
        language: What stands after the three marks.
        text: Its lines.
        span: Where its lines stand in the page's text.
        marks: What the comments before it say, by their first words.
    """

    language: str
    text: str
    span: tuple[int, int]
    marks: Mapping[str, str]

    @property
    def is_run(self) -> bool:
        """Whether its commands run."""
        return self.language in ("console", "python") and "not run" not in self.marks

    @property
    def commands(self) -> list[str]:
        """Command lines of a console block; one that ends in a backslash goes on."""
        return [command for command, _ in _sessions(self.text)]


class FailedBlockError(Exception):
    """A block of a page ended with another status than it shows."""


def pages() -> list[Path]:
    """The README and the pages under ``docs/``."""
    found = (ROOT / "docs").rglob("*.md")
    return [ROOT / "README.md", *sorted(path for path in found if "_build" not in path.parts)]


def blocks(text: str) -> Iterator[Block]:
    """Every block of a page, in order."""
    for found in _BLOCK.finditer(text):
        marks = {name: " ".join(said.split()) for name, said in _MARK.findall(found["marks"])}
        yield Block(found["language"], found["text"], found.span("text"), marks)


def needs_tables(text: str) -> bool:
    """Whether a page's blocks read the published tables."""
    return any(UPSTREAM in block.marks.get("run first", "") for block in blocks(text))


def made_again(text: str, folder: Path) -> Iterator[tuple[Block, str]]:
    """Blocks that run, and their text as it is now.

    Args:
        text: A page.
        folder: Where its blocks run, one after the other.

    Raises:
        FailedBlockError: One fails.
    """
    for block in blocks(text):
        if "save as" in block.marks:
            (folder / block.marks["save as"]).write_text(block.text, encoding="utf-8")
        if not block.is_run:
            continue
        if "run first" in block.marks:
            _run(block.marks["run first"], folder, 0)
        if block.language == "python":
            _run_python(block.text, folder)
            yield block, block.text
        else:
            yield block, _session(block, folder)


def alike(one: str, other: str) -> bool:
    """Whether two outputs say the same, but for times and where lines break."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(_SECONDS.sub(r"? \1", " ".join(text.split())).split())


def _sessions(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of a block, with the lines that show each."""
    shown: list[str] = []
    for line in text.splitlines():
        if shown or line.startswith("$ "):
            shown.append(line)
        if shown and not line.endswith("\\"):
            yield "\n".join(shown).removeprefix("$ "), shown
            shown = []


def _session(block: Block, folder: Path) -> str:
    """A console block with what its commands print now."""
    lines, sessions = [], list(_sessions(block.text))
    for number, (command, shown) in enumerate(sessions, 1):
        status = int(block.marks.get("exits", 0)) if number == len(sessions) else 0
        lines += [*shown, *(line.rstrip() for line in _run(command, folder, status).splitlines())]
    return "\n".join([*lines, ""])


def _run(command: str, folder: Path, status: int) -> str:
    """What a command prints in a terminal of the usual width."""
    if command.startswith("pip "):
        return ""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != status:
        raise FailedBlockError(f"{command}\nexits {done.returncode}, not {status}:\n{done.stdout}")
    return _at_home(done.stdout, folder)


def _at_home(text: str, folder: Path) -> str:
    """What is printed, with the folders of a user in place of those made for a page."""
    for variable, home in _HOMES.items():
        text = text.replace(_environment(folder)[variable], home)
    return text.replace(f"{folder}/", "")


def _run_python(text: str, folder: Path) -> None:
    """Run a script, or check what follows the prompts of an interpreter."""
    words = ["-W", "error::FutureWarning", "-c", text]
    if text.startswith(">>> "):
        (folder / "shown.txt").write_text(text, encoding="utf-8")
        words = ["-m", "doctest", "-o", "ELLIPSIS", "-o", "NORMALIZE_WHITESPACE", "shown.txt"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FailedBlockError(f"{text}\n{done.stdout}{done.stderr}")


def _environment(folder: Path) -> dict[str, str]:
    own = {
        "HWNAS_CACHE": str(folder.parent / f"{folder.name}-cache"),
        "HWNAS_CONFIG": str(folder.parent / f"{folder.name}-config"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": str(WIDTH),
    }
    return {**os.environ, **own}


def _renew(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "page"
        folder.mkdir()
        again = list(made_again(text, folder))
    for block, now in reversed(again):
        text = text[: block.span[0]] + now + text[block.span[1] :]
    page.write_text(text, encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """Write pages with their blocks as they are now, and say which ones fail.

    Args:
        names: Paths of pages; all by default.
    """
    failed = 0
    for page in map(Path, names) if names else pages():
        if needs_tables(page.read_text(encoding="utf-8")) and UPSTREAM not in os.environ:
            print(f"{page}: needs ${UPSTREAM}", file=sys.stderr)
            failed = 1
            continue
        try:
            _renew(page)
        except FailedBlockError as error:
            print(f"{page}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
