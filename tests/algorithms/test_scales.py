"""Scales of values: their domains, there and back, and slopes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from hwnas.algorithms._scales import ValueScale
from hwnas.core.objective import ObjectiveSpec

Direction = Literal["min", "max"]


def _spec(column: str, direction: Direction) -> ObjectiveSpec:
    return ObjectiveSpec(column, "", direction, "measured", "Any")


@pytest.mark.parametrize(
    ("column", "direction", "values", "kind"),
    [
        ("latency_ms", "min", [1.0, 20], "log"),
        ("latency_ms", "min", [0.0, 20], "plain"),
        ("score", "min", [-1.0, 20], "plain"),
        ("accuracy_pct@validation", "max", [-90.0, -100], "log error"),
        # Robustness is far from 100 %, where a logarithm would bend nothing but its best.
        ("robustness_pct@apgd-ce-eps1", "max", [-50.0, -3], "plain"),
        ("own_pct", "min", [4.0, 5], "log"),
    ],
)
def test_the_scale_suits_the_values(
    column: str, direction: Direction, values: list[float], kind: str
) -> None:
    assert ValueScale.of(_spec(column, direction), np.array(values)).kind == kind


def test_of_what_nothing_is_said_of_the_values_decide() -> None:
    assert ValueScale.of(None, np.array([1.0, 2])).kind == "log"
    assert ValueScale.of(None, np.array([-1.0, 2])).kind == "plain"


@pytest.mark.parametrize(
    ("kind", "value", "seen"),
    [("plain", -3.0, -3.0), ("log", np.e**2, 2.0), ("log error", -99.0, 0.0)],
)
def test_a_value_goes_there_and_back(
    kind: Literal["plain", "log", "log error"], value: float, seen: float
) -> None:
    scale = ValueScale(kind)
    assert scale.to(np.array([value])) == pytest.approx([seen])
    assert scale.back(np.array([seen])) == pytest.approx([value])


def test_all_right_counts_as_almost_all_right() -> None:
    scale = ValueScale("log error")
    assert scale.back(scale.to(np.array([-100.0]))) == pytest.approx([-99.95])


def test_a_hope_does_not_overflow() -> None:
    for kind in ("log", "log error"):
        assert np.isfinite(ValueScale(kind).back(np.array([-1e9, 1e9]))).all()


@pytest.mark.parametrize(("kind", "value"), [("plain", -3.0), ("log", 7.0), ("log error", -93.0)])
def test_the_slope_is_the_difference_quotient(
    kind: Literal["plain", "log", "log error"], value: float
) -> None:
    scale, step = ValueScale(kind), 1e-5
    rise = np.diff(scale.to(np.array([value - step, value + step]))) / (2 * step)
    assert scale.slope(np.array([value])) == pytest.approx(rise, rel=1e-6)
