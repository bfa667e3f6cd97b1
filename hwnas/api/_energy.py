"""Energy of profiled models: meters of this machine, logs of meters outside, stated power."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hwnas._lock import hold
from hwnas.errors import ConfigError, MeasurementError, TableError
from hwnas.measure.energy import EnergyReading, checked_window_s
from hwnas.measure.metering import IDLE, Metering
from hwnas.measure.meters import METERS
from hwnas.measure.power_trace import PowerTrace, energy_of, read_power_trace
from hwnas.measure.record import SUFFIX, Pass, Profile, read_profile, write_profile
from hwnas.measure.tables import table_of
from hwnas.tables.store import save_table, user_folder

EXTERNAL = "external"
"""Name of a meter outside, whose log is attached later."""


def metering_of(meter: str | None, window_s: float | None = None) -> Metering | None:
    """How energy is measured by a meter of a name; None for none.

    Args:
        meter: ``"zeus"``, ``"external"``, or another that is registered.
        window_s: Seconds that each model runs alone.

    Raises:
        UnknownNameError: There is no such meter.
        ConfigError: A window is given without a meter, or the meter cannot read anything here.
    """
    if meter is None:
        if window_s is not None:
            raise ConfigError("--window-s is how long a meter counts; name one with --meter.")
        return None
    if window_s is not None and not 0 < window_s < float("inf"):
        raise ConfigError(f"--window-s must be a number of seconds above 0; got {window_s:g}.")
    if meter == EXTERNAL:
        return Metering(None, window_s)
    found = METERS[meter]()
    reason = found.why_not()
    if reason is not None:
        raise ConfigError(f"--meter {meter}: {reason}")
    # Said before anything runs.
    checked_window_s(found.counters(), window_s)
    return Metering(found, window_s)


def attach_energy(
    trace: str | os.PathLike[str],
    raw: str | os.PathLike[str] | None = None,
    table: str | None = None,
    offset_s: float = 0.0,
    column: str | None = None,
    idle_power_w: float | None = None,
) -> dict[str, EnergyReading]:
    """Align the log of a meter outside with a profile's marks; the energy of a run of each net.

    The energies are kept with the raw samples and, of architectures, in their table.

    Args:
        trace: The log: CSV of times and watts, or tegrastats.
        raw: File of raw samples of a profile with ``--meter external``.
        table: Or the table that it made.
        offset_s: What to add to the log's times.
        column: Column of the log that holds the power, where several do.
        idle_power_w: Power of the idle machine; read from the profile's idle stretch by default.

    Returns:
        A reading for each net with marks, by its name; those that the log does not cover have no
        energy, and their note says why.

    Raises:
        ConfigError: Neither or both of ``raw`` and ``table`` are given.
        TableError: There is no such profile, or another process writes it.
        MeasurementError: The profile has no marks, the log is none, or it does not overlap.
        StorageError: The folder cannot be written.
    """
    if (raw is None) == (table is None):
        raise ConfigError("Give one of: --table NAME, --raw FILE.")
    path = Path(raw) if raw is not None else user_folder() / f"{table}{SUFFIX}"
    log = read_power_trace(Path(trace), column)
    if not path.is_file():
        raise TableError(
            f"{path} must be a profile's raw samples; there is no such file. Measure first: hwnas "
            "profile ... --meter external"
        )
    with hold(path.parent, TableError, "try again later", path.name.removesuffix(SUFFIX)):
        found, readings = read_profile(path), dict[str, EnergyReading]()
        passes, away = list[Pass](), list[MeasurementError]()
        for each in found.record.passes:
            try:
                new = _readings(log, each, offset_s, idle_power_w)
            except MeasurementError as error:
                # A log of one sitting knows nothing of another.
                away.append(error)
                new = {}
            readings = _with_new(readings, new)
            passes.append(replace(each, energy=_with_new(each.energy, new)))
        if not readings and away:
            raise away[-1]
        if not readings:
            raise MeasurementError(
                f"{path.name} has no marks of when which model ran. Measure with: hwnas profile "
                "... --meter external"
            )
        kept = Profile(replace(found.record, passes=tuple(passes)), found.samples)
        write_profile(path, kept)
        if found.record.space is not None:
            save_table(table_of(kept, path), path.parent)
    return readings


def _with_new(
    known: Mapping[str, EnergyReading], new: Mapping[str, EnergyReading]
) -> dict[str, EnergyReading]:
    """Readings with new ones in their place, but never one without energy in place of one with."""
    kept = {k: v for k, v in new.items() if v.energy_mj is not None or k not in known}
    return {**known, **kept}


def _readings(
    log: PowerTrace, stretch: Pass, offset_s: float, idle_power_w: float | None
) -> dict[str, EnergyReading]:
    """Energy of each net of a pass, by its name; none where it has no marks.

    Raises:
        MeasurementError: The log covers nothing of it.
    """
    windows = [window for window in stretch.windows() if window.name != IDLE]
    idle = [window for window in stretch.windows() if window.name == IDLE]
    if not windows:
        return {}
    values = energy_of(
        log,
        windows,
        () if idle_power_w is not None else idle,
        idle_power_w=idle_power_w,
        offset_s=offset_s,
    )
    return {window.name: value for window, value in zip(windows, values, strict=True)}


def meter_statuses() -> Sequence[tuple[str, str, str | None]]:
    """Name, title and why it cannot read anything here, of each meter of this machine."""
    return [
        (
            name,
            (METERS[name].__doc__ or "").partition("\n")[0].rstrip("."),
            METERS[name]().why_not(),
        )
        for name in METERS
    ]
