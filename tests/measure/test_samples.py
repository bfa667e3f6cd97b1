"""What raw samples say: closed forms, drift that is divided out, intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.errors import MeasurementError, ShapeError
from hwnas.measure.samples import Samples, joined, reference_ns, summarize


def _samples(run_ns: np.ndarray, anchor_ns: np.ndarray, visit: np.ndarray) -> Samples:
    return Samples(visit, np.cumsum(run_ns), run_ns, anchor_ns)


def test_a_steady_model_has_the_time_that_it_takes() -> None:
    visit = np.repeat(np.arange(4), 5)
    found = summarize(_samples(np.full(20, 3e6), np.full(20, 2e6), visit), reference_ns=2e6)
    assert (found.latency_ms, found.low_ms, found.high_ms) == (3.0, 3.0, 3.0)
    assert (found.p90_ms, found.p99_ms, found.cv) == (3.0, 3.0, 0.0)
    assert (found.n_runs, found.n_visits) == (20, 4)


def test_drift_that_slows_both_alike_is_divided_out() -> None:
    drift = np.linspace(1, 3, 50)
    visit = np.repeat(np.arange(5), 10)
    found = summarize(_samples(4e6 * drift, 2e6 * drift, visit), reference_ns=2e6)
    assert found.latency_ms == pytest.approx(4.0)
    assert found.cv == pytest.approx(0.0, abs=1e-12)
    assert found.raw_median_ms == pytest.approx(8.0)


def test_percentiles_are_of_runs_and_not_of_ratios() -> None:
    rng = np.random.default_rng(0)
    # The anchor's own jumps are no runs of the model.
    anchor = np.where(rng.random(1000) < 0.3, 10e6, 1e6)
    run = np.repeat([1e6, 5e6], [950, 50])
    found = summarize(_samples(run, anchor, np.zeros(1000, int)), reference_ns=1e6)
    assert found.p90_ms == pytest.approx(1.0)
    assert found.p99_ms == pytest.approx(5.0)
    assert found.latency_ms == pytest.approx(1.0)


def test_one_visit_has_no_variation() -> None:
    assert summarize(_samples(np.ones(3), np.ones(3), np.zeros(3, int)), 1.0).cv is None


def test_visits_that_differ_show_in_the_variation() -> None:
    run = np.repeat([1e6, 2e6], 10)
    found = summarize(_samples(run, np.full(20, 1e6), np.repeat([0, 1], 10)), 1e6)
    assert found.cv == pytest.approx(np.std([1, 2], ddof=1) / 1.5)


def test_the_interval_holds_the_median_of_most_samples() -> None:
    rng, inside = np.random.default_rng(5), 0
    for _ in range(100):
        run = rng.lognormal(0, 0.1, 200) * 1e6
        found = summarize(_samples(run, np.full(200, 1e6), np.repeat(np.arange(5), 40)), 1e6)
        inside += found.low_ms <= 1.0 <= found.high_ms
    assert 88 <= inside <= 100
    assert found.high_ms - found.low_ms < 0.1


def test_the_same_samples_give_the_same_interval() -> None:
    rng = np.random.default_rng(1)
    samples = _samples(rng.random(50) + 1, rng.random(50) + 1, np.repeat(np.arange(5), 10))
    assert summarize(samples, 1.0) == summarize(samples, 1.0)


def test_stretches_join_with_visits_numbered_on() -> None:
    one = _samples(np.ones(2), np.ones(2), np.array([0, 1]))
    two = _samples(np.ones(3), np.ones(3), np.array([0, 0, 1]))
    assert joined([one, two]).visit.tolist() == [0, 1, 2, 2, 3]


def test_the_anchors_usual_time_is_that_of_most_visits() -> None:
    anchor = np.array([1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 1.0])
    samples = _samples(np.ones(7), anchor, np.array([0, 0, 1, 1, 1, 1, 2]))
    assert reference_ns([samples]) == 1.0


def test_no_run_is_no_measurement() -> None:
    empty = _samples(np.zeros(0), np.zeros(0), np.zeros(0, int))
    with pytest.raises(MeasurementError, match="at least one run; got none"):
        summarize(empty, 1.0)
    with pytest.raises(MeasurementError, match="at least one run; got none"):
        reference_ns([])


def test_arrays_that_disagree_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"shape \(n_runs,\) each"):
        Samples(np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(3))
