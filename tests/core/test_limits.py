from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.limits import (
    Limit,
    Share,
    check_compatible,
    in_own_unit,
    in_own_units,
    limit_notes,
    parse_assignments,
    parse_goals,
    parse_limit,
)
from hwnas.core.quantity import QUANTITIES, Quantity
from hwnas.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency_ms<=5", Limit("latency_ms", "<=", 5.0)),
        ("latency<=5", Limit("latency_ms", "<=", 5.0)),
        ("  accuracy_pct >= 92.5 ", Limit("accuracy_pct", ">=", 92.5)),
        ("robustness@square-eps1>=40", Limit("robustness_pct@square-eps1", ">=", 40.0)),
        ("latency_ms@batch=32<=5", Limit("latency_ms@batch32", "<=", 5.0)),
        (
            "latency@batch=32+precision=int8 >= 5",
            Limit("latency_ms@batch32+precision=int8", ">=", 5.0),
        ),
        ("params<=1e6", Limit("params", "<=", 1_000_000.0)),
        ("throughput>=2000", Limit("throughput_ips", ">=", 2000.0)),
        ("peak_memory<=4e5", Limit("peak_memory_bytes", "<=", 400_000.0)),
        ("peak_memory_kb<=256", Limit("peak_memory_bytes", "<=", 256_000.0)),
        ("peak_memory_kib<=256", Limit("peak_memory_bytes", "<=", 262_144.0)),
        ("size_mb@precision=int8<=1.5", Limit("size_bytes@precision=int8", "<=", 1_500_000.0)),
        ("size_mib<=2", Limit("size_bytes", "<=", 2_097_152.0)),
        ("latency_s@batch32<=2", Limit("latency_ms@batch32", "<=", 2000.0)),
        ("latency_us>=500", Limit("latency_ms", ">=", 0.5)),
        ("energy_j<=1", Limit("energy_mj", "<=", 1000.0)),
    ],
)
def test_limit_is_parsed(text: str, expected: Limit) -> None:
    assert parse_limit(text) == expected


def test_a_column_of_ones_own_is_not_taken_for_another_unit() -> None:
    limit = parse_limit("latency_us<=5", own=["latency_us"])
    assert limit == Limit("latency_us", "<=", 5.0)


def test_a_unit_that_is_none_of_the_quantity_is_unknown() -> None:
    for text in ("latency_kb<=5", "params_kb<=5", "peak_memory_ms<=5"):
        with pytest.raises(UnknownNameError, match="Unknown quantity"):
            parse_limit(text)


def test_a_share_has_no_unit() -> None:
    assert in_own_unit("size_kb", Share(0.5)) == ("size_bytes", Share(0.5))


def test_one_column_in_two_units_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"latency_ms must be given once; 'latency_us' means it"):
        in_own_units({"latency_ms": 5.0, "latency_us": 5000.0})


def test_a_bound_out_of_reach_in_another_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'^"size_kb<=0": .* a positive number of bytes; got 0'):
        parse_limit("size_kb<=0")


def test_violation_is_the_excess_and_unknown_is_infinite() -> None:
    values = np.array([4.0, 5.0, 7.5, np.nan])
    at_most = Limit("latency_ms", "<=", 5.0).violation(values)
    at_least = Limit("latency_ms", ">=", 5.0).violation(values)
    np.testing.assert_array_equal(at_most, [0.0, 0.0, 2.5, np.inf])
    np.testing.assert_array_equal(at_least, [1.0, 0.0, 0.0, np.inf])


def test_limit_prints_as_people_write_it() -> None:
    assert str(Limit("params", "<=", 1e6)) == "params <= 1000000"
    assert str(Limit("latency_ms", "<=", 0.1)) == "latency_ms <= 0.1"


