"""Columns of values by name: what is asked for may be short, what is shown says it all.

A value stands in the column of its whole target, ``accuracy_pct@validation``. Who asks may leave
conditions open, ``accuracy_pct`` or ``accuracy``, where that leaves one column only.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from hwnas._names import shown
from hwnas.core.quantity import Quantity
from hwnas.core.target import Target, parse_target
from hwnas.errors import ArgumentError, ConfigError, UnknownNameError

Value = TypeVar("Value")


class ByColumn(dict[str, Value]):
    """Values by column; one that is not there under a name is that of the column it means.

    Example:
        >>> ByColumn({"accuracy_pct@test": 94.4, "latency_ms": 5.8})["accuracy"]
        94.4
    """

    def __missing__(self, name: str) -> Value:
        return self[resolve_column(name, self)]


def resolve_column(name: str, columns: Collection[str]) -> str:
    """The column that a name means.

    Args:
        name: A column, or the name or column of a quantity, with all, some or no conditions.
        columns: What there is.

    Raises:
        UnknownNameError: None of them is meant.
        ConfigError: Several are.

    Example:
        >>> resolve_column("accuracy", ["accuracy_pct@validation", "latency_ms"])
        'accuracy_pct@validation'
    """
    if not isinstance(name, str):
        raise ArgumentError(f"The name of a column must be a text; got {shown(name)}.")
    found = columns_meant(name, columns)
    if not found:
        raise UnknownNameError("column", name, columns)
    if len(found) > 1:
        raise ConfigError(
            f"Column '{name}' must mean one column; it may be {' or '.join(found)}. Name one."
        )
    return found[0]


def resolve_columns(given: Mapping[str, Value], columns: Collection[str]) -> dict[str, Value]:
    """What is given by name, by the column that each name means.

    Raises:
        UnknownNameError: A name means no column.
        ConfigError: A name means several columns, or two names the same.
    """
    return once((resolve_column(name, columns), name, value) for name, value in given.items())


def once(items: Iterable[tuple[str, str, Value]]) -> dict[str, Value]:
    """Values by column, of columns with the name that each was given by and its value.

    Raises:
        ConfigError: A column is there twice.
    """
    found: dict[str, Value] = {}
    for column, name, value in items:
        if column in found:
            raise ConfigError(f"{column} must be given once; '{name}' means it again.")
        found[column] = value
    return found


def columns_meant(name: str, columns: Iterable[str]) -> list[str]:
    """The columns that a name may mean: the one that it names, else all that say more than it.

    Example:
        >>> columns_meant("reward", ["reward(accuracy_pct,latency_ms<=5)", "latency_ms"])
        ['reward(accuracy_pct,latency_ms<=5)']
    """
    columns = list(columns)
    if name in columns:
        return [name]
    rewards = [column for column in columns if column.partition("(")[0] == name]
    if rewards:
        return rewards
    asked = target_of(name)
    if asked is None:
        return []
    if asked.column in columns:
        return [asked.column]
    targets = {column: target_of(column) for column in columns}
    return [column for column, target in targets.items() if target and _says_more(target, asked)]


def _says_more(target: Target, asked: Target) -> bool:
    return target.quantity == asked.quantity and set(asked.conditions) <= set(target.conditions)


def column_of(name: str) -> str:
    """Column of a quantity's name or column; any other name as it is.

    It must be spelled as it is: of another spelling nobody knows yet whether a column has it.
    """
    target = target_of(name)
    if target is None or name.partition("@")[0].strip() not in {
        target.quantity,
        target.meaning.column,
    }:
        return name
    return target.column


def quantity_of(column: str) -> Quantity | None:
    """The quantity that a column holds; None for a user's own column."""
    target = target_of(column)
    return target.meaning if target else None


def target_of(name: str) -> Target | None:
    """The target a name stands for; None for a user's own column."""
    try:
        return parse_target(name)
    except UnknownNameError:
        return None


def is_whole(column: str) -> bool:
    """Whether a column holds numbers of things or bytes, and so whole ones."""
    quantity = quantity_of(column)
    return quantity is not None and quantity.is_whole


def number(value: float | None, whole: bool) -> int | float | None:
    """A value as files and people have it: whole numbers stay whole, unknown is None.

    Args:
        value: The value; NaN or None where unknown.
        whole: Whether it is of whole numbers; the mean over some need not be one, and is kept.

    Example:
        >>> number(1073466.0, is_whole("params"))
        1073466
    """
    if value is None or not math.isfinite(value):
        return None
    return int(value) if whole and float(value).is_integer() else float(value)


def numbers_by_column(values: Mapping[str, float | None]) -> dict[str, int | float | None]:
    """Values by column as JSON can hold them; see ``number``."""
    return {column: number(value, is_whole(column)) for column, value in values.items()}
