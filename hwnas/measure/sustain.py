"""Running on until a device throttles: when that begins, and how slow the model is then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwnas.core import arguments
from hwnas.core.arguments import checked
from hwnas.measure.backends import Runner
from hwnas.measure.clock import Clock

_N_WINDOWS = 60
"""Windows that the time is cut into."""
_THROTTLED = 1.1
"""So much slower than at first, for all that follows by its median, a window is throttled."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """How a model ran for a long time.

    Args:
        seconds: How long it ran.
        n_runs: How often.
        first_ms: Median of its runs in the first twentieth of the time.
        last_ms: Median in the second half.
        sustained_p90_ms: 90th percentile in the second half.
        onset_s: Seconds until its runs became and stayed 10 % slower than at first; None where
            they did not.
    """

    seconds: float
    n_runs: int
    first_ms: float
    last_ms: float
    sustained_p90_ms: float
    onset_s: float | None


@checked(text=arguments.text, option=arguments.text)
def parse_duration(text: str, option: str = "sustain") -> float:
    """Seconds that a text such as ``10m`` names.

    Args:
        text: The text.
        option: What it was given for.

    Raises:
        ConfigError: It names none.

    Example:
        >>> parse_duration("1.5m")
        90.0
    """
    return arguments.duration(option, text)


def run_on(runner: Runner, seconds: float, clock: Clock) -> Sustained:
    """Run a loaded model again and again.

    Args:
        runner: The model.
        seconds: How long.
        clock: Tells the time.

    Raises:
        MeasurementError: It cannot be run.
    """
    begin, starts, times = clock.now_ns(), list[int](), list[int]()
    while not times or clock.now_ns() - begin < seconds * 1e9:
        starts.append(clock.now_ns() - begin)
        times.append(runner.run_ns(clock))
    return summarize_run(np.array(starts) / 1e9, np.array(times) / 1e6, seconds)


def summarize_run(starts_s: np.ndarray, times_ms: np.ndarray, seconds: float) -> Sustained:
    """What runs over a long time say.

    Args:
        starts_s: When each began, seconds after the first, shape ``(n_runs,)``.
        times_ms: How long each took, in milliseconds, same shape.
        seconds: How long they went on.
    """
    second_half = times_ms[starts_s >= seconds / 2]
    late = second_half if len(second_half) else times_ms[-1:]
    first = times_ms[starts_s <= seconds * 3 / _N_WINDOWS]
    first_ms = float(np.median(first))
    return Sustained(
        seconds=seconds,
        n_runs=len(times_ms),
        first_ms=first_ms,
        last_ms=float(np.median(late)),
        sustained_p90_ms=float(np.quantile(late, 0.9)),
        onset_s=_onset(starts_s, times_ms, seconds, first_ms),
    )


def _onset(
    starts_s: np.ndarray, times_ms: np.ndarray, seconds: float, first_ms: float
) -> float | None:
    """Start of the first window from which on every one but noise is throttled."""
    window = np.minimum((starts_s / seconds * _N_WINDOWS).astype(int), _N_WINDOWS - 1)
    found = np.unique(window)
    is_slow = np.array(
        [np.median(times_ms[window == each]) > _THROTTLED * first_ms for each in found]
    )
    for place, number in enumerate(found):
        # One window that a neighbour disturbed, or left alone, decides nothing.
        if is_slow[place] and is_slow[place:].mean() >= 0.9:
            return float(number * seconds / _N_WINDOWS)
    return None
