"""The loop that takes samples: warm-up, visits in random order, each run beside the anchor's."""

from __future__ import annotations

import contextlib
import gc
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hwnas.measure.backends import Runner
from hwnas.measure.clock import Clock
from hwnas.measure.plan import Plan
from hwnas.measure.samples import Samples

_WINDOW = 10
"""Runs whose median is looked at in a warm-up."""
_STEADY = 0.02
"""How far apart the medians of two windows in a row may be, relative, once a model is warm."""
_RETURN_RUNS = 3
"""Unrecorded runs at a visit's start: other models have had the caches since."""
_HOT = 1.25
"""So much slower than it was, the anchor says that the device is hot ..."""
_HOT_VISITS = 5
"""... by the median of so many visits."""
_COOLING_S = 1.0


@dataclass(slots=True)
class _Row:
    """A run of a candidate and the anchor's before it."""

    visit: int
    start_ns: int
    run_ns: int
    anchor_ns: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a block of candidates gave.

    Args:
        samples: Of each candidate, in the order in which they were given.
        warmup_s: Seconds that each candidate's warm-up took.
        cooled_s: Seconds that were waited for the device to cool down.
    """

    samples: list[Samples]
    warmup_s: list[float]
    cooled_s: float


def sample_block(
    candidates: Sequence[Runner], anchor: Runner, plan: Plan, clock: Clock, rng: np.random.Generator
) -> Sampled:
    """Take samples of candidates that are loaded, in turns.

    Args:
        candidates: Loaded models.
        anchor: The loaded anchor model.
        plan: How often and how long.
        clock: Tells the time and waits.
        rng: Draws the order of turns.

    Raises:
        MeasurementError: A model cannot be run.
    """
    with _no_garbage_collection():
        warm_up(anchor, plan, clock)
        warmups = [warm_up(each, plan, clock) for each in candidates]
        cooling = _Cooling(plan.cooldown_s, clock)
        rows: list[list[_Row]] = [[] for _ in candidates]
        for visit in range(plan.visits):
            for place in rng.permutation(len(candidates)):
                taken = list(_visit(candidates[place], anchor, plan, clock, visit))
                cooling.look(taken)
                rows[place] += taken
    return Sampled([_as_samples(each) for each in rows], warmups, cooling.waited_s)


def warm_up(runner: Runner, plan: Plan, clock: Clock) -> float:
    """Run a model until the median of its runs stands still; seconds that took.

    Args:
        runner: The loaded model.
        plan: At least ``warmup_s`` and at most ``max_warmup_s`` seconds.
        clock: Tells the time.
    """
    start, times = clock.now_ns(), list[int]()

    def passed_s() -> float:
        return (clock.now_ns() - start) / 1e9

    while passed_s() < plan.max_warmup_s:
        times.append(runner.run_ns(clock))
        if passed_s() >= plan.warmup_s and _is_steady(times):
            break
    return passed_s()


def _is_steady(times: Sequence[int]) -> bool:
    """Whether the last window of runs has the median of the one before it."""
    if len(times) < 2 * _WINDOW:
        return False
    before = statistics.median(times[-2 * _WINDOW : -_WINDOW])
    return abs(statistics.median(times[-_WINDOW:]) - before) <= _STEADY * before


def _visit(
    candidate: Runner, anchor: Runner, plan: Plan, clock: Clock, visit: int
) -> Iterator[_Row]:
    """Runs of a candidate, each after one of the anchor."""
    if plan.mode.kind == "burst":
        for _ in range(_RETURN_RUNS):
            anchor.run_ns(clock)
            candidate.run_ns(clock)
    n_runs, total_ns = 0, 0
    while n_runs < plan.visit_samples or total_ns < plan.visit_ns:
        anchor_ns = anchor.run_ns(clock)
        start_ns = clock.now_ns()
        run_ns = candidate.run_ns(clock)
        n_runs, total_ns = n_runs + 1, total_ns + run_ns
        yield _Row(visit, start_ns, run_ns, anchor_ns)


def _as_samples(rows: Sequence[_Row]) -> Samples:
    return Samples(
        *(
            np.array([getattr(row, name) for row in rows], dtype=np.int64)
            for name in ("visit", "start_ns", "run_ns", "anchor_ns")
        )
    )


class _Cooling:
    """Waits while the anchor stays much slower than it was, as long as the plan allows.

    A slow visit is noise; several in a row are heat, or a neighbour who will be gone.
    """

    def __init__(self, at_most_s: float, clock: Clock) -> None:
        self._at_most_s, self._clock = at_most_s, clock
        self._medians = list[float]()
        self._fastest = math.inf
        self.waited_s = 0.0

    def look(self, rows: Sequence[_Row]) -> None:
        """See how fast the anchor was in a visit, and wait if the device is hot."""
        self._medians.append(statistics.median(row.anchor_ns for row in rows))
        if len(self._medians) < _HOT_VISITS:
            return
        now = statistics.median(self._medians[-_HOT_VISITS:])
        self._fastest = min(self._fastest, now)
        if now > _HOT * self._fastest and self.waited_s + _COOLING_S <= self._at_most_s:
            self._clock.sleep(_COOLING_S)
            self.waited_s += _COOLING_S


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Python's collector must not run inside a run that is timed."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
