"""What nets that are measured again say of a device."""

from __future__ import annotations

import pytest

from hwnas.errors import MeasurementError
from hwnas.measure.recheck import Compared, judge

STEADY = (0.98, 1.02)


def _nets(*factors: float, cv: float = 0.005) -> tuple[Compared, ...]:
    return tuple(Compared(f"net{i}", 2.0, 2.0 * each, cv) for i, each in enumerate(factors))


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [
        ((1.0, 1.02, 0.98, 1.01, 0.99), "still holds"),
        ((1.31, 1.3, 1.29, 1.3, 1.32), "scale"),
        ((0.71, 0.7, 0.7, 0.69, 0.7), "scale"),
        ((1.0, 1.0, 1.0, 1.0, 1.2), "refit"),
        ((1.3, 1.5, 1.1, 1.2, 1.4), "refit"),
    ],
)
def test_one_factor_is_another_state_and_several_are_another_machine(
    factors: tuple[float, ...], verdict: str
) -> None:
    assert judge(_nets(*factors), STEADY, {}).verdict == verdict


def test_the_factor_is_the_median_and_the_spread_the_worst() -> None:
    found = judge(_nets(1.0, 1.1, 1.3), STEADY, {})
    assert found.factor == pytest.approx(1.1)
    assert found.spread == pytest.approx(0.2 / 1.1)


def test_noisy_nets_may_differ_more() -> None:
    assert judge(_nets(1.0, 1.0, 1.1), STEADY, {}).verdict == "refit"
    assert judge(_nets(1.0, 1.0, 1.1, cv=0.05), STEADY, {}).verdict == "still holds"


def test_a_machine_that_drifted_while_it_was_measured_may_drift_again() -> None:
    assert judge(_nets(1.25, 1.25, 1.25), STEADY, {}).verdict == "scale"
    assert judge(_nets(1.25, 1.25, 1.25), (0.9, 1.3), {}).verdict == "still holds"


def test_no_net_says_nothing() -> None:
    with pytest.raises(MeasurementError, match="at least one net that was measured; got none"):
        judge((), STEADY, {})
