"""Every mistake gets one line and status 2, and touches no file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from changed_records import sealed

from hwnas.cli import main
from tests.cli.mistakes import CONFIG, Mistake

EDGE = ("search", "nasbench201", "--device", "edgegpu")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run."""
    with pytest.raises(SystemExit, match="0"):
        main([*CONFIG, "--out", "run", "--quiet"])
    return tmp_path / "run"


def test_energy_of_a_device_without_it_names_devices_that_have_it(mistake: Mistake) -> None:
    message = mistake(
        "search", "nasbench201", "--device", "raspi4", "--objectives", "latency,energy"
    )
    assert "Device 'raspi4' has no energy data for nasbench201 on cifar10." in message
    assert "Devices that have it: edgegpu, eyeriss, fpga." in message
    assert "--power-w W" in message


def test_a_table_that_is_not_in_the_cache_says_how_to_get_it(mistake: Mistake) -> None:
    message = mistake(*EDGE, "--source", "table", "--objectives", "latency")
    assert "hwnas tables" in message


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_directory_without_permission_is_said(mistake: Mistake, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "must be writable" in mistake(*CONFIG, "--out", "locked/run")
    assert "must be writable" in mistake(*CONFIG, "--out", "locked")


def test_resume_without_a_run_of_the_configuration_is_refused(mistake: Mistake) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*CONFIG, "--quiet"])
    message = mistake(*CONFIG, "--seed", "5", "--resume")
    assert "--resume needs a run of this configuration; runs/ holds none" in message


def test_values_of_another_file_are_not_resumed(mistake: Mistake, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record["columns"][0]["origin"] = "params.onnx sha256 12ab"
    (run / "run.json").write_text(json.dumps(sealed(record)))
    message = mistake(*CONFIG, "--out", "run", "--resume")
    assert "the values of params come from another file" in message


@pytest.mark.parametrize("command", [("select",), (*CONFIG, "--resume", "--out")])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:7892] + bytes(300) + data[8192:],
        lambda _: b"no database at all\n" * 500,
        lambda data: data[:100] + bytes(len(data) - 100),
    ],
)
def test_damaged_evaluations_are_refused(
    mistake: Mistake, run: Path, command: tuple[str, ...], damage: object
) -> None:
    assert callable(damage)
    (run / "run.sqlite").write_bytes(damage((run / "run.sqlite").read_bytes()))
    message = mistake(*command, "run")
    assert "run/run.sqlite must be the file that hwnas search wrote; it is damaged" in message


def test_select_of_a_run_that_lost_its_evaluations_is_refused(mistake: Mistake, run: Path) -> None:
    (run / "run.sqlite").unlink()
    assert "run/run.sqlite is missing; go on with --resume" in mistake("select", "run")
