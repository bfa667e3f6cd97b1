"""Every bad input of ``bad_inputs.toml`` gets its one line and its exit code."""

from __future__ import annotations

import shlex
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import hwnas
from hwnas.cli import main
from hwnas.errors import HwnasError
from tests.cli.mistakes import CONFIG, LONGEST, Mistake

TABLE = tomllib.loads(Path(__file__).with_name("bad_inputs.toml").read_text("utf-8"))
ROWS = [row for rows in TABLE.values() for row in rows]
COMMANDS = [row for row in ROWS if "run" in row]
CALLS = [row for row in ROWS if "python" in row]
Prepare = Callable[[Mapping[str, Any]], None]
KEYS = {"run", "python", "exit", "says", "files", "hex", "has", "env", "needs"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, to be copied."""
    path = tmp_path_factory.mktemp("finished") / "run"
    with pytest.raises(SystemExit, match="0"):
        main([*CONFIG, "--out", str(path), "--quiet"])
    return path


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path) -> Prepare:
    def prepare(row: Mapping[str, Any]) -> None:
        assert row.keys() <= KEYS
        if "needs" in row:
            pytest.importorskip(row["needs"])
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "80")
        for name, value in row.get("env", {}).items():
            monkeypatch.setenv(name, value)
        if "run" in row.get("has", ()):
            shutil.copytree(finished, tmp_path / "run")
        texts = {name: text.encode() for name, text in row.get("files", {}).items()}
        for name, data in (
            texts | {n: bytes.fromhex(h) for n, h in row.get("hex", {}).items()}
        ).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)

    return prepare


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "run" in row], ids=lambda row: row["run"][:80]
)
def test_a_bad_command_gets_one_line(
    row: Mapping[str, Any], prepare: Prepare, mistake: Mistake
) -> None:
    prepare(row)
    assert row["says"] in mistake(*shlex.split(row["run"]), status=row.get("exit", 2))


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "python" in row], ids=lambda row: row["python"][:80]
)
def test_a_bad_call_raises_one_error(row: Mapping[str, Any], prepare: Prepare) -> None:
    prepare(row)
    with pytest.raises(HwnasError) as raised:
        eval(row["python"], {"hwnas": hwnas})
    message = str(raised.value)
    assert row["says"] in message
    assert "--" not in message, "an option of the command line is no argument"
    assert "\n" not in message
    assert len(message) <= LONGEST


def test_the_table_holds_what_was_asked_and_nothing_twice() -> None:
    assert len(ROWS) >= 150
    assert len({str(row) for row in ROWS}) == len(ROWS)
