"""Profiling into files and tables: resumed, locked, kept when something stops it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwnas._lock import hold
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import LostDeviceError, MeasurementError, StorageError, TableError
from hwnas.measure.backends import Model, load_backend
from hwnas.measure.candidates import anchor_architecture, candidate_of
from hwnas.measure.plan import Plan
from hwnas.measure.record import SUFFIX, Profile, read_profile
from hwnas.measure.recording import Job, measure_into_table
from hwnas.spaces import load_space
from hwnas.tables.store import load_table, save_table
from hwnas.tables.table import Column, Table
from tests.measure.devices import Timed, TimedBackend, TurnedClock

PLAN = Plan(visits=2, min_samples=4, min_seconds=0.0, warmup_s=0.0, max_warmup_s=0.1, block=2)
NAME = "mine"
COLUMN = "cifar10_board_latency_ms"


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_space("nasbench201")


@pytest.fixture(scope="module")
def archs(space: SearchSpace) -> list[Architecture]:
    """Five different networks without dead operations."""
    pruned = space.pruned_genotypes(space.sample_genotypes(12, np.random.default_rng(3)))
    found = dict.fromkeys(space.architecture(genotype) for genotype in pruned)
    return list(found)[:5]


def _measure(
    space: SearchSpace,
    archs: list[Architecture],
    folder: Path,
    backend: TimedBackend | None = None,
    again: bool = False,
) -> tuple[Profile, Table]:
    clock = TurnedClock()
    job = Job("board", backend or TimedBackend(clock), PLAN, again=again)
    if backend is not None:
        clock = backend._clock
    return measure_into_table(job, space, archs, folder, NAME, clock)


def test_a_table_holds_what_each_net_takes(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    profile, table = _measure(space, archs, tmp_path)
    facts = profile.record.passes[0].facts
    assert sorted(table.archs) == sorted(map(str, archs))
    expected = [facts[arch].size_bytes / 1e6 for arch in table.archs]
    assert table.values(COLUMN) == pytest.approx(expected)
    assert table.values("cifar10_board_latency_runs").tolist() == [4.0] * 5


def test_a_table_says_how_it_was_measured(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    profile, table = _measure(space, archs[:1], tmp_path)
    (column,) = [each for each in table.columns if each.target is not None]
    assert column.detail.startswith("measured: median of at least 4 runs in 2 visits")
    assert "backend timed (timed 1), 1 thread, batch 1, mode burst" in column.detail
    (stretch,) = profile.record.passes
    assert stretch.environment.hwnas
    assert stretch.anchor == str(anchor_architecture(space))


def test_raw_samples_are_read_back_as_they_were(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    profile, _ = _measure(space, archs, tmp_path)
    found = read_profile(tmp_path / f"{NAME}{SUFFIX}")
    assert found.record == profile.record
    for name, samples in profile.samples[0].items():
        there = found.samples[0][name]
        for field in ("visit", "start_ns", "run_ns", "anchor_ns"):
            assert getattr(there, field).tolist() == getattr(samples, field).tolist()


def test_what_is_measured_already_is_not_measured_again(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:3], tmp_path)
    backend = TimedBackend(TurnedClock())
    profile, table = _measure(space, archs, tmp_path, backend)
    assert {*backend.opened} - {str(anchor_architecture(space))} == {*map(str, archs[3:])}
    assert len(profile.record.passes) == 2
    assert len(table) == 5


def test_a_second_visit_to_the_same_nets_is_pooled_with_the_first(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:2], tmp_path)
    slower = TimedBackend(TurnedClock(), slowness=2.0)
    profile, table = _measure(space, archs[:2], tmp_path, slower, again=True)
    assert table.values("cifar10_board_latency_runs").tolist() == [8.0, 8.0]
    # The whole machine was slower; the nets beside the anchor were not.
    assert table.values("cifar10_board_latency_cv_pct") == pytest.approx([0, 0], abs=1e-9)
    facts = profile.record.passes[0].facts
    # Nor does what was told change.
    usual = [facts[arch].size_bytes / 1e6 for arch in table.archs]
    assert table.values(COLUMN) == pytest.approx(usual)


def test_dead_operations_are_left_out(space: SearchSpace, tmp_path: Path) -> None:
    dead = space.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    _, table = _measure(space, [dead], tmp_path)
    (genotype,) = space.pruned_genotypes(space.genotypes([dead]))
    assert table.archs == [str(space.architecture(genotype))] != [str(dead)]


def test_a_net_that_computes_something_else_is_an_error_and_no_value(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    words = r"must agree with ONNX Runtime to 0.0001 of the largest output, .*; it differs by 0.5"
    with pytest.raises(MeasurementError, match=words):
        _measure(space, archs, tmp_path, TimedBackend(TurnedClock(), wrong=0.5))
    assert not (tmp_path / f"{NAME}{SUFFIX}").exists()


def test_a_net_that_cannot_be_loaded_does_not_stop_the_others(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    errors = {str(archs[1]): [MeasurementError("no such operator")]}
    profile, table = _measure(space, archs, tmp_path, TimedBackend(TurnedClock(), errors=errors))
    assert profile.record.passes[0].failed == {str(archs[1]): "no such operator"}
    assert sorted(table.archs) == sorted(str(arch) for arch in archs if arch != archs[1])


def test_progress_counts_what_is_known_already_and_what_fails(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:2], tmp_path)
    errors = {str(archs[3]): [MeasurementError("no such operator")]}
    clock, heard = TurnedClock(), list[tuple[int, int]]()
    job = Job("board", TimedBackend(clock, errors=errors), PLAN)

    def hear(_: object, *counts: int) -> None:
        heard.append((counts[0], counts[1]))

    measure_into_table(job, space, archs, tmp_path, NAME, clock, hear)
    assert heard[0][0] > 2
    assert heard[-1] == (5, 5)


def test_a_job_without_a_table_of_its_own_to_name_says_what_else_to_do(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    job = Job("board", TimedBackend(TurnedClock()), PLAN, otherwise="stop it")
    words = r"Wait for it to end, or stop it\.$"
    with hold(tmp_path, TableError, "", NAME), pytest.raises(TableError, match=words):
        measure_into_table(job, space, archs, tmp_path, NAME)


def test_a_device_that_goes_away_once_costs_one_retry(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    errors = {str(archs[2]): [LostDeviceError("gone")]}
    profile, table = _measure(space, archs, tmp_path, TimedBackend(TurnedClock(), errors=errors))
    assert profile.record.passes[0].n_retries == 1
    assert len(table) == 5


def test_what_was_measured_before_the_device_went_away_is_kept(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    errors = {str(archs[2]): [LostDeviceError("gone"), LostDeviceError("gone")]}
    with pytest.raises(LostDeviceError, match="gone"):
        _measure(space, archs, tmp_path, TimedBackend(TurnedClock(), errors=errors))
    assert len(read_profile(tmp_path / f"{NAME}{SUFFIX}").samples[0]) == 2
    _, table = _measure(space, archs, tmp_path)
    assert len(table) == 5


def test_a_disk_that_fills_up_keeps_what_was_measured_before(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    def fill(*_: object) -> None:
        raise StorageError("the disk is full")

    clock = TurnedClock()
    job = Job("board", TimedBackend(clock), PLAN)
    with pytest.raises(StorageError, match="the disk is full"):
        measure_into_table(job, space, archs, tmp_path, NAME, clock, fill)
    assert len(load_table_in(tmp_path)) == 2


def load_table_in(folder: Path) -> list[str]:
    """Nets of the table in a folder."""
    import pandas as pd

    nets: list[str] = pd.read_parquet(folder / f"{NAME}.parquet")["arch"].tolist()
    return nets


def test_a_table_that_another_process_writes_is_said(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    words = rf"{re.escape(str(tmp_path / NAME))} is in use by process [0-9]+ .* another table="
    with hold(tmp_path, TableError, "", NAME), pytest.raises(TableError, match=words):
        _measure(space, archs, tmp_path)


def test_another_backend_does_not_mix_with_the_first(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:1], tmp_path)
    job = Job("board", load_backend("ort"), PLAN)
    with pytest.raises(TableError, match="measured with backend timed; this is ort"):
        measure_into_table(job, space, archs, tmp_path, NAME)


def test_another_space_does_not_mix_with_the_first(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:1], tmp_path)
    other = load_space("mnasnet")
    job = Job("board", TimedBackend(TurnedClock()), PLAN)
    arch = anchor_architecture(other)
    with pytest.raises(TableError, match=r"holds measurements of nasbench201 .*; got mnasnet"):
        measure_into_table(job, other, [arch], tmp_path, NAME)


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_a_file_that_is_no_tables_is_not_written_over(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path, suffix: str
) -> None:
    mine = tmp_path / f"{NAME}{suffix}"
    mine.write_text("mine")
    with pytest.raises(TableError, match="was not measured with hwnas profile"):
        measure_into_table(
            Job("board", TimedBackend(TurnedClock()), PLAN), space, archs, tmp_path, NAME
        )
    assert mine.read_text() == "mine"


def test_a_table_of_other_making_is_not_added_to(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    import pandas as pd

    target = Job("board", TimedBackend(TurnedClock()), PLAN).target("cifar10")
    frame = pd.DataFrame({"arch": [str(archs[0])], COLUMN: [1.0]})
    save_table(Table(NAME, "nasbench201", "", (Column.of(target),), frame), tmp_path)
    with pytest.raises(TableError, match="was not measured with hwnas profile"):
        _measure(space, archs, tmp_path)


def test_a_damaged_file_of_samples_is_said(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    path = tmp_path / f"{NAME}{SUFFIX}"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(TableError, match="must be a profile's raw samples; it is no whole"):
        _measure(space, archs, tmp_path)
    assert path.read_bytes() == b"PAR1 not really"


def test_the_anchor_is_of_middling_size(space: SearchSpace) -> None:
    anchor = anchor_architecture(space)
    macs = [space.graph(arch).macs for arch in space.sample(100, np.random.default_rng(9))]
    assert 0.3 < np.mean([each < space.graph(anchor).macs for each in macs]) < 0.7
    assert anchor == anchor_architecture(space)


def test_conditions_are_named_where_they_are_not_the_usual_ones() -> None:
    plan = Plan(threads=2, batch=8)
    job = Job("board", TimedBackend(TurnedClock()), plan, "int8")
    assert job.target("cifar10").column == "latency_ms@batch8+precision=int8+threads=2"


def test_a_table_that_was_measured_is_one_of_the_users_own(
    space: SearchSpace,
    archs: list[Architecture],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HWNAS_CACHE", str(tmp_path))
    _measure(space, archs, tmp_path / "tables")
    assert load_table(NAME).find(Job("board", TimedBackend(TurnedClock()), PLAN).target("cifar10"))


class _Set(TimedBackend):
    """A backend whose settings differ."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(TurnedClock())
        self._settings = settings

    def describe(self) -> dict[str, Any]:
        return self._settings

    progress = ("kernels",)


