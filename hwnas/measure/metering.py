"""Energy of loaded models: each alone, back to back, for as long as a meter needs.

The runs that are timed go in turns with an anchor's, so that no meter could tell whose energy it
counts. Stretches are marked by the clock of the samples, for the log of a meter outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hwnas.measure.backends import Runner
from hwnas.measure.clock import Clock
from hwnas.measure.energy import EnergyReading, measure_energy, measure_idle_power
from hwnas.measure.meters import Meter

EXTERNAL_WINDOW_S = 5.0
"""Seconds of a stretch where a meter outside keeps a log, which may have one sample a second."""
IDLE = "idle"
"""Name of the stretch in which nothing runs."""


@dataclass(frozen=True, slots=True)
class Metering:
    """How energy is measured.

    Args:
        meter: What is read; None for one outside, whose log is attached later.
        window_s: Seconds that each model runs; what the meter needs by default.
    """

    meter: Meter | None
    window_s: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch in which one model alone ran, or nothing did.

    Args:
        name: The model; ``"idle"`` for nothing.
        start_ns: When it began, by the clock of the samples.
        end_ns: When it ended.
        n_runs: Runs in it.
    """

    name: str
    start_ns: int
    end_ns: int
    n_runs: int


@dataclass(frozen=True, slots=True)
class Metered:
    """What metering a block gave.

    Args:
        marks: The stretches, in order, idle ones among them.
        readings: Energy of a run of each model by name; empty for a meter outside.
    """

    marks: tuple[Mark, ...] = ()
    readings: tuple[tuple[str, EnergyReading], ...] = ()


NOTHING_METERED = Metered()


def meter_models(models: Sequence[tuple[str, Runner]], metering: Metering, clock: Clock) -> Metered:
    """Run each model alone for a while; its energy, or marks for the log of a meter outside.

    Args:
        models: Loaded models with their names.
        metering: How.
        clock: Tells the time and waits.

    Raises:
        ConfigError: The stretch is too short or too long for the meter.
        MeasurementError: A model cannot be run, or the meter not be read.
    """
    marks = list[Mark]()
    if metering.meter is None:
        seconds = metering.window_s or EXTERNAL_WINDOW_S
        start = clock.now_ns()
        clock.sleep(seconds)
        marks.append(Mark(IDLE, start, clock.now_ns(), 0))
        marks += [_run_for(name, runner, seconds, clock) for name, runner in models]
        return Metered(tuple(marks))
    idle_w = measure_idle_power(metering.meter, clock, metering.window_s)
    readings = tuple(
        (
            name,
            measure_energy(
                metering.meter,
                lambda runner=runner: runner.run_ns(clock),  # type: ignore[misc]
                clock,
                idle_power_w=idle_w,
                window_s=metering.window_s,
            ),
        )
        for name, runner in models
    )
    return Metered((), readings)


def _run_for(name: str, runner: Runner, seconds: float, clock: Clock) -> Mark:
    start, n_runs = clock.now_ns(), 0
    while n_runs == 0 or clock.now_ns() - start < seconds * 1e9:
        runner.run_ns(clock)
        n_runs += 1
    return Mark(name, start, clock.now_ns(), n_runs)
