"""The command line as a whole: help, exit codes, tracebacks, pipes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from hwnas.algorithms import ALGORITHMS
from hwnas.choose import METHODS
from hwnas.cli import main
from hwnas.cli._app import app
from hwnas.core.quantity import QUANTITIES
from hwnas.objectives import SOURCES
from hwnas.objectives.evaluated import SOURCE as EVALUATE
from hwnas.objectives.simple import COUNTED


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the tree with its words."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


COMMANDS = dict(_commands(get_command(app)))


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal that cuts no option short."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.chdir(tmp_path)


def _typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(words))
    return (leaving.value.code, *capsys.readouterr())


def test_the_tree_holds_every_command() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "search",
        "select",
        "predict",
        "explain",
        "fit",
        "spaces",
        "devices show",
        "tables list",
        "tables pull",
        "tables import",
        "tables audit",
        "tables show",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_names_every_option_and_says_what_it_is_for(
    capsys: pytest.CaptureFixture[str], path: tuple[str, ...]
) -> None:
    status, out, err = _typed(capsys, *path, "--help")
    assert (status, err) == (0, "")
    assert f"Usage: hwnas {' '.join(path)}".rstrip() in out
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "option":
            assert max(parameter.opts, key=len) in out
            assert parameter.help, f"{parameter.name} has no help"


# A function of one's own is given in Python alone.
TYPED_SOURCES = [name for name in SOURCES if name != EVALUATE]


@pytest.mark.parametrize(
    ("command", "registry"),
    [
        ("search", ALGORITHMS),
        ("search", TYPED_SOURCES),
        ("predict", TYPED_SOURCES),
        ("select", METHODS),
        ("explain", [name for name in QUANTITIES if name not in COUNTED]),
    ],
)
def test_help_lists_what_is_registered(
    capsys: pytest.CaptureFixture[str], command: str, registry: Iterable[str]
) -> None:
    _, out, _ = _typed(capsys, command, "--help")
    assert all(name in out for name in registry)
    assert re.search(r"\{[a-z ]+\}", out) is None


def test_hwnas_alone_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _typed(capsys)
    assert status == 2
    assert "Usage: hwnas" in out + err
    assert "Error" not in out + err


def test_success_is_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _typed(capsys, "spaces")
    assert status == 0
    assert "nasbench201" in out


def test_debug_shows_the_traceback_before_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _typed(capsys, "search", "nasbench20l", "--debug")
    assert (status, out) == (2, "")
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1].startswith("Error: Unknown search space 'nasbench20l'.")


def test_without_debug_there_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = _typed(capsys, "search", "nasbench20l")
    assert "Traceback" not in err


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that fails in ways no user is to blame for."""
    broken = typer.Typer()

    @broken.command()
    def fail() -> None:
        raise ZeroDivisionError("division\nby zero")

    @broken.command()
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hwnas.cli._app.app", broken)


@pytest.mark.usefixtures("broken")
def test_a_failure_is_status_1_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = _typed(capsys, "fail")
    assert (status, out) == (1, "")
    assert err == (
        "Error: ZeroDivisionError: division by zero. Run again with --debug for the traceback\n"
    )


@pytest.mark.usefixtures("broken")
def test_a_failure_shows_its_traceback_with_debug(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = _typed(capsys, "fail", "--debug")
    assert "raise ZeroDivisionError" in err


@pytest.mark.usefixtures("broken")
def test_an_interrupt_is_status_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert _typed(capsys, "stop") == (130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no head")
@pytest.mark.parametrize(
    "words", [["tables", "list"], ["spaces"], ["--help"], ["devices", "--json"]]
)
@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_leaves_early_is_no_error(words: list[str], reader: str) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "hwnas", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    subprocess.run(reader.split(), stdin=writer.stdout, check=True, stdout=subprocess.DEVNULL)
    assert writer.stdout is not None
    writer.stdout.close()
    assert writer.stderr is not None
    err = writer.stderr.read()
    writer.stderr.close()
    assert (writer.wait(), err) == (0, b"")


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hwnas", "srch"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "Error: No such command 'srch'. Did you mean 'search'? See: hwnas --help\n"
    )
