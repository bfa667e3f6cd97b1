"""The pick at each of several limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.choose import select, sweep
from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ConfigError, NoCandidateError, UnknownNameError

COLUMNS = (
    ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy"),
    ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency"),
    ObjectiveSpec("params", "", "min", "counted", "Parameters"),
)


def front_of(latencies: list[float], half_width: float = np.nan) -> Front:
    """The slower, the more accurate; params are unknown."""
    latency = np.array(latencies, dtype=float)
    values = np.stack([50 + latency, latency, np.full(len(latency), np.nan)], axis=1)
    half = np.array([np.nan, half_width, np.nan])
    archs = tuple(f"net{row:03}" for row in range(len(latency)))
    return Front(archs, COLUMNS, values, values - half, values + half, n_objectives=2)


def test_limits_are_tenths_of_what_the_front_keeps() -> None:
    found = sweep(front_of(list(range(1, 21)), half_width=0.5), "latency")
    assert [each.limit.bound for each in found] == [n + 0.5 for n in range(2, 21, 2)]
    assert [each.selection.pick.values["latency_ms"] for each in found] == list(range(2, 21, 2))
    assert [each.selection.n_candidates for each in found] == list(range(2, 21, 2))


def test_values_alone_give_the_limits_where_they_alone_keep_them() -> None:
    found = sweep(front_of(list(range(1, 11)), half_width=0.5), "latency", limit_at="point")
    assert [each.limit.bound for each in found] == list(range(1, 11))


def test_limits_on_what_is_better_when_larger_are_from_below() -> None:
    found = sweep(front_of(list(range(1, 11))), "accuracy_pct")
    assert [str(each.limit) for each in found[:2]] == ["accuracy_pct >= 60", "accuracy_pct >= 59"]
    # What is left is latency, so the fastest that keeps the limit.
    assert [each.selection.pick.values["latency_ms"] for each in found] == list(range(10, 0, -1))


def test_few_architectures_make_few_limits() -> None:
    assert [each.limit.bound for each in sweep(front_of([2, 1, 2]), "latency")] == [1, 2]


def test_limits_under_which_others_leave_nothing_have_no_pick() -> None:
    found = sweep(front_of(list(range(1, 11))), "latency", at_least={"accuracy_pct": 58})
    assert [each.selection is None for each in found] == [True] * 7 + [False] * 3
    with pytest.raises(NoCandidateError, match="accuracy_pct >= 99"):
        sweep(front_of([1, 2]), "latency", at_least={"accuracy_pct": 99})


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30), st.sampled_from([np.nan, 0.0005]))
def test_every_limit_leaves_something_and_the_loosest_all(latencies, half_width) -> None:
    front = front_of(latencies, half_width)
    found = sweep(front, "latency_ms")
    assert all(each.selection is not None for each in found)
    assert found[-1].selection.n_candidates == len(front)
    bounds = [each.limit.bound for each in found]
    assert bounds == sorted(set(bounds))
    alone = select(front, at_most={"latency_ms": bounds[0]})
    assert found[0].selection.pick.arch == alone.pick.arch


def test_what_cannot_be_swept_is_said() -> None:
    with pytest.raises(NoCandidateError, match="params is unknown for all"):
        sweep(front_of([1, 2]), "params")
    with pytest.raises(NoCandidateError, match="it is empty"):
        sweep(front_of([]), "latency")
    with pytest.raises(UnknownNameError, match="column 'latncy'"):
        sweep(front_of([1]), "latncy")
    with pytest.raises(ConfigError, match="latency_ms must be swept or limited, not both"):
        sweep(front_of([1]), "latency_ms", at_most={"latency": 3})
