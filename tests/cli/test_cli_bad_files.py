"""One bad file never breaks a list: it is named in a note, and the others are listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from hwnas.cli import main
from hwnas.core.device import readable_names
from hwnas.errors import SkippedFileWarning
from hwnas.tables import import_file

BAD: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "broken link": lambda path: path.symlink_to("nowhere"),
    "empty": partial(Path.write_bytes, data=b""),
    "latin-1": partial(Path.write_bytes, data='title = "Zürich"'.encode("latin-1")),
    "UTF-16": partial(Path.write_bytes, data="schema = 3".encode("utf-16")),
    "nested": partial(Path.write_bytes, data=b"schema = " + b"[" * 100_000),
    "zeros": partial(Path.write_bytes, data=bytes(100)),
}
Run = Callable[..., tuple[str, list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that must end well; what it prints, and the lines of its notes."""

    def run(*words: str) -> tuple[str, list[str]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main(list(words))
        out, err = capsys.readouterr()
        assert leaving.value.code == 0, err
        return out, err.splitlines()

    return run


@pytest.mark.parametrize("name", BAD)
def test_what_describes_no_device_is_left_out(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "config" / "devices"
    folder.mkdir(parents=True)
    BAD[name](folder / "mine.toml")
    with pytest.warns(SkippedFileWarning, match=r"Left out: mine\.toml must be the description"):
        names = readable_names()
    assert "raspi4" in names
    assert "mine" not in names


def test_devices_are_listed_beside_a_folder_that_is_called_like_a_file(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config" / "devices" / "mine.toml").mkdir(parents=True)
    out, (note,) = run("devices", "--json")
    assert "raspi4" in [each["name"] for each in json.loads(out)]
    assert note.startswith("Note: Left out: mine.toml must be the description of a device")


def test_a_device_that_is_described_twice_is_left_out(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "devices"
    folder.mkdir(parents=True)
    (folder / "raspi4.toml").write_text('schema = 3\ntitle = "x"\nkind = "y"\nsource = "z"\n')
    out, (note,) = run("devices")
    assert "eyeriss" in out
    assert note.startswith("Note: Left out: Device 'raspi4' is described twice, in ")
    assert run("devices", "show", "eyeriss")[1] == []


def test_tables_are_listed_beside_a_damaged_card(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "arch,cifar10_board_latency_ms\n"
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|,2.5\n"
    )
    for name in ("good", "bad"):
        import_file(name, own, "nasbench201")
    (tmp_path / "cache" / "tables" / "bad.json").write_bytes(b"[" * 100_000)
    out, (note,) = run("tables", "list")
    assert "good" in out
    assert "hw-nas-bench" in out
    assert note.startswith("Note: Left out: Table 'bad': ")
    assert run("devices", "show", "raspi4")[1] == [note]


def test_a_published_table_with_a_damaged_card_can_still_be_pulled(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "tables"
    folder.mkdir(parents=True)
    for suffix in (".json", ".parquet"):
        (folder / f"nats-bench{suffix}").write_bytes(b"{")
    out, (note,) = run("tables", "list")
    (line,) = (each for each in out.splitlines() if each.startswith("nats-bench"))
    assert " no " in line
    assert note.startswith("Note: Left out: Table 'nats-bench': ")


def test_predictors_are_listed_beside_a_damaged_index(run: Run, tmp_path: Path) -> None:
    index = tmp_path / "cache" / "artifacts" / "nasbench201" / "index.json"
    index.parent.mkdir(parents=True)
    index.write_bytes(b'{"schema": 4}')
    out, (note,) = run("devices", "show", "raspi4")
    assert "Kendall" in out
    assert "index.json" in note or "artifacts/nasbench201 must be an index" in note


def test_an_output_that_cannot_be_written_is_one_line_and_a_failure() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hwnas", "spaces"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be read or written (No space left on device).\n"
