"""What is said where limits leave nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hwnas.choose import select
from hwnas.choose.infeasible import tightest_limit, why_nothing
from hwnas.core.limits import Limit
from hwnas.errors import ConfigError, NoCandidateError
from tests.choose.test_choice import EXACT, FRONT, NAN, front_of


def reason(*args, **kwargs) -> str:
    with pytest.raises(NoCandidateError) as caught:
        select(*args, **kwargs)
    return str(caught.value)


def test_a_lone_limit_is_named_with_the_nearest_architecture() -> None:
    front = front_of([(90.0, 2.3149, 1.0), (91.0, 3.0, 1.0)])
    assert reason(front, at_most={"latency_ms": 0.1}) == (
        "No architecture satisfies latency_ms <= 0.1: the closest of the 2 on the front, a, has "
        "2.315 ms, with accuracy_pct 90. Raise it to 2.315."
    )


def test_of_several_limits_the_one_without_which_most_is_left_is_the_tightest() -> None:
    found = reason(FRONT, {"latency_ms": 2.0, "params": 1e6}, {"accuracy_pct": 93})
    assert found == (
        "No architecture satisfies latency_ms <= 2, params <= 1000000 and accuracy_pct >= 93 "
        "together. The tightest is accuracy_pct >= 93: of the 5 on the front, 2 satisfy it and 3 "
        "all others. The nearest, c, has latency_ms 2, params 300000 and accuracy_pct 90. Lower "
        "accuracy_pct to 90."
    )


LIMITS = [Limit("params", "<=", 1.0), Limit("latency_ms", "<=", 4.0)]


def test_a_limit_that_spared_all_others_is_the_one_to_blame() -> None:
    front = front_of([(NAN, NAN, 5.0), (NAN, NAN, 7.0)])
    assert why_nothing(front, LIMITS, 0.0, is_spared=True) == (
        "No architecture satisfies params <= 1: the closest of the 2 on the front, a, has 5. "
        "Raise it to 5."
    )


def test_the_tightest_limit_is_told_with_how_many_break_it() -> None:
    front = front_of([(90.0, 6.0, 1.0), (91.0, 9.0, 0.5), (91.0, 3.0, 2.0)])
    assert tightest_limit(front, LIMITS, 0.0) == (
        "The tightest limit is latency_ms <= 4: 2 architectures break it, of 3 that break any."
    )


def test_a_limit_that_spared_all_others_is_the_tightest() -> None:
    front = front_of([(NAN, NAN, 5.0), (NAN, NAN, 7.0)])
    assert "params <= 1: 2 architectures break it, of 2" in tightest_limit(front, LIMITS, 0.0)


def test_a_limit_of_which_all_is_unknown_is_told_as_such() -> None:
    front = front_of([(90.0, NAN, 1.0)])
    said = tightest_limit(front, [Limit("latency_ms", "<=", 4.0)], 0.0)
    assert said == "Whether any keeps latency_ms <= 4 is unknown."


def test_where_some_were_asked_for_all_limits_those_alone_are_told_of() -> None:
    front = front_of([(NAN, NAN, 5.0), (90.0, 6.0, 1.0), (91.0, 9.0, 1.0)])
    said = why_nothing(front, LIMITS, 0.0, is_spared=True)
    assert "The tightest is latency_ms <= 4: of the 2 on the front in full" in said
    assert "Raise latency_ms to 6." in said


def test_the_nearest_is_the_same_in_any_order() -> None:
    rows = [(90.0, 2.0, 1.0), (90.0, 2.0, 1.0), (95.0, 9.0, 1.0)]
    limits = {"at_most": {"latency_ms": 1}, "at_least": {"accuracy_pct": 91}}
    front = front_of(rows)
    turned = type(front)(
        front.archs[::-1],
        front.columns,
        *(array[::-1] for array in (front.values, front.lower, front.upper)),
        front.n_objectives,
    )
    assert reason(front, **limits) == reason(turned, **limits)
    assert "The nearest, a, has" in reason(front, **limits)


@given(
    st.lists(st.tuples(st.floats(1, 99), st.floats(0.1, 1e4)), min_size=1, max_size=8),
    st.floats(0.05, 1e4),
    st.floats(1, 100),
)
def test_the_advice_can_be_followed(rows, latency_ms: float, accuracy_pct: float) -> None:
    front = front_of([(*row, 1.0) for row in rows])
    at_most, at_least = {"latency_ms": latency_ms}, {"accuracy_pct": accuracy_pct}
    feasible = (front.values[:, 0] >= accuracy_pct) & (front.values[:, 1] <= latency_ms)
    assume(not feasible.any())
    said = reason(front, at_most, at_least)
    advised = dict(re.findall(r"(?:[Rr]aise|[Ll]ower) (\w+) to ([0-9]+(?:\.[0-9]+)?)", said))
    at_most |= {"latency_ms": float(advised.get("latency_ms", latency_ms))}
    at_least |= {"accuracy_pct": float(advised.get("accuracy_pct", accuracy_pct))}
    assert advised
    assert select(front, at_most, at_least).n_candidates >= 1


def test_what_is_unknown_is_further_off_than_any_number() -> None:
    front = front_of([(90.0, 2.0, NAN), (50.0, 900.0, 5.0)])
    found = reason(front, {"latency_ms": 1.9, "params": 4.0})
    assert "The nearest, b, has latency_ms 900, params 5 and" in found


def test_a_bound_that_looks_like_a_share_is_asked_about() -> None:
    found = reason(FRONT, at_most={"accuracy_pct": 0.9})
    assert found.endswith(
        "Raise it to 50. accuracy_pct <= 0.9 is a bound of 0.9 %: "
        "accuracies and the like are in percent, from 0 to 100. Was 90 meant?"
    )


def test_limits_in_one_form_are_taken_beside_the_others() -> None:
    one = select(EXACT, {"latency_ms": 2.0}, constraints=["params<=1M", "accuracy >= 60"])
    other = select(EXACT, {"latency_ms": 2.0, "params": 1e6}, {"accuracy_pct": 60})
    assert one == other
    twice = select(EXACT, {"latency_ms": 2.0}, constraints=[Limit("latency_ms", "<=", 2.0)])
    assert twice.limits == (Limit("latency_ms", "<=", 2.0),)


def test_limits_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"latency_ms <= 2 and latency_ms >= 3 exclude each"):
        select(FRONT, {"latency_us": 2000.0}, constraints=["latency>=3"])


def test_a_lone_text_is_no_list_of_limits() -> None:
    with pytest.raises(ConfigError, match="constraints must be a list; got the text 'params<=1'"):
        select(FRONT, constraints="params<=1")


def test_a_limit_of_another_type_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"A limit must be a text .* got a value of type int"):
        select(FRONT, constraints=[5])