def test_another_tuning_or_version_does_not_mix_with_the_first(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _measure(space, archs[:1], tmp_path, _Set(trials=0, version="1", kernels=3))
    for settings, words in (
        ({"trials": 8, "version": "1"}, "measured with trials 0; this is 8"),
        ({"trials": 0, "version": "2"}, "measured with version 1; this is 2"),
    ):
        with pytest.raises(TableError, match=words):
            _measure(space, archs, tmp_path, _Set(**settings))
    # How far it has come is no setting, and what is not known yet is no other.
    _measure(space, archs, tmp_path, _Set(trials=0, version=None, kernels=9))


def test_unstable_nets_are_measured_again_and_steady_ones_are_not(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    clock, rng = TurnedClock(), np.random.default_rng(0)

    class Noisy(TimedBackend):
        def open(self, model: Model, threads: int) -> Timed:
            runner = super().open(model, threads)
            runner._run_ns = lambda _: rng.uniform(1e6, 2e6)
            return runner

    strict = replace(PLAN, max_cv=1e-6)
    job = Job("board", Noisy(clock), strict)
    _, table = measure_into_table(job, space, archs[:2], tmp_path, NAME, clock)
    assert np.isnan(table.values(COLUMN)).all()
    for n_opened in (3, 0):
        clock = TurnedClock()
        backend = TimedBackend(clock)
        job = Job("board", backend, strict)
        _, table = measure_into_table(job, space, archs[:2], tmp_path, NAME, clock)
        assert np.isfinite(table.values(COLUMN)).all()
        # The anchor and both nets, and then nothing.
        assert len(backend.opened) == n_opened


def test_a_folder_that_cannot_be_made_is_said(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="must be a folder that can be written"):
        _measure(space, archs, tmp_path / "file")


def test_an_architecture_that_needs_more_memory_than_there_is_is_refused(
    space: SearchSpace, archs: list[Architecture]
) -> None:
    with pytest.raises(MeasurementError, match=r"needs about .* GB of memory .* are free here"):
        candidate_of(space, archs[0], batch=10**7).make()
