"""Runs of columns that did not tell conditions; the folder ``short_columns`` holds one of them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

import hwnas
from hwnas.api import sweep_limits, write_report
from hwnas.errors import RunError

SETTINGS = {
    "device": "1080ti",
    "objectives": ["accuracy", "latency"],
    "constraints": ["accuracy_pct>=60"],
    "population": 12,
    "seed": 1,
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parent / "short_columns", tmp_path / "old"))


def test_its_front_is_the_one_that_was_written(old: Path) -> None:
    front = hwnas.load_run(old).front
    with (old / "front.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["arch", *front.names]
    assert [row[0] for row in rows] == list(front.archs)
    assert [[float(cell) for cell in row[1:]] for row in rows] == front.values.tolist()


def test_it_is_reported(old: Path) -> None:
    page = write_report(hwnas.load_run(old)).read_text()
    assert "accuracy_pct &gt;= 60" in page
    assert "Hypervolume of the front so far in Accuracy, Latency." in page


def test_it_is_chosen_from(old: Path) -> None:
    run = hwnas.load_run(old)
    pick = hwnas.select(run, at_least={"accuracy": 80}, prefer={"latency_ms": 1}).pick
    rows = run.front.column("accuracy_pct"), run.front.lower[:, 0], run.front.column("latency_ms")
    kept = [latency for _, lower, latency in zip(*rows, strict=True) if lower >= 80]
    assert pick.values["latency_ms"] == min(kept)
    assert len(sweep_limits(run, "latency")) == len(run.front)


def test_a_baseline_is_valued_in_its_columns(old: Path) -> None:
    run = hwnas.load_run(old)
    versus = hwnas.select(run, baseline=run.front.archs[0]).versus_baseline
    assert versus is not None
    assert list(versus.differences) == ["accuracy_pct", "latency_ms"]
    assert versus.other.values["accuracy_pct"] == pytest.approx(run.front.values[0, 0], abs=3)


def test_it_says_why_it_is_not_continued_and_stays_as_it_is(old: Path) -> None:
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    message = (
        r"older version called accuracy_pct, latency_ms what is accuracy_pct@validation, "
        r"latency_ms@batch1 now"
    )
    with pytest.raises(RunError, match=message):
        hwnas.search("nasbench201", out=old, resume=True, generations=4, **SETTINGS)  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in old.iterdir() if path.name[0] != "."} == before
