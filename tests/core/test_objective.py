"""Estimates: values with intervals."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.core.objective import Estimate, ObjectiveSpec
from hwnas.core.target import parse_target
from hwnas.errors import ShapeError


def test_exact_values_have_no_interval() -> None:
    estimate = Estimate.exact(np.array([1, 2]))
    np.testing.assert_array_equal(estimate.value, [1.0, 2.0])
    assert np.isnan(estimate.lower).all()
    assert np.isnan(estimate.upper).all()
    assert estimate.value.dtype == float


def test_estimate_of_no_architectures_is_empty() -> None:
    assert Estimate.exact(np.array([])).value.shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (2, 1), ()])
def test_interval_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    value = np.zeros(2)
    with pytest.raises(ShapeError, match=r"must share shape \(n_archs,\)"):
        Estimate(value, np.zeros(shape), value)


def test_estimate_of_two_axes_is_refused() -> None:
    table = np.zeros((2, 2))
    with pytest.raises(ShapeError, match=r"must share shape \(n_archs,\)"):
        Estimate(table, table, table)


def test_a_targets_values_are_named_by_it() -> None:
    target = parse_target("accuracy@proxy", "imagenet")
    spec = ObjectiveSpec.of(target, "tabulated", stage=1, detail="top-1")
    assert (spec.column, spec.title) == ("accuracy_pct@proxy", "Accuracy (training proxy)")
    assert (spec.unit, spec.direction, spec.stage) == ("%", "max", 1)


def test_values_that_are_counted_or_of_a_count_stay_whole() -> None:
    own = ObjectiveSpec("unsupported_operators", "", "min", "counted", "Unsupported operators")
    mean = ObjectiveSpec("params", "", "min", "tabulated", "Parameters")
    latency = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
    values = [2.0, 2.5, float("nan")]
    assert repr(own.numbers(values)) == repr(mean.numbers(values)) == "[2, 2.5, None]"
    assert repr(latency.numbers(values)) == "[2.0, 2.5, None]"


def test_what_would_steer_a_terminal_is_escaped_in_titles_and_units() -> None:
    spec = ObjectiveSpec("cost", "m\ns", "min", "custom", "Co\x1b[31mst")
    assert (spec.title, spec.unit) == (r"Co\x1b[31mst", r"m\ns")
