"""Columns by name: what is asked for may be short where one column only is meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas.core.columns import (
    ByColumn,
    column_of,
    columns_meant,
    is_whole,
    number,
    numbers_by_column,
    quantity_of,
    resolve_column,
    resolve_columns,
)
from hwnas.core.quantity import QUANTITIES
from hwnas.core.target import Target
from hwnas.errors import ConfigError, UnknownNameError

COLUMNS = ["accuracy_pct@validation", "robustness_pct@apgd-ce-eps1", "latency_ms", "params", "mine"]
SPLITS = ["accuracy_pct@test", "accuracy_pct@validation"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("accuracy_pct@validation", "accuracy_pct@validation"),
        ("accuracy@split=validation", "accuracy_pct@validation"),
        ("accuracy_pct", "accuracy_pct@validation"),
        ("accuracy", "accuracy_pct@validation"),
        ("robustness", "robustness_pct@apgd-ce-eps1"),
        ("latency", "latency_ms"),
        ("params", "params"),
        ("mine", "mine"),
    ],
)
def test_a_name_means_the_column_that_says_no_less(name: str, column: str) -> None:
    assert resolve_column(name, COLUMNS) == column


def test_some_of_the_conditions_are_enough() -> None:
    columns = ["latency_ms@batch32+precision=int8", "latency_ms@batch1"]
    assert resolve_column("latency@precision=int8", columns) == columns[0]


def test_the_column_without_conditions_comes_before_those_that_have_some() -> None:
    assert resolve_column("latency", ["latency_ms@batch1", "latency_ms"]) == "latency_ms"


@pytest.mark.parametrize("name", ["accuracy@test", "energy", "accuracy@validation+seed=1", "yours"])
def test_a_name_that_says_more_or_something_else_means_no_column(name: str) -> None:
    with pytest.raises(UnknownNameError, match=re.escape(f"Unknown column '{name}'")):
        resolve_column(name, COLUMNS)


def test_a_name_that_may_mean_several_is_refused_with_those() -> None:
    message = "Column 'accuracy' must mean one column; it may be accuracy_pct@test or accuracy_pct@"
    with pytest.raises(ConfigError, match=re.escape(message)):
        resolve_column("accuracy", SPLITS)


@given(st.sets(st.sampled_from(["batch", "precision", "seed"]), min_size=1), st.data())
def test_any_part_of_a_targets_conditions_finds_it_where_it_is_alone(
    keys: set[str], data: st.DataObject
) -> None:
    target = Target("latency", conditions=tuple((key, "8") for key in keys))
    part = data.draw(st.sets(st.sampled_from(sorted(keys))))
    asked = Target("latency", conditions=tuple((key, "8") for key in part))
    columns = [quantity.column for quantity in QUANTITIES.values() if quantity.name != "latency"]
    for name in (str(asked), asked.column):
        assert columns_meant(name, [*columns, target.column]) == [target.column]


def test_what_is_given_is_told_by_the_column_that_is_meant() -> None:
    given_ = {"accuracy": 90, "latency_ms": 5}
    assert resolve_columns(given_, COLUMNS) == {"accuracy_pct@validation": 90, "latency_ms": 5}


def test_one_column_under_two_names_is_refused() -> None:
    message = r"accuracy_pct@validation must be given once; 'accuracy' means it again"
    with pytest.raises(ConfigError, match=message):
        resolve_columns({"accuracy_pct@validation": 1, "accuracy": 2}, COLUMNS)


def test_values_by_column_answer_to_short_names() -> None:
    values = ByColumn(zip(COLUMNS, range(5), strict=True))
    assert (values["accuracy_pct"], values["robustness"], values["mine"]) == (0, 1, 4)
    assert list(values) == COLUMNS


def test_values_by_column_refuse_what_is_not_there() -> None:
    with pytest.raises(KeyError, match="Unknown column 'energy_mj'"):
        ByColumn({"latency_ms": 1.0})["energy_mj"]


def test_a_users_own_column_holds_no_quantity() -> None:
    assert (column_of("mine"), quantity_of("mine")) == ("mine", None)
    assert (column_of("accuracy@test"), quantity_of("accuracy_pct@test")) == (
        "accuracy_pct@test",
        QUANTITIES["accuracy"],
    )


def test_counts_are_those_of_things() -> None:
    counted = ("params", "macs", "size_bytes", "peak_memory_bytes@precision=int8")
    others = ("latency_ms", "accuracy_pct@test", "energy_mj", "throughput_ips", "mine")
    assert all(map(is_whole, counted))
    assert not any(map(is_whole, others))


@pytest.mark.parametrize(
    ("value", "whole", "expected"),
    [
        (1073466.0, True, 1073466),
        (1073466.5, True, 1073466.5),
        (5.0, False, 5.0),
        (float("nan"), True, None),
        (float("inf"), False, None),
        (None, True, None),
    ],
)
def test_number_is_whole_only_where_it_counts(value, whole: bool, expected) -> None:
    found = number(value, whole)
    assert (found, type(found)) == (expected, type(expected))


def test_numbers_by_column_keep_counts_whole() -> None:
    found = numbers_by_column({"macs": 78561920.0, "synflow": 80.0, "fisher": None})
    assert repr(found) == "{'macs': 78561920, 'synflow': 80.0, 'fisher': None}"
