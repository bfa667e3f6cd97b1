"""The one grammar of numbers that people type: in cells of tables, limits and options.

A number is of ASCII digits with at most one point, perhaps an exponent: ``5``, ``0.25``, ``1e-3``.
What Python's ``float`` takes besides, such as ``1_0`` and ``infinity``, is none. Of counts,
``500k``, ``1.5M`` and ``2G`` are numbers too.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from hwnas._names import shown
from hwnas.errors import ArgumentError

_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_NUMBER = re.compile(rf"{_PLAIN}(?:[eE][+-]?[0-9]{{1,4}})?")
_COUNT = re.compile(rf"({_PLAIN})([kKMG])")
_POWERS = {"k": 3, "K": 3, "M": 6, "G": 9}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(s|min|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LONGEST = 400
"""Characters of a number: more than any needs, few enough to read in no time."""

# What is no number and often meant as one, and what to do about it; the first that fits is told.
_HINTS = (
    (r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+", "write it without commas between thousands"),
    (r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", "write it with a point for the decimals alone"),
    (r"[+-]?[0-9]+,[0-9]{3}", "a comma may mark thousands or decimals; write it without one"),
    (r"[+-]?[0-9]*,[0-9]+(?:[eE].*)?", "write decimals with a point, not a comma"),
    (r"[+-]?[0-9]{1,3}(?:[,.'\u2019\s][0-9]{3})+", "write it without marks between thousands"),
    (r"[+-]?[0-9][0-9_]*_[0-9_.]*", "write it without underscores"),
    (r"[+-]?0[xX][0-9a-fA-F]+", "write it in decimal digits"),
    (r"[+-]?[0-9.]+ ?%", "write it without the sign %"),
    (r"[+-]?[0-9.]+ ?[kKMG]", "write its zeros out"),
    (r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)? ?[^\W\d_]+", "write it without a unit"),
)  # fmt: skip


def parse_number(text: str) -> float | None:
    """The finite number that a text states; None if it states none.

    Raises:
        ArgumentError: It is no text.

    Example:
        >>> parse_number(" 1e3 "), parse_number("1_0"), parse_number("nan")
        (1000.0, None, None)
    """
    text = _stripped(text)
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def parse_count(text: str) -> float | None:
    """The number of things that a text states, which may end in k, M or G; None if none.

    Raises:
        ArgumentError: It is no text.

    Example:
        >>> parse_count("500k"), parse_count("1e6"), parse_count("1.5M"), parse_count("5m")
        (500000.0, 1000000.0, 1500000.0, None)
    """
    text = _stripped(text)
    match = _COUNT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return parse_number(text)
    # In decimal: 2.3 times a thousand is 2300 exactly.
    return float(Decimal(match[1]).scaleb(_POWERS[match[2]]))


def parse_whole(text: str) -> int | None:
    """The whole number of things that a text states; None if it states none.

    Raises:
        ArgumentError: It is no text.

    Example:
        >>> parse_whole("1e5"), parse_whole("1.5k"), parse_whole("1.5"), parse_whole("1_0")
        (100000, 1500, None, None)
    """
    text = _stripped(text)
    if re.fullmatch(r"[+-]?[0-9]{1,400}", text):
        return int(text)
    number = parse_count(text)
    return int(number) if number is not None and number.is_integer() else None


def parse_duration(text: str) -> float | None:
    """The seconds that a text such as ``10m`` names; None if it names no time above 0.

    Raises:
        ArgumentError: It is no text.

    Example:
        >>> parse_duration("1.5m"), parse_duration("90 s"), parse_duration("10")
        (90.0, 90.0, None)
    """
    text = _stripped(text)
    found = _DURATION.fullmatch(text) if len(text) <= _LONGEST else None
    seconds = 0.0 if found is None else float(found[1]) * _SECONDS[found[2]]
    return seconds if 0 < seconds < math.inf else None


def _stripped(text: str) -> str:
    # Not at the door of ``arguments``, which loads numpy; cells of tables come by the thousand.
    if not isinstance(text, str):
        raise ArgumentError(f"A number to read must be a text; got {shown(text)}.")
    return text.strip()


def hint(text: str, of_things: bool = False) -> str:
    """What to do about a text that is no number, as the end of a sentence; empty if unclear.

    Args:
        text: The text.
        of_things: Whether a number of things was asked for, which may end in k, M or G.

    Example:
        >>> hint("1_000"), hint("2.5 ms")
        ('; write it without underscores', '; write it without a unit')
    """
    text = _stripped(text)
    if of_things and re.fullmatch(r"[0-9.]+ ?[a-zA-Z]", text):
        return "; after it may stand k, M or G for thousands, millions or billions"
    if len(text) > _LONGEST:
        return ""
    return next((f"; {advice}" for form, advice in _HINTS if re.fullmatch(form, text)), "")


def outward(value: float, is_upper: bool) -> str:
    """Four digits of a value, rounded so that as an upper or a lower bound it allows the value."""
    rounding = ROUND_CEILING if is_upper else ROUND_FLOOR
    text = format(Context(prec=4, rounding=rounding).create_decimal(repr(float(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(number: float) -> str:
    """A number as people write it, exact.

    Example:
        >>> plain(5.0), plain(0.1), plain(1e6)
        ('5', '0.1', '1000000')
    """
    return repr(float(number)).removesuffix(".0")
