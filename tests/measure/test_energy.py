"""Energy of a run from counters: closed forms, on a clock that the test turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.energy import (
    estimate_energy,
    longest_window_s,
    measure_energy,
    measure_idle_power,
    shortest_window_s,
)
from hwnas.measure.meters import Counter

_RANGE_MJ = 262_143_328.850  # of a package that one of Intel's machines states


@dataclass
class TurnedClock:
    """Stands still unless somebody sleeps or turns it."""

    seconds: float = 0.0

    def now_ns(self) -> int:
        return round(self.seconds * 1e9)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Machine:
    """Draws one power while idle and another while it runs; its counters count both."""

    idle_w: float
    running_w: float
    run_s: float = 0.01
    clock: TurnedClock = field(default_factory=TurnedClock)
    running_s: float = 0.0

    def run(self) -> None:
        self.clock.seconds += self.run_s
        self.running_s += self.run_s

    @property
    def energy_mj(self) -> float:
        idle_s = self.clock.seconds - self.running_s
        return 1e3 * (idle_s * self.idle_w + self.running_s * self.running_w)


@dataclass
class CountedMeter:
    """Shows what a machine has used in counters that begin somewhere and may go round."""

    machine: Machine
    begins_mj: tuple[float, ...] = (0.0,)
    wraps_at_mj: float | None = None
    update_s: float = 0.001
    name: ClassVar[str] = "counted"

    def why_not(self) -> str | None:
        return None

    def describe(self) -> dict[str, Any]:
        return {}

    def counters(self) -> tuple[Counter, ...]:
        return tuple(
            Counter(f"part {index}", self.update_s, self.wraps_at_mj)
            for index in range(len(self.begins_mj))
        )

    def read_mj(self) -> tuple[float, ...]:
        shown = (each + self.machine.energy_mj for each in self.begins_mj)
        return tuple(each % self.wraps_at_mj if self.wraps_at_mj else each for each in shown)


@dataclass
class RecordedMeter(CountedMeter):
    """Shows readings that were written down."""

    readings: list[float] = field(default_factory=list)

    def read_mj(self) -> tuple[float, ...]:
        return (self.readings.pop(0),)


def _measured(machine: Machine, meter: CountedMeter, **options: Any) -> Any:
    return measure_energy(meter, machine.run, machine.clock, **options)


def test_energy_of_a_run_is_its_power_above_idle_times_its_latency() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=0.01)
    reading = _measured(machine, CountedMeter(machine))
    assert reading.energy_mj == pytest.approx((10.0 - 4.0) * 10.0)
    assert reading.idle_power_w == pytest.approx(4.0)
    assert reading.power_w == pytest.approx(10.0)
    assert reading.source == "measured"
    assert reading.meter == "counted: part 0"


def test_all_counters_add_up() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=0.01)
    reading = _measured(machine, CountedMeter(machine, begins_mj=(0.0, 5e4)))
    assert reading.energy_mj == pytest.approx(2 * 60.0)
    assert reading.meter == "counted: part 0, part 1"


def test_model_runs_for_the_window_and_at_least_so_often() -> None:
    machine = Machine(idle_w=1.0, running_w=2.0, run_s=0.03)
    quick = _measured(machine, CountedMeter(machine), window_s=3.0)
    assert (quick.n_runs, quick.window_s) == (100, pytest.approx(3.0))
    slow = _measured(machine, CountedMeter(machine), window_s=0.3, min_runs=20)
    assert (slow.n_runs, slow.window_s) == (20, pytest.approx(0.6))


def test_idle_power_that_is_known_is_not_measured_again() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=0.01)
    reading = _measured(machine, CountedMeter(machine), idle_power_w=3.0, window_s=1.0)
    assert reading.energy_mj == pytest.approx(70.0)
    assert machine.clock.seconds == pytest.approx(1.0)


def test_idle_power_is_that_of_a_machine_where_nothing_runs() -> None:
    machine = Machine(idle_w=4.25, running_w=10.0)
    assert measure_idle_power(CountedMeter(machine), machine.clock) == pytest.approx(4.25)
    assert machine.clock.seconds == pytest.approx(2.0)


# 20 mJ before the counter goes round, between the idle window and the runs, and during these.
@pytest.mark.parametrize("left_mj", [20.0, 8_000.0, 15_000.0])
def test_a_counter_that_goes_round_counts_on(left_mj: float) -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=0.01)
    meter = CountedMeter(machine, begins_mj=(_RANGE_MJ - left_mj,), wraps_at_mj=_RANGE_MJ)
    assert _measured(machine, meter).energy_mj == pytest.approx(60.0)


def test_recorded_counter_goes_round_between_two_readings() -> None:
    # 8.1 W idle for 2 s, then 17.4 W over 2 s in 200 runs; the counter passes its range.
    readings = [_RANGE_MJ - 20_000.0, _RANGE_MJ - 3_800.0, _RANGE_MJ - 3_790.0, 31_010.0]
    machine = Machine(idle_w=0.0, running_w=0.0)
    meter = RecordedMeter(machine, wraps_at_mj=_RANGE_MJ, readings=readings)
    reading = _measured(machine, meter)
    assert reading.idle_power_w == pytest.approx(8.1)
    assert reading.power_w == pytest.approx(17.4)
    assert reading.energy_mj == pytest.approx((17.4 - 8.1) * 10.0)


def test_a_counter_that_does_not_go_round_must_not_go_back() -> None:
    machine = Machine(idle_w=0.0, running_w=0.0)
    meter = RecordedMeter(machine, readings=[5_000.0, 20.0])
    with pytest.raises(MeasurementError, match=r"part 0 must not go back; it went from 5000 to 20"):
        measure_idle_power(meter, machine.clock)


def test_counters_that_stand_still_are_an_error_and_not_zero() -> None:
    machine = Machine(idle_w=0.0, running_w=0.0)
    with pytest.raises(MeasurementError, match=r"'counted': its counters must rise; in 2 s they"):
        _measured(machine, CountedMeter(machine))


def test_energy_that_drowns_in_idle_power_is_unknown() -> None:
    machine = Machine(idle_w=4.0, running_w=3.5)
    reading = _measured(machine, CountedMeter(machine))
    assert reading.energy_mj is None
    assert reading.power_w == pytest.approx(3.5)
    assert "3.5 W while it ran is not above the idle 4 W" in reading.note


def test_margin_is_what_one_update_of_the_slowest_counter_holds() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=0.01)
    reading = _measured(machine, CountedMeter(machine, update_s=0.02), window_s=2.0)
    assert reading.margin_mj == pytest.approx(0.02 * (10.0 + 4.0) * 1e3 / 200)


def test_a_window_lasts_fifty_updates_of_the_slowest_counter() -> None:
    counters = (Counter("package", 0.001, 1e6), Counter("memory", 0.001, 2e6), Counter("card", 0.1))
    assert shortest_window_s(counters) == pytest.approx(5.0)
    assert longest_window_s(counters) == pytest.approx(1.0)
    machine = Machine(idle_w=4.0, running_w=10.0)
    assert _measured(machine, CountedMeter(machine, update_s=0.1)).window_s == pytest.approx(5.0)


def test_a_window_too_short_for_the_counter_is_refused() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0)
    meter = CountedMeter(machine, update_s=0.1)
    message = r"must last at least 5 s, 50 updates of the counter of part 0; got 4.9 s"
    with pytest.raises(ConfigError, match=message):
        measure_idle_power(meter, machine.clock, 4.9)
    with pytest.raises(ConfigError, match=message):
        _measured(machine, meter, window_s=4.9)
    assert machine.clock.seconds == 0.0


def test_a_window_in_which_a_counter_could_go_round_twice_is_refused() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0)
    meter = CountedMeter(machine, wraps_at_mj=_RANGE_MJ)
    with pytest.raises(ConfigError, match=r"at most 262.1 s, so that .* round twice; got 263 s"):
        _measured(machine, meter, window_s=263.0)


def test_runs_that_last_until_a_counter_could_go_round_twice_are_refused() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0, run_s=20.0)
    meter = CountedMeter(machine, wraps_at_mj=_RANGE_MJ)
    with pytest.raises(MeasurementError, match=r"at most 262.1 s.* lasted 400 s. Ask for fewer"):
        _measured(machine, meter)


def test_a_model_that_shall_not_run_is_refused() -> None:
    machine = Machine(idle_w=4.0, running_w=10.0)
    with pytest.raises(ConfigError, match=r"run at least once in a window; got 0 runs"):
        _measured(machine, CountedMeter(machine), min_runs=0)


def test_an_estimate_is_power_times_latency_and_says_so() -> None:
    reading = estimate_energy(power_w=5.0, latency_ms=3.0)
    assert reading.energy_mj == pytest.approx(15.0)
    assert reading.source == "estimated"
    assert reading.meter == "5 W as stated"
    assert reading.idle_power_w is reading.margin_mj is reading.window_s is None


@pytest.mark.parametrize("power_w", [0.0, -1.0, float("nan"), float("inf")])
def test_an_estimate_from_no_power_is_refused(power_w: float) -> None:
    with pytest.raises(ConfigError, match=rf"power_w must be a number above 0; got {power_w:g}"):
        estimate_energy(power_w, latency_ms=3.0)


def test_an_estimate_from_no_latency_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"latency_ms must be a number above 0; got 0"):
        estimate_energy(5.0, latency_ms=0.0)