@given(
    st.sampled_from([quantity for quantity in QUANTITIES.values() if quantity.unit != "%"]),
    st.sampled_from(["<=", ">="]),
    st.floats(min_value=1e-300, allow_infinity=False, allow_nan=False),
)
def test_printed_limit_parses_back(quantity, relation, bound) -> None:
    limit = Limit(quantity.column, relation, bound)
    assert parse_limit(str(limit)) == limit


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_exactly_the_values_within_a_limit_do_not_violate_it(bound, value) -> None:
    at_most, at_least = Limit("mine", "<=", bound), Limit("mine", ">=", bound)
    assert (at_most.violation(np.array([value]))[0] == 0) == (value <= bound)
    assert (at_least.violation(np.array([value]))[0] == 0) == (value >= bound)


@pytest.mark.parametrize("text", ["", "latency", "latency<5", "latency=5", "<=5", "a<=5<=6", "5"])
def test_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r'constraints=".*": a limit must have the form'):
        parse_limit(text, option="--constraint")


def test_misspelt_quantity_gets_a_hint() -> None:
    with pytest.raises(UnknownNameError, match=r"'latncy'\. Did you mean 'latency'\?"):
        parse_limit("latncy<=5")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "fast", "1e999"])
def test_bound_must_be_a_finite_number(number: str) -> None:
    with pytest.raises(ConfigError, match=rf"must be a finite number; got '{number}'\.$"):
        parse_limit(f"latency<={number}")


def test_limit_built_in_python_must_be_finite_too() -> None:
    with pytest.raises(ConfigError, match=r"^latency_ms >= nan: .* finite number; got nan\.$"):
        Limit("latency_ms", ">=", float("nan"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "latency_ms<=-5",
            'constraints="latency_ms<=-5": '
            "the limit must be a positive number of milliseconds; got -5.",
        ),
        ("energy<=0", 'constraints="energy<=0": '
         "the limit must be a positive number of millijoules; got 0."),
        ("params<=-1", 'constraints="params<=-1": '
         "the limit must be a positive number of parameters; got -1."),
        ("accuracy>=101", 'constraints="accuracy>=101": '
         "the limit must be a percentage from 0 to 100; got 101."),
        ("robustness@pgd-eps1<=-2", 'constraints="robustness@pgd-eps1<=-2": '
         "the limit must be a percentage from 0 to 100; got -2."),
    ],
)  # fmt: skip
def test_bound_out_of_reach_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_limit(text, option="--constraint")
    assert str(caught.value) == message


def test_conditions_of_another_form_are_told_with_the_text() -> None:
    with pytest.raises(ConfigError, match=r'^"latency@Batch<=5": a condition must be key=value'):
        parse_limit("latency@Batch<=5")


@pytest.mark.parametrize(
    ("bounds", "text", "message"),
    [
        ((-math.inf, math.inf), "val_loss<=-1", ""),
        ((-math.inf, 0.0), "val_loss>=0", "a number below 0 of validation loss; got 0."),
        ((-math.inf, 0.0), "val_loss>=-1", ""),
        ((1.0, math.inf), "val_loss<=1", "a number above 1 of validation loss; got 1."),
        ((1.0, math.inf), "val_loss<=1.5", ""),
        ((-1.0, 1.0), "val_loss<=-1.5", "a validation loss from -1 to 1; got -1.5."),
    ],
)
def test_what_is_out_of_reach_follows_from_the_quantity_s_bounds(
    monkeypatch: pytest.MonkeyPatch, bounds: tuple[float, float], text: str, message: str
) -> None:
    loss = Quantity("val_loss", "val_loss", "", "min", "Validation loss", False, True, *bounds)
    list(QUANTITIES)
    monkeypatch.setitem(QUANTITIES._things, "val_loss", loss)
    if not message:
        assert parse_limit(text).column == "val_loss"
        return
    with pytest.raises(ConfigError) as caught:
        parse_limit(text)
    assert str(caught.value) == f'"{text}": the limit must be {message}'


def test_message_without_an_option_begins_with_the_text() -> None:
    with pytest.raises(ConfigError, match=r'^"latency<=-5": the limit must be a positive'):
        parse_limit("latency<=-5")


def test_assignments_are_parsed_by_column() -> None:
    assert parse_assignments("latency=5, accuracy_pct = 92,robustness@pgd-eps1=3,size_mb=1.5") == {
        "latency_ms": 5.0,
        "accuracy_pct": 92.0,
        "robustness_pct@pgd-eps1": 3.0,
        "size_mb": 1.5,
    }


