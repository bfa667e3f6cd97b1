"""The README keeps its word: its blocks run, its commands and options exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from hwnas.cli._app import app

_README = Path(__file__).resolve().parents[1] / "README.md"
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_TRY = "pip install -e . && hwnas search nasbench201 --device edgegpu"
_TEST = 'pip install -c constraints.txt -e ".[all,test]" && pytest'


def _blocks(language: str) -> list[str]:
    text = _README.read_text(encoding="utf-8")
    return [body for found, body in _BLOCK.findall(text) if found == language]


def _command_lines() -> list[str]:
    """Every use of ``hwnas`` in a bash block, a console block's prompt or an inline span."""
    text = _README.read_text(encoding="utf-8")
    lines = [line for block in _blocks("bash") for line in block.splitlines()]
    lines += [
        line.removeprefix("$ ")
        for block in _blocks("console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    lines += re.findall(r"(?<!`)`(hwnas [^`\n]+)`", text)
    parts = [part.strip() for line in lines for part in re.split(r"&&|\||;", line)]
    return [part for part in parts if part.split(" ", 1)[0] == "hwnas"]


def _unknown_words(line: str) -> list[str]:
    """Commands and options of a ``hwnas`` line that the command line does not have."""
    command = get_command(app)
    unknown = []
    for word in shlex.split(line, comments=True)[1:]:
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


@pytest.mark.parametrize("command", [_TRY, _TEST])
def test_readme_gives_the_command_alone_in_a_bash_block(command: str) -> None:
    assert _blocks("bash").count(f"{command}\n") == 1


def test_every_command_and_option_in_the_readme_exists() -> None:
    unknown = {line: words for line in _command_lines() if (words := _unknown_words(line))}
    assert unknown == {}


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    assert _unknown_words("hwnas tables --no-such-option") == ["--no-such-option"]
    assert _unknown_words("hwnas no-such-command --format csv") == ["no-such-command"]
    assert _unknown_words("hwnas --help") == []


def test_readme_links_to_files_that_exist() -> None:
    text = _README.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", text)
    assert [target for target in targets if not (_README.parent / target).exists()] == []


@pytest.mark.long
def test_python_blocks_run_in_order_of_the_readme(tmp_path: Path) -> None:
    """Each in a fresh interpreter and an empty folder; a block must not lean on another."""
    for position, block in enumerate(_blocks("python")):
        folder = tmp_path / str(position)
        folder.mkdir()
        result = subprocess.run(
            [sys.executable, "-W", "error::FutureWarning", "-c", block],
            cwd=folder,
            env={**os.environ, "HWNAS_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{block}\n{result.stderr}"


@pytest.mark.long
def test_console_blocks_run_as_shown(tmp_path: Path) -> None:
    """Every prompt line succeeds; outputs hold times and are for the reader to compare."""
    folder = tmp_path / "console"
    folder.mkdir()
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for block in _blocks("console"):
        for line in block.splitlines():
            if not line.startswith("$ ") or line.startswith("$ pip "):
                continue
            result = subprocess.run(
                line.removeprefix("$ "),
                shell=True,
                cwd=folder,
                env={**os.environ, "PATH": scripts, "HWNAS_CACHE": str(tmp_path / "cache")},
                capture_output=True,
                text=True,
                check=False,
            )
            assert result.returncode == 0, f"{line}\n{result.stderr}"
