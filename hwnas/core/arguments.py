"""The door of public functions: what each argument must be, said once, in one sentence a fault.

``checked`` wraps a function with a check for each argument; a check takes the argument's name and
value and returns the value as the function wants it. What is left at its default is not checked.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from hwnas._names import shown
from hwnas.core.numbers import parse_duration
from hwnas.errors import ArgumentError, ConfigError

P = ParamSpec("P")
R = TypeVar("R")
_LONGEST_PATH, _LONGEST_NAME = 4096, 255
"""Bytes of a path, and of a file's name in it, that the usual file systems take."""
_LARGEST = 2**63 - 1
"""What the libraries below can count to."""
Check = Callable[[str, Any], Any]


def checked(**checks: Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator that checks arguments before the function sees them.

    Args:
        **checks: By argument, what it must be.

    Example:
        >>> @checked(seed=whole(at_least=0))
        ... def draw(seed=0):
        ...     return seed
        >>> draw("1")
        Traceback (most recent call last):
            ...
        hwnas.errors.ArgumentError: seed must be a whole number; got '1'.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        foreign = checks.keys() - signature.parameters.keys()
        if foreign:
            raise TypeError(f"{function.__name__} has no argument {', '.join(sorted(foreign))}")

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                if name in checks and value is not signature.parameters[name].default:
                    bound.arguments[name] = checks[name](name, value)
            return function(*bound.args, **bound.kwargs)

        return guarded

    return decorate


def must_be(name: str, what: str, value: object) -> ArgumentError:
    """The error for an argument of a wrong type."""
    return ArgumentError(f"{name} must be {what}; got {shown(value)}.")


def kind_of(*kinds: type, what: str) -> Check:
    """A check for an instance of one of some classes.

    Args:
        *kinds: The classes.
        what: What they are, for the message: ``"a run, as hwnas.load_run gives it"``.
    """

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, kinds):
            raise must_be(name, what, value)
        return value

    return check


text = kind_of(str, what="a text")
flag = kind_of(bool, np.bool_, what="True or False")


def function(name: str, value: Any) -> Any:
    """A check for what can be called."""
    if not callable(value):
        raise must_be(name, "a function", value)
    return value


def whole(at_least: int | None = None) -> Check:
    """A check for a whole number, of Python or numpy.

    Args:
        at_least: The smallest that can be, if there is one.
    """

    def check(name: str, value: Any) -> int:
        number = whole_number(value)
        if number is None:
            raise must_be(name, "a whole number", value)
        if abs(number) > _LARGEST:
            raise ConfigError(f"{name} must be at most {_LARGEST:,}; got {shown(number)}.")
        if at_least is not None and number < at_least:
            raise ConfigError(f"{name} must be at least {at_least}; got {shown(number)}.")
        return number

    return check


def whole_number(value: Any) -> int | None:
    """A value as a whole number; None where it is none, as True and 2.0 are."""
    if isinstance(value, bool | np.bool_ | np.ndarray):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def number(name: str, value: Any) -> float:
    """A check for a number of Python or numpy; what it may be, the function says."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise must_be(name, "a number", value)
    try:
        return float(value)
    except (OverflowError, TypeError):
        raise must_be(name, "a number", value) from None


def watts(name: str, value: Any) -> float:  # noqa: ARG001 - options have their names from here
    """A check for the rated power of a device."""
    found = number("power_w", value)
    if not (math.isfinite(found) and found > 0):
        raise ConfigError(f"--power-w must be a positive number of watts; got {found:g}.")
    return found


def duration(name: str, value: Any) -> float:
    """A check for a time such as ``"10m"``, or a number of seconds; returned in seconds."""
    form = "a time such as 30s, 10m or 1h"
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.number):
        raise must_be(f"--{name}", f"{form}, or a number of seconds", value)
    found = parse_duration(value) if isinstance(value, str) else number(name, value)
    if found is None or not 0 < found < math.inf:
        raise ConfigError(f"--{name} must be {form}; got {shown(value)}.")
    return found


def path(name: str, value: Any) -> str:
    """A check for the path of a file or folder."""
    found = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(found, str):
        raise must_be(name, "a path", value)
    try:
        data = os.fsencode(found)
        is_path = bool(data) and b"\0" not in data and len(data) <= _LONGEST_PATH
        is_path &= all(len(part) <= _LONGEST_NAME for part in data.split(b"/"))
    except UnicodeEncodeError:
        is_path = False
    if not is_path:
        raise ConfigError(f"{name} must be a path that a file can have; got {shown(found)}.")
    return found


def many(of: Check | None = None, at_least: int = 0) -> Check:
    """A check for a list, or what is like one; what it holds is told by its place.

    Args:
        of: What each of it must be.
        at_least: How many there must be.
    """

    def check(name: str, value: Any) -> Sequence[Any]:
        if isinstance(value, str):
            raise ArgumentError(
                f"{name} must be a list; got the text {shown(value)}. Put it in brackets."
            )
        if isinstance(value, bytes | bytearray | Mapping) or not isinstance(value, Iterable):
            raise must_be(name, "a list", value)
        items = list(_items(name, value))
        if len(items) < at_least:
            raise ConfigError(f"{name} must hold at least {at_least}; got {len(items)}.")
        return items if of is None else [of(f"{name}[{i}]", item) for i, item in enumerate(items)]

    return check


def one_or_many(of: Check) -> Check:
    """A check for a text, or a list of what a check takes."""

    def check(name: str, value: Any) -> Any:
        return value if isinstance(value, str) else many(of)(name, value)

    return check


def mapping(of: Check) -> Check:
    """A check for a dictionary from names to what a check takes."""

    def check(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise must_be(name, "a dictionary with names as keys", value)
        return {key: of(f"{name}['{key}']", each) for key, each in value.items()}

    return check


def _items(name: str, value: Iterable[Any]) -> Iterable[Any]:
    try:
        return iter(value)
    except TypeError:
        # An array without axes has a method to iterate, and none to give.
        raise must_be(name, "a list", value) from None