def test_conditions_may_be_spelled_out_in_assignments() -> None:
    assert parse_assignments("latency@batch=32=5,latency=2") == {
        "latency_ms@batch32": 5.0,
        "latency_ms": 2.0,
    }


@pytest.mark.parametrize("text", ["", "latency", "latency<=5", "latency=5,", "=5", "a=1=2"])
def test_assignments_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r'^at_most=".*": must have the form'):
        parse_assignments(text, option="--at-most")


def test_assigned_value_must_be_finite() -> None:
    with pytest.raises(ConfigError, match=r"prefer=.* must be a finite number; got 'nan'"):
        parse_assignments("latency=nan", option="--prefer")


def test_column_cannot_be_assigned_twice() -> None:
    with pytest.raises(ConfigError, match="latency_ms must be given once; got it twice"):
        parse_assignments("latency=5,latency_ms=6")


def test_what_is_wrong_with_the_quantities_themselves_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    list(QUANTITIES)
    things = {**QUANTITIES._things, "delay": Quantity("delay", "latency_ms", "ms", "min", "Delay")}
    monkeypatch.setattr(QUANTITIES, "_things", things)
    with pytest.raises(ConfigError, match=r'"latency<=5": Two quantities are called .latency_ms'):
        parse_limit("latency<=5", "--constraint")


def test_percentage_is_a_share_of_the_baseline() -> None:
    goals = parse_goals("latency=60 %, accuracy_pct = 92,energy=80.5%")
    assert goals == {
        "latency_ms": Share(0.6),
        "accuracy_pct": 92.0,
        "energy_mj": Share(0.805),
    }


@pytest.mark.parametrize("text", ["latency=%", "latency=60%%", "latency%", "60%"])
def test_goal_of_another_form_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ConfigError, match=rf'^at_most="{text}": '):
        parse_goals(text, option="--at-most")


@pytest.mark.parametrize(
    ("text", "bound"), [("params<=500k", 5e5), ("macs<=1.5M", 1.5e6), ("own<=2G", 2e9)]
)
def test_bounds_of_counts_may_be_written_short(text: str, bound: float) -> None:
    assert parse_limit(text, own=["own"]).bound == bound


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("latency<=5k", "write its zeros out"),
        ("size<=500k", "write its zeros out"),
        ("latency<=1_0", "write it without underscores"),
        ("accuracy>=90%", "write it without the sign %"),
        ("latency<=5ms", "write it without a unit"),
        ("latency<=\u0665", ""),
        ("params<=5m", "k, M or G"),
        ("latency<=infinity", ""),
    ],
)
def test_what_is_no_number_is_told_with_what_to_do(text: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=r"the value must be a finite number; got '[^']+'") as no:
        parse_limit(text)
    assert advice in str(no.value)


def test_a_bound_below_all_that_can_be_is_refused_on_either_side() -> None:
    for text in ("latency>=-1", "params>=-5"):
        with pytest.raises(ConfigError, match="the limit must be a positive number of"):
            parse_limit(text)


def test_limits_that_no_value_keeps_are_refused() -> None:
    two = [parse_limit("latency_us<=2000"), parse_limit("latency_ms>=3")]
    with pytest.raises(ConfigError, match=r"^latency_ms <= 2 and latency_ms >= 3 exclude each"):
        check_compatible(two)
    check_compatible([parse_limit("latency<=3"), two[1], parse_limit("energy<=1")])
    check_compatible([two[0], parse_limit("latency@batch32>=3")])


def test_a_share_in_place_of_a_percentage_is_noted() -> None:
    limits = map(parse_limit, ("accuracy>=0.9", "robustness@pgd-eps1>=1", "latency<=0.9",
                               "accuracy>=1.5", "accuracy>=0"))  # fmt: skip
    notes = limit_notes(limits)
    assert [note.partition(" is a bound")[0] for note in notes] == [
        "accuracy_pct >= 0.9",
        "robustness_pct@pgd-eps1 >= 1",
    ]
    assert notes[0].endswith("Was 90 meant?")
