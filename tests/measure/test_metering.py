"""Energy in a profile: windows of one model alone, marks for a meter outside, its log attached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from hwnas.api import attach_energy
from hwnas.core.architecture import Architecture
from hwnas.core.space import SearchSpace
from hwnas.errors import ConfigError, MeasurementError, TableError
from hwnas.measure.metering import IDLE, Metering
from hwnas.measure.meters import Counter
from hwnas.measure.plan import Plan
from hwnas.measure.record import SUFFIX, Profile, read_profile, write_profile
from hwnas.measure.recording import Job, measure_into_table
from hwnas.spaces import load_space
from tests.measure.devices import TimedBackend, TurnedClock

PLAN = Plan(visits=2, min_samples=4, min_seconds=0.0, warmup_s=0.0, max_warmup_s=0.1, block=2)
COLUMN = "cifar10_board_energy_mj"


class Constant:
    """A meter of a machine that draws so many watts, whatever runs.

    Args:
        clock: Tells how long it has been on.
        power_w: What it draws at a time of the clock, in nanoseconds.
    """

    name: ClassVar[str] = "constant"

    def __init__(self, clock: TurnedClock, power_w: Callable[[], float]) -> None:
        self._clock, self._power_w = clock, power_w
        self._read_ns, self._energy_mj = 0, 0.0

    def why_not(self) -> str | None:
        return None

    def describe(self) -> dict[str, Any]:
        return {}

    def counters(self) -> tuple[Counter, ...]:
        return (Counter("machine", 0.001),)

    def read_mj(self) -> tuple[float, ...]:
        passed_s = (self._clock.ns - self._read_ns) / 1e9
        self._energy_mj += 1e3 * self._power_w() * passed_s
        self._read_ns = self._clock.ns
        return (self._energy_mj,)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_space("nasbench201")


@pytest.fixture(scope="module")
def archs(space: SearchSpace) -> list[Architecture]:
    pruned = space.pruned_genotypes(space.sample_genotypes(6, np.random.default_rng(3)))
    return list(dict.fromkeys(space.architecture(genotype) for genotype in pruned))[:3]


def _profile(
    space: SearchSpace, archs: list[Architecture], folder: Path, metering: Metering, clock: Any
) -> Profile:
    job = Job("board", TimedBackend(clock), PLAN, metering=metering)
    return measure_into_table(job, space, archs, folder, "mine", clock)[0]


def test_energy_is_power_above_idle_times_latency(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    clock = TurnedClock()
    # While it sleeps the machine draws 3 W, else 10 W.
    meter = Constant(clock, lambda: 3.0 if clock.slept_s > slept[0] else 10.0)
    slept = [0.0]
    original = clock.sleep

    def sleep(seconds: float) -> None:
        meter.read_mj()
        slept[0] = clock.slept_s
        original(seconds)
        meter.read_mj()
        slept[0] = clock.slept_s

    clock.sleep = sleep  # type: ignore[method-assign]
    found = _profile(space, archs, tmp_path, Metering(meter, 1.0), clock)
    (stretch,) = found.record.passes
    for name, reading in stretch.energy.items():
        latency_ms = stretch.facts[name].size_bytes / 1e6
        assert reading.energy_mj == pytest.approx(7.0 * latency_ms, rel=1e-6)
        assert reading.idle_power_w == pytest.approx(3.0)
        assert reading.source == "measured"
    assert len(stretch.energy) == 3


def test_a_meter_outside_gets_marks_of_what_ran_when(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    found = _profile(space, archs, tmp_path, Metering(None, 2.0), TurnedClock())
    (stretch,) = read_profile(tmp_path / f"mine{SUFFIX}").record.passes
    assert [mark.name for mark in stretch.marks].count(IDLE) == 2
    assert {mark.name for mark in stretch.marks} == {IDLE, *map(str, archs)}
    assert stretch.marks == found.record.passes[0].marks
    for mark in stretch.marks:
        assert mark.end_ns - mark.start_ns >= 2e9
        assert (mark.n_runs == 0) == (mark.name == IDLE)


def _log(path: Path, profile: Profile, watts: dict[str, float]) -> Path:
    """A log of ten samples a second: power of each stretch, 1 W between them."""
    (stretch,) = profile.record.passes
    windows = stretch.windows()
    start, end = windows[0].start_unix_s - 1, windows[-1].end_unix_s + 1
    lines = ["time,power_w"]
    for time in np.arange(start, end, 0.1):
        inside = [w for w in windows if w.start_unix_s - 0.05 <= time <= w.end_unix_s + 0.05]
        lines.append(f"{time:.3f},{watts[inside[0].name] if inside else 1.0}")
    path.write_text("\n".join(lines))
    return path


def test_the_log_of_a_meter_outside_becomes_a_column(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    found = _profile(space, archs, tmp_path, Metering(None, 2.0), TurnedClock())
    watts = {IDLE: 2.0, **{str(arch): 5.0 + place for place, arch in enumerate(archs)}}
    log = _log(tmp_path / "trace.csv", found, watts)
    readings = attach_energy(log, raw=tmp_path / f"mine{SUFFIX}")
    facts = found.record.passes[0].facts
    for place, arch in enumerate(archs):
        expected = (3.0 + place) * facts[str(arch)].size_bytes / 1e6
        assert readings[str(arch)].energy_mj == pytest.approx(expected, rel=0.1)
    import pandas as pd

    frame = pd.read_parquet(tmp_path / "mine.parquet").set_index("arch")
    for name, reading in readings.items():
        assert frame.loc[name, COLUMN] == pytest.approx(reading.energy_mj)


def test_logs_of_several_sittings_are_attached_one_by_one(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    clock, raw = TurnedClock(), tmp_path / f"mine{SUFFIX}"
    first = _profile(space, archs[:1], tmp_path, Metering(None, 2.0), clock)
    log = _log(tmp_path / "one.csv", first, {IDLE: 2.0, str(archs[0]): 5.0})
    known = attach_energy(log, raw=raw)[str(archs[0])].energy_mj
    both = _profile(space, archs, tmp_path, Metering(None, 2.0), clock)
    # As if it were another day.
    late = replace(both.record.passes[1], started_unix_s=both.record.passes[1].started_unix_s + 1e5)
    record = replace(both.record, passes=(both.record.passes[0], late))
    write_profile(raw, Profile(record, both.samples))
    watts = {IDLE: 2.0, **{str(arch): 6.0 for arch in archs}}
    log = _log(tmp_path / "two.csv", Profile(replace(record, passes=(late,))), watts)
    assert {*attach_energy(log, raw=raw)} == {*map(str, archs[1:])}
    before, after = read_profile(raw).record.passes
    assert before.energy[str(archs[0])].energy_mj == known
    assert all(reading.energy_mj for reading in after.energy.values())


def test_a_log_of_another_time_is_refused_and_nothing_changes(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    _profile(space, archs, tmp_path, Metering(None, 2.0), TurnedClock())
    path = tmp_path / f"mine{SUFFIX}"
    before = path.read_bytes()
    log = tmp_path / "trace.csv"
    log.write_text("time,power_w\n" + "\n".join(f"{1000 + i},5" for i in range(100)))
    with pytest.raises(MeasurementError, match=r"offset_s="):
        attach_energy(log, raw=path)
    assert path.read_bytes() == before


def test_a_profile_without_marks_takes_no_log(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    clock = TurnedClock()
    job = Job("board", TimedBackend(clock), PLAN)
    measure_into_table(job, space, archs, tmp_path, "mine", clock)
    log = tmp_path / "trace.csv"
    log.write_text("time,power_w\n1000,5\n1001,5\n1002,5")
    with pytest.raises(MeasurementError, match="has no marks of when which model ran"):
        attach_energy(log, raw=tmp_path / f"mine{SUFFIX}")


def test_a_profile_that_is_not_there_is_said(tmp_path: Path) -> None:
    log = tmp_path / "trace.csv"
    log.write_text("time,power_w\n1000,5\n1001,5\n1002,5")
    with pytest.raises(TableError, match="there is no such file"):
        attach_energy(log, raw=tmp_path / "nothing")
    with pytest.raises(ConfigError, match="Give one of: table=NAME, raw=FILE"):
        attach_energy(log)


def test_a_meter_here_does_not_count_a_board_elsewhere(
    space: SearchSpace, archs: list[Architecture], tmp_path: Path
) -> None:
    clock = TurnedClock()
    backend = TimedBackend(clock)
    backend.is_remote = True  # type: ignore[misc]
    job = Job("board", backend, PLAN, metering=Metering(Constant(clock, lambda: 1.0), 1.0))
    with pytest.raises(ConfigError, match="would count this machine's energy"):
        measure_into_table(job, space, archs, tmp_path, "mine", clock)
    # A meter outside does.
    measure_into_table(
        replace(job, metering=Metering(None, 1.0)), space, archs[:1], tmp_path, "mine", clock
    )
