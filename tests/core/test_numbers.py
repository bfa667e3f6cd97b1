"""The one grammar of numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwnas._names import quoted
from hwnas.core.numbers import hint, parse_count, parse_number, parse_whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5.0), (" 0.25 ", 0.25), ("1e-3", 1e-3), ("-2.", -2.0), ("+.5E+1", 5.0), ("007", 7.0)],
)
def test_a_number_is_read(text: str, number: float) -> None:
    assert parse_number(text) == parse_count(text) == number


@pytest.mark.parametrize(
    "text",
    ["", ".", "1_0", "0x10", "1e", "infinity", "inf", "nan", "1,5", "1 0", "1e999", "5%", "5ms",
     "--5", "\u0661\u0662", "\uff15", "1e\u0663", "True", "None", "9" * 500],
)  # fmt: skip
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_number(text) is parse_count(text) is parse_whole(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("500k", 500_000), ("500K", 500_000), ("1.5M", 1_500_000), ("2G", 2 * 10**9), ("2.3k", 2300)],
)
def test_a_number_of_things_may_end_in_a_letter(text: str, number: int) -> None:
    assert parse_whole(text) == parse_count(text) == number
    assert parse_number(text) is None


@pytest.mark.parametrize("text", ["5m", "5T", "5 k", "k", "1e3k", "5kk", "5kB"])
def test_other_letters_are_none(text: str) -> None:
    assert parse_count(text) is None


def test_a_whole_number_has_no_rest() -> None:
    assert parse_whole("1e5") == 100_000
    assert parse_whole("2.50") is None
    assert parse_whole(str(2**80 + 1)) == 2**80 + 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(number: float) -> None:
    assert parse_number(repr(number)) == number


@given(st.text(max_size=12))
def test_what_is_read_is_what_python_reads(text: str) -> None:
    number = parse_number(text)
    assert number is None or (number == float(text) and math.isfinite(number))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1,234.5", "without commas between thousands"),
        ("1.234,5", "with a point for the decimals alone"),
        ("1,234", "a comma may mark thousands or decimals"),
        ("1,5", "decimals with a point, not a comma"),
        ("1 234 567", "without marks between thousands"),
        ("1_000", "without underscores"),
        ("0xFF", "in decimal digits"),
        ("50 %", "without the sign %"),
        ("5k", "write its zeros out"),
        ("2.5 ms", "without a unit"),
    ],
)
def test_what_was_meant_is_said(text: str, advice: str) -> None:
    assert advice in hint(text)


def test_nothing_is_said_where_nothing_is_clear() -> None:
    assert hint("fast") == hint("") == hint("9" * 500) == ""


def test_letters_of_things_are_named() -> None:
    assert "k, M or G" in hint("5m", of_things=True)


def test_a_long_text_is_cut() -> None:
    assert quoted("x" * 100_000) == f"'{'x' * 60}...'"
