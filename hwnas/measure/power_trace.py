"""The log of an external power meter, and the energy of a run from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hwnas.errors import ConfigError, MeasurementError
from hwnas.measure._power_logs import read_log
from hwnas.measure.energy import EnergyReading, Window, reading_above_idle

LEAST_SAMPLES = 3
# Between samples further apart than this many usual distances the meter did not log.
_GAP = 5.0
_LOCAL = "times without a zone were read as this computer's local time"


@dataclass(frozen=True, slots=True, eq=False)
class PowerTrace:
    """Power over time, as an external meter wrote it down.

    Args:
        where: The file.
        what: Which of its columns or rails.
        unix_s: Times of shape ``(n_samples,)``, rising, in seconds since 1970.
        power_w: Power of the same shape, in watts.
        resolution_s: How far apart the times are that the log writes down: no sample is placed
            better than that.
        note: What must be known of it, empty or in one line.
    """

    where: str
    what: str
    unix_s: np.ndarray
    power_w: np.ndarray
    resolution_s: float
    note: str = ""


def read_power_trace(path: Path, column: str | None = None) -> PowerTrace:
    """The log of a power meter, a smart plug or tegrastats.

    A table needs a header that names a column of time (ISO 8601, or seconds, milliseconds,
    microseconds or nanoseconds since 1970) and one of power, with units as in ``time_ms`` or
    ``Power (mW)``, seconds and watts without; separated by commas, semicolons (then a decimal
    comma may stand) or tabs. A line of tegrastats needs its date, and counts by its rail
    ``VDD_IN`` or ``POM_5V_IN``, or else by the sum of its rails. Where several samples bear the
    same time, as where only seconds are written, they are spread evenly up to the next.

    Args:
        path: The file.
        column: Which column of power, or rail, where there are several.

    Raises:
        MeasurementError: It is no such log, or some line is wrong; the message names it.
    """
    log = read_log(path, column)
    written_s = np.frombuffer(log.times_s, dtype=np.float64)
    distinct_s = np.unique(written_s)
    if len(distinct_s) < LEAST_SAMPLES:
        raise MeasurementError(
            f"{path}: a meter's log must hold at least {LEAST_SAMPLES} moments; it holds "
            f"{len(distinct_s)}."
        )
    return PowerTrace(
        str(path),
        log.what,
        _spread(written_s, distinct_s),
        np.frombuffer(log.powers_w, dtype=np.float64),
        float(np.median(np.diff(distinct_s))),
        _LOCAL if log.is_local else "",
    )


def _spread(written_s: np.ndarray, distinct_s: np.ndarray) -> np.ndarray:
    """Times that rise: those of one moment spread evenly up to the next."""
    _, group, sizes = np.unique(written_s, return_inverse=True, return_counts=True)
    first = np.cumsum(sizes) - sizes
    place = (np.arange(len(written_s)) - first[group]) / sizes[group]
    lengths_s = np.diff(distinct_s)
    # The last moment lasts as long as moments usually do, and so does one before a pause.
    lengths_s = np.minimum(np.append(lengths_s, np.inf), np.median(lengths_s))
    spread: np.ndarray = written_s + place * lengths_s[group]
    return spread


def energy_of(
    trace: PowerTrace,
    windows: Sequence[Window],
    idle_windows: Sequence[Window] = (),
    *,
    idle_power_w: float | None = None,
    offset_s: float = 0.0,
) -> list[EnergyReading]:
    """Energy of a run of each model, from the log of a meter that ran beside the profile.

    Power is integrated over each window by the trapezoidal rule, idle power over as long is
    subtracted, and the rest is divided by the runs. The margin of a reading is how far it moves
    when the log is moved by its own resolution, to either side.

    Args:
        trace: The log.
        windows: Stretches in which one model alone ran, from the profile's own marks.
        idle_windows: Stretches in which nothing ran, to read the idle power from.
        idle_power_w: Power of the idle machine where it is known otherwise; at most one of the
            two may be given, and without either nothing is subtracted, which a note says.
        offset_s: What to add to the times of the log, for a meter whose clock is wrong or counts
            from its own start.

    Returns:
        A reading for each window; where the log does not cover one, or too thinly, its energy is
        None and its note says why.

    Raises:
        ConfigError: Idle power is given twice or is no power, a window is none, or the offset is
            no number.
        MeasurementError: The log covers no window at all, or no idle one.
    """
    _check(windows, idle_windows, idle_power_w, offset_s)
    unix_s = trace.unix_s + offset_s
    _check_overlap(trace, unix_s, windows)
    usual_s = float(np.median(np.diff(unix_s)))
    reasons = [_why_not(unix_s, each, usual_s) for each in windows]
    if all(reasons):
        raise MeasurementError(f"{trace.where}: {windows[0].name} {reasons[0]}.")
    if idle_windows:
        idle_power_w = _idle_power_w(trace, unix_s, idle_windows, usual_s)
    return [
        _unknown(trace, window, reason) if reason else _reading(trace, unix_s, window, idle_power_w)
        for window, reason in zip(windows, reasons, strict=True)
    ]


def _check(
    windows: Sequence[Window],
    idle_windows: Sequence[Window],
    idle_power_w: float | None,
    offset_s: float,
) -> None:
    if not math.isfinite(offset_s):
        raise ConfigError(
            f"The offset of a log's clock must be a number of seconds; got {offset_s}."
        )
    if idle_windows and idle_power_w is not None:
        raise ConfigError(
            "Idle power must be read from the log or given, not both; the profile marked when "
            "nothing ran."
        )
    if idle_power_w is not None and not (math.isfinite(idle_power_w) and idle_power_w >= 0):
        raise ConfigError(f"Idle power must be a number of watts from 0; got {idle_power_w:g}.")
    if not windows:
        raise ConfigError("A log must be attached to at least one window of a profile; got none.")
    for window in (*windows, *idle_windows):
        if not window.end_unix_s > window.start_unix_s:
            raise ConfigError(f"The window of {window.name} must end after it starts.")
    for window in windows:
        if window.n_runs < 1:
            raise ConfigError(
                f"{window.name} must have run in its window; got {window.n_runs} runs."
            )


def _check_overlap(trace: PowerTrace, unix_s: np.ndarray, windows: Sequence[Window]) -> None:
    start_s = min(each.start_unix_s for each in windows)
    end_s = max(each.end_unix_s for each in windows)
    if unix_s[-1] < start_s or unix_s[0] > end_s:
        local = f" ({trace.note})" if trace.note else ""
        raise MeasurementError(
            f"{trace.where}: the log must overlap the profile; it runs from {_when(unix_s[0])} to "
            f"{_when(unix_s[-1])}{local}, the profile from {_when(start_s)} to {_when(end_s)}. If "
            "the meter's clock is wrong or starts at 0, give the seconds to add with --offset-s."
        )


def _when(unix_s: float) -> str:
    try:
        return datetime.fromtimestamp(unix_s, UTC).isoformat(" ", "milliseconds")
    except (OverflowError, OSError, ValueError):
        return f"{unix_s:g} s"


def _slice(unix_s: np.ndarray, window: Window) -> slice:
    """The samples within a window."""
    return slice(
        int(np.searchsorted(unix_s, window.start_unix_s, "left")),
        int(np.searchsorted(unix_s, window.end_unix_s, "right")),
    )


def _why_not(unix_s: np.ndarray, window: Window, usual_s: float) -> str:
    """Why the log does not tell the energy of a window; empty if it does."""
    if window.start_unix_s < unix_s[0] or window.end_unix_s > unix_s[-1]:
        return "is not wholly within the log"
    inside = _slice(unix_s, window)
    n_samples = inside.stop - inside.start
    if n_samples < LEAST_SAMPLES:
        return (
            f"has {n_samples} samples in its {window.end_unix_s - window.start_unix_s:.3g} s, "
            f"fewer than {LEAST_SAMPLES}; a meter must log faster or a model run for longer"
        )
    # The samples just outside count, since the log may have stopped over an end.
    around = unix_s[max(inside.start - 1, 0) : inside.stop + 1]
    longest_s = float(np.diff(around).max())
    if longest_s > _GAP * usual_s:
        return f"has a gap of {longest_s:.3g} s in the log, whose samples are {usual_s:.3g} s apart"
    return ""


def _energy_j(trace: PowerTrace, unix_s: np.ndarray, window: Window, shift_s: float = 0.0) -> float:
    """Energy over a window with the log moved by ``shift_s``, in joules."""
    moved = Window(
        window.name, window.start_unix_s - shift_s, window.end_unix_s - shift_s, window.n_runs
    )
    inside = _slice(unix_s, moved)
    ends = np.interp([moved.start_unix_s, moved.end_unix_s], unix_s, trace.power_w)
    times_s = np.concatenate(([moved.start_unix_s], unix_s[inside], [moved.end_unix_s]))
    powers_w = np.concatenate((ends[:1], trace.power_w[inside], ends[1:]))
    return float(np.diff(times_s) @ (powers_w[1:] + powers_w[:-1]) / 2)


def _idle_power_w(
    trace: PowerTrace, unix_s: np.ndarray, windows: Sequence[Window], usual_s: float
) -> float:
    """Mean power over the idle windows that the log covers."""
    covered = [each for each in windows if not _why_not(unix_s, each, usual_s)]
    if not covered:
        reason = _why_not(unix_s, windows[0], usual_s)
        raise MeasurementError(
            f"{trace.where}: the log must cover a stretch in which nothing ran; {windows[0].name} "
            f"{reason}. Start the meter before the profile, or give the idle power."
        )
    seconds = sum(each.end_unix_s - each.start_unix_s for each in covered)
    return sum(_energy_j(trace, unix_s, each) for each in covered) / seconds


def _reading(
    trace: PowerTrace, unix_s: np.ndarray, window: Window, idle_power_w: float | None
) -> EnergyReading:
    energy_j = _energy_j(trace, unix_s, window)
    moved_j = [
        _energy_j(trace, unix_s, window, shift_s)
        for shift_s in (-trace.resolution_s, trace.resolution_s)
    ]
    return reading_above_idle(
        energy_j * 1e3,
        idle_power_w,
        margin_mj=max(abs(each - energy_j) for each in moved_j) * 1e3,
        window_s=window.end_unix_s - window.start_unix_s,
        n_runs=window.n_runs,
        meter=f"{Path(trace.where).name}: {trace.what}",
        note=trace.note,
    )


def _unknown(trace: PowerTrace, window: Window, reason: str) -> EnergyReading:
    return EnergyReading(
        None, None, None, None, window.end_unix_s - window.start_unix_s, window.n_runs,
        f"{Path(trace.where).name}: {trace.what}", "measured", f"the window {reason}",
    )  # fmt: skip
