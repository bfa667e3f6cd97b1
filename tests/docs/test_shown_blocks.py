"""The pages keep their word: their blocks run and print what is shown, what they name exists."""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shown
from typer.main import get_command

from hwnas.cli._app import app

_PAGES = shown.pages()
_PARTS = re.compile(r"(?:[^&|;>\"']|\"[^\"]*\"|'[^']*')+")
"""Commands of a line; what is quoted may hold anything."""
_IDS = [str(page.relative_to(shown.ROOT)) for page in _PAGES]


def _command_lines(text: str) -> list[str]:
    """Every use of ``hwnas`` in a block of commands or an inline span."""
    lines: list[str] = []
    for block in shown.blocks(text):
        if block.language == "console":
            lines += [command.replace("\\\n", " ") for command in block.commands]
        elif block.language in ("bash", "sh", "text"):
            lines += block.text.replace("\\\n", " ").splitlines()
    lines += re.findall(r"(?<!`)`(hwnas [^`]+)`", text)
    parts = [part.strip() for line in lines for part in _PARTS.findall(line)]
    return [part for part in parts if part.split(" ", 1)[0] == "hwnas"]


@cache
def _command() -> Any:
    return get_command(app)


def _unknown_words(line: str) -> list[str]:
    """Commands and options of a ``hwnas`` line that the command line does not have."""
    command = _command()
    unknown = []
    for word in shlex.split(line.split(" # ")[0])[1:]:
        if word.startswith("--"):
            options = {name for parameter in command.params for name in parameter.opts}
            options |= {name for parameter in command.params for name in parameter.secondary_opts}
            if word.partition("=")[0] not in options | {"--help", "--debug"}:
                unknown.append(word)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                # What follows cannot be told apart.
                return [*unknown, word]
            command = command.commands[word]
    return unknown


@pytest.mark.parametrize("page", _PAGES, ids=_IDS)
def test_every_command_and_option_in_a_page_exists(page: Path) -> None:
    lines = _command_lines(page.read_text(encoding="utf-8"))
    assert {line: words for line in lines if (words := _unknown_words(line))} == {}


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert _unknown_words("hwnas tables --no-such-option") == ["--no-such-option"]
    assert _unknown_words("hwnas no-such-command --format csv") == ["no-such-command"]
    assert _unknown_words("hwnas --help") == []
    assert _command_lines("```console\n$ hwnas search x \\\n  --seed 1\n```\n") == [
        "hwnas search x    --seed 1"
    ]
    assert _command_lines("```text\nhwnas predict '|a~0|' && hwnas spaces\n```\n") == [
        "hwnas predict '|a~0|'",
        "hwnas spaces",
    ]


@pytest.mark.parametrize("page", _PAGES, ids=_IDS)
def test_a_page_links_to_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_what_does_not_run_says_why() -> None:
    for page in _PAGES:
        for block in shown.blocks(page.read_text(encoding="utf-8")):
            for mark in ("not run", "varies"):
                assert block.marks.get(mark, "a reason") != "", f"{page}: {block.text}"


def test_marks_before_a_block_are_read() -> None:
    text = "<!-- run first: touch a -->\n<!-- varies: times -->\n```console\n$ date\n```\n"
    (block,) = shown.blocks(text)
    assert block.marks == {"run first": "touch a", "varies": "times"}
    assert block.is_run
    (other,) = shown.blocks("<!-- not run: needs a board -->\n```python\nimport this\n```\n")
    assert not other.is_run


def test_a_block_is_made_again_with_what_was_saved_before(tmp_path: Path) -> None:
    text = (
        "<!-- save as: a.txt -->\n```text\nred\n```\n\n  ```console\n  $ cat a.txt\n  blue\n  ```\n"
    )
    assert [now for _, now in shown.made_again(text, tmp_path)] == ["$ cat a.txt\nred\n"]


def test_a_command_fails_where_it_is_shown_to_and_only_there(tmp_path: Path) -> None:
    failing = "$ echo Error: no such file; false"
    text = f"```console\n{failing}\nError: no such file\n```\n"
    assert [now for _, now in shown.made_again(text, tmp_path)] == [
        f"{failing}\nError: no such file\n"
    ]
    with pytest.raises(shown.FailedBlockError, match="exits 1"):
        list(shown.made_again("```console\n$ cat nothing\n```\n", tmp_path))
    with pytest.raises(shown.FailedBlockError, match="shown to fail"):
        list(shown.made_again("```console\n$ true\nError: no\n```\n", tmp_path))


def test_text_after_a_script_is_what_it_prints(tmp_path: Path) -> None:
    text = "```python\nprint(6 * 7)\n```\n\n```text\n41\n```\n\nWords.\n\n```text\nhwnas\n```\n"
    script, output, other = shown.blocks(text)
    assert (script.is_run, output.is_output, other.is_output) == (True, True, False)
    assert [now for _, now in shown.made_again(text, tmp_path)] == [script.text, "42\n"]


def test_a_script_that_takes_long_has_a_shorter_form(tmp_path: Path) -> None:
    text = (
        "<!-- in short: budget=60 -> 6 -->\n```python\nbudget=60\nprint(budget, 60)\n"
        'open("a", "a").write(f"{budget} ")\n```\n\n```text\n60 60\n```\n'
    )
    assert [now for _, now in shown.made_again(text, tmp_path)][1:] == ["60 60\n"]
    ((block, now),) = shown.made_again(text, tmp_path, in_short=True)
    assert now == block.text
    assert (tmp_path / "a").read_text() == "60 6 "


@pytest.mark.parametrize("mark", ["budget=60", "budget=50 -> 5", "b -> c"])
def test_a_shorter_form_that_fits_no_number_is_told(mark: str, tmp_path: Path) -> None:
    text = f"<!-- in short: {mark} -->\n```python\nbudget=60\n```\n"
    with pytest.raises(shown.FailedBlockError, match="fits not"):
        list(shown.made_again(text, tmp_path, in_short=True))


def test_prompts_of_a_page_are_one_session(tmp_path: Path) -> None:
    text = "```python\n>>> a = 6\n```\n\n```python\n>>> a * 7\n{}\n```\n"
    assert len(list(shown.made_again(text.format(42), tmp_path))) == 2
    with pytest.raises(shown.FailedBlockError, match=r"Expected:\n +41"):
        list(shown.made_again(text.format(41), tmp_path))


def test_outputs_are_alike_but_for_times_and_line_ends() -> None:
    assert shown.alike("from 2,290 evaluated in\n2.3 s.", "from 2,290 evaluated in 14.1 s.")
    assert not shown.alike("from 2,290 evaluated", "from 2,291 evaluated")


@pytest.mark.long
@pytest.mark.parametrize("page", _PAGES, ids=_IDS)
def test_blocks_of_a_page_run_and_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if shown.needs_tables(text) and shown.UPSTREAM not in os.environ:
        pytest.skip(f"{shown.UPSTREAM} does not name the folder of the published tables")
    folder = tmp_path / "page"
    folder.mkdir()
    for block, now in shown.made_again(text, folder, in_short=True):
        assert "varies" in block.marks or shown.alike(block.text, now), (
            f"{page.name} shows\n{block.text}\nand now it is\n{now}\n"
            f"Make it again with: python docs/shown.py {page}"
        )
