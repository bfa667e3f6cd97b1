"""What is noted of the work at a run: when, where and for how long."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

import hwnas
from hwnas.api import SearchInterrupted
from hwnas.engine.work import Work, WorkLog, commit, read_work
from hwnas.measure.environment import Environment, read_environment

BOARD = Environment(
    cpu="A processor", machine="x86_64", n_cpus=4, usable_cpus=(0,), governor=None, smt=None,
    hypervisor=None, container=None, load=None, system="Linux 6", python="3.12.1", hwnas="0.1.0",
)  # fmt: skip
SETTINGS = {"objectives": ["params", "macs"], "population": 8}


def _log(folder: Path, *seconds: float) -> WorkLog:
    clock = iter(seconds)
    now = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    return WorkLog(folder, lambda: next(clock), lambda: now, lambda: BOARD)


def test_a_stretch_of_work_has_its_begin_its_seconds_and_its_machine(tmp_path: Path) -> None:
    log = _log(tmp_path, 5.0, 67.25)
    log.begin()
    log.end(120)
    (found,) = read_work(tmp_path).stretches
    assert (found.begun, found.seconds, found.n_evaluated) == (
        "2026-03-01T12:30:00+00:00",
        62.25,
        120,
    )
    assert (found.cpu, found.n_cpus, found.python) == ("A processor", 4, "3.12.1")
    assert found.commit == commit()


def test_how_long_a_killed_run_took_is_unknown(tmp_path: Path) -> None:
    _log(tmp_path, 5.0).begin()
    log = _log(tmp_path, 7.0, 8.0)
    log.begin()
    log.end(120)
    assert [each.seconds for each in read_work(tmp_path).stretches] == [None, 1.0]
    assert read_work(tmp_path).seconds is None


def test_stretches_of_a_resumed_run_add_up(tmp_path: Path) -> None:
    for start in (0.0, 100.0):
        log = _log(tmp_path, start, start + 30)
        log.begin()
        log.end(50)
    assert read_work(tmp_path).seconds == 60


def test_where_nothing_was_evaluated_nothing_is_noted(tmp_path: Path) -> None:
    _log(tmp_path, 5.0, 6.0).end(50)
    assert read_work(tmp_path) == Work()
    assert Work().seconds is None


def test_a_search_notes_its_work_and_a_run_that_is_whole_is_left_as_it_is(tmp_path: Path) -> None:
    def search(generations: int, resume: bool = False) -> hwnas.Run:
        return hwnas.search(
            "nasbench201", out=tmp_path, generations=generations, resume=resume, **SETTINGS
        )  # type: ignore[arg-type]

    run = search(2)
    (first,) = read_work(tmp_path).stretches
    assert first.n_evaluated == run.n_evaluated
    assert first.system == read_environment().system
    search(2, resume=True)
    assert read_work(tmp_path).stretches == (first,)
    grown = search(4, resume=True)
    assert [each.n_evaluated for each in read_work(tmp_path).stretches] == [
        run.n_evaluated,
        grown.n_evaluated,
    ]


def test_an_interrupted_search_says_how_far_it_came(tmp_path: Path) -> None:
    turns = itertools.count(1)

    def stop(_: object) -> None:
        if next(turns) == 2:
            raise KeyboardInterrupt

    with pytest.raises(SearchInterrupted) as caught:
        hwnas.search("nasbench201", out=tmp_path, generations=9, on_progress=stop, **SETTINGS)  # type: ignore[arg-type]
    (found,) = read_work(tmp_path).stretches
    assert found.n_evaluated == caught.value.run.n_evaluated
    assert found.seconds is not None
