"""Fronts: architectures and the columns told of them."""

from __future__ import annotations

import numpy as np
import pytest

from hwnas.choose.front import Front
from hwnas.core.objective import ObjectiveSpec
from hwnas.errors import ShapeError

_ACCURACY = ObjectiveSpec("accuracy_pct", "%", "max", "predicted", "Accuracy")
_LATENCY = ObjectiveSpec("latency_ms", "ms", "min", "predicted", "Latency")
_PARAMS = ObjectiveSpec("params", "", "min", "counted", "Parameters")
_VALUES = np.array([[90.0, 3.0, 1e6], [80.0, 1.0, 5e5]])
_UNKNOWN = np.full_like(_VALUES, np.nan)


def _front(values: np.ndarray = _VALUES, lower: np.ndarray = _UNKNOWN) -> Front:
    return Front(("a", "b"), (_ACCURACY, _LATENCY, _PARAMS), values, lower, _UNKNOWN, 2)


def test_front_has_a_length_and_its_columns_by_name() -> None:
    front = _front()
    assert len(front) == 2
    np.testing.assert_array_equal(front.column("latency_ms"), [3.0, 1.0])


def test_only_what_was_optimised_is_an_objective() -> None:
    assert _front().objectives == (_ACCURACY, _LATENCY)


def test_unknown_column_is_refused() -> None:
    with pytest.raises(KeyError, match="energy_mj"):
        _front().column("energy_mj")


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"values must have shape .* = \(2, 3\); got \(3, 2\)"):
        _front(values=_VALUES.T)


def test_interval_ends_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"lower must have shape .* = \(2, 3\); got \(2, 2\)"):
        _front(lower=_UNKNOWN[:, :2])


def test_a_column_is_found_by_a_short_name() -> None:
    accuracy = ObjectiveSpec("accuracy_pct@proxy", "%", "max", "predicted", "Accuracy")
    front = Front(("a", "b"), (_PARAMS, accuracy, _LATENCY), _VALUES, _UNKNOWN, _UNKNOWN, 2)
    np.testing.assert_array_equal(front.column("accuracy_pct"), [3.0, 1.0])
    assert front.place("accuracy") == 1
