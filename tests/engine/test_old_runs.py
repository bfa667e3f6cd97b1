"""Runs that hwnas 0.1 wrote are read as they were; the folder ``schema1`` holds one of them."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import hwnas
from hwnas.api import write_report
from hwnas.errors import RunError

SETTINGS = {
    "device": "edgegpu",
    "objectives": ["latency", "params"],
    "constraints": ["latency<=7"],
    "population": 12,
    "seed": 1,
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parent / "schema1", tmp_path / "old"))


def test_its_front_is_the_one_that_was_written(old: Path) -> None:
    front = hwnas.load_run(old).front
    with (old / "front.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["arch", *front.names]
    assert [row[0] for row in rows] == list(front.archs)
    assert [[float(cell) for cell in row[1:]] for row in rows] == front.values.tolist()


def test_its_evaluations_and_history_are_those_in_the_file(old: Path) -> None:
    with closing(sqlite3.connect(old / "run.sqlite")) as database:
        rows = database.execute("SELECT arch, generation, latency_ms, violation FROM evaluations")
        stored = rows.fetchall()
        generations = database.execute(
            "SELECT generation, n_evaluated, hypervolume FROM generations"
        ).fetchall()
    run = hwnas.load_run(old)
    table = run.evaluations
    found = zip(table["arch"], table["generation"], table["latency_ms"], strict=True)
    assert list(found) == [row[:3] for row in stored]
    assert table["feasible"].tolist() == [row[3] == 0 for row in stored]
    assert set(table["status"]) == {"done", "infeasible"}
    assert [(g.number, g.n_evaluated, g.hypervolume) for g in run.history] == generations


def test_it_is_reported_and_chosen_from(old: Path) -> None:
    run = hwnas.load_run(old)
    assert run.space == hwnas.load_space("nasbench201")
    assert "edgegpu" in write_report(run).read_text()
    assert hwnas.select(run, at_most={"latency_ms": 3.0}).pick.arch in run.front.archs


def test_it_is_not_continued_and_stays_as_it_is(old: Path) -> None:
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    with pytest.raises(
        RunError, match=r"older version of hwnas|values of latency_ms come from another"
    ):
        hwnas.search("nasbench201", out=old, resume=True, generations=4, **SETTINGS)  # type: ignore[arg-type]
    after = {path.name: path.read_bytes() for path in old.iterdir() if path.name != ".lock"}
    assert after == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE evaluations SET latency_ms = latency_ms + 1e-9 WHERE seq = 5",
        "UPDATE generations SET hypervolume = 0.99 WHERE generation = 2",
        "DELETE FROM generations WHERE generation = 4",
        "ALTER TABLE evaluations RENAME latency_ms TO energy_mj",
        "DROP TABLE generations",
    ],
)
def test_its_changes_from_outside_are_seen(old: Path, change: str) -> None:
    with closing(sqlite3.connect(old / "run.sqlite", isolation_level=None)) as database:
        database.execute(change)
    with pytest.raises(RunError, match=r"must be the file that hwnas search wrote; it is damaged"):
        hwnas.load_run(old)
