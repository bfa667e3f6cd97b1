"""Help pages: all of one kind, on every command."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hwnas.cli import main
from hwnas.cli._app import app
from hwnas.cli._help import examples_of

ROOT = get_command(app)
# Capitals stand for what is put in, small letters are typed as they are: PROXY:N, burst|cold.
METAVAR = re.compile(r"([A-Z]+|[a-z][a-z0-9]*|[0-9]+)((\||=|:|%|\.|-|#)([A-Z]+|[a-z][a-z0-9]*)?)*")


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the tree with its words, the hidden ones too."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


COMMANDS = dict(_commands(ROOT))
EXAMPLES = [line for command in COMMANDS.values() for line in examples_of(command)]


def _page(capsys: pytest.CaptureFixture[str], path: tuple[str, ...], flag: str = "--help") -> str:
    with pytest.raises(SystemExit, match="0"):
        main([*path, flag])
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_page_fits_the_terminal_and_is_of_the_one_kind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = _page(capsys, path)
    assert page == _page(capsys, path, "-h")
    _check_whole(page, 80)
    _check_placeholders(page, path)
    _check_sentences(page)
    if path == ("search",):
        monkeypatch.setenv("COLUMNS", "60")
        _check_whole(_page(capsys, path), 60)


def _check_whole(page: str, width: int) -> None:
    for line in page.splitlines():
        # Architectures are not broken: they could not be copied.
        assert len(line) <= width or max(map(len, line.split())) > width - 20, line
    assert re.search(r"\{[a-z ]*\}|<[a-z]+>", page) is None
    assert "\nExamples:\n  hwnas " in page
    assert "-h, --help" in page
    assert page == page.rstrip() + "\n"


def _check_placeholders(page: str, path: tuple[str, ...]) -> None:
    """Every option stands on the page with help, and with a value if it takes one."""
    usage = page.partition("\n\n")[0]
    for word in usage.split()[2 + len(path) :]:
        assert METAVAR.fullmatch(word.strip("[]").removesuffix("...").rstrip("]")), word
    for parameter in COMMANDS[path].params:
        assert parameter.help, f"{parameter.name} has no help"
        if parameter.param_type_name == "option":
            name = max(parameter.opts, key=len)
            shown = re.search(rf"^  (?:-\w, )?{name}(?: (\S+))?(?:  |$)", page, re.MULTILINE)
            assert shown, f"{name} is not on the page"
            assert bool(shown[1]) != parameter.is_flag
            assert shown[1] is None or METAVAR.fullmatch(shown[1]), shown[1]


def _check_sentences(page: str) -> None:
    """Lines of prose break at the edge alone."""
    lines = [*page.splitlines(), ""]
    prose = [line for line in lines if line and not line.startswith((" ", "Usage"))]
    for line, after in itertools.pairwise(lines):
        if line in prose and after in prose:
            assert len(line) + 1 + len(after.split()[0]) > 78, line


@pytest.mark.parametrize(
    ("words", "heading", "option"),
    [
        ("explain", "Space and device", "--target QUANTITY"),
        ("profile", "Backend", "--target TARGET"),
        ("select", "Limits and preferences", "--baseline ARCH"),
        ("export", "Output", "--seed N"),
        ("energy attach", "Input", "--table TABLE"),
        ("energy attach", "Input", "--raw PATH"),
        ("search", "Where values come from", "--power-w W"),
        ("profile", "Where values come from", "--power-w W"),
    ],
)
def test_an_option_stands_under_its_heading(
    capsys: pytest.CaptureFixture[str], words: str, heading: str, option: str
) -> None:
    sections = _page(capsys, tuple(words.split())).split("\n\n")
    [found] = [each for each in sections if f"\n  {option} " in each]
    assert found.startswith(f"{heading}:\n")


def test_usage_says_how_many_runs_a_report_takes(capsys: pytest.CaptureFixture[str]) -> None:
    usage = _page(capsys, ("report",)).splitlines()[0]
    assert usage == "Usage: hwnas report RUN... [OPTIONS]"


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_is_a_command_line(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "hwnas"
    command, context = ROOT, ROOT.make_context("hwnas", list(words), resilient_parsing=True)
    while hasattr(command, "commands") and context._protected_args:
        name, command, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        # Parsed, not run: what is missing, unknown or of another type raises.
        context = command.make_context(name, rest, parent=context)
    assert not context.args


def test_an_option_and_its_value_stand_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    page = _page(capsys, ("search",))
    shown = page.partition("Examples:\n")[2].replace("\\\n", "")
    assert [" ".join(line.split()) for line in shown.splitlines()] == list(
        examples_of(COMMANDS["search",])
    )
    assert not re.search(r"--[a-z-]+ ?\\$", page, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("hwnas search nasbench20", "nasbench201"),
        ("hwnas search nasbench201 --device raspi", "raspi4"),
        ("hwnas search nasbench201 --objectives accuracy,lat", "accuracy,latency"),
        ("hwnas predict --space fbn", "fbnet"),
        ("hwnas predict --dataset imagenet16", "imagenet16-120"),
        ("hwnas devices show edgeg", "edgegpu"),
        ("hwnas tables audit accel", "accel-nasbench"),
        ("hwnas devices sho", "show"),
    ],
)
def test_a_shell_completes_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: str, found: str
) -> None:
    monkeypatch.setenv("_HWNAS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    with pytest.raises(SystemExit, match="0"):
        main([])
    assert capsys.readouterr().out.split() == [found]


@pytest.mark.parametrize("command", ["tables", "spaces", "backends"])
def test_a_list_needs_no_word_list(capsys: pytest.CaptureFixture[str], command: str) -> None:
    def printed(*words: str) -> str:
        with pytest.raises(SystemExit, match="0"):
            main(list(words))
        return capsys.readouterr().out

    assert printed(command) == printed(command, "list") != ""
