"""Makes again what the pages show: ``python docs/shown.py [PAGE ...]``.

Without names, all of it: figures, layers, and then the blocks of every page.

The README and every page under ``docs/`` have a folder and a cache of their own, in which their
``console`` and ``python`` blocks run in order; those with an interpreter's prompts are one session.
A ``text`` block right after a script is what it prints; a command that is shown with a line
``Error: ...`` fails. What cannot be so says why, in a
comment on the line before the block::

    <!-- not run: needs a board -->       only its commands and options are checked
    <!-- varies: measured here -->        runs, and may print something else
    <!-- run first: COMMAND -->           what the block needs, not shown
    <!-- save as: FILE -->                what later blocks need, in any language
    <!-- in short: budget=60 -> 6 -->     takes long: tests run it with the number on the right,
                                          and look at nothing that it prints

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
    r"(?P<marks>(?:^ *<!--(?:(?!-->).)*-->\n)*)"
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (not run|varies|run first|save as|in short): (.*?) -->", re.DOTALL)
_SHORTER = re.compile(r"(\w+=)(\d+) -> (\d+)")
_PROMPT = ">>> "
_HOMES = {"HWNAS_CACHE": "~/.cache/hwnas", "HWNAS_CONFIG": "~/.config/hwnas"}
_SECONDS = re.compile(r"\b[\d.]+ (s|min)\b")
_ROUNDING = re.compile(r"\b[\d.]+e-\d+\b")
"""Errors of rounding, which differ between processors."""


class Block(NamedTuple):
    """A block of code in a page.

    Args:
        language: What stands after the three marks.
        text: Its lines.
        span: Where its lines stand in the page's text.
        marks: What the comments before it say, by their first words.
        indent: Spaces before each of its lines.
        is_output: Whether it is what the script before it prints.
    """

    language: str
    text: str
    span: tuple[int, int]
    marks: Mapping[str, str]
    indent: str = ""
    is_output: bool = False

    @property
    def is_run(self) -> bool:
        """Whether its commands run."""
        return self.language in ("console", "python") and "not run" not in self.marks

    @property
    def shorter(self) -> str:
        """Its lines with the number that its mark ``in short`` puts in place of another.

        Raises:
            FailedBlockError: The mark has another form, or the number is not there once.
        """
        found = _SHORTER.fullmatch(self.marks["in short"])
        if found is None or self.text.count(f"{found[1]}{found[2]}") != 1:
            raise FailedBlockError(f"in short: {self.marks['in short']}\nfits not\n{self.text}")
        return self.text.replace(f"{found[1]}{found[2]}", f"{found[1]}{found[3]}")

    @property
    def commands(self) -> list[str]:
        """Command lines of a console block; one that ends in a backslash goes on."""
        return [_command(shown) for shown, _ in _sessions(self.text)]


class FailedBlockError(Exception):
    """A block of a page fails, or is shown to and does not."""


def pages() -> list[Path]:
    """The README and the pages under ``docs/``."""
    found = (ROOT / "docs").rglob("*.md")
    return [ROOT / "README.md", *sorted(path for path in found if "_build" not in path.parts)]


def blocks(text: str) -> Iterator[Block]:
    """Every block of a page, in order."""
    script, end = False, 0
    for found in _BLOCK.finditer(text):
        marks = {name: " ".join(said.split()) for name, said in _MARK.findall(found["marks"])}
        is_next = script and not text[end : found.start()].strip()
        is_output = is_next and found["language"] == "text" and "not run" not in marks
        lines = "".join(
            line.removeprefix(found["indent"]) for line in found["text"].splitlines(keepends=True)
        )
        block = Block(
            found["language"], lines, found.span("text"), marks, found["indent"], is_output
        )
        yield block
        script, end = block.language == "python" and block.is_run, found.end()


def needs_tables(text: str) -> bool:
    """Whether a page's blocks read the published tables."""
    return any(UPSTREAM in block.marks.get("run first", "") for block in blocks(text))


