"""Warm-up, turns, pairs and cool-down, by a clock that the runs themselves turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwnas.measure.plan import Plan
from hwnas.measure.sampling import sample_block, warm_up
from tests.measure.devices import Timed, TurnedClock

PLAN = Plan(visits=3, min_samples=12, min_seconds=0.0, warmup_s=0.0, max_warmup_s=1.0)
MS = 1e6


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_each_candidate_has_its_samples_in_each_visit() -> None:
    clock = TurnedClock()
    candidates = [Timed(clock, MS), Timed(clock, 2 * MS)]
    found = sample_block(candidates, Timed(clock, 4 * MS), PLAN, clock, _rng())
    for samples, ms in zip(found.samples, (1, 2), strict=True):
        assert np.bincount(samples.visit).tolist() == [4, 4, 4]
        assert set(samples.run_ns) == {ms * MS}
        assert set(samples.anchor_ns) == {4 * MS}


def test_the_time_to_measure_is_kept_as_well_as_the_number() -> None:
    clock = TurnedClock()
    plan = replace(PLAN, min_seconds=0.3)
    found = sample_block([Timed(clock, MS)], Timed(clock, MS), plan, clock, _rng())
    assert np.bincount(found.samples[0].visit).tolist() == [100, 100, 100]


def test_candidates_take_turns_in_random_order() -> None:
    clock = TurnedClock()
    candidates = [Timed(clock, MS) for _ in range(6)]
    found = sample_block(candidates, Timed(clock, MS), PLAN, clock, _rng())
    orders = [
        np.argsort([each.start_ns[each.visit == visit][0] for each in found.samples]).tolist()
        for visit in range(3)
    ]
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_every_run_is_just_after_one_of_the_anchor() -> None:
    clock = TurnedClock()
    # The device gets slower all the time; a pair is slowed alike.
    anchor = Timed(clock, lambda now: MS * (1 + now / 1e9))
    candidate = Timed(clock, lambda now: 3 * MS * (1 + now / 1e9))
    (samples,) = sample_block([candidate], anchor, PLAN, clock, _rng()).samples
    assert samples.run_ns / samples.anchor_ns == pytest.approx(3, rel=0.01)
    assert samples.run_ns[-1] > 1.05 * samples.run_ns[0]


def test_a_warm_up_ends_when_runs_are_steady() -> None:
    clock = TurnedClock()
    # Cold for a tenth of a second.
    runner = Timed(clock, lambda now: 5 * MS * np.exp(-now / 2e7) + MS)
    seconds = warm_up(runner, PLAN, clock)
    assert 0.03 < seconds < 0.5
    assert runner.run_ns(clock) < 1.3 * MS


def test_a_warm_up_takes_its_least_time() -> None:
    clock = TurnedClock()
    plan = replace(PLAN, warmup_s=0.2)
    assert 0.2 <= warm_up(Timed(clock, MS), plan, clock) < 0.21


def test_a_warm_up_that_never_gets_steady_ends() -> None:
    clock = TurnedClock()
    runner = Timed(clock, lambda now: MS * (1 + now / 1e7))
    assert 1.0 <= warm_up(runner, PLAN, clock) < 1.5


def test_a_hot_device_is_waited_for() -> None:
    clock = TurnedClock()
    # Twice as slow after a while, until it has rested for three seconds.
    anchor = Timed(clock, lambda now: MS * (2 if now > 4.5e8 and clock.slept_s < 3 else 1))
    candidates = [Timed(clock, MS) for _ in range(10)]
    plan = replace(PLAN, visits=6, cooldown_s=10.0)
    found = sample_block(candidates, anchor, plan, clock, _rng())
    assert found.cooled_s == clock.slept_s
    assert 3 <= found.cooled_s <= 6


def test_a_device_that_stays_slow_is_not_waited_for_without_end() -> None:
    clock = TurnedClock()
    anchor = Timed(clock, lambda now: MS * (2 if now > 4.5e8 else 1))
    candidates = [Timed(clock, MS) for _ in range(10)]
    plan = replace(PLAN, visits=6, cooldown_s=4.5)
    assert sample_block(candidates, anchor, plan, clock, _rng()).cooled_s == 4


def test_a_steady_device_is_not_waited_for() -> None:
    clock = TurnedClock()
    candidates = [Timed(clock, MS) for _ in range(10)]
    found = sample_block(candidates, Timed(clock, MS), PLAN, clock, _rng())
    assert (found.cooled_s, clock.slept_s) == (0, 0)
