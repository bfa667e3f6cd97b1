"""Energy of a run: counters read at both ends of a window, less what the idle machine draws.

References:
    Khan et al. 2018, RAPL in Action: Experiences in Using RAPL for Power Measurements,
    https://doi.org/10.1145/3177754.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure.clock import Clock
from hwnas.measure.meters import Counter, Meter

# The ends of a window are known to one update of the counter; 50 of them keep that within 2 %.
LEAST_UPDATES = 50
# No counter counts more than this; a window that ends before it could have gone round once cannot
# hide a second round.
_HIGHEST_POWER_W = 1000.0
_USUAL_WINDOW_S = 2.0

Origin = Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which one model alone ran, back to back, or nothing did.

    Args:
        name: What to call it in messages: the model's name.
        start_unix_s: When it began, in seconds since 1970.
        end_unix_s: When it ended.
        n_runs: How often the model ran in it; 0 for an idle one.
    """

    name: str
    start_unix_s: float
    end_unix_s: float
    n_runs: int


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Energy of one run of a model.

    Args:
        energy_mj: Energy of a run above that of the idle machine, in millijoules; None if it is
            not known, and ``note`` says why.
        power_w: Mean power while the model ran, idle power included; None if it is not known.
        idle_power_w: Power of the idle machine, which was subtracted; None if nothing was.
        margin_mj: How far ``energy_mj`` may be off because the ends of the window are known no
            better than the meter's own times; None for an estimate.
        window_s: Seconds over which the model ran back to back; None for an estimate.
        n_runs: How often it ran; 0 for an estimate.
        meter: What was read.
        source: Whether it was measured, or estimated from a power that somebody states.
        note: What else must be known of it, empty or in one line.
    """

    energy_mj: float | None
    power_w: float | None
    idle_power_w: float | None
    margin_mj: float | None
    window_s: float | None
    n_runs: int
    meter: str
    source: Origin
    note: str = ""


def shortest_window_s(counters: Sequence[Counter]) -> float:
    """Seconds that a window must last, so that the slowest counter updates often enough."""
    return LEAST_UPDATES * max(each.update_s for each in counters)


def longest_window_s(counters: Sequence[Counter]) -> float:
    """Seconds that a window may last before some counter could go round twice."""
    rounds_j = [each.wraps_at_mj / 1e3 for each in counters if each.wraps_at_mj is not None]
    return min(rounds_j, default=math.inf) / _HIGHEST_POWER_W


def measure_idle_power(meter: Meter, clock: Clock, window_s: float | None = None) -> float:
    """Power of the machine while nothing of ours runs, in watts.

    Args:
        meter: What to read.
        clock: Tells the time.
        window_s: Seconds to wait; None for two, or as long as the meter needs.

    Raises:
        ConfigError: The window is too short or too long for the meter.
        MeasurementError: The meter cannot be read, or counts nothing.
    """
    seconds = checked_window_s(meter.counters(), window_s)
    energy_mj, passed_s = _metered(meter, clock, lambda: clock.sleep(seconds))
    return energy_mj / 1e3 / passed_s


def measure_energy(
    meter: Meter,
    run: Callable[[], object],
    clock: Clock,
    *,
    idle_power_w: float | None = None,
    window_s: float | None = None,
    min_runs: int = 20,
) -> EnergyReading:
    """Run a model back to back for a while; the energy of a run above that of the idle machine.

    Args:
        meter: What to read.
        run: Runs the model once.
        clock: Tells the time.
        idle_power_w: Power of the idle machine, as ``measure_idle_power`` has it; None to measure
            it first, over a window as long.
        window_s: Seconds to run for, at least; None for two, or as long as the meter needs.
        min_runs: How often to run, at least.

    Raises:
        ConfigError: The window is too short or too long for the meter, or ``min_runs`` is below 1.
        MeasurementError: The meter cannot be read, counts nothing, or the runs took so long that
            a counter may have gone round twice.
    """
    if min_runs < 1:
        raise ConfigError(f"A model must run at least once in a window; got {min_runs} runs.")
    counters = meter.counters()
    least_s = checked_window_s(counters, window_s)
    if idle_power_w is None:
        idle_power_w = measure_idle_power(meter, clock, least_s)
    n_runs = 0

    def runs() -> None:
        nonlocal n_runs
        start_ns = clock.now_ns()
        while n_runs < min_runs or clock.now_ns() - start_ns < least_s * 1e9:
            run()
            n_runs += 1

    energy_mj, passed_s = _metered(meter, clock, runs)
    power_w = energy_mj / 1e3 / passed_s
    slowest_s = max(each.update_s for each in counters)
    return reading_above_idle(
        energy_mj,
        idle_power_w,
        margin_mj=slowest_s * (power_w + idle_power_w) * 1e3,
        window_s=passed_s,
        n_runs=n_runs,
        meter=f"{meter.name}: {', '.join(each.name for each in counters)}",
    )


def reading_above_idle(
    energy_mj: float,
    idle_power_w: float | None,
    *,
    margin_mj: float,
    window_s: float,
    n_runs: int,
    meter: str,
    note: str = "",
) -> EnergyReading:
    """The energy of one run, from what was counted over a window.

    Args:
        energy_mj: Energy over the window, in millijoules.
        idle_power_w: Power of the idle machine; None if it is not known.
        margin_mj: How far ``energy_mj`` may be off.
        window_s: Seconds that the window lasted.
        n_runs: How often the model ran.
        meter: What was read.
        note: What else must be known.
    """
    power_w = energy_mj / 1e3 / window_s
    net_mj = (energy_mj - (idle_power_w or 0.0) * window_s * 1e3) / n_runs
    notes = [note] if note else []
    if idle_power_w is None:
        notes.append("idle power is not known and not subtracted")
    elif net_mj <= 0:
        notes.append(
            f"{power_w:.4g} W while it ran is not above the idle {idle_power_w:.4g} W, so the "
            "meter cannot tell its energy"
        )
    return EnergyReading(
        net_mj if net_mj > 0 else None, power_w, idle_power_w, margin_mj / n_runs, window_s,
        n_runs, meter, "measured", "; ".join(notes),
    )  # fmt: skip


def estimate_energy(power_w: float, latency_ms: float) -> EnergyReading:
    """Energy of a run at a power that somebody states: power times latency.

    Args:
        power_w: Power while the model runs.
        latency_ms: Latency of a run.

    Raises:
        ConfigError: One of them is not above 0.
    """
    for name, value in (("power_w", power_w), ("latency_ms", latency_ms)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} must be a number above 0; got {value:g}.")
    return EnergyReading(
        power_w * latency_ms, power_w, None, None, None, 0, f"{power_w:g} W as stated",
        "estimated", "power as stated times latency; nothing was metered",
    )  # fmt: skip


def checked_window_s(counters: Sequence[Counter], window_s: float | None) -> float:
    """How long a window is to last, in seconds; the usual if nothing is asked for.

    Raises:
        ConfigError: The window is too short or too long for the counters.
    """
    shortest_s, longest_s = shortest_window_s(counters), longest_window_s(counters)
    if window_s is None:
        window_s = max(_USUAL_WINDOW_S, shortest_s)
    slowest = max(counters, key=lambda each: each.update_s)
    if not window_s >= shortest_s:
        raise ConfigError(
            f"An energy window must last at least {shortest_s:g} s, {LEAST_UPDATES} updates of "
            f"the counter of {slowest.name}; got {window_s:g} s."
        )
    if window_s > longest_s:
        raise ConfigError(
            f"An energy window must last at most {longest_s:.4g} s, so that no counter can go "
            f"round twice; got {window_s:g} s."
        )
    return window_s


def _metered(meter: Meter, clock: Clock, during: Callable[[], None]) -> tuple[float, float]:
    """What the counters rose by while something happened, in millijoules, and how many seconds."""
    counters = meter.counters()
    # The clock is read before the counters at both ends: what reading them takes falls out.
    start_ns = clock.now_ns()
    before = meter.read_mj()
    during()
    passed_s = (clock.now_ns() - start_ns) / 1e9
    after = meter.read_mj()
    if passed_s > longest_window_s(counters):
        raise MeasurementError(
            f"An energy window must last at most {longest_window_s(counters):.4g} s, so that no "
            f"counter can go round twice; it lasted {passed_s:.4g} s. Ask for fewer runs."
        )
    energy_mj = sum(map(_risen_mj, counters, before, after))
    if energy_mj <= 0:
        raise MeasurementError(
            f"Meter '{meter.name}': its counters must rise; in {passed_s:.3g} s they did not "
            f"({', '.join(each.name for each in counters)}). The system shows counters that do "
            "not count, as virtual machines do; use an external meter: hwnas energy attach."
        )
    return energy_mj, passed_s


def _risen_mj(counter: Counter, before_mj: float, after_mj: float) -> float:
    if after_mj >= before_mj:
        return after_mj - before_mj
    if counter.wraps_at_mj is None:
        raise MeasurementError(
            f"The counter of {counter.name} must not go back; it went from {before_mj:.6g} to "
            f"{after_mj:.6g} mJ. Its driver was restarted; measure again."
        )
    return after_mj + counter.wraps_at_mj - before_mj