def made_again(text: str, folder: Path, *, in_short: bool = False) -> Iterator[tuple[Block, str]]:
    """Blocks that run, and their text as it is now.

    Args:
        text: A page.
        folder: Where its blocks run, one after the other.
        in_short: Whether scripts that take long run in their shorter form, of which what they
            print is left out.

    Raises:
        FailedBlockError: One fails.
    """
    interpreted = ""
    printed: str | None = ""
    for block in blocks(text):
        if "save as" in block.marks:
            (folder / block.marks["save as"]).write_text(block.text, encoding="utf-8")
        if block.is_output and printed is not None:
            yield block, printed
        if not block.is_run:
            continue
        if "run first" in block.marks:
            _run(block.marks["run first"], folder)
        if block.text.startswith(_PROMPT):
            interpreted += block.text
            _interpret(interpreted, folder)
            yield block, block.text
        elif block.language == "python" and in_short and "in short" in block.marks:
            _run_script(block.shorter, folder)
            printed = None
            yield block, block.text
        elif block.language == "python":
            printed = _run_script(block.text, folder)
            yield block, block.text
        else:
            yield block, _session(block, folder)


def alike(one: str, other: str) -> bool:
    """Whether two outputs say the same, but for times and where lines break."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return _ROUNDING.sub("?", _SECONDS.sub(r"? \1", " ".join(text.split())))


def _sessions(text: str) -> Iterator[tuple[list[str], bool]]:
    """The lines that show each command of a block, and whether it is shown to fail."""
    shown: list[str] = []
    fails = False
    for line in text.splitlines():
        if line.startswith("$ "):
            if shown:
                yield shown, fails
            shown, fails = [line], False
        elif shown and shown[-1].endswith("\\"):
            shown.append(line)
        else:
            fails |= line.startswith("Error: ")
    if shown:
        yield shown, fails


def _command(shown: Sequence[str]) -> str:
    return "\n".join(shown).removeprefix("$ ")


def _session(block: Block, folder: Path) -> str:
    """A console block with what its commands print now."""
    lines: list[str] = []
    for shown, fails in _sessions(block.text):
        lines += [*shown, *_run(_command(shown), folder, fails=fails).splitlines()]
    return "\n".join([*lines, ""])


def _run(command: str, folder: Path, *, fails: bool = False) -> str:
    """What a command prints in a terminal of the usual width."""
    if command.startswith("pip "):
        return ""
    words = ["bash", "-c", command]
    done = _done(words, folder)
    if (done.returncode != 0) != fails:
        ends = "ends well, and is shown to fail" if fails else f"exits {done.returncode}"
        raise FailedBlockError(f"{command}\n{ends}:\n{done.stdout}")
    return _at_home(done.stdout, folder)


def _run_script(text: str, folder: Path) -> str:
    """What a script prints."""
    done = _done([sys.executable, "-W", "error::FutureWarning", "-c", text], folder)
    if done.returncode:
        raise FailedBlockError(f"{text}\n{done.stdout}")
    return _at_home(done.stdout, folder)


def _interpret(text: str, folder: Path) -> None:
    """Check what follows the prompts of an interpreter."""
    (folder / "shown.txt").write_text(text, encoding="utf-8")
    rules = ["-o", "ELLIPSIS", "-o", "NORMALIZE_WHITESPACE"]
    done = _done([sys.executable, "-m", "doctest", *rules, "shown.txt"], folder)
    if done.returncode:
        raise FailedBlockError(done.stdout)


def _done(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _at_home(text: str, folder: Path) -> str:
    """What is printed, with the folders of a user in place of those made for a page."""
    for variable, home in _HOMES.items():
        text = text.replace(_environment(folder)[variable], home)
    lines = text.replace(f"{folder}/", "").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


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
        if alike(block.text, now):
            continue  # a busy moment of the machine is no news
        lines = (f"{block.indent}{line}".rstrip() for line in now.splitlines())
        now = "".join(f"{line}\n" for line in lines)
        text = text[: block.span[0]] + now + text[block.span[1] :]
    page.write_text(text, encoding="utf-8")


def _renew_generated() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import _generated
    import page

    page.main()
    design = ROOT / "docs" / "design.md"
    design.write_text(_generated.with_layers(design.read_text(encoding="utf-8")), encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """Write pages with their blocks as they are now, and say which ones fail.

    Args:
        names: Paths of pages; all by default.
    """
    if not names:
        _renew_generated()
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
