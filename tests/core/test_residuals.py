"""What an interval tells of a limit and of a comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.limits import Limit
from hwnas.core.residuals import chance_at_most, chance_larger, judged, limit_share

UPPER, LOWER = Limit("mine", "<=", 5.0), Limit("mine", ">=", 5.0)
VALUE = np.array([4.0, 5.0, np.nan, np.inf])
ENDS = np.array([3.0, np.nan, 1.0, 2.0]), np.array([7.0, np.nan, 6.0, np.inf])


def test_far_end_is_judged_and_the_value_where_there_is_none() -> None:
    np.testing.assert_array_equal(judged(UPPER, VALUE, *ENDS, 1.0), [7.0, 5.0, np.nan, np.inf])
    np.testing.assert_array_equal(judged(LOWER, VALUE, *ENDS, 1.0), [3.0, 5.0, np.nan, np.inf])
    np.testing.assert_array_equal(judged(UPPER, VALUE, *ENDS, 0.5), [5.5, 5.0, np.nan, np.inf])
    np.testing.assert_array_equal(judged(UPPER, VALUE, *ENDS, 0.0), VALUE)


def test_share_is_that_of_the_normal_quantiles() -> None:
    # Quantiles of 97.5, 90 and 80 % over that of 95 %.
    found = [limit_share(text) for text in ("97.5%", "95 %", "90%", "80%", "50%")]
    assert found == pytest.approx([1.95996 / 1.64485, 1, 1.28155 / 1.64485, 0.84162 / 1.64485, 0],
                                  abs=1e-5)  # fmt: skip


def test_normal_residuals_with_these_intervals_are_where_the_probability_says() -> None:
    rng = np.random.default_rng(0)
    truth = 10 + rng.normal(size=(200_000, 2)) * [2.0, 1.0] / 1.644854
    for bound in (8.5, 10.0, 11.0):
        share = (truth[:, 0] <= bound).mean()
        assert chance_at_most(10.0, 8.0, 12.0, bound) == pytest.approx(share, abs=0.005)
    share = (truth[:, 0] > truth[:, 1] + 1).mean()
    assert chance_larger((10.0, 8.0, 12.0), (11.0, 10.0, 12.0)) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("bound", "chance"), [(4.9, 0.0), (5.0, 1.0), (6.0, 1.0)])
def test_exact_value_keeps_a_bound_or_not(bound: float, chance: float) -> None:
    assert chance_at_most(5.0, 5.0, 5.0, bound) == chance


def test_exact_values_are_larger_equal_or_not() -> None:
    exact = [(value, value, value) for value in (1.0, 2.0)]
    assert chance_larger(exact[1], exact[0]) == 1.0
    assert chance_larger(exact[0], exact[1]) == 0.0
    assert chance_larger(exact[0], exact[0]) == 0.5


_estimates = st.tuples(st.floats(-50, 50), st.floats(0.1, 9), st.floats(0.1, 9)).map(
    lambda parts: (parts[0], parts[0] - parts[1], parts[0] + parts[2])
)


@given(_estimates, _estimates)
def test_one_of_two_is_larger(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    both = chance_larger(one, other) + chance_larger(other, one)  # type: ignore[arg-type]
    assert math.isclose(both, 1.0, abs_tol=1e-12)


@given(_estimates, st.sampled_from(["interval", "90%", "60%"]))
def test_limit_at_what_is_judged_holds_with_that_probability(
    estimate: tuple[float, float, float], text: str
) -> None:
    value, lower, upper = (np.array([number]) for number in estimate)
    bound = judged(UPPER, value, lower, upper, limit_share(text)).item()
    wanted = {"interval": 0.95, "90%": 0.9, "60%": 0.6}[text]
    assert chance_at_most(*estimate, bound) == pytest.approx(wanted, abs=1e-6)
