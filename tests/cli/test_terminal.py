"""What leaves for the terminal: harmless, whole and readable, whatever it is made of."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

import hwnas
from hwnas.cli import main
from hwnas.cli._archs import broken
from hwnas.cli._console import console, write_anything
from hwnas.errors import ConfigError, UnknownNameError, one_line, printable

HOSTILE = [
    "[/red]", "[red]", "[bold]x[/dim]", "[link=http://x]y[/link]", "\\[/red]", "[]", "[/]",
    ":fire:", "\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "a\u202eb", "a\u200bb", "\x00", "\r",
]  # fmt: skip


@pytest.fixture(params=[60, 80])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with predicted, counted and conditioned columns."""
    path = tmp_path_factory.mktemp("runs") / "run"
    hwnas.search("nasbench201", "edgegpu", population=20, generations=2, out=path)
    return path


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit, match="0"):
        main(list(words))
    return capsys.readouterr().out


def _is_harmless(text: str) -> bool:
    return not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", text)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_is_printed_and_harmless(
    capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    table = Table(box=None)
    table.add_column(hostile)
    table.add_row(f"unit {hostile} end")
    console().print(f"name {hostile} end")
    console().print(table)
    out = capsys.readouterr().out
    assert _is_harmless(out)
    assert out.count(" end") == 2
    # What is none of our own styles is there as it was.
    if hostile.startswith(("[/", "[link", "[]", ":")):
        assert out.count(hostile) == 3


def test_our_own_styles_are_styles(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[bold yellow]Note:[/bold yellow] a [dim]b[/dim]")
    assert capsys.readouterr().out == "Note: a b\n"


@pytest.mark.parametrize(
    "words",
    [
        ("search", "nasbench201", "--device", "{}"),
        ("search", "{}"),
        ("select", "{}"),
        ("tables", "show", "{}"),
        ("devices", "show", "{}"),
        ("predict", "{}"),
        ("{}",),
        ("search", "nasbench201", "--{}"),
        ("tables", "import", "mine", "--from", "{}", "--space", "nasbench201"),
    ],
)
def test_a_hostile_word_is_told_in_one_harmless_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    name = "[/red] \x1b[31m a\u202eb"
    with pytest.raises(SystemExit, match="2"):
        main([word.format(name) for word in words])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert _is_harmless(err)


def test_a_run_in_a_hostile_folder_is_selected_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = tmp_path / "[/red] \x1b[31m [bold]"
    run_there = hwnas.search(
        "nasbench201", objectives=["params", "macs"], population=8, generations=2, out=place
    )
    assert run_there.path == place
    out = _printed(capsys, "select", str(place))
    assert _is_harmless(out)


@pytest.mark.parametrize("encoding", ["latin-1"])
def test_a_terminal_of_another_encoding_gets_ascii(tmp_path: Path, encoding: str) -> None:
    words = ["search", "nasbench201", "--objectives", "params,macs", "--population", "8"]
    done = subprocess.run(
        [sys.executable, "-m", "hwnas", *words, "--generations", "1", "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"},
        capture_output=True,
        check=False,
    )
    out = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert "params v" in out


def test_what_an_encoding_lacks_is_written_otherwise() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_anything(stream)
    stream.write("1 ± 2 ↑ … 名 \udcff")
    stream.flush()
    assert raw.getvalue() == rb"1 +- 2 ^ ... \u540d \udcff"


@pytest.mark.parametrize("text", ["a" * 100_000, "a b " * 25_000, "名" * 100_000, "x\x1b" * 50_000])
def test_a_huge_echo_is_cut_short(text: str) -> None:
    for error in (ConfigError(f"It must be short; got '{text}'."), UnknownNameError("x", text, ())):
        assert len(str(error)) <= 1_000
        assert _is_harmless(str(error))
    assert one_line(f"It must be short; got '{text}'. Do this.").endswith("Do this.")


def test_architectures_are_not_cut_short() -> None:
    arch = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|none~2|"
    assert one_line(f"No: {arch}") == f"No: {arch}"
    assert printable("ü 名 ±\n") == "ü 名 ±\n"


def test_an_architecture_breaks_after_a_sign_and_is_read_as_it_is(width: int) -> None:
    space = hwnas.load_space("nasbench201")
    arch = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|none~2|"
    lines = broken(arch, width - 10)
    assert all(len(line) <= width - 10 for line in lines)
    assert all(line.endswith("+") for line in lines[:-1])
    assert str(space.parse("\n      ".join(lines))) == arch


COMMANDS = [
    ("select", "{run}"),
    ("select", "{run}", "--sweep", "latency_ms"),
    ("select", "{run}", "--at-most", "latency_ms=50", "--limit-at", "point"),
    ("predict", "{arch}", "--device", "edgegpu"),
    ("explain", "--target", "latency", "--device", "edgegpu", "--top", "2"),
    ("explain", "--target", "accuracy,robustness", "--top", "2"),
    ("devices", "show", "edgegpu"),
    ("devices",),
    ("tables",),
    ("tables", "audit", "x86-tvm-nasbench201"),
    ("tables", "show", "x86-tvm-nasbench201", "--columns"),
    ("spaces",),
    ("backends",),
]
ARCH = "|avg_pool_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|skip_connect~1|none~2|"


@pytest.fixture(scope="module")
def wholes() -> dict[tuple[str, ...], str]:
    """What commands print where there is no end to the line."""
    return {}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:3]))
def test_no_value_is_broken(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    run: Path,
    width: int,
    wholes: dict[tuple[str, ...], str],
) -> None:
    # As at a terminal, but for its colours.
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    given = [word.format(run=run, arch=ARCH) for word in words]
    out = Text.from_ansi(_printed(capsys, *given)).plain
    if words not in wholes:
        monkeypatch.setenv("COLUMNS", "1000")
        wholes[words] = Text.from_ansi(_printed(capsys, *given)).plain
    whole = wholes[words]
    # Every word stands in the one as in the other; no line is longer than it must be.
    assert {*_words(out)} <= {*_words(whole)}
    assert "…" not in out
    for line in out.splitlines():
        assert len(line.rstrip()) <= width or _is_one_value(line, width), line


def _words(text: str) -> list[str]:
    # Architectures break after +, names of features after a sign too; bars are as long as fits.
    return [word for word in re.split(r"[\s+>,]+", text) if word and "█" not in word]


def _is_one_value(line: str, width: int) -> bool:
    """Whether what makes a line too long is one value, which is left whole."""
    return max(map(len, line.split())) > width / 2 or len(line.split("  ")) <= 2
